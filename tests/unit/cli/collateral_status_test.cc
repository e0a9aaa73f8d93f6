// cvmctl collateral status, and verification from what a fetch leaves.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "crypto/digest.h"
#include "unit/cli/collateral_fixture.h"

namespace cocos::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CollateralStatusTest : public testing::CollateralCommandTest {
 protected:
  void Remove(const std::string& file) const { fs::remove(status_.directory + "/" + file); }
  nlohmann::json PieceOf(const nlohmann::json& status, const std::string& file) const {
    for (const auto& piece : status.at("pieces")) {
      if (piece.at("file") == file) return piece;
    }
    return nullptr;
  }
};

TEST_F(CollateralStatusTest, SaysThatThereIsNothing) {
  const Outcome outcome = Status();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, status_.directory + " at 2026-06-01T00:00:00Z: no collateral\n");
}

TEST_F(CollateralStatusTest, ShowsWhatExpiresWhen) {
  FetchAll();

  const Outcome outcome = Status();

  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("STATE  EXPIRES"));
  EXPECT_THAT(outcome.out,
              HasSubstr("good   2026-07-01T00:00:01Z  2026-01-01T00:00:00Z  TCB info"));
  EXPECT_THAT(outcome.out,
              EndsWith(" at 2026-06-01T00:00:00Z: all usable until 2026-07-01T00:00:01Z\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("fetch with")));
}

TEST_F(CollateralStatusTest, WarnsOfWhatExpiresSoon) {
  FetchAll();
  status_.now = "2026-06-17T00:00:01Z";

  const Outcome soon = Status();
  status_.soon_days = 13;
  const Outcome later = Status();

  EXPECT_EQ(soon.status, 0);
  EXPECT_THAT(soon.out, HasSubstr("expires-soon  2026-07-01T00:00:01Z"));
  EXPECT_THAT(soon.out, HasSubstr("fetch with: cvmctl collateral fetch --fmspc "));
  EXPECT_THAT(later.out, Not(HasSubstr("expires-soon")));
}

TEST_F(CollateralStatusTest, EndsWith3ForWhatHasExpired) {
  FetchAll();
  status_.now = "2026-07-01T00:00:01Z";

  const Outcome outcome = Status();

  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("expired"));
  EXPECT_THAT(outcome.out, EndsWith(": 1 of 7 CANNOT BE USED\n"));
}

TEST_F(CollateralStatusTest, ShowsWhatTheEvidenceNeedsAndNothingElse) {
  FetchAll();
  Remove("tdx/qe-identity/td.json");
  status_.selection.evidence = report_path_;
  EXPECT_EQ(Status().status, 0);
  EXPECT_EQ(StatusJson().at("pieces").size(), 3u);

  status_.selection.evidence = quote_path_;
  status_.json = false;
  const Outcome outcome = Status();

  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("missing"), HasSubstr(": 1 of 4 CANNOT BE USED\n")));
  EXPECT_THAT(outcome.out, HasSubstr("fetch with: cvmctl collateral fetch --tdx --dir " +
                                     status_.directory + "\n"));
}

TEST_F(CollateralStatusTest, CallsEverythingMissingThatWasNeverFetched) {
  status_.selection.evidence = quote_path_;
  const nlohmann::json status = StatusJson();
  EXPECT_EQ(status.at("usable"), false);
  EXPECT_TRUE(status.at("good_until").is_null());
  for (const auto& piece : status.at("pieces")) {
    EXPECT_EQ(piece.at("state"), "missing");
    EXPECT_TRUE(piece.at("expires").is_null());
    EXPECT_THAT(piece.at("problem").get<std::string>(), HasSubstr("collateral is missing: "));
  }
}

TEST_F(CollateralStatusTest, SaysWhatIsBrokenAndWhatIsNoCollateral) {
  FetchAll();
  std::ofstream(status_.directory + "/snp/Milan/vcek/crl") << "garbage";
  std::ofstream(status_.directory + "/snp/Milan/vcek/notes.txt") << "x";

  const Outcome outcome = Status();

  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("\nsnp/Milan/vcek/crl: "));
  EXPECT_THAT(outcome.out, HasSubstr("snp/Milan/vcek/notes.txt: not collateral, never read\n"));
}

TEST_F(CollateralStatusTest, TellsProgramsTheSame) {
  FetchAll();
  const nlohmann::json status = StatusJson();

  EXPECT_EQ(status.at("directory"), status_.directory);
  EXPECT_EQ(status.at("time"), "2026-06-01T00:00:00Z");
  EXPECT_EQ(status.at("usable"), true);
  EXPECT_EQ(status.at("good_until"), "2026-07-01T00:00:01Z");
  EXPECT_THAT(status.at("unknown_files"), IsEmpty());
  const nlohmann::json info =
      PieceOf(status, "tdx/tcb-info/" + crypto::HexEncode(tdx_.tcb_info.fmspc) + ".json");
  EXPECT_EQ(info.at("state"), "good");
  EXPECT_EQ(info.at("issued"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(info.at("valid_from"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(info.at("expires"), "2026-07-01T00:00:01Z");
  EXPECT_EQ(info.at("problem"), "");
  EXPECT_TRUE(PieceOf(status, "snp/Milan/vcek/cert_chain.pem").at("issued").is_null());
}

TEST_F(CollateralStatusTest, UsesNoDirectoryThatOthersMayWriteTo) {
  FetchAll();
  fs::permissions(status_.directory + "/snp", fs::perms::all);
  EXPECT_EQ(Status().status, -1);
  status_.selection.evidence = report_path_;
  const Outcome outcome = Status();
  EXPECT_EQ(outcome.status, -1);
  EXPECT_THAT(outcome.err, HasSubstr("/snp: mode 0777"));
}

// Verification from the same directory.
class VerifyFromDirectory : public CollateralStatusTest {
 protected:
  Outcome VerifySnp(const std::vector<std::string>& more = {}) const {
    return Run("snp", "--report", report_path_, crypto::testing::MakeCertificate(snp_.platform.ark),
               more);
  }
  Outcome VerifyTdx(const std::vector<std::string>& more = {}) const {
    return Run("tdx", "--quote", quote_path_, tdx_.platform.Root().der(), more);
  }

 private:
  Outcome Run(const char* kind, const char* option, const std::string& evidence,
              const std::vector<std::byte>& root, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"verify",
                                      kind,
                                      option,
                                      evidence,
                                      "--unofficial-root",
                                      files_.Write("root", root),
                                      "--now",
                                      "2026-06-01T00:00:00Z",
                                      "--collateral",
                                      status_.directory};
    words.insert(words.end(), more.begin(), more.end());
    return RunForTest(words);
  }
};

TEST_F(VerifyFromDirectory, NeedsNothingButWhatAFetchLeaves) {
  FetchAll();
  const Outcome snp = VerifySnp();
  EXPECT_EQ(snp.status, 0) << snp.out << snp.err;
  EXPECT_THAT(snp.out, HasSubstr("snp.crl"));
  const Outcome tdx = VerifyTdx();
  EXPECT_EQ(tdx.status, 0) << tdx.out << tdx.err;
}

TEST_F(VerifyFromDirectory, NamesWhatIsMissingWithTheCommandThatFetchesIt) {
  fs::create_directory(status_.directory);

  const Outcome snp = VerifySnp();
  const Outcome tdx = VerifyTdx();

  EXPECT_EQ(snp.status, 3) << snp.err;
  EXPECT_THAT(snp.out, AllOf(HasSubstr("NOT JUDGED: missing collateral: "),
                             HasSubstr("ASK and ARK of Milan"), HasSubstr("VCEK of Milan chip"),
                             HasSubstr("cvmctl collateral fetch --product Milan --chip-id "),
                             HasSubstr(" --dir " + status_.directory)));
  EXPECT_EQ(tdx.status, 3) << tdx.err;
  EXPECT_THAT(tdx.out, AllOf(HasSubstr("TCB info of FMSPC"), HasSubstr("CRL of the Intel"),
                             HasSubstr("fetch it with: cvmctl collateral fetch --fmspc ")));
}

TEST_F(VerifyFromDirectory, TellsWithoutADirectoryHowToFillOne) {
  const std::string hint = "; `cvmctl collateral fetch --for FILE` fetches what this file needs";
  status_.directory = "";
  for (const Outcome& outcome : {VerifySnp(), VerifyTdx()}) {
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(hint));
  }
}

TEST_F(VerifyFromDirectory, NamesOneMissingPieceAlone) {
  FetchAll();
  Remove("tdx/root-crl/root.crl");
  const Outcome outcome = VerifyTdx();
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("CRL of the Intel SGX root CA"),
                                 Not(HasSubstr("TCB info of FMSPC"))));
}

TEST_F(VerifyFromDirectory, JudgesNothingByFilesThatOthersMayWrite) {
  FetchAll();
  for (const char* folder : {"", "/snp/Milan", "/tdx"}) {
    fs::permissions(status_.directory + folder, fs::perms::group_write, fs::perm_options::add);
    const Outcome snp = VerifySnp();
    const Outcome tdx = VerifyTdx();
    fs::permissions(status_.directory + folder, fs::perms::group_write, fs::perm_options::remove);
    const bool hits_snp = std::string(folder) != "/tdx";
    const bool hits_tdx = std::string(folder) != "/snp/Milan";
    EXPECT_EQ(snp.status, hits_snp ? 2 : 0) << folder << snp.out;
    EXPECT_EQ(tdx.status, hits_tdx ? 2 : 0) << folder << tdx.out;
    EXPECT_THAT(hits_snp ? snp.err : tdx.err, HasSubstr("refusing to use it"));
  }
}

TEST_F(VerifyFromDirectory, RefusesAPieceWithAFlippedByte) {
  FetchAll();
  for (const std::string file : {"snp/Milan/vcek/crl", "tdx/root-crl/root.crl"}) {
    std::fstream stream(status_.directory + "/" + file,
                        std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(0, std::ios::end);
    const auto middle = static_cast<std::streamoff>(stream.tellg()) / 2;
    stream.seekg(middle);
    const char changed = static_cast<char>(stream.get() ^ 1);
    stream.seekp(middle);
    stream.put(changed);
  }
  EXPECT_EQ(VerifySnp().status, 1);
  EXPECT_EQ(VerifyTdx().status, 1);
}

TEST_F(VerifyFromDirectory, PrefersWhatTheUserGives) {
  FetchAll();
  const std::string broken = files_.Write("crl", "no list");
  EXPECT_EQ(VerifySnp({"--crl", broken}).status, 1);
  EXPECT_EQ(VerifySnp({"--vcek", files_.Write("vcek", "no certificate")}).status, 1);
}

TEST_F(VerifyFromDirectory, SaysThatAProductIsNotTheReports) {
  FetchAll();
  EXPECT_EQ(VerifySnp({"--product", "Milan"}).status, 0);
  const Outcome outcome = VerifySnp({"--product", "Genoa"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--product Genoa: the SNP report is of Milan"));
}

TEST_F(VerifyFromDirectory, WantsTheProductOfAVersion2Report) {
  FetchAll();
  collateral::snp::testing::TestPlatform old = snp_.platform;
  old.report = collateral::snp::testing::MakeReport(collateral::snp::Product::kMilan,
                                                    collateral::snp::SigningKey::kVcek, 2);
  files_.Write("report.bin", old.SignedReport());

  const Outcome outcome = VerifySnp();

  EXPECT_EQ(outcome.status, 2) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("version 2 does not say which product"));
  EXPECT_EQ(VerifySnp({"--product", "Milan"}).status, 0);
  EXPECT_EQ(VerifySnp({"--product", "Genoa"}).status, 3);
}

TEST_F(VerifyFromDirectory, RefusesAReportThatDoesNotParse) {
  FetchAll();
  std::vector<std::byte> changed = report_;
  changed[0] = std::byte{9};
  files_.Write("report.bin", changed);
  EXPECT_EQ(VerifySnp().status, 1);
}

}  // namespace
}  // namespace cocos::cli
