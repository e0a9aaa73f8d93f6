// Challenges, and report data that answers them: every form of the agents' releases.
#include "attestation/appraisal/challenge.h"

#include <gmock/gmock.h>

#include "attestation/appraisal/report_data.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/evidence/samples.h"

namespace cocos::attestation::appraisal {
namespace {

using attestation::testing::Filled;
using attestation::testing::FromText;
using attestation::testing::Joined;
using cocos::testing::FailsWith;
using crypto::DigestAlgorithm;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

Bytes Sha512(const Bytes& bytes) { return crypto::DigestOf(DigestAlgorithm::kSha512, bytes); }
Bytes Sha3(const Bytes& bytes) { return crypto::DigestOf(DigestAlgorithm::kSha3_512, bytes); }

template <std::size_t N>
Bytes ToBytes(const std::array<std::byte, N>& array) {
  return {array.begin(), array.end()};
}

const Bytes kFile = FromText("-----BEGIN CERTIFICATE-----\n");
const Bytes kKey = Filled(280, 7);

TEST(ChallengeOfCertificate, IsMadeOfDigestsOfTheFile) {
  const Challenge challenge = ChallengeOfCertificate(kFile).value();

  EXPECT_EQ(ToBytes(challenge.report_data), Sha512(kFile));
  EXPECT_EQ(ToBytes(challenge.tpm_nonce.value()), crypto::Sha256(kFile));
}

TEST(ChallengeOfCertificate, RefusesAnEmptyFile) {
  EXPECT_THAT(ChallengeOfCertificate({}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("empty")));
}

TEST(ChallengeOfNonces, PadsWithZeros) {
  const Challenge challenge = ChallengeOfNonces(Filled(1, 5), Filled(31, 6)).value();

  EXPECT_EQ(ToBytes(challenge.report_data), Joined({Filled(1, 5), Filled(63)}));
  EXPECT_EQ(ToBytes(challenge.tpm_nonce.value()), Joined({Filled(31, 6), Filled(1)}));
}

TEST(ChallengeOfNonces, TakesNoncesOfFullSizeAndRefusesLongerOnes) {
  EXPECT_EQ(ToBytes(ChallengeOfNonces(Filled(64, 5), {}).value().report_data), Filled(64, 5));
  EXPECT_EQ(ToBytes(*ChallengeOfNonces(Filled(64, 5), Filled(32, 6)).value().tpm_nonce),
            Filled(32, 6));
  EXPECT_THAT(ChallengeOfNonces(Filled(65, 5), {}), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ChallengeOfNonces(Filled(64, 5), Filled(33, 6)),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(ChallengeOfNonces, WantsANonceForTheReportAndNotForTheTpm) {
  EXPECT_THAT(ChallengeOfNonces({}, Filled(32, 6)), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_FALSE(ChallengeOfNonces(Filled(1, 5), {}).value().tpm_nonce.has_value());
}

// Which binding each form of report data proves, with and without a key beside it.
TEST(BindingOf, TellsTheFormsOfReportDataApart) {
  const Challenge challenge = ChallengeOfCertificate(kFile).value();
  const Bytes plain = Sha512(kFile);
  const Bytes bound = Sha3(Joined({plain, kKey}));

  EXPECT_EQ(BindingOf(challenge, std::nullopt, plain), ReportBinding::kChallenge);
  EXPECT_EQ(BindingOf(challenge, kKey, plain), ReportBinding::kChallenge);
  EXPECT_EQ(BindingOf(challenge, kKey, bound), ReportBinding::kChallengeAndKey);
  EXPECT_EQ(BindingOf(challenge, std::nullopt, bound), ReportBinding::kNone);
  EXPECT_EQ(BindingOf(challenge, Filled(280, 8), bound), ReportBinding::kNone);
}

TEST(BindingOf, KnowsNoFormThatIsMerelyNear) {
  const Challenge challenge = ChallengeOfCertificate(kFile).value();
  const Bytes plain = Sha512(kFile);
  const Bytes nonce = crypto::Sha256(kFile);
  for (const Bytes& data : {Filled(64), Bytes{}, kFile, Sha3(kFile), Sha512(plain),
                            Sha512(Joined({plain, kKey})), Sha3(plain), Sha3(Joined({kKey, plain})),
                            Sha3(Joined({nonce, kKey})), Joined({nonce, Filled(32)}),
                            Bytes(plain.begin(), plain.end() - 1), Joined({plain, Filled(1)})}) {
    EXPECT_EQ(BindingOf(challenge, kKey, data), ReportBinding::kNone) << data.size();
    EXPECT_EQ(BindingOf(challenge, std::nullopt, data), ReportBinding::kNone) << data.size();
  }
}

TEST(ReportDataClaim, PassesAnUnboundKeyOnlyWhereItMayBe) {
  const Challenge challenge = ChallengeOfCertificate(kFile).value();
  const Bytes plain = Sha512(kFile);
  const Bytes bound = Sha3(Joined({plain, kKey}));
  const auto outcome = [&](const std::optional<Bytes>& key, bool must, const Bytes& data) {
    return ReportDataClaim(challenge, key, must, data).outcome;
  };

  EXPECT_EQ(outcome(std::nullopt, true, plain), Outcome::kPassed);
  EXPECT_EQ(outcome(std::nullopt, false, plain), Outcome::kPassed);
  EXPECT_EQ(outcome(kKey, true, bound), Outcome::kPassed);
  EXPECT_EQ(outcome(kKey, false, bound), Outcome::kPassed);
  EXPECT_EQ(outcome(kKey, false, plain), Outcome::kPassed);
  EXPECT_EQ(outcome(kKey, true, plain), Outcome::kFailed);
  EXPECT_EQ(outcome(std::nullopt, false, bound), Outcome::kFailed);
}

TEST(ReportDataClaim, SaysWhatIsAcceptedAndWhatWasFound) {
  const Challenge challenge = ChallengeOfCertificate(kFile).value();
  const Bytes plain = Sha512(kFile);
  const std::string plain_hex = crypto::HexEncode(plain);
  const std::string bound_hex = crypto::HexEncode(Sha3(Joined({plain, kKey})));

  EXPECT_EQ(ReportDataClaim(challenge, std::nullopt, true, Filled(64)).expected, plain_hex);
  EXPECT_EQ(ReportDataClaim(challenge, kKey, true, Filled(64)).expected, bound_hex);
  EXPECT_EQ(ReportDataClaim(challenge, kKey, false, Filled(64)).expected,
            bound_hex + " or " + plain_hex);
  const Claim claim = ReportDataClaim(challenge, kKey, true, Filled(64, 9));
  EXPECT_EQ(claim.name, "binding.report-data");
  EXPECT_EQ(claim.actual, crypto::HexEncode(Filled(64, 9)));
  EXPECT_THAT(claim.detail, HasSubstr("another challenge"));
  EXPECT_THAT(ReportDataClaim(challenge, kKey, true, plain).detail, HasSubstr("v0.8.1"));
  EXPECT_EQ(ReportDataClaim(challenge, kKey, false, plain).detail, "");
}

}  // namespace
}  // namespace cocos::attestation::appraisal
