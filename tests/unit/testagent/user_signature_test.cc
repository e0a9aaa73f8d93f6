#include "testagent/user_signature.h"

#include <gmock/gmock.h>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "support/result_matchers.h"
#include "unit/testagent/test_keys.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;

class EachKeyKind : public ::testing::TestWithParam<KeyKind> {};
INSTANTIATE_TEST_SUITE_P(RoleSignature, EachKeyKind,
                         ::testing::Values(KeyKind::kRsa, KeyKind::kEcdsa, KeyKind::kEd25519));

TEST_P(EachKeyKind, VerifiesItsOwnSignature) {
  const TestKey key(GetParam());

  EXPECT_THAT(
      crypto::VerifyTextSignature(key.PublicDer(), kConsumerRole, key.SignBase64(kConsumerRole)),
      Succeeds());
}

TEST_P(EachKeyKind, RefusesASignatureForAnotherRole) {
  const TestKey key(GetParam());

  EXPECT_THAT(crypto::VerifyTextSignature(key.PublicDer(), kConsumerRole,
                                          key.SignBase64(kDataProviderRole)),
              FailsWith(ErrorCode::kUntrusted));
}

TEST_P(EachKeyKind, RefusesASignatureByAnotherKey) {
  const TestKey key(GetParam());
  const TestKey other(GetParam());

  EXPECT_THAT(
      crypto::VerifyTextSignature(key.PublicDer(), kConsumerRole, other.SignBase64(kConsumerRole)),
      FailsWith(ErrorCode::kUntrusted));
}

TEST_P(EachKeyKind, RefusesASignatureWithOneBitFlipped) {
  const TestKey key(GetParam());
  auto signature = crypto::Base64Decode(key.SignBase64(kConsumerRole)).value();
  signature.back() ^= std::byte{1};

  EXPECT_THAT(
      crypto::VerifyTextSignature(key.PublicDer(), kConsumerRole, crypto::Base64Encode(signature)),
      FailsWith(ErrorCode::kUntrusted));
}

TEST_P(EachKeyKind, IsAUserKeyUntilAByteIsMissingOrAdded) {
  const std::string der = TestKey(GetParam()).PublicDer();

  EXPECT_THAT(crypto::CheckPublicKeyDer(der), Succeeds());
  EXPECT_THAT(crypto::CheckPublicKeyDer(der.substr(0, der.size() - 1)),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(crypto::CheckPublicKeyDer(der + '\0'), FailsWith(ErrorCode::kMalformed));
}

TEST(RoleSignature, RefusesAnEmptySignature) {
  const TestKey key(KeyKind::kEd25519);

  EXPECT_THAT(crypto::VerifyTextSignature(key.PublicDer(), kConsumerRole, ""),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(RoleSignature, RefusesWhatIsNotBase64) {
  const TestKey key(KeyKind::kEd25519);

  EXPECT_THAT(crypto::VerifyTextSignature(key.PublicDer(), kConsumerRole, "***"),
              FailsWith(ErrorCode::kMalformed));
}

TEST(UserKey, IsNotAnEmptyText) {
  EXPECT_THAT(crypto::CheckPublicKeyDer(""), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::testagent
