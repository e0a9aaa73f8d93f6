#include "attestation/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

TEST(PolicyCheck, AcceptsTheSamples) {
  EXPECT_THAT(CheckPolicy(FullSnp()), Succeeds());
  EXPECT_THAT(CheckPolicy(FullTdx()), Succeeds());
  EXPECT_THAT(CheckPolicy({.tpm = FullTpm()}), Succeeds());
}

TEST(PolicyCheck, RefusesAPolicyThatDemandsNothing) {
  EXPECT_THAT(CheckPolicy({}), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("nothing")));
}

TEST(PolicyCheck, RefusesDebugOfSnpInProductionAlone) {
  Policy policy = SmallSnp();
  policy.snp->guest_policy.allow_debug = true;

  EXPECT_THAT(CheckPolicy(policy),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("guest_policy.allow_debug")));
  policy.profile = Profile::kDebug;
  EXPECT_THAT(CheckPolicy(policy), Succeeds());
}

TEST(PolicyCheck, RefusesDebugOfTdxInProductionAlone) {
  Policy policy = SmallTdx();
  policy.tdx->allow_debug = true;

  EXPECT_THAT(CheckPolicy(policy),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("tdx.allow_debug")));
  policy.profile = Profile::kDebug;
  EXPECT_THAT(CheckPolicy(policy), Succeeds());
}

TEST(PolicyCheck, RefusesEachDebugBitOfExactAttributesInProduction) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    Policy policy = SmallTdx();
    policy.tdx->td_attributes.emplace()[bit / 8] = static_cast<std::byte>(1U << (bit % 8));

    EXPECT_EQ(CheckPolicy(policy).has_value(), bit >= 8) << bit;
    policy.profile = Profile::kDebug;
    EXPECT_THAT(CheckPolicy(policy), Succeeds()) << bit;
  }
}

TEST(PolicyCheck, AcceptsDebugBitsThatTheMaskTakesAway) {
  Policy policy = SmallTdx();
  policy.tdx->td_attributes.emplace()[0] = std::byte{0xff};
  policy.tdx->td_attributes_mask[0] = std::byte{0};

  EXPECT_THAT(CheckPolicy(policy), Succeeds());
}

TEST(PolicyCheck, NeverAcceptsRevokedNorNoStatus) {
  Policy policy = SmallTdx();
  policy.profile = Profile::kDebug;
  policy.tdx->accepted_tcb_statuses = {tdx::TcbStatus::kUpToDate, tdx::TcbStatus::kRevoked};
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("Revoked")));

  policy.tdx->accepted_tcb_statuses = {};
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(PolicyCheck, NeverAcceptsSha1NorNoDigest) {
  Policy policy = {.profile = Profile::kDebug, .tpm = vtpm::Policy{}};
  policy.tpm->accepted_digests.insert(crypto::DigestAlgorithm::kSha1);
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("SHA-1")));

  policy.tpm->accepted_digests = {};
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(PolicyCheck, RefusesPcrsThatNoTpmHas) {
  Policy policy = {.tpm = vtpm::Policy{}};
  auto& bank = policy.tpm->expected_pcrs[crypto::DigestAlgorithm::kSha256];
  bank[23] = std::vector<std::byte>(32);
  EXPECT_THAT(CheckPolicy(policy), Succeeds());

  bank[24] = std::vector<std::byte>(32);
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("sha256.24")));
  bank.erase(24);
  bank[0] = std::vector<std::byte>(31);
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(PolicyCheck, RefusesNamesThatDoNotPrint) {
  Policy policy = SmallSnp();
  policy.name = "caf\xc3\xa9";
  EXPECT_THAT(CheckPolicy(policy), Succeeds());

  for (const std::string_view name : {"a\nb", "\x1b[0m", "a\x7f"}) {
    policy.name = name;
    EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument)) << name;
  }
  policy.name = std::string(257, 'a');
  EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(PolicyCheck, TakesNamesInUtf8Alone) {
  Policy policy = SmallSnp();
  for (const std::string_view name :
       {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    policy.name = name;
    EXPECT_THAT(CheckPolicy(policy), Succeeds()) << name;
  }
  for (const std::string_view name :
       {"\x80", "\xc3", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "ok\xff"}) {
    policy.name = name;
    EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("UTF-8")));
  }
}

TEST(PolicyCheck, RefusesEachControlCharacterOfAscii) {
  Policy policy = SmallSnp();
  for (int c = 0; c < 128; ++c) {
    policy.name = std::string("a") + static_cast<char>(c);
    EXPECT_EQ(CheckPolicy(policy).has_value(), c >= 0x20 && c != 0x7f) << c;
  }
}

TEST(PolicyCheck, BoundsTheLengthOfNamesInBytes) {
  Policy policy = SmallSnp();
  policy.name = std::string(256, 'a');
  EXPECT_THAT(CheckPolicy(policy), Succeeds());
  policy.name = std::string(254, 'a') + "\xc3\xa9";
  EXPECT_THAT(CheckPolicy(policy), Succeeds());
  policy.name = std::string(255, 'a') + "\xc3\xa9";
  EXPECT_THAT(CheckPolicy(policy),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("at most 256 bytes")));
}

TEST(PolicyCheck, WantsPcrValuesOfTheSizeOfTheirBank) {
  using enum crypto::DigestAlgorithm;
  for (const auto bank : {kSha1, kSha256, kSha384, kSha512, kSha3_256, kSha3_384, kSha3_512}) {
    const std::size_t size = crypto::DigestSize(bank);
    for (const std::size_t other : {std::size_t{0}, size - 1, size, size + 1, 2 * size}) {
      Policy policy = {.tpm = vtpm::Policy{}};
      policy.tpm->expected_pcrs[bank][23] = std::vector<std::byte>(other);
      EXPECT_EQ(CheckPolicy(policy).has_value(), other == size) << crypto::DigestName(bank);
    }
  }
}

TEST(PolicyCheck, AcceptsEachStatusButRevoked) {
  for (int status = 0;
       status <= static_cast<int>(tdx::TcbStatus::kTdRelaunchAdvisedConfigurationNeeded);
       ++status) {
    Policy policy = SmallTdx();
    policy.tdx->accepted_tcb_statuses = {static_cast<tdx::TcbStatus>(status)};
    EXPECT_EQ(CheckPolicy(policy).has_value(),
              static_cast<tdx::TcbStatus>(status) != tdx::TcbStatus::kRevoked);
  }
}

TEST(PolicyCheck, AcceptsEachDigestButSha1) {
  using enum crypto::DigestAlgorithm;
  for (const auto digest : {kSha1, kSha256, kSha384, kSha512, kSha3_256, kSha3_384, kSha3_512}) {
    Policy policy = {.tpm = vtpm::Policy{}};
    policy.tpm->accepted_digests = {digest};
    EXPECT_EQ(CheckPolicy(policy).has_value(), digest != kSha1) << crypto::DigestName(digest);
  }
}

TEST(PolicyCheck, AcceptsAdvisoriesOfPrintableAsciiUpToItsLength) {
  Policy policy = SmallTdx();
  policy.tdx->accepted_advisories = {std::string(64, 'A'), "!", "~"};
  EXPECT_THAT(CheckPolicy(policy), Succeeds());
  for (int c = 0; c < 256; ++c) {
    policy.tdx->accepted_advisories = {std::string("A") + static_cast<char>(c)};
    EXPECT_EQ(CheckPolicy(policy).has_value(), c > 0x20 && c < 0x7f) << c;
  }
}

TEST(PolicyCheck, RefusesAdvisoriesThatAreNoNames) {
  Policy policy = SmallTdx();
  for (const std::string& name : {std::string(), std::string("a b"), std::string(65, 'a')}) {
    policy.tdx->accepted_advisories = {name};
    EXPECT_THAT(CheckPolicy(policy), FailsWith(ErrorCode::kInvalidArgument)) << name;
  }
}

TEST(PolicyProfile, HasNamesBothWays) {
  EXPECT_EQ(ProfileNamed(ProfileName(Profile::kProduction)), Profile::kProduction);
  EXPECT_EQ(ProfileNamed(ProfileName(Profile::kDebug)), Profile::kDebug);
  EXPECT_EQ(ProfileNamed("Debug"), std::nullopt);
  EXPECT_EQ(ProfileNamed(""), std::nullopt);
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
