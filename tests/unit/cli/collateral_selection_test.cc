// Which pieces a user means, and the command lines that say nothing of sense.
#include "cli/collateral_selection.h"

#include <gmock/gmock.h>

#include <iterator>
#include <sstream>

#include "support/result_matchers.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"
#include "unit/collateral/material.h"

namespace cocos::cli {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using collateral::FetchPlan;
using collateral::Services;
using collateral::testing::SnpMaterial;
using collateral::testing::TdxMaterial;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> TextsOf(const FetchPlan& plan) {
  std::vector<std::string> texts;
  for (const collateral::FetchItem& item : plan) texts.push_back(PieceText(item.piece));
  return texts;
}

Result<FetchPlan> Plan(const CollateralSelection& selection) { return PlanOf(selection, {}); }

std::string HexDigits(std::size_t count) { return std::string(count, 'a'); }

TEST(CollateralSelection, IsEmptyForNothing) { EXPECT_THAT(Plan({}).value(), IsEmpty()); }

TEST(CollateralSelection, TellsTheKindsOfChainApart) {
  CollateralSelection selection;
  selection.product = "Turin";
  EXPECT_THAT(TextsOf(Plan(selection).value()),
              ElementsAre("ASK and ARK of Turin", "CRL for the ASK of Turin"));
  selection.vlek = true;
  EXPECT_THAT(TextsOf(Plan(selection).value()),
              ElementsAre("ASVK and ARK of Turin", "CRL for the ASVK of Turin"));
}

TEST(CollateralSelection, TakesBothCasUnlessOneIsNamed) {
  CollateralSelection selection;
  selection.tdx = true;
  EXPECT_EQ(Plan(selection).value().size(), 4u);
  selection.ca = "processor";
  EXPECT_THAT(TextsOf(Plan(selection).value()),
              ElementsAre("identity of the TDX quoting enclave", "PCK CRL of the processor CA",
                          "CRL of the Intel SGX root CA"));
}

TEST(CollateralSelection, TakesTheRestOfTdxWithAnFmspc) {
  CollateralSelection selection;
  selection.fmspc = "00906ED50000";
  const auto texts = TextsOf(Plan(selection).value());
  EXPECT_EQ(texts.size(), 5u);
  EXPECT_EQ(texts.front(), "TCB info of FMSPC 00906ed50000");
}

TEST(CollateralSelection, TakesTheShortIdOfTurin) {
  CollateralSelection selection;
  selection.product = "Turin";
  selection.chip_id = HexDigits(16);
  selection.tcb = "1.2.3.4.5";
  EXPECT_EQ(TextsOf(Plan(selection).value()).back(),
            "VCEK of Turin chip aaaaaaaaaaaaaaaa... at TCB 1.2.3.4.5");
  selection.product = "Milan";
  selection.tcb = "1.2.3.4";
  EXPECT_THAT(Plan(selection), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("128 hex")));
}

TEST(CollateralSelection, KeepsAmdsPiecesBeforeIntels) {
  CollateralSelection selection;
  selection.product = "Genoa";
  selection.tdx = true;
  const auto texts = TextsOf(Plan(selection).value());
  EXPECT_EQ(texts.size(), 6u);
  EXPECT_EQ(texts.front(), "ASK and ARK of Genoa");
}

struct Wrong {
  CollateralSelection selection;
  const char* text;
};

TEST(CollateralSelection, NamesTheOptionThatIsWrongOrLacksAnother) {
  const std::string id = HexDigits(128);
  for (const auto& [selection, text] : std::vector<Wrong>{
           {{.product = "Rome"}, "--product \"Rome\": want Milan, Genoa or Turin"},
           {{.vlek = true}, "want --product"},
           {{.chip_id = id, .tcb = "1.2.3.4"}, "want --product"},
           {{.tcb = "1.2.3.4"}, "want --product"},
           {{.product = "Milan", .chip_id = id}, "--chip-id and --tcb: want both"},
           {{.product = "Milan", .tcb = "1.2.3.4"}, "--chip-id and --tcb: want both"},
           {{.product = "Milan", .vlek = true, .chip_id = id, .tcb = "1.2.3.4"}, "--vlek: "},
           {{.product = "Milan", .chip_id = id, .tcb = "1.2.3"}, "TCB: want 4 numbers"},
           {{.product = "Milan", .chip_id = std::string(128, '0'), .tcb = "1.2.3.4"}, "chip"},
           {{.tdx = true, .ca = "root"}, "--ca \"root\": want platform or processor"},
           {{.ca = "platform"}, "--ca: want --tdx or --fmspc"},
           {{.product = "Milan", .ca = "platform"}, "--ca: want --tdx or --fmspc"},
           {{.fmspc = "00906ed5000"}, "FMSPC: want 12"},
           {{.fmspc = "00906ed5000g"}, "FMSPC: want 12"}}) {
    EXPECT_THAT(Plan(selection), FailsWith(ErrorCode::kInvalidArgument, HasSubstr(text))) << text;
  }
}

TEST(CollateralSelection, TakesEverythingFromTheEvidenceAlone) {
  const TempFiles files;
  const std::string path = files.Write("report", SnpMaterial().platform.SignedReport());
  for (CollateralSelection selection : std::vector<CollateralSelection>{{.vlek = true},
                                                                        {.chip_id = "aa"},
                                                                        {.tcb = "1"},
                                                                        {.tdx = true},
                                                                        {.fmspc = "aa"},
                                                                        {.ca = "platform"}}) {
    selection.evidence = path;
    EXPECT_THAT(Plan(selection), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("--for: ")));
  }
}

TEST(CollateralSelection, ReadsAReportWithItsTableBehindIt) {
  const TempFiles files;
  const SnpMaterial genoa(collateral::snp::Product::kGenoa);
  std::vector<std::byte> report = genoa.platform.SignedReport();
  report.resize(report.size() + 24);
  const auto plan = Plan({.evidence = files.Write("report", report)});
  ASSERT_THAT(plan, Succeeds());
  EXPECT_EQ(plan->back().piece, collateral::Piece(genoa.vcek));
}

TEST(CollateralSelection, ReadsAReportThatAVlekSigns) {
  const TempFiles files;
  const SnpMaterial milan(collateral::snp::Product::kMilan, collateral::snp::SigningKey::kVlek);
  const auto plan = Plan({.evidence = files.Write("report", milan.platform.SignedReport())});
  EXPECT_THAT(TextsOf(plan.value()),
              ElementsAre("ASVK and ARK of Milan", "CRL for the ASVK of Milan"));
}

TEST(CollateralSelection, WantsTheProductOfAVersion2Report) {
  const TempFiles files;
  namespace snp = collateral::snp;
  const auto report = snp::testing::MakeReport(snp::Product::kMilan, snp::SigningKey::kVcek, 2);
  CollateralSelection selection{.evidence = files.Write("report", report)};

  EXPECT_THAT(Plan(selection),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr(selection.evidence), HasSubstr("version 2"))));
  selection.product = "Milan";
  EXPECT_THAT(Plan(selection), Succeeds());
}

TEST(CollateralSelection, RefusesAProductThatIsNotTheEvidences) {
  const TempFiles files;
  EXPECT_THAT(Plan({.evidence = files.Write("report", SnpMaterial().platform.SignedReport()),
                    .product = "Genoa"}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("of Milan, not of Genoa")));
  EXPECT_THAT(Plan({.evidence = files.Write("quote", TdxMaterial().quote), .product = "Milan"}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("no SNP report")));
}

TEST(CollateralSelection, NamesTheFileThatIsNoEvidence) {
  const TempFiles files;
  for (const std::string& text : {std::string(), std::string("no evidence"), std::string(3, '\0'),
                                  std::string(1183, '\0'), std::string(2000, 'x')}) {
    const std::string path = files.Write("evidence", text);
    EXPECT_THAT(Plan({.evidence = path}), FailsWith(ErrorCode::kMalformed, HasSubstr(path)))
        << text.size();
  }
  EXPECT_THAT(Plan({.evidence = files.Path("none")}),
              FailsWith(ErrorCode::kNotFound, HasSubstr(files.Path("none"))));
}

// Command lines

TEST(CollateralCommandLine, EndsAsWrongUsage) {
  const TempFiles files;
  using Words = std::vector<std::string>;
  for (const auto& [words, text] : std::vector<std::pair<Words, std::string>>{
           {{"fetch"}, "nothing to fetch: want --for FILE, --product, --fmspc or --tdx"},
           {{"fetch", "--for", files.Path("none")}, files.Path("none")},
           {{"fetch", "--product", "Rome"}, "Rome"},
           {{"fetch", "--tdx", "--ca", "root"}, "root"},
           {{"fetch", "--tdx", "--kds-url", "ftp://x"}, "--kds-url: base URL \"ftp://x\""},
           {{"fetch", "--tdx", "--pcs-url", "http://a@b"}, "--pcs-url: "},
           {{"fetch", "--tdx", "--root-crl-url", "x"}, "--root-crl-url: "},
           {{"fetch", "--tdx", "--request-timeout", "0"}, "--request-timeout \"0\": want a time"},
           {{"fetch", "--tdx", "--request-timeout", "999us"}, "from 1ms to 24h"},
           {{"fetch", "--tdx", "--request-timeout", "24h1ns"}, "from 1ms to 24h"},
           {{"fetch", "--tdx", "--request-timeout", "5"}, "--request-timeout \"5\""},
           {{"fetch", "--tdx", "--patience", "-1s"}, "--patience \"-1s\": want a time from 0s"},
           {{"fetch", "--tdx", "--timeout", "5s"}, "--timeout: is for commands to the manager"},
           {{"fetch", "--tdx", "--mirror-ca", files.Path("no-ca")}, files.Path("no-ca")},
           {{"status", "--now", "today"}, "--now \"today\""},
           {{"status", "--vlek"}, "want --product"},
           {{"status", "--soon-days", "-1"}, "--soon-days"},
           {{}, "required"}}) {
    Words all = {"collateral"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome outcome = RunForTest(all);
    EXPECT_EQ(outcome.status, 2) << text << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(text));
  }
}

// What messages tell users to type. `status` takes the same options and needs no service.
TEST(CollateralCommandLine, TakesEveryCommandThatMessagesName) {
  const TempFiles files;
  const SnpMaterial milan;
  const SnpMaterial turin(collateral::snp::Product::kTurin);
  const SnpMaterial vlek(collateral::snp::Product::kGenoa, collateral::snp::SigningKey::kVlek);
  const TdxMaterial intel;
  for (const collateral::Piece& piece : std::vector<collateral::Piece>{
           milan.chain, milan.crl, milan.vcek, turin.vcek, vlek.chain, vlek.crl, intel.tcb_info,
           intel.qe_identity, intel.pck_crl, intel.root_crl,
           collateral::TdxPckCrl{collateral::tdx::PckCa::kProcessor}}) {
    const std::string command =
        collateral::IntoDirectory(collateral::FetchCommand(piece), files.Path("none"));
    std::istringstream text(command);
    std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
    ASSERT_EQ(words.at(0) + words.at(1) + words.at(2), "cvmctlcollateralfetch");
    words.erase(words.begin());
    words.at(1) = "status";

    const Outcome outcome = RunForTest(words);

    EXPECT_EQ(outcome.status, 3) << command << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(PieceText(piece))) << command;
  }
}

// --ca behind the command is not the manager's, whose value is a file.
TEST(CollateralCommandLine, HasACaOfItsOwn) {
  const TempFiles files;
  const Outcome outcome = RunForTest(
      {"collateral", "status", "--tdx", "--ca", "processor", "--dir", files.Path("none")});
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("missing  -        -       PCK CRL of the processor CA"));
}

TEST(CollateralCommandLine, TellsTheDefaultDirectory) {
  const Outcome outcome = RunForTest({"collateral", "fetch", "--help"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("/var/lib/cocos-manager/collateral"));
}

// A service that is not there, asked by the real command with the vendors' roots.
TEST(CollateralCommandLine, FailsWhereNobodyAnswers) {
  const TempFiles files;
  const Outcome outcome =
      RunForTest({"collateral", "fetch", "--product", "Milan", "--kds-url", "http://127.0.0.1:1",
                  "--patience", "0", "--dir", files.Path("kept")});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cvmctl: GET http://127.0.0.1:1/vcek/v1/Milan/cert_chain: "));
  EXPECT_THAT(outcome.out, HasSubstr(": 0 fetched, 0 unchanged, 2 failed\n"));
}

}  // namespace
}  // namespace cocos::cli
