// cvmctl verify tdx: quotes of a platform that the tests make, and the vectors where they are
// present.
#include "cli/verify_command.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "attestation/tdx/verify.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/attestation/tdx/test_platform.h"
#include "unit/cli/temp_files.h"
#include "unit/cli/verify_results.h"

namespace cocos::cli {
namespace {

namespace tdx = attestation::tdx;
using ::testing::HasSubstr;

constexpr const char* kTdxNow = "2026-06-01T00:00:00Z";

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
  const Outcome other = RunForTest(WithCollateral({"--policy", policy(std::string(96, 'b'))}));
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

}  // namespace
}  // namespace cocos::cli
