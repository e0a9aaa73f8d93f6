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

TEST_P(Signature, DoesNotVerifyWhenItIsCutOrGoesOn) {
  const auto der = *PublicKeyDer(keys_.public_key);
  auto signature = *Sign(keys_.private_key, BytesOf(kText));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, signature.size() - 1}) {
    const auto cut = std::span(signature).first(size);
    EXPECT_FALSE(VerifyTextSignature(der, kText, Base64Encode(cut)).has_value()) << size;
  }
  signature.push_back({});
  EXPECT_FALSE(VerifyTextSignature(der, kText, Base64Encode(signature)).has_value());
}

TEST_P(Signature, DoesNotVerifyWithAnotherKeyOfTheSameKind) {
  const KeyPairPem other = *GenerateKeyPair(GetParam());
  ASSERT_NE(other.private_key, keys_.private_key);
  const auto signature = *Sign(keys_.private_key, BytesOf(kText));

  EXPECT_THAT(VerifyTextSignature(*PublicKeyDer(other.public_key), kText, Base64Encode(signature)),
              FailsWith(ErrorCode::kUntrusted));
}

TEST_P(Signature, CoversTextsOfEveryLength) {
  const auto der = *PublicKeyDer(keys_.public_key);
  for (const std::size_t size : {0u, 1u, 55u, 56u, 64u, 65u, 10000u}) {
    const std::string text(size, 't');
    const auto signature = Sign(keys_.private_key, BytesOf(text));
    ASSERT_THAT(signature, Succeeds()) << size;
    EXPECT_THAT(VerifyTextSignature(der, text, Base64Encode(*signature)), Succeeds()) << size;
    EXPECT_FALSE(VerifyTextSignature(der, text + "t", Base64Encode(*signature)).has_value());
  }
}

TEST_P(Signature, IsNotMadeWithThePublicKey) {
  EXPECT_THAT(Sign(keys_.public_key, BytesOf(kText)), FailsWith(ErrorCode::kMalformed));
}

// A key that lost its end, or a line, must not sign with what is left.
TEST_P(Signature, IsNotMadeWithAKeyThatWasCut) {
  const std::string& pem = keys_.private_key;
  for (const std::size_t size : {pem.size() / 4, pem.size() / 2, pem.size() - 10}) {
    EXPECT_THAT(Sign(pem.substr(0, size), BytesOf(kText)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST_P(Signature, IsMadeWithAKeyAmongOtherText) {
  const std::string pem = "a comment\n" + keys_.private_key + "and more\n";
  EXPECT_THAT(Sign(pem, BytesOf(kText)), Succeeds());
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

// PKCS#8 with a passphrase: nobody is there to type it, and a daemon must not ask its terminal.
TEST(Sign, AsksForNoPassphrase) {
  constexpr char kKey[] =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAAAAAAAAAAAAAAAAAA\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_THAT(Sign(kKey, BytesOf(kText)),
              FailsWith(ErrorCode::kMalformed, ::testing::HasSubstr("without a passphrase")));
}

TEST(Sign, GivesEd25519TheSameSignatureEachTimeAndEcdsaAnother) {
  const KeyPairPem ed25519 = *GenerateKeyPair(KeyType::kEd25519);
  const KeyPairPem ecdsa = *GenerateKeyPair(KeyType::kEcdsaP256);

  EXPECT_EQ(*Sign(ed25519.private_key, BytesOf(kText)), *Sign(ed25519.private_key, BytesOf(kText)));
  EXPECT_NE(*Sign(ecdsa.private_key, BytesOf(kText)), *Sign(ecdsa.private_key, BytesOf(kText)));
}

TEST(Sign, GivesSignaturesOfTheSizeOfTheirKey) {
  EXPECT_EQ(Sign(GenerateKeyPair(KeyType::kEd25519)->private_key, {})->size(), 64u);
  const auto ecdsa = *Sign(GenerateKeyPair(KeyType::kEcdsaP256)->private_key, {});
  EXPECT_GE(ecdsa.size(), 8u);
  EXPECT_LE(ecdsa.size(), 72u);  // ASN.1: two integers of up to 33 bytes
}

}  // namespace
}  // namespace cocos::crypto
