// cvmctl verify: evidence of platforms that the tests make, and the vectors where they are present.
#include "cli/verify_command.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "attestation/tdx/verify.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/attestation/tdx/test_platform.h"
#include "unit/attestation/vtpm/quote_builder.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::cli {
namespace {

namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
namespace tpm = attestation::vtpm::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kSnpNow = "2030-01-01T00:00:00Z";
constexpr const char* kTdxNow = "2026-06-01T00:00:00Z";

std::vector<std::string> Joined(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

nlohmann::json JsonOf(const std::vector<std::string>& arguments) {
  return nlohmann::json::parse(RunForTest(Joined({"--output", "json"}, arguments)).out, nullptr,
                               false);
}

// A claim of a result; null without it.
nlohmann::json ClaimOf(const nlohmann::json& result, const std::string& name) {
  for (const auto& claim : result.at("claims")) {
    if (claim.at("name") == name) return claim;
  }
  return nullptr;
}

std::string HexDigits(std::size_t count, char digit) { return std::string(count, digit); }

// SEV-SNP: one platform for all tests, for its keys take long.
class VerifySnpCommand : public ::testing::Test {
 protected:
  static const snp::testing::TestPlatform& Platform() {
    static const snp::testing::TestPlatform platform(snp::Product::kGenoa);
    return platform;
  }
  static const snp::Endorsements& Endorsements() {
    static const snp::Endorsements endorsements = Platform().MakeEndorsements();
    return endorsements;
  }

  std::vector<std::string> Command(const std::vector<std::string>& more = {}) const {
    return Joined({"verify", "snp", "--report", report_, "--vcek", vcek_, "--chain", chain_,
                   "--unofficial-root", root_, "--now", kSnpNow},
                  more);
  }
  std::string PolicyOf(const std::string& measurement) const {
    return files_.Write("policy.yaml",
                        "profile: production\nsnp:\n  measurements:\n    - " + measurement + "\n");
  }
  std::string Measurement() const {
    return crypto::HexEncode(std::span(signed_report_).subspan(snp::testing::kMeasurementAt, 48));
  }

  const TempFiles files_;
  const Bytes signed_report_ = Platform().SignedReport();
  const std::string report_ = files_.Write("report.bin", signed_report_);
  const std::string vcek_ = files_.Write("vcek.der", Endorsements().vek.der());
  const std::string chain_ =
      files_.Write("chain.pem", Endorsements().ica.Pem() + Endorsements().ark.Pem());
  const std::string root_ = files_.Write("root.pem", Endorsements().ark.Pem());
};

TEST_F(VerifySnpCommand, VerifiesAndSaysThatTheRootIsNotTheVendors) {
  const Outcome outcome = RunForTest(Command());

  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("SEV-SNP report at 2030-01-01T00:00:00Z: verified under a "
                                     "root that is NOT AMD's, without a policy\n"));
  EXPECT_THAT(outcome.out, HasSubstr("note: the trusted root was given by --unofficial-root"));
  EXPECT_THAT(outcome.out, HasSubstr("snp.measurement"));
  EXPECT_THAT(outcome.out, HasSubstr(Measurement()));
}

TEST_F(VerifySnpCommand, TrustsNobodyButAmdByItself) {
  const Outcome outcome = RunForTest(
      {"verify", "snp", "--report", report_, "--vcek", vcek_, "--chain", chain_, "--now", kSnpNow});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr(": REFUSED: snp.evidence: "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("verified")));
}

TEST_F(VerifySnpCommand, GivesEveryClaimAsJson) {
  const auto result = JsonOf(Command());

  EXPECT_EQ(result.at("verdict"), "verified");
  EXPECT_EQ(result.at("official_root"), false);
  EXPECT_EQ(result.at("policy"), false);
  EXPECT_TRUE(result.at("first_failure").is_null());
  EXPECT_EQ(result.at("time"), kSnpNow);
  EXPECT_EQ(ClaimOf(result, "snp.signature").at("outcome"), "passed");
  EXPECT_EQ(ClaimOf(result, "snp.measurement").at("outcome"), "unchecked");
  EXPECT_EQ(ClaimOf(result, "snp.measurement").at("actual"), Measurement());
}

TEST_F(VerifySnpCommand, RefusesAReportWithAFlippedByte) {
  for (const std::size_t at :
       {std::size_t{snp::testing::kMeasurementAt}, std::size_t{snp::testing::kReportDataAt},
        std::size_t{snp::testing::kSignatureRAt}}) {
    Bytes changed = signed_report_;
    changed[at] ^= std::byte{1};
    files_.Write("report.bin", changed);

    const Outcome outcome = RunForTest(Command());

    EXPECT_EQ(outcome.status, 1) << at;
    EXPECT_THAT(outcome.out, HasSubstr(": REFUSED: snp.evidence: ")) << at;
    EXPECT_EQ(JsonOf(Command()).at("verdict"), "refused") << at;
    EXPECT_EQ(JsonOf(Command()).at("first_failure"), "snp.evidence") << at;
  }
}

TEST_F(VerifySnpCommand, JudgesByAPolicy) {
  const Outcome good = RunForTest(Command({"--policy", PolicyOf(Measurement())}));
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_THAT(good.out, Not(HasSubstr("without a policy")));

  const Outcome other = RunForTest(Command({"--policy", PolicyOf(HexDigits(96, 'a'))}));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.out, AllOf(HasSubstr("REFUSED: snp.measurement: "), HasSubstr("FAILED")));
}

TEST_F(VerifySnpCommand, RefusesAReportWhereThePolicyDemandsAQuote) {
  const std::string policy = files_.Write("tdx.yaml", "profile: production\ntdx: {}\n");

  const Outcome outcome = RunForTest(Command({"--policy", policy}));

  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("REFUSED: tdx.evidence: is absent, want present"));
}

TEST_F(VerifySnpCommand, SaysWhichCertificateIsMissing) {
  const std::vector<std::string> bare = {"verify", "snp", "--report", report_, "--now", kSnpNow};

  const Outcome no_key = RunForTest(bare);
  const Outcome no_chain = RunForTest(Joined(bare, {"--vcek", vcek_}));

  EXPECT_EQ(no_key.status, 3);
  EXPECT_THAT(no_key.out, HasSubstr("NOT JUDGED: missing collateral: no VCEK certificate"));
  EXPECT_EQ(no_chain.status, 3);
  EXPECT_THAT(no_chain.out, HasSubstr("no ASK certificate"));
  EXPECT_EQ(JsonOf(bare).at("verdict"), "missing-collateral");
}

TEST_F(VerifySnpCommand, LooksIntoTheListOfTheRoot) {
  crypto::testing::CrlSpec spec = Platform().EmptyCrl();
  const std::string list = files_.Write("crl", crypto::testing::MakeCrl(spec));
  EXPECT_EQ(ClaimOf(JsonOf(Command({"--crl", list})), "snp.crl").at("outcome"), "passed");

  Bytes changed = crypto::testing::MakeCrl(spec);
  changed[changed.size() / 2] ^= std::byte{1};
  files_.Write("crl", changed);
  EXPECT_EQ(RunForTest(Command({"--crl", list})).status, 1);
  files_.Write("crl", "no list");
  EXPECT_EQ(RunForTest(Command({"--crl", list})).status, 1);
}

TEST_F(VerifySnpCommand, JudgesAtTheTimeGiven) {
  std::vector<std::string> later = Command();
  later.back() = "2150-01-01T00:00:00Z";

  const Outcome outcome = RunForTest(later);

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("SEV-SNP report at 2150-01-01T00:00:00Z: REFUSED"));
}

TEST_F(VerifySnpCommand, EndsAsWrongUsageWhereNothingCouldBeJudged) {
  const std::string none = files_.Path("none");
  const std::string bad = files_.Write("bad.yaml", "snp: [1]\n");
  for (const auto& [more, text] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--policy", none}, none},
           {{"--policy", bad}, bad},
           {{"--crl", none}, none},
           {{"--policy", bad, "--policy-key", root_}, "is no CoRIM"}}) {
    const Outcome outcome = RunForTest(Command(more));
    EXPECT_EQ(outcome.status, 2) << text;
    EXPECT_THAT(outcome.out, IsEmpty()) << text;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("cvmctl: verify snp: "), HasSubstr(text)));
  }
  std::vector<std::string> timeless = Command();
  timeless.back() = "yesterday";
  EXPECT_EQ(RunForTest(timeless).status, 2);
  EXPECT_EQ(RunForTest({"verify", "snp"}).status, 2);
}

TEST_F(VerifySnpCommand, ShortensValuesOnlyOnATerminal) {
  std::ostringstream out;
  std::ostringstream err;
  RunCvmctl(Command(), {}, {.out = out, .err = err, .out_columns = 100});

  EXPECT_THAT(out.str(), AllOf(HasSubstr("…"), Not(HasSubstr(Measurement()))));
  EXPECT_THAT(RunForTest(Command()).out, Not(HasSubstr("…")));
}

TEST(VerifySnpVectors, VerifiesRealReportsUnderAmdsRoots) {
  COCOS_NEED_VECTORS("sev-snp");
  const auto folder = testing::VectorsFolder("sev-snp");
  int verified = 0;
  const nlohmann::json index = testing::ReadIndex("sev-snp");
  for (const auto& entry : index.at("reports")) {
    const std::string report = (folder / entry.at("report")).string();
    // Without a policy these are refused: a debug bit, firmware that is not committed yet, and a
    // key that was valid in 2025.
    const auto is = [&report](const char* name) { return report.find(name) != std::string::npos; };
    if (is("milan_v2_a") || is("milan_v2_c") || is("vlek")) continue;
    if (!std::filesystem::exists(report)) continue;
    const Outcome outcome = RunForTest(
        {"verify", "snp", "--report", report, "--vcek", (folder / entry.at("vek")).string(),
         "--chain", (folder / entry.at("chain")).string(), "--now", "2026-06-01T00:00:00Z"});
    EXPECT_EQ(outcome.status, 0) << report << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(": verified, without a policy\n"));
    ++verified;
  }
  EXPECT_GT(verified, 3);
}

TEST(VerifySnpVectors, RefusesProvisionalFirmwareUnlessAPolicyPermitsIt) {
  COCOS_NEED_VECTORS("sev-snp");
  const auto folder = testing::VectorsFolder("sev-snp");
  const TempFiles files;
  const std::string policy = files.Write(
      "policy.yaml", "profile: production\nsnp:\n  permit_provisional_firmware: true\n");
  const std::vector<std::string> arguments = {
      "verify",   "snp",
      "--report", (folder / "reports/milan_v2_c.report.bin").string(),
      "--vcek",   (folder / "reports/milan_v2_c.vcek.der").string(),
      "--chain",  (folder / "chains/milan_vcek_chain.pem").string(),
      "--now",    "2026-06-01T00:00:00Z"};

  const Outcome refused = RunForTest(arguments);

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, HasSubstr("REFUSED: snp.tcb.committed: "));
  EXPECT_EQ(RunForTest(Joined(arguments, {"--policy", policy})).status, 0);
}

TEST(VerifySnpVectors, RefusesTamperedReports) {
  COCOS_NEED_VECTORS("sev-snp");
  const auto folder = testing::VectorsFolder("sev-snp");
  const nlohmann::json index = testing::ReadIndex("sev-snp");
  int refused = 0;
  for (const auto& entry : index.at("tampered")) {
    const std::string report = (folder / entry.at("report")).string();
    const Outcome outcome = RunForTest(
        {"verify", "snp", "--report", report, "--vcek", (folder / entry.at("vek")).string(),
         "--chain", (folder / entry.at("chain")).string(), "--now", "2026-06-01T00:00:00Z"});
    EXPECT_EQ(outcome.status, 1) << report << outcome.out << outcome.err;
    ++refused;
  }
  EXPECT_GT(refused, 9);
}

TEST(VerifySnpVectors, TakesTheTableBehindAReport) {
  COCOS_NEED_VECTORS("sev-snp");
  const auto folder = testing::VectorsFolder("sev-snp") / "certtables";
  const auto run = [&folder](const std::string& file) {
    return RunForTest({"verify", "snp", "--report", (folder / file).string(), "--now",
                       "2026-06-01T00:00:00Z"})
        .status;
  };

  EXPECT_EQ(run("milan_v3_full.bin"), 0);
  EXPECT_EQ(run("milan_v3_pem.bin"), 0);
  EXPECT_EQ(run("milan_v3_vcek_only.bin"), 3);
  EXPECT_EQ(run("empty.bin"), 3);
  EXPECT_EQ(run("bad_duplicate.bin"), 1);
}

class VerifyTdxCommand : public ::testing::Test {
 protected:
  VerifyTdxCommand() {
    const tdx::Collateral collateral = platform_.Collateral();
    files_.Write("collateral/tcb-info.json", collateral.tcb_info);
    files_.Write("collateral/tcb-info.chain.pem", collateral.tcb_info_issuer_chain);
    files_.Write("collateral/qe-identity.json", collateral.qe_identity);
    files_.Write("collateral/qe-identity.chain.pem", collateral.qe_identity_issuer_chain);
    files_.Write("collateral/root.crl", collateral.root_crl);
    files_.Write("collateral/pck.crl", collateral.pck_crl);
  }

  std::vector<std::string> Command(const std::vector<std::string>& more = {}) const {
    return Joined({"verify", "tdx", "--quote", path_, "--unofficial-root", root_, "--now", kTdxNow},
                  more);
  }
  std::vector<std::string> WithCollateral(const std::vector<std::string>& more = {}) const {
    return Joined(Command({"--collateral", files_.Path("collateral")}), more);
  }

  const TempFiles files_;
  const tdx::TestPlatform platform_;
  const Bytes quote_ = platform_.Quote();
  const std::string path_ = files_.Write("quote.bin", quote_);
  const std::string root_ = files_.Write("root.pem", platform_.Root().Pem());
};

TEST_F(VerifyTdxCommand, VerifiesWithACollateralDirectory) {
  const Outcome outcome = RunForTest(WithCollateral());

  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("TDX quote at 2026-06-01T00:00:00Z: verified under a root "
                                     "that is NOT Intel's, without a policy\n"));
  const auto result = JsonOf(WithCollateral());
  EXPECT_EQ(ClaimOf(result, "tdx.tcb-status").at("actual"), "UpToDate");
}

// An empty place of a cache, not one of the plain form: the text tells what to fetch.
TEST_F(VerifyTdxCommand, TakesAnEmptyDirectoryForOneThatAFetchFills) {
  std::filesystem::create_directory(files_.Path("empty"));
  const Outcome outcome = RunForTest(Command({"--collateral", files_.Path("empty")}));
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("fetch it with: cvmctl collateral fetch --fmspc "));
}

TEST_F(VerifyTdxCommand, RefusesAQuoteWithAFlippedByte) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{48 + 136}, std::size_t{48 + 520}}) {
    Bytes changed = quote_;
    changed[at] ^= std::byte{1};
    files_.Write("quote.bin", changed);

    const Outcome outcome = RunForTest(WithCollateral());

    EXPECT_EQ(outcome.status, 1) << at << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr(": REFUSED: tdx.evidence: ")) << at;
  }
}

TEST_F(VerifyTdxCommand, RefusesCollateralWithAFlippedByte) {
  for (const char* file : {"tcb-info.json", "qe-identity.json", "root.crl", "pck.crl"}) {
    const std::string name = std::string("collateral/") + file;
    const std::string text = testing::ReadText(files_.Path(name));
    std::string changed = text;
    changed[changed.size() / 2] ^= 1;
    files_.Write(name, changed);
    EXPECT_EQ(RunForTest(WithCollateral()).status, 1) << file;
    files_.Write(name, text);
  }
  EXPECT_EQ(RunForTest(WithCollateral()).status, 0);
}

// A list of claims may be long, and the reason must not be looked for.
TEST_F(VerifyTdxCommand, EndsWithTheVerdict) {
  const Outcome good = RunForTest(WithCollateral());
  std::vector<std::string> late = WithCollateral();
  std::ranges::replace(late, std::string(kTdxNow), std::string("2126-06-01T00:00:00Z"));
  const Outcome refused = RunForTest(late);

  EXPECT_EQ(refused.status, 1);
  for (const Outcome& outcome : {good, refused}) {
    const std::size_t last = outcome.out.rfind('\n', outcome.out.size() - 2) + 1;
    EXPECT_EQ(outcome.out.substr(last, 12), "TDX quote at") << outcome.out;
  }
}

TEST_F(VerifyTdxCommand, TrustsNobodyButIntelByItself) {
  const Outcome outcome = RunForTest({"verify", "tdx", "--quote", path_, "--collateral",
                                      files_.Path("collateral"), "--now", kTdxNow});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("REFUSED: tdx.evidence: "));
}

TEST_F(VerifyTdxCommand, SaysWhichPieceIsMissing) {
  EXPECT_EQ(RunForTest(Command()).status, 3);
  for (const char* file : {"tcb-info.json", "tcb-info.chain.pem", "qe-identity.json",
                           "qe-identity.chain.pem", "root.crl", "pck.crl"}) {
    const std::string name = std::string("collateral/") + file;
    const std::string text = testing::ReadText(files_.Path(name));
    std::filesystem::remove(files_.Path(name));
    const Outcome outcome = RunForTest(WithCollateral());
    EXPECT_EQ(outcome.status, 3) << file << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr("NOT JUDGED: missing collateral: ")) << file;
    files_.Write(name, text);
  }
}

TEST_F(VerifyTdxCommand, GoesWithoutCollateralOnlyWhereThePolicySaysSo) {
  const std::string weak =
      files_.Write("weak.yaml", "profile: production\ntdx:\n  require_collateral: false\n");
  const std::string strict = files_.Write("strict.yaml", "profile: production\ntdx: {}\n");

  EXPECT_EQ(RunForTest(Command({"--policy", weak})).status, 0);
  EXPECT_EQ(RunForTest(Command({"--policy", strict})).status, 3);
}

TEST_F(VerifyTdxCommand, JudgesByAPolicy) {
  const auto policy = [this](const std::string& mr_td) {
    return files_.Write("policy.yaml",
                        "profile: production\ntdx:\n  mr_td:\n    - " + mr_td + "\n");
  };
  const std::string actual = crypto::HexEncode(platform_.report.mr_td);

  EXPECT_EQ(RunForTest(WithCollateral({"--policy", policy(actual)})).status, 0);
  const Outcome other = RunForTest(WithCollateral({"--policy", policy(HexDigits(96, 'b'))}));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.out, HasSubstr("REFUSED: tdx.mr-td: "));
}

TEST_F(VerifyTdxCommand, NamesADirectoryThatIsNotThere) {
  const Outcome outcome = RunForTest(Command({"--collateral", files_.Path("nowhere")}));

  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("cvmctl: verify tdx: " + files_.Path("nowhere")));
}

TEST(VerifyTdxVectors, VerifiesARealQuoteUnderIntelsRoot) {
  COCOS_NEED_VECTORS("tdx");
  const auto folder = testing::VectorsFolder("tdx");
  const auto index = testing::ReadIndex("tdx");
  for (const auto& entry : index.at("real_quotes")) {
    if (entry.at("quote") != "real/phala-v4-uptodate.quote.bin") continue;
    const TempFiles files;
    const auto copy = [&](const char* key, const char* name) {
      files.Write(name, testing::ReadText(folder / entry.at(key)));
    };
    copy("tcb_info", "tcb-info.json");
    copy("tcb_issuer_chain", "tcb-info.chain.pem");
    copy("qe_identity", "qe-identity.json");
    copy("tcb_issuer_chain", "qe-identity.chain.pem");
    copy("root_ca_crl", "root.crl");
    copy("pck_crl", "pck.crl");
    const Outcome outcome =
        RunForTest({"verify", "tdx", "--quote", (folder / entry.at("quote")).string(),
                    "--collateral", files.folder(), "--now", entry.at("time")});
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(": verified, without a policy\n"));
    return;
  }
  FAIL() << "the vectors have no such quote";
}

class VerifyTpmCommand : public ::testing::Test {
 protected:
  VerifyTpmCommand() {
    raw_.pcr_digest = tpm::DigestOfPcrs(crypto::DigestAlgorithm::kSha256,
                                        {tpm::PcrValue(crypto::DigestAlgorithm::kSha256, 0),
                                         tpm::PcrValue(crypto::DigestAlgorithm::kSha256, 7)});
    WriteQuote(raw_.Write());
  }

  void WriteQuote(const Bytes& attest) const {
    files_.Write("quote", attest);
    files_.Write("signature", tpm_.Sign(attest));
  }
  std::vector<std::string> Command(const std::vector<std::string>& more = {}) const {
    return Joined({"verify", "tpm", "--ak", key_, "--quote", files_.Path("quote"), "--signature",
                   files_.Path("signature"), "--pcrs", pcrs_, "--nonce", nonce_},
                  more);
  }
  static std::string PcrFile(const std::string& seven) {
    return R"({"pcr_values": {"sha256": {"0": ")" + PcrHex(0) + R"(", "7": ")" + seven + R"("}}})";
  }
  static std::string HexOf(int byte) { return crypto::HexEncode(tpm::Filled(32, byte)); }
  static std::string PcrHex(unsigned index) {
    return crypto::HexEncode(tpm::PcrValue(crypto::DigestAlgorithm::kSha256, index));
  }

  const TempFiles files_;
  const tpm::EccTpm tpm_;
  tpm::RawAttest raw_;
  std::string key_ = files_.Write("ak", tpm_.Raw().Write());
  std::string pcrs_ = files_.Write("pcrs.json", PcrFile(PcrHex(7)));
  std::string nonce_ = HexOf(0x11);
};

TEST_F(VerifyTpmCommand, VerifiesAndSaysThatTheKeyIsNotBound) {
  const Outcome outcome = RunForTest(Command());

  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(": verified, without a policy\n"));
  EXPECT_THAT(outcome.out, HasSubstr("nothing here ties the TPM's key to hardware"));
}

TEST_F(VerifyTpmCommand, TakesAKeyWithItsSize) {
  const Bytes area = tpm_.Raw().Write();
  ByteWriter writer;
  tpm::Sized(writer, area);
  key_ = files_.Write("sized", writer.view());

  EXPECT_EQ(RunForTest(Command()).status, 0);
}

TEST_F(VerifyTpmCommand, RefusesAFlippedByteInEveryPart) {
  for (const char* name : {"ak", "quote", "signature"}) {
    const std::string text = testing::ReadText(files_.Path(name));
    for (const std::size_t at : {text.size() / 2, text.size() - 1}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      files_.Write(name, changed);
      const Outcome outcome = RunForTest(Command());
      EXPECT_EQ(outcome.status, 1) << name << " " << at;
      EXPECT_THAT(outcome.out, HasSubstr(": REFUSED: tpm.evidence: ")) << name;
    }
    files_.Write(name, text);
  }
  EXPECT_EQ(RunForTest(Command()).status, 0);
  EXPECT_TRUE(JsonOf(Command()).at("official_root").is_null());
}

TEST_F(VerifyTpmCommand, RefusesAnotherNonceAndOtherValues) {
  nonce_ = HexOf(0x12);
  EXPECT_EQ(RunForTest(Command()).status, 1);
  nonce_ = HexOf(0x11);
  files_.Write("pcrs.json", PcrFile(HexOf(0x48)));
  EXPECT_EQ(RunForTest(Command()).status, 1);
  files_.Write("pcrs.json", "{}");
  EXPECT_EQ(RunForTest(Command()).status, 1);
}

TEST_F(VerifyTpmCommand, RefusesAQuotedPcrWithoutAValue) {
  files_.Write("pcrs.json", R"({"pcr_values": {"sha256": {"0": ")" + PcrHex(0) + R"("}}})");

  const Outcome outcome = RunForTest(Command());

  EXPECT_EQ(outcome.status, 1) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr(": REFUSED: tpm.evidence: "));
}

TEST_F(VerifyTpmCommand, RefusesAKeyThatSignsAnything) {
  tpm::RawEcc unrestricted = tpm_.Raw();
  unrestricted.attributes &= ~(1U << 16);
  files_.Write("ak", unrestricted.Write());

  EXPECT_EQ(RunForTest(Command()).status, 1);
}

TEST_F(VerifyTpmCommand, JudgesByAPolicy) {
  const auto policy = [this](const std::string& seven, const char* bound) {
    return files_.Write("policy.yaml",
                        "profile: production\ntpm:\n  require_bound_key: " + std::string(bound) +
                            "\n  pcrs:\n    sha256:\n      7: \"" + seven + "\"\n");
  };

  EXPECT_EQ(RunForTest(Command({"--policy", policy(PcrHex(7), "false")})).status, 0);
  const Outcome other = RunForTest(Command({"--policy", policy(HexOf(0x48), "false")}));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.out, HasSubstr("REFUSED: tpm.pcr.sha256.7: "));
  const Outcome unbound = RunForTest(Command({"--policy", policy(PcrHex(7), "true")}));
  EXPECT_EQ(unbound.status, 1);
  EXPECT_THAT(unbound.out, HasSubstr("REFUSED: tpm.key-binding: "));
}

TEST_F(VerifyTpmCommand, RefusesALogThatIsNone) {
  EXPECT_EQ(RunForTest(Command({"--event-log", files_.Write("log", "no log")})).status, 1);
}

TEST_F(VerifyTpmCommand, EndsAsWrongUsageWhereNothingCouldBeJudged) {
  for (const char* nonce : {"", "xyz", "123"}) {
    nonce_ = nonce;
    EXPECT_EQ(RunForTest(Command()).status, 2) << nonce;
  }
  nonce_ = HexOf(0x11);
  key_ = files_.Path("none");
  EXPECT_EQ(RunForTest(Command()).status, 2);
}

TEST(VerifyTpmVectors, AgreesWithTheVectors) {
  COCOS_NEED_VECTORS("vtpm");
  const auto folder = testing::VectorsFolder("vtpm");
  const nlohmann::json index = testing::ReadIndex("vtpm");
  int judged = 0;
  for (const auto& entry : index.at("tpm_quotes")) {
    const TempFiles files;
    const auto banks = nlohmann::json::parse(testing::ReadText(folder / entry.at("pcrs")));
    const std::string pcrs = files.Write("pcrs.json", nlohmann::json{{"pcr_values", banks}}.dump());
    std::vector<std::string> arguments = {"verify",      "tpm",
                                          "--ak",        (folder / entry.at("ak_public")).string(),
                                          "--quote",     (folder / entry.at("attest")).string(),
                                          "--signature", (folder / entry.at("signature")).string(),
                                          "--nonce",     entry.at("nonce"),
                                          "--pcrs",      pcrs};
    if (entry.contains("event_log") && entry.at("event_log").is_string()) {
      arguments.insert(arguments.end(), {"--event-log", (folder / entry.at("event_log")).string()});
    }
    const bool valid = entry.at("expect").get<std::string>().starts_with("valid");
    const Outcome outcome = RunForTest(arguments);
    EXPECT_EQ(outcome.status, valid ? 0 : 1) << entry.at("name") << outcome.out << outcome.err;
    ++judged;
  }
  EXPECT_GT(judged, 9);
}

}  // namespace
}  // namespace cocos::cli
