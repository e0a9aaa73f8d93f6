// Evidence from a real software TPM, judged by the verifier of managers.
#include "testagent/tpm_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tss2/tss2_tcti_swtpm.h>

#include <algorithm>
#include <set>

#include "attestation/appraisal/verify_parts.h"
#include "attestation/evidence/decode.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/software_tpm.h"
#include "unit/testagent/temp_directory.h"

namespace cocos::testagent {
namespace {

using attestation::vtpm::testing::SoftwareTpm;
using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using ::testing::HasSubstr;

class TpmEvidenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftwareTpm::Installed()) GTEST_SKIP() << SoftwareTpm::kNotInstalled;
    ASSERT_TRUE(tpm_.Start());
    challenge_.tpm_nonce.fill(std::byte{0x5a});
  }

  Result<attestation::TpmEvidence> Make(const std::string& event_log_path = "/nonexistent") {
    TpmEvidence source({Tss2_Tcti_Swtpm_Init, "host=127.0.0.1,port=" + std::to_string(tpm_.port())},
                       event_log_path);
    const std::string bytes = COCOS_TRY(source.Evidence(challenge_));
    auto decoded = COCOS_TRY(attestation::DecodeAnyEvidence(crypto::BytesOf(bytes)));
    EXPECT_FALSE(decoded.snp || decoded.tdx);
    return decoded.tpm.value();
  }

  static Result<attestation::policy::VerifiedTpm> Verify(const attestation::TpmEvidence& evidence,
                                                         const attestation::TpmNonce& nonce) {
    return attestation::appraisal::VerifyTpm(evidence, nonce, {.require_bound_key = false});
  }

  SoftwareTpm tpm_;
  EvidenceChallenge challenge_;
};

TEST_F(TpmEvidenceTest, QuotesEveryPcrOfEveryBank) {
  const auto evidence = Make();
  ASSERT_THAT(evidence, Succeeds());

  const auto verified = Verify(*evidence, challenge_.tpm_nonce);

  ASSERT_THAT(verified, Succeeds());
  std::set<DigestAlgorithm> banks;
  for (const auto& quote : verified->quotes) {
    for (const auto& [bank, pcrs] : quote.pcrs()) {
      banks.insert(bank);
      EXPECT_EQ(pcrs.size(), 24u);
    }
  }
  EXPECT_TRUE(banks.contains(DigestAlgorithm::kSha256));
  EXPECT_EQ(banks.size(), verified->quotes.size());
}

TEST_F(TpmEvidenceTest, QuotesWhatWasExtended) {
  const std::string digest(64, 'a');
  ASSERT_TRUE(tpm_.Run("tpm2 pcrextend 9:sha256=" + digest)) << tpm_.Printed();
  const auto evidence = Make();
  ASSERT_THAT(evidence, Succeeds());

  const auto verified = Verify(*evidence, challenge_.tpm_nonce);

  ASSERT_THAT(verified, Succeeds());
  auto extended = crypto::HexDecode(std::string(64, '0') + digest).value();
  for (const auto& quote : verified->quotes) {
    const auto bank = quote.pcrs().find(DigestAlgorithm::kSha256);
    if (bank == quote.pcrs().end()) continue;
    EXPECT_EQ(bank->second.at(9), crypto::Sha256(extended));
  }
}

TEST_F(TpmEvidenceTest, AnswersTheNonce) {
  const auto evidence = Make();
  ASSERT_THAT(evidence, Succeeds());
  attestation::TpmNonce other = challenge_.tpm_nonce;
  other.back() ^= std::byte{1};

  EXPECT_THAT(Verify(*evidence, other), FailsWith(ErrorCode::kUntrusted, HasSubstr("nonce")));
}

TEST_F(TpmEvidenceTest, MakesAnotherKeyEachTimeAndLeavesNone) {
  const auto first = Make();
  ASSERT_THAT(first, Succeeds());
  // A TPM without a resource manager has room for three keys.
  for (int i = 0; i < 4; ++i) {
    const auto next = Make();
    ASSERT_THAT(next, Succeeds());
    EXPECT_NE(next->ak_public, first->ak_public);
  }
}

TEST_F(TpmEvidenceTest, BringsTheEventLogAsItIs) {
  const TempDirectory directory;

  const auto evidence = Make(directory.Write("log", "what firmware has measured"));

  ASSERT_THAT(evidence, Succeeds());
  const auto expected = crypto::BytesOf("what firmware has measured");
  EXPECT_TRUE(std::ranges::equal(evidence->event_log, expected));
}

TEST(TpmEvidence, SaysWhichTpmDoesNotAnswer) {
  TpmEvidence source({Tss2_Tcti_Swtpm_Init, "host=127.0.0.1,port=1"}, "/nonexistent");

  EXPECT_THAT(source.Evidence({}),
              FailsWith(ErrorCode::kUnavailable, HasSubstr("open host=127.0.0.1,port=1")));
}

}  // namespace
}  // namespace cocos::testagent
