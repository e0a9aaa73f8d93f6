// cvmctl verify evidence: an agent that the tests make, and the vectors where they are present.
#include "cli/verify_evidence_command.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "crypto/digest.h"
#include "unit/attestation/appraisal/test_agent.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/attestation/tdx/test_platform.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::cli {
namespace {

namespace samples = attestation::testing;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
using attestation::appraisal::testing::TestAgent;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Joined(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

class VerifyEvidenceCommand : public ::testing::Test {
 protected:
  // Without a challenge.
  std::vector<std::string> Bare(const std::vector<std::string>& more = {}) const {
    return Joined({"verify", "evidence", "--file", file_, "--unofficial-root", root_, "--now",
                   "2030-01-01T00:00:00Z"},
                  more);
  }
  std::vector<std::string> Command(const std::vector<std::string>& more = {}) const {
    return Joined(Bare({"--client-cert", certificate_}), more);
  }
  nlohmann::json Json(const std::vector<std::string>& arguments) const {
    return nlohmann::json::parse(RunForTest(Joined({"--output", "json"}, arguments)).out, nullptr,
                                 false);
  }
  std::string Policy(const std::string& text) const { return files_.Write("policy.yaml", text); }

  const TempFiles files_;
  TestAgent agent_;
  const std::string file_ = files_.Write("evidence", agent_.SnpVtpm());
  const std::string certificate_ = files_.Write("client.pem", agent_.certificate);
  const std::string root_ = files_.Write("root.der", agent_.Certificates().ark);
};

TEST_F(VerifyEvidenceCommand, VerifiesWhatAnAgentSentAndSaysWhatWasNotJudged) {
  const Outcome outcome = RunForTest(Command());

  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("agent evidence at 2030-01-01T00:00:00Z: verified under a "
                                     "root that is NOT AMD's, without a policy\n"));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("binding.report-data"), HasSubstr("tpm.key-binding"),
                                 HasSubstr("evidence.format")));
}

TEST_F(VerifyEvidenceCommand, TakesEveryFormatByNameAndRefusesAnotherThanTheNamedOne) {
  const auto token = samples::CborToken("SNP-vTPM", agent_.SnpVtpm());
  const auto jwt =
      samples::JwtToken(samples::kJwtHeader, samples::JwtClaims("SNP-vTPM", agent_.SnpVtpm()));
  const std::vector<std::pair<std::string, Bytes>> formats = {
      {"attest", agent_.SnpVtpm()},
      {"sevsnp", agent_.SevSnp()},
      {"eat-cbor", token},
      {"eat-jwt", samples::FromText(jwt)},
  };
  for (const auto& [name, bytes] : formats) {
    files_.Write("evidence", bytes);
    EXPECT_EQ(RunForTest(Command({"--format", name})).status, 0) << name;
    EXPECT_EQ(RunForTest(Command({"--format", "auto"})).status, 0) << name;
    const Outcome other = RunForTest(Command({"--format", "tdx-raw"}));
    EXPECT_EQ(other.status, 1) << name;
    EXPECT_THAT(other.out, HasSubstr("REFUSED: evidence.format: ")) << name;
  }
  files_.Write("evidence", agent_.SignedReport(false));
  EXPECT_EQ(RunForTest(Command({"--format", "snp-raw"})).status, 3);
}

TEST_F(VerifyEvidenceCommand, TellsTheLabelsOfATokenAndJudgesNone) {
  files_.Write("evidence", samples::CborToken("SNP-vTPM", agent_.SnpVtpm()));

  const nlohmann::json result = Json(Command());

  EXPECT_EQ(result.at("verdict"), "verified");
  int labels = 0;
  for (const auto& claim : result.at("claims")) {
    if (!claim.at("name").get<std::string>().starts_with("token.")) continue;
    EXPECT_EQ(claim.at("outcome"), "unchecked");
    ++labels;
  }
  EXPECT_EQ(labels, 5);
}

TEST_F(VerifyEvidenceCommand, RefusesEvidenceForAnotherCertificateFile) {
  files_.Write("client.pem", samples::Joined({agent_.certificate, samples::FromText("\n")}));

  const Outcome outcome = RunForTest(Command());

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("REFUSED: binding.report-data: answers another challenge"));
  EXPECT_EQ(Json(Command()).at("first_failure"), "binding.report-data");
}

TEST_F(VerifyEvidenceCommand, TakesNoncesInPlaceOfAFile) {
  const std::string tee =
      crypto::HexEncode(crypto::DigestOf(crypto::DigestAlgorithm::kSha512, agent_.certificate));
  const std::string tpm = crypto::HexEncode(crypto::Sha256(agent_.certificate));

  EXPECT_EQ(RunForTest(Bare({"--tee-nonce", tee, "--tpm-nonce", tpm})).status, 0);
  EXPECT_EQ(RunForTest(Bare({"--tee-nonce", "00" + tee.substr(2), "--tpm-nonce", tpm})).status, 1);
  const Outcome other = RunForTest(Bare({"--tee-nonce", tee, "--tpm-nonce", tee.substr(0, 64)}));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.out, HasSubstr("REFUSED: tpm.evidence: "));
  EXPECT_THAT(RunForTest(Bare({"--tee-nonce", tee})).out, HasSubstr("no nonce is expected"));
}

TEST_F(VerifyEvidenceCommand, JudgesByAPolicy) {
  const std::string measurement = crypto::HexEncode(
      std::span(agent_.platform.report).subspan(snp::testing::kMeasurementAt, 48));
  const std::string head = "profile: production\nsnp:\n  measurements:\n    - ";

  const Outcome good = RunForTest(Command({"--policy", Policy(head + measurement + "\n")}));
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_THAT(good.out, Not(HasSubstr("without a policy")));

  const Outcome other =
      RunForTest(Command({"--policy", Policy(head + std::string(96, 'a') + "\n")}));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.out, HasSubstr("REFUSED: snp.measurement: "));
}

TEST_F(VerifyEvidenceCommand, RefusesAnUnboundKeyUnlessThePolicyLetsIt) {
  agent_.bound_key.clear();
  files_.Write("evidence", agent_.SnpVtpm());

  const Outcome refused = RunForTest(Command());
  const std::string policy =
      Policy("profile: production\nsnp: {}\ntpm:\n  require_bound_key: false\n");

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, HasSubstr("does not name the TPM's key"));
  const Outcome allowed = RunForTest(Command({"--policy", policy}));
  EXPECT_EQ(allowed.status, 0) << allowed.out << allowed.err;
}

TEST_F(VerifyEvidenceCommand, SaysWhichCertificateIsMissingAndTakesItFromFiles) {
  files_.Write("evidence", agent_.SignedReport(false));
  const auto table = agent_.Certificates();
  const std::string vcek = files_.Write("vcek.der", table.vcek);
  const auto pem = [](const Bytes& der) { return crypto::Certificate::FromDer(der).value().Pem(); };
  const std::string chain = files_.Write("chain.pem", pem(table.ask) + pem(table.ark));

  const Outcome missing = RunForTest(Command());

  EXPECT_EQ(missing.status, 3);
  EXPECT_THAT(missing.out, HasSubstr("NOT JUDGED: missing collateral: no VCEK certificate"));
  EXPECT_EQ(Json(Command()).at("verdict"), "missing-collateral");
  EXPECT_EQ(RunForTest(Command({"--vcek", vcek})).status, 3);
  EXPECT_EQ(RunForTest(Command({"--vcek", vcek, "--chain", chain})).status, 0);
}

TEST_F(VerifyEvidenceCommand, LooksIntoTheListOfTheRoot) {
  Bytes list = crypto::testing::MakeCrl(agent_.platform.EmptyCrl());
  const std::string crl = files_.Write("crl", list);
  EXPECT_EQ(RunForTest(Command({"--crl", crl})).status, 0);

  list[list.size() / 2] ^= std::byte{1};
  files_.Write("crl", list);
  EXPECT_EQ(RunForTest(Command({"--crl", crl})).status, 1);
}

TEST_F(VerifyEvidenceCommand, TakesCertificatesFromADirectoryThatAFetchFilled) {
  files_.Write("evidence", agent_.SignedReport(false));
  const auto table = agent_.Certificates();
  const auto pem = [](const Bytes& der) { return crypto::Certificate::FromDer(der).value().Pem(); };
  const std::string vcek = files_.Write("vcek.der", table.vcek);
  const std::vector<std::string> arguments =
      Command({"--collateral", files_.Path("cache"), "--vcek", vcek});

  EXPECT_EQ(RunForTest(arguments).status, 3);
  files_.Write("cache/snp/Genoa/vcek/cert_chain.pem", pem(table.ask) + pem(table.ark));
  const Outcome outcome = RunForTest(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST_F(VerifyEvidenceCommand, NamesThePiecesThatADirectoryLacksUnlessTheEvidenceIsRefusedAnyway) {
  files_.Write("evidence", agent_.SignedReport(false));
  const std::vector<std::string> arguments = Command({"--collateral", files_.Path("cache")});

  const Outcome missing = RunForTest(arguments);
  EXPECT_EQ(missing.status, 3);
  EXPECT_THAT(missing.out, HasSubstr("cvmctl collateral fetch"));

  files_.Write("client.pem", "another");
  const Outcome refused = RunForTest(arguments);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, HasSubstr("REFUSED: binding.report-data: "));
}

TEST_F(VerifyEvidenceCommand, WantsTheProductOfTheReportWhereOneIsNamed) {
  const std::string cache = files_.Path("cache");

  const Outcome other = RunForTest(Command({"--collateral", cache, "--product", "Milan"}));

  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr("--product Milan: the SNP report is of Genoa"));
  EXPECT_EQ(RunForTest(Command({"--collateral", cache, "--product", "Genoa"})).status, 0);
  EXPECT_EQ(RunForTest(Command({"--product", "Genoa"})).status, 2);
}

TEST_F(VerifyEvidenceCommand, RefusesEvidenceWithoutATee) {
  const std::vector<std::pair<Bytes, std::string>> cases = {
      {{}, "REFUSED: evidence.tee: "},
      {samples::CborToken("NoCC", samples::Filled(96)), "REFUSED: evidence.tee: "},
      {samples::FromText("<html>"), "REFUSED: evidence.format: "}};
  for (const auto& [bytes, text] : cases) {
    files_.Write("evidence", bytes);
    const Outcome outcome = RunForTest(Command());
    EXPECT_EQ(outcome.status, 1) << text;
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
}

TEST_F(VerifyEvidenceCommand, EndsAsWrongUsageWhereNothingCouldBeJudged) {
  const std::string empty = files_.Write("empty", "");
  const std::string none = files_.Path("none");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "want one of --client-cert and --tee-nonce"},
      {{"--tee-nonce", "0g"}, "--tee-nonce"},
      {{"--tee-nonce", std::string(130, '1')}, "65"},
      {{"--tee-nonce", "11", "--tpm-nonce", "1"}, "--tpm-nonce"},
      {{"--client-cert", empty}, "empty"},
      {{"--client-cert", none}, none},
      {{"--client-cert", certificate_, "--format", "pem"}, "--format"},
      {{"--client-cert", certificate_, "--policy", none}, none},
      {{"--client-cert", certificate_, "--vcek", none}, none}};
  for (const auto& [more, text] : cases) {
    const Outcome outcome = RunForTest(Bare(more));
    EXPECT_EQ(outcome.status, 2) << text;
    EXPECT_THAT(outcome.out, IsEmpty()) << text;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("cvmctl: verify evidence: "), HasSubstr(text)));
  }
  EXPECT_EQ(RunForTest(Command({"--tee-nonce", "11"})).status, 2);
  EXPECT_EQ(RunForTest(Command({"--tpm-nonce", "11"})).status, 2);
}

TEST(VerifyEvidenceOfTdx, WantsCollateralAndJudgesWithIt) {
  const TempFiles files;
  tdx::TestPlatform platform;
  const Bytes certificate = samples::FromText("client");
  platform.report.report_data = attestation::ReportDataForCertificate(certificate);
  const tdx::Collateral collateral = platform.Collateral();
  files.Write("collateral/tcb-info.json", collateral.tcb_info);
  files.Write("collateral/tcb-info.chain.pem", collateral.tcb_info_issuer_chain);
  files.Write("collateral/qe-identity.json", collateral.qe_identity);
  files.Write("collateral/qe-identity.chain.pem", collateral.qe_identity_issuer_chain);
  files.Write("collateral/root.crl", collateral.root_crl);
  files.Write("collateral/pck.crl", collateral.pck_crl);
  const std::vector<std::string> arguments = {"verify",
                                              "evidence",
                                              "--file",
                                              files.Write("evidence", platform.Quote()),
                                              "--client-cert",
                                              files.Write("client.pem", certificate),
                                              "--unofficial-root",
                                              files.Write("root.pem", platform.Root().Pem()),
                                              "--now",
                                              "2026-06-01T00:00:00Z"};

  const Outcome missing = RunForTest(arguments);
  EXPECT_EQ(missing.status, 3);
  EXPECT_THAT(missing.out, HasSubstr("NOT JUDGED: missing collateral: no TDX collateral"));
  files.Write("cache/tdx/qe-identity/td.json", collateral.qe_identity);
  const Outcome lacking = RunForTest(Joined(arguments, {"--collateral", files.Path("cache")}));
  EXPECT_EQ(lacking.status, 3);
  EXPECT_THAT(lacking.out, HasSubstr("cvmctl collateral fetch"));
  const Outcome good = RunForTest(Joined(arguments, {"--collateral", files.Path("collateral")}));
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("root that is NOT Intel's"));
}

TEST(VerifyEvidenceVectors, JudgesTheBoundSetUnderItsTestRoot) {
  COCOS_NEED_VECTORS("evidence");
  COCOS_NEED_VECTORS("sev-snp");
  const auto folder = testing::VectorsFolder("evidence");
  const auto snp_folder = testing::VectorsFolder("sev-snp") / "synthetic";
  const auto certificates =
      crypto::Certificate::ListFromPem(testing::ReadText(snp_folder / "milan_vcek_chain.pem"), 2)
          .value();
  const TempFiles files;
  const std::string root = files.Write("root.pem", certificates.at(1).Pem());
  const std::vector<std::pair<std::string, int>> cases = {{"proto/attest-snp-vtpm-bound.pb", 0},
                                                          {"proto/attest-snp-vtpm-bound-old.pb", 1},
                                                          {"proto/sevsnp-bound-cert.pb", 0},
                                                          {"eat/snp-vtpm-bound.jwt", 0},
                                                          {"raw/dummy-1240.bin", 1},
                                                          {"raw/empty.bin", 1},
                                                          {"raw/snp-bound-cert.bin", 3}};
  for (const auto& [name, status] : cases) {
    const Outcome outcome =
        RunForTest({"verify", "evidence", "--file", (folder / name).string(), "--client-cert",
                    (folder / "key/client-cert.pem").string(), "--unofficial-root", root, "--now",
                    "2026-06-01T00:00:00Z"});
    EXPECT_EQ(outcome.status, status) << name << "\n" << outcome.out << outcome.err;
  }
}

}  // namespace
}  // namespace cocos::cli
