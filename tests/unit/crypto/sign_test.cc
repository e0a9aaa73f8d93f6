#include "crypto/sign.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using testing::FailsWith;
using testing::Succeeds;

constexpr std::string_view kText = "3f2a9c2e-cvm";

class Signature : public ::testing::TestWithParam<KeyType> {
 protected:
  KeyPairPem keys_ = *GenerateKeyPair(GetParam());
};

TEST_P(Signature, VerifiesWithThePublicKeyAlone) {
  const auto signature = Sign(keys_.private_key, BytesOf(kText));
  ASSERT_THAT(signature, Succeeds());
  const auto der = PublicKeyDer(keys_.public_key);
  ASSERT_THAT(der, Succeeds());
  EXPECT_THAT(VerifyTextSignature(*der, kText, Base64Encode(*signature)), Succeeds());
  EXPECT_THAT(VerifyTextSignature(*der, "3f2a9c2e-cvn", Base64Encode(*signature)),
              FailsWith(ErrorCode::kUntrusted));
}

TEST_P(Signature, DoesNotVerifyWithABitChanged) {
  auto signature = *Sign(keys_.private_key, BytesOf(kText));
  signature.back() ^= std::byte{1};
  EXPECT_THAT(VerifyTextSignature(*PublicKeyDer(keys_.public_key), kText, Base64Encode(signature)),
              FailsWith(ErrorCode::kUntrusted));
}

INSTANTIATE_TEST_SUITE_P(EveryKeyType, Signature,
                         ::testing::Values(KeyType::kRsa4096, KeyType::kEcdsaP256,
                                           KeyType::kEd25519));

TEST(GenerateKeyPair, LabelsEachPrivateKeyAsUpstreamsToolsExpect) {
  const auto private_key = [](KeyType type) { return GenerateKeyPair(type)->private_key; };

  EXPECT_TRUE(private_key(KeyType::kEcdsaP256).starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
  EXPECT_TRUE(private_key(KeyType::kRsa4096).starts_with("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_TRUE(private_key(KeyType::kEd25519).starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

// RFC 8032 section 7.1, test 2: Ed25519 signs the bytes themselves, deterministically.
TEST(Sign, MatchesTheRfcVectorOfEd25519) {
  constexpr char kKey[] =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n";
  const auto signature = Sign(kKey, BytesOf("\x72"));
  ASSERT_THAT(signature, Succeeds());
  EXPECT_EQ(HexEncode(*signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Sign, RefusesWhatIsNoPrivateKey) {
  EXPECT_THAT(Sign("", BytesOf(kText)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Sign(testing::kCertificatePem, BytesOf(kText)), FailsWith(ErrorCode::kMalformed));
}

TEST(Sign, RefusesAKeyOfAnotherType) {
  // openssl genpkey -algorithm X25519: a key for key agreement, which cannot sign.
  constexpr char kKey[] =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VuBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n";
  EXPECT_THAT(Sign(kKey, BytesOf(kText)), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::crypto
