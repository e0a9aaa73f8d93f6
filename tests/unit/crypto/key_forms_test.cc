// Private keys in the forms that users have.
#include "crypto/sign.h"

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;

// PKCS#8 of a small RSA key is a header of 26 bytes before its PKCS#1.
std::string Pkcs1UnderTheLabelOfPkcs8(const std::string& pkcs8_pem) {
  constexpr std::size_t kHeaderBytes = 26;
  const std::size_t begin = pkcs8_pem.find('\n') + 1;
  std::string base64 = pkcs8_pem.substr(begin, pkcs8_pem.find("-----END") - begin);
  std::erase(base64, '\n');
  auto der = *Base64Decode(base64);
  der.erase(der.begin(), der.begin() + kHeaderBytes);
  base64 = Base64Encode(der);
  std::string pem = "-----BEGIN PRIVATE KEY-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) pem += base64.substr(i, 64) + "\n";
  return pem + "-----END PRIVATE KEY-----\n";
}

TEST(Sign, TakesRsaKeysAsUpstreamsToolWritesThem) {
  const KeyPairPem keys = *GenerateKeyPair(KeyType::kRsa4096);

  const auto signature = Sign(Pkcs1UnderTheLabelOfPkcs8(keys.private_key), BytesOf("consumer"));

  ASSERT_THAT(signature, Succeeds());
  EXPECT_THAT(
      VerifyTextSignature(*PublicKeyDer(keys.public_key), "consumer", Base64Encode(*signature)),
      Succeeds());
}

TEST(Sign, RefusesBytesThatAreNoKeyUnderThatLabel) {
  EXPECT_THAT(Sign("-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n",
                   BytesOf("consumer")),
              FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::crypto
