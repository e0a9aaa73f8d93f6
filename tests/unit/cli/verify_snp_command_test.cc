// cvmctl verify snp: evidence of a platform that the tests make, and the vectors where they are
// present.
#include "cli/verify_command.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "crypto/digest.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/cli/temp_files.h"
#include "unit/cli/verify_results.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::cli {
namespace {

namespace snp = attestation::snp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kSnpNow = "2030-01-01T00:00:00Z";

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

  const Outcome other = RunForTest(Command({"--policy", PolicyOf(std::string(96, 'a'))}));
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

}  // namespace
}  // namespace cocos::cli
