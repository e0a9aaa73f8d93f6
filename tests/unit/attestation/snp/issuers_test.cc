// ARK and ICA on their own, as a cache of collateral has them, and the defaults of a policy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/snp/chain.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::testing::SigningStyle;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace testing;
using std::chrono::seconds;

Result<RootKind> CheckBoth(const TestPlatform& platform, const ChainKind& kind,
                           crypto::TimePoint now = kNow) {
  const Endorsements endorsements = platform.MakeEndorsements();
  return CheckIssuers(endorsements.ica, endorsements.ark, kind, platform.AnchorsOf(endorsements),
                      now);
}

TEST(SnpIssuers, AreAcceptedForEveryProductAndKey) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    for (const SigningKey key : {SigningKey::kVcek, SigningKey::kVlek}) {
      const auto root = CheckBoth(TestPlatform(product, key), {product, key});
      ASSERT_THAT(root, Succeeds());
      EXPECT_EQ(*root, RootKind::kUnofficial);
    }
  }
}

TEST(SnpIssuers, NeedNoEndorsementKeyThatIsGood) {
  TestPlatform platform(Product::kMilan);
  platform.vek.not_after = kNow - seconds(1);
  platform.vek.signer = platform.vek.key;
  platform.vek.style = SigningStyle::kSha384;

  EXPECT_THAT(CheckBoth(platform, {Product::kMilan, SigningKey::kVcek}), Succeeds());
  EXPECT_THAT(platform.CheckChainOnly(), FailsWith(ErrorCode::kUntrusted, StartsWith("VCEK: ")));
}

TEST(SnpIssuers, AreNamedInErrors) {
  const ChainKind vcek{Product::kMilan, SigningKey::kVcek};
  const ChainKind vlek{Product::kMilan, SigningKey::kVlek};
  TestPlatform ask(Product::kMilan);
  ask.ica.signer = ask.ica.key;
  EXPECT_THAT(CheckBoth(ask, vcek), FailsWith(ErrorCode::kUntrusted, StartsWith("ASK: ")));
  TestPlatform asvk(Product::kMilan, SigningKey::kVlek);
  asvk.ica.signer = asvk.ica.key;
  EXPECT_THAT(CheckBoth(asvk, vlek), FailsWith(ErrorCode::kUntrusted, StartsWith("ASVK: ")));
  TestPlatform ark(Product::kMilan);
  ark.ark.signer = ark.ica.key;
  EXPECT_THAT(CheckBoth(ark, vcek), FailsWith(ErrorCode::kUntrusted, StartsWith("ARK: ")));
}

TEST(SnpIssuers, AreJudgedAtTheTimeGivenToTheSecond) {
  const ChainKind kind{Product::kMilan, SigningKey::kVcek};
  TestPlatform platform(Product::kMilan);
  platform.ica.not_before = kNow;
  platform.ica.not_after = kNow + seconds(9);
  EXPECT_THAT(CheckBoth(platform, kind, kNow - seconds(1)), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(CheckBoth(platform, kind, kNow), Succeeds());
  EXPECT_THAT(CheckBoth(platform, kind, kNow + seconds(9)), Succeeds());
  EXPECT_THAT(CheckBoth(platform, kind, kNow + seconds(10)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("expired")));
}

TEST(SnpIssuers, DoNotChangePlaces) {
  const TestPlatform platform(Product::kMilan);
  const Endorsements chain = platform.MakeEndorsements();
  const ChainKind kind{Product::kMilan, SigningKey::kVcek};
  const TrustAnchors anchors = platform.AnchorsOf(chain);
  EXPECT_THAT(CheckIssuers(chain.ark, chain.ica, kind, anchors, kNow),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not a trusted root key of Milan")));
  EXPECT_THAT(CheckIssuers(chain.ark, chain.ark, kind, anchors, kNow),
              FailsWith(ErrorCode::kUntrusted, StartsWith("ASK: subject CN is \"ARK-Milan\"")));
  EXPECT_THAT(CheckIssuers(chain.vek, chain.ark, kind, anchors, kNow),
              FailsWith(ErrorCode::kUntrusted, StartsWith("ASK: ")));
}

// Whom the list names is for CheckChain to say: a cache keeps a list that revokes its own ASK.
TEST(SnpArkCrl, MayListAnybody) {
  TestPlatform platform(Product::kMilan);
  crypto::testing::CrlSpec spec = platform.EmptyCrl();
  spec.serials = {platform.ica.serial, platform.ark.serial};
  const auto crl = crypto::Crl::FromDerOrPem(crypto::testing::MakeCrl(spec)).value();
  EXPECT_THAT(CheckArkCrl(crl, platform.MakeEndorsements().ark, kNow), Succeeds());
  platform.crl = spec;
  EXPECT_THAT(platform.CheckChainOnly(), FailsWith(ErrorCode::kUntrusted, HasSubstr("is revoked")));
}

TEST(SnpArkCrl, IsSignedByTheArkAsAmdSigns) {
  const TestPlatform platform(Product::kMilan);
  const Endorsements chain = platform.MakeEndorsements();
  const auto check = [&chain](const crypto::testing::CrlSpec& spec) {
    const auto crl = crypto::Crl::FromDerOrPem(crypto::testing::MakeCrl(spec)).value();
    return CheckArkCrl(crl, chain.ark, kNow);
  };
  for (const SigningStyle style :
       {SigningStyle::kPkcs1Sha384, SigningStyle::kPssSha256, SigningStyle::kPssSha384Salt32,
        SigningStyle::kPssSha384MgfSha256, SigningStyle::kSha256}) {
    crypto::testing::CrlSpec spec = platform.EmptyCrl();
    spec.style = style;
    EXPECT_THAT(check(spec), FailsWith(ErrorCode::kUntrusted, HasSubstr("RSASSA-PSS")));
  }
  crypto::testing::CrlSpec spec = platform.EmptyCrl();
  spec.signer = platform.ica.key;
  EXPECT_THAT(check(spec), FailsWith(ErrorCode::kUntrusted, HasSubstr("not by the issuer's key")));
}

TEST(SnpArkCrl, KeepsTheReasonOfAnExpiredList) {
  const TestPlatform platform(Product::kMilan);
  crypto::testing::CrlSpec spec = platform.EmptyCrl();
  spec.next_update = kNow;
  const auto crl = crypto::Crl::FromDerOrPem(crypto::testing::MakeCrl(spec)).value();
  const auto checked = CheckArkCrl(crl, platform.MakeEndorsements().ark, kNow);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().reason(), "expired");
}

// What is dangerous is off unless asked for; what only some platforms have is not demanded.
TEST(SnpPolicyDefaults, RefuseWhatWeakensAReport) {
  const Policy policy;
  EXPECT_FALSE(policy.permit_provisional_firmware);
  EXPECT_FALSE(policy.allow_masked_chip_id);
  EXPECT_FALSE(policy.guest_policy.allow_debug);
  EXPECT_FALSE(policy.guest_policy.allow_migration_agent);
  EXPECT_FALSE(policy.guest_policy.allow_cxl);
  EXPECT_TRUE(policy.guest_policy.allow_smt);
  EXPECT_FALSE(policy.require_crl);
  EXPECT_FALSE(policy.require_id_block);
  EXPECT_FALSE(policy.require_author_key);
  EXPECT_FALSE(policy.platform.has_value());
}

}  // namespace
}  // namespace cocos::attestation::snp
