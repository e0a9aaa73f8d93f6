// Every vector of the SEV-SNP collection. The cases that the project makes itself are elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/kds_url.h"
#include "attestation/snp/policy_check.h"
#include "attestation/snp/product.h"
#include "attestation/snp/report.h"
#include "attestation/snp/verify.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/vectors.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using nlohmann::json;
using testing::EndorsementsOf;
using testing::ReadVector;
using testing::SyntheticAnchors;
using testing::TestClock;
using testing::VectorIndex;

std::string Hex(std::span<const std::byte> bytes) { return crypto::HexEncode(bytes); }

std::string BitsText(std::uint64_t bits) { return fmt::format("{:#x}", bits); }

std::string VersionText(const FirmwareVersion& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.build);
}

// Every failing claim, for messages.
std::string Failures(const std::vector<Claim>& claims) {
  std::string text;
  for (const Claim& claim : Verdict{claims}.failures()) {
    text += claim.name + ": want " + claim.expected + ", got " + claim.actual + "\n";
  }
  return text;
}

std::vector<std::string> FailedNames(const std::vector<Claim>& claims) {
  std::vector<std::string> names;
  for (const Claim& claim : Verdict{claims}.failures()) names.push_back(claim.name);
  return names;
}

void ExpectTcb(const json& expected, const TcbVersion& actual) {
  EXPECT_EQ(actual.fmc, expected.value("fmc", 0));
  EXPECT_EQ(actual.boot_loader, expected.at("bl"));
  EXPECT_EQ(actual.tee, expected.at("tee"));
  EXPECT_EQ(actual.snp, expected.at("snp"));
  EXPECT_EQ(actual.microcode, expected.at("ucode"));
}

void ExpectIdentity(const json& fields, const Report& report) {
  EXPECT_EQ(Hex(report.family_id), fields.at("family_id"));
  EXPECT_EQ(Hex(report.image_id), fields.at("image_id"));
  EXPECT_EQ(Hex(report.report_data), fields.at("report_data"));
  EXPECT_EQ(Hex(report.measurement), fields.at("measurement"));
  EXPECT_EQ(Hex(report.host_data), fields.at("host_data"));
  EXPECT_EQ(Hex(report.id_key_digest), fields.at("id_key_digest"));
  EXPECT_EQ(Hex(report.author_key_digest), fields.at("author_key_digest"));
  EXPECT_EQ(Hex(report.report_id), fields.at("report_id"));
  EXPECT_EQ(Hex(report.report_id_ma), fields.at("report_id_ma"));
  EXPECT_EQ(Hex(report.chip_id), fields.at("chip_id"));
}

void ExpectFields(const json& fields, const Report& report) {
  EXPECT_EQ(report.version, fields.at("version"));
  EXPECT_EQ(report.guest_svn, fields.at("guest_svn"));
  EXPECT_EQ(BitsText(report.policy.bits()), fields.at("policy"));
  EXPECT_EQ(report.vmpl, fields.at("vmpl"));
  EXPECT_EQ(BitsText(report.platform_info.bits()), fields.at("platform_info"));
  EXPECT_EQ(report.author_key_enabled, fields.at("author_key_en") == 1);
  EXPECT_EQ(report.chip_key_masked, fields.at("mask_chip_key") == 1);
  EXPECT_EQ(SigningKeyName(report.signing_key), fields.at("signing_key"));
  EXPECT_EQ(VersionText(report.current_version), fields.at("current_version"));
  EXPECT_EQ(VersionText(report.committed_version), fields.at("committed_version"));
  EXPECT_EQ(Hex(report.reported_tcb), fields.at("reported_tcb_raw"));
  ExpectIdentity(fields, report);
  const json& launch = fields.at("launch_mit_vector");
  ASSERT_EQ(report.mitigations.has_value(), !launch.is_null());
  if (!report.mitigations) return;
  EXPECT_EQ(BitsText(report.mitigations->launch), launch);
  EXPECT_EQ(BitsText(report.mitigations->current), fields.at("current_mit_vector"));
}

void ExpectTcbs(const json& fields, const ReportTcbs& tcbs) {
  ExpectTcb(fields.at("current_tcb"), tcbs.current);
  ExpectTcb(fields.at("reported_tcb"), tcbs.reported);
  ExpectTcb(fields.at("committed_tcb"), tcbs.committed);
  ExpectTcb(fields.at("launch_tcb"), tcbs.launch);
}

TEST(SnpVectors, ReadEveryFieldOfEveryRealReport) {
  COCOS_NEED_SNP_VECTORS();
  for (const json& vector : VectorIndex().at("reports")) {
    SCOPED_TRACE(vector.at("report"));

    const Result<Report> report = ParseReport(ReadVector(vector.at("report")));

    ASSERT_THAT(report, Succeeds());
    ExpectFields(vector.at("fields"), *report);
  }
}

TEST(SnpVectors, VerifyEveryRealReportWithAmdsKeys) {
  COCOS_NEED_SNP_VECTORS();
  ASSERT_GE(VectorIndex().at("reports").size(), 6u);
  for (const json& vector : VectorIndex().at("reports")) {
    SCOPED_TRACE(vector.at("report"));

    const Result<VerifiedReport> verified = Verify(
        ReadVector(vector.at("report")), EndorsementsOf(vector), AmdTrustAnchors(), TestClock());

    ASSERT_THAT(verified, Succeeds());
    EXPECT_EQ(ProductName(verified->product()), vector.at("product"));
    EXPECT_EQ(verified->root(), RootKind::kAmd);
    EXPECT_TRUE(verified->chip_bound());
    EXPECT_FALSE(verified->revocation_checked());
    EXPECT_EQ(verified->vek().product_name, vector.at("vek_info").at("product_name"));
    EXPECT_EQ(Hex(verified->vek().hardware_id), vector.at("vek_info").at("hwid"));
    ExpectTcb(vector.at("vek_info"), verified->vek().tcb);
    ExpectTcbs(vector.at("fields"), verified->tcbs());
    // This host runs newer microcode than it has committed to, which is the policy's to allow.
    const bool provisional = vector.at("report") == "reports/milan_v2_c.report.bin";
    EXPECT_EQ(
        FailedNames(CheckPolicy(*verified, Policy{})),
        provisional ? std::vector<std::string>{"snp.tcb.committed"} : std::vector<std::string>{});
    Policy lenient;
    lenient.permit_provisional_firmware = true;
    const std::vector<Claim> claims = CheckPolicy(*verified, lenient);
    EXPECT_TRUE(Verdict{claims}.passed()) << Failures(claims);
  }
}

TEST(SnpVectors, RefuseRealReportsOutsideTheirCertificatesValidity) {
  COCOS_NEED_SNP_VECTORS();
  for (const json& vector : VectorIndex().at("reports")) {
    SCOPED_TRACE(vector.at("report"));
    const Endorsements endorsements = EndorsementsOf(vector);
    const auto verify_at = [&](crypto::TimePoint now) {
      return Verify(ReadVector(vector.at("report")), endorsements, AmdTrustAnchors(), now);
    };
    const crypto::TimePoint first = endorsements.vek.not_before();
    const crypto::TimePoint last = endorsements.vek.not_after();

    EXPECT_THAT(verify_at(first), Succeeds());
    EXPECT_THAT(verify_at(first - std::chrono::seconds(1)), FailsWith(ErrorCode::kUntrusted));
    ASSERT_THAT(verify_at(last), Succeeds());
    EXPECT_EQ(verify_at(last)->endorsed_until(), last + std::chrono::seconds(1));
    EXPECT_THAT(verify_at(last + std::chrono::seconds(1)), FailsWith(ErrorCode::kUntrusted));
  }
}

TEST(SnpVectors, RefuseRealReportsUnderOtherRoots) {
  COCOS_NEED_SNP_VECTORS();
  for (const json& vector : VectorIndex().at("reports")) {
    SCOPED_TRACE(vector.at("report"));
    const std::vector<std::byte> report = ReadVector(vector.at("report"));
    const Endorsements endorsements = EndorsementsOf(vector);

    EXPECT_THAT(Verify(report, endorsements, SyntheticAnchors(), TestClock()),
                FailsWith(ErrorCode::kUntrusted));
    EXPECT_THAT(Verify(report, endorsements, TrustAnchors(), TestClock()),
                FailsWith(ErrorCode::kUntrusted));
  }
}

TEST(SnpVectors, RefuseEveryTamperedReport) {
  COCOS_NEED_SNP_VECTORS();
  ASSERT_GE(VectorIndex().at("tampered").size(), 13u);
  for (const json& vector : VectorIndex().at("tampered")) {
    SCOPED_TRACE(vector.at("report"));
    ASSERT_FALSE(vector.at("valid").get<bool>());
    EXPECT_FALSE(Verify(ReadVector(vector.at("report")), EndorsementsOf(vector), AmdTrustAnchors(),
                        TestClock())
                     .has_value());
  }
}

// The claims of a synthetic report, or the name of the step that refused it.
Result<std::vector<Claim>> JudgeSynthetic(const json& vector, const Policy& policy) {
  const VerifiedReport verified = COCOS_TRY(Verify(
      ReadVector(vector.at("report")), EndorsementsOf(vector), SyntheticAnchors(), TestClock()));
  return CheckPolicy(verified, policy);
}

TEST(SnpVectors, AcceptTheSyntheticReportsThatAreFine) {
  COCOS_NEED_SNP_VECTORS();
  int count = 0;
  for (const json& vector : VectorIndex().at("synthetic")) {
    if (vector.at("result") != "accept") continue;
    SCOPED_TRACE(vector.at("report"));
    ++count;

    const auto claims = JudgeSynthetic(vector, Policy{});

    ASSERT_THAT(claims, Succeeds());
    EXPECT_TRUE(Verdict{*claims}.passed()) << Failures(*claims);
  }
  EXPECT_GE(count, 9);
}

TEST(SnpVectors, RefuseTheSyntheticReportsThatAreNot) {
  COCOS_NEED_SNP_VECTORS();
  int count = 0;
  for (const json& vector : VectorIndex().at("synthetic")) {
    if (vector.at("result") != "reject") continue;
    SCOPED_TRACE(vector.at("report"));
    ++count;

    const auto claims = JudgeSynthetic(vector, Policy{});

    EXPECT_FALSE(claims && Verdict{*claims}.passed()) << vector.at("why");
  }
  EXPECT_GE(count, 29);
}

TEST(SnpVectors, RefuseTheSyntheticReportsForTheReasonTheyWereMadeFor) {
  COCOS_NEED_SNP_VECTORS();
  const std::map<std::string, std::string> reasons = {
      {"cert_milan_vcek_by_ark", "its signature is not by the issuer's key"},
      {"cert_milan_vcek_by_asvk", "its signature is not by the issuer's key"},
      {"cert_milan_vcek_pkcs1", "signature algorithm, want RSASSA-PSS"},
      {"cert_milan_vcek_pss_sha256", "signature algorithm, want RSASSA-PSS"},
      {"cert_milan_vcek_p256", "key, want one on P-384"},
      {"cert_milan_vcek_expired", "expired at"},
      {"cert_milan_vcek_no_hwid", "no extension hwID"},
      {"cert_milan_vcek_hwid_and_cspid", "AMD extension .5 does not belong here"},
      {"cert_milan_vcek_no_ucode", "no extension ucodeSPL"},
      {"cert_turin_vcek_no_fmc", "no extension fmcSPL"},
      {"milan_v3_tcb_cert_mismatch", "reported TCB"},
      {"turin_v5_fmc_mismatch", "reported TCB fmc=2"},
      {"milan_v3_chip_mismatch", "chip id"},
      {"turin_v3_chip_tail", "chip id"},
      {"milan_v3_claims_vlek", "no extension cspID"},
      {"milan_v3_unsigned", "not signed"},
      {"milan_v3_signing_key_reserved", "signing key 3"},
      {"milan_v3_reserved_4c", "0x04c is reserved"},
      {"milan_v3_reserved_18b", "0x18b to 0x1a0 is reserved"},
      {"milan_v3_reserved_208", "0x208 to 0x2a0 is reserved"},
      {"milan_v3_sig_padding", "the rest of the signature is reserved"},
      {"milan_v3_sig_r_range", "the upper part of r or s"},
      {"milan_v3_algo2", "signature algorithm 2"},
      {"milan_v6", "version 6, want 2 to 5"},
      {"milan_v3_policy_bit17", "bit 17 is clear"},
      {"milan_v3_policy_bit26", "a reserved bit is set"},
      {"milan_v3_genoa_fms", "made on Genoa, but its key is one of Milan"},
      {"milan_v3_unknown_fms", "processor family 0x17"},
  };
  std::size_t found = 0;
  for (const json& vector : VectorIndex().at("synthetic")) {
    const auto reason =
        reasons.find(std::filesystem::path(vector.at("report").get<std::string>()).stem());
    if (reason == reasons.end()) continue;
    SCOPED_TRACE(vector.at("report"));
    ++found;

    const auto claims = JudgeSynthetic(vector, Policy{});

    ASSERT_FALSE(claims.has_value());
    EXPECT_THAT(claims.error().message(), ::testing::HasSubstr(reason->second));
  }
  EXPECT_EQ(found, reasons.size());
}

const json& SyntheticCase(const std::string& stem) {
  for (const json& vector : VectorIndex().at("synthetic")) {
    if (std::filesystem::path(vector.at("report").get<std::string>()).stem() == stem) return vector;
  }
  ADD_FAILURE() << "no vector " << stem;
  return VectorIndex();
}

// That the strict policy fails in exactly these claims, and the lenient one in none.
void ExpectDecidedByPolicy(const std::string& stem, const Policy& strict,
                           const std::vector<std::string>& failing, const Policy& lenient) {
  SCOPED_TRACE(stem);
  const auto refused = JudgeSynthetic(SyntheticCase(stem), strict);
  ASSERT_THAT(refused, Succeeds());
  EXPECT_EQ(FailedNames(*refused), failing);
  const auto accepted = JudgeSynthetic(SyntheticCase(stem), lenient);
  ASSERT_THAT(accepted, Succeeds());
  EXPECT_TRUE(Verdict{*accepted}.passed()) << Failures(*accepted);
}

TEST(SnpVectors, LeaveThePolicyCasesToThePolicy) {
  COCOS_NEED_SNP_VECTORS();
  Policy masked;
  masked.allow_masked_chip_id = true;
  ExpectDecidedByPolicy("milan_v3_masked_chip_id", Policy{}, {"snp.chip-binding"}, masked);
  Policy debug;
  debug.guest_policy.allow_debug = true;
  ExpectDecidedByPolicy("milan_v3_debug", Policy{}, {"snp.guest-policy.debug"}, debug);
  Policy provisional;
  provisional.permit_provisional_firmware = true;
  ExpectDecidedByPolicy("milan_v3_provisional", Policy{},
                        {"snp.tcb.committed", "snp.firmware.committed"}, provisional);
  Policy launch;
  launch.min_launch_tcb.snp = 21;
  ExpectDecidedByPolicy("milan_v3_launch_tcb_old", launch, {"snp.tcb.launch"}, Policy{});
}

TEST(SnpVectors, NeverAcceptCommittedBeyondCurrent) {
  COCOS_NEED_SNP_VECTORS();
  Policy policy;
  policy.permit_provisional_firmware = true;

  const auto claims = JudgeSynthetic(SyntheticCase("milan_v3_committed_gt_current"), policy);

  ASSERT_THAT(claims, Succeeds());
  EXPECT_EQ(FailedNames(*claims), std::vector<std::string>{"snp.tcb.committed"});
}

TEST(SnpVectors, RefuseEverySyntheticReportUnderAmdsKeys) {
  COCOS_NEED_SNP_VECTORS();
  for (const json& vector : VectorIndex().at("synthetic")) {
    SCOPED_TRACE(vector.at("report"));
    EXPECT_FALSE(Verify(ReadVector(vector.at("report")), EndorsementsOf(vector), AmdTrustAnchors(),
                        TestClock())
                     .has_value());
  }
}

TEST(SnpVectors, PinTheKeysOfAllPublishedRoots) {
  COCOS_NEED_SNP_VECTORS();
  int roots = 0;
  for (const json& vector : VectorIndex().at("chains")) {
    if (vector.at("role") != "ARK") continue;
    SCOPED_TRACE(vector.at("file"));
    const std::vector<std::byte> chain = ReadVector(vector.at("file"));
    const auto table = TableOfKdsChain({reinterpret_cast<const char*>(chain.data()), chain.size()});
    ASSERT_THAT(table, Succeeds());
    const crypto::Certificate ark = crypto::Certificate::FromDer(table->ark).value();
    const Product product = ProductOfName(vector.at("cn").get<std::string>().substr(4)).value();
    ++roots;

    for (const Product other : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
      EXPECT_EQ(AmdTrustAnchors().Find(other, ark).has_value(), other == product);
    }
  }
  EXPECT_EQ(roots, 6);
}

TEST(SnpVectors, GiveTheKdsPathsThatArePublishedForTheirChips) {
  COCOS_NEED_SNP_VECTORS();
  const auto path = [](const std::string& stem, Product product) {
    return VcekPathFor(ParseReport(ReadVector("reports/" + stem + ".report.bin")).value(), product)
        .value();
  };
  EXPECT_THAT(path("milan_v3_a", Product::kMilan),
              ::testing::MatchesRegex("/vcek/v1/Milan/4ffb5cb4[0-9a-f]{116}9ba5[?]"
                                      "blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"));
  EXPECT_THAT(path("genoa_v3_a", Product::kGenoa),
              ::testing::MatchesRegex("/vcek/v1/Genoa/b1e24a27[0-9a-f]{116}b7c0[?]"
                                      "blSPL=10&teeSPL=00&snpSPL=23&ucodeSPL=84"));
  EXPECT_EQ(path("turin_v5_a", Product::kTurin),
            "/vcek/v1/Turin/59790fb1c39f35c1?"
            "fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81");
}

TEST(SnpVectors, VerifyTheRealVlekOnlyUntilItExpired) {
  COCOS_NEED_SNP_VECTORS();
  using namespace std::chrono_literals;
  const std::vector<std::byte> bytes = ReadVector("certtables/milan_v3_vlek_full.bin");
  const ExtendedReport parts = SplitExtendedReport(bytes).value();
  const Report report = ParseReport(parts.report).value();
  const Endorsements endorsements =
      CollectEndorsements(report.signing_key, ParseCertificateTable(parts.table).value(), {})
          .value();
  const auto verify_at = [&](crypto::TimePoint now) {
    return Verify(parts.report, endorsements, AmdTrustAnchors(), now);
  };

  const auto verified = verify_at(std::chrono::sys_days(2025y / 6 / 1));

  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->chip_bound());
  EXPECT_FALSE(verified->vek().csp_id.empty());
  Policy policy;
  policy.permit_provisional_firmware = true;
  const std::vector<Claim> claims = CheckPolicy(*verified, policy);
  EXPECT_TRUE(Verdict{claims}.passed()) << Failures(claims);
  EXPECT_EQ(FailedNames(CheckPolicy(*verified, Policy{})),
            std::vector<std::string>{"snp.tcb.committed"});
  EXPECT_THAT(verify_at(TestClock()),
              FailsWith(ErrorCode::kUntrusted, ::testing::HasSubstr("expired")));
}

}  // namespace
}  // namespace cocos::attestation::snp
