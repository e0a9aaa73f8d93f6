// cvmctl verify tpm: quotes of keys that the tests make, and the vectors where they are present.
#include "cli/verify_command.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "crypto/digest.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/attestation/vtpm/quote_builder.h"
#include "unit/cli/temp_files.h"
#include "unit/cli/verify_results.h"

namespace cocos::cli {
namespace {

namespace tpm = attestation::vtpm::testing;
using ::testing::HasSubstr;

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
