#include "crypto/key_transport.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <set>

#include "base/handle.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

Bytes Hex(std::string_view text) { return HexDecode(text).value(); }

Bytes Filled(std::size_t size, int value) { return Bytes(size, static_cast<std::byte>(value)); }

unsigned char* Octets(Bytes& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* Octets(const Bytes& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

TEST(RandomSecret, HasItsSizeAndIsNeverTheSame) {
  std::set<Bytes> seen;
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(seen.insert(RandomSecret(32)).second);
  EXPECT_EQ(seen.begin()->size(), 32U);
  EXPECT_TRUE(RandomSecret(0).empty());
}

struct HmacCase {
  const char* key;
  const char* message;
  const char* sha256;
  const char* sha384;
};

// RFC 4231, test cases 1 to 3.
constexpr HmacCase kHmacCases[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
     "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa"
     "9cb6"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab2"
     "1649"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "ddddd"
     "dd",
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
     "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a3"
     "4f27"},
};

TEST(Hmac, GivesThePublishedCodes) {
  for (const HmacCase& known : kHmacCases) {
    const Bytes key = Hex(known.key);
    const Bytes message = Hex(known.message);
    EXPECT_EQ(HexEncode(Hmac(DigestAlgorithm::kSha256, key, message)), known.sha256);
    EXPECT_EQ(HexEncode(Hmac(DigestAlgorithm::kSha384, key, message)), known.sha384);
  }
}

// RFC 2104 by hand: blocks of 64 octets with SHA-256.
Bytes HmacByHand(Bytes key, const Bytes& message) {
  if (key.size() > 64) key = Sha256(key);
  key.resize(64);
  Bytes inner = key;
  Bytes outer = key;
  for (std::byte& byte : inner) byte ^= std::byte{0x36};
  for (std::byte& byte : outer) byte ^= std::byte{0x5c};
  inner.insert(inner.end(), message.begin(), message.end());
  const Bytes digest = Sha256(inner);
  outer.insert(outer.end(), digest.begin(), digest.end());
  return Sha256(outer);
}

TEST(Hmac, TakesKeysAndMessagesOfEveryLength) {
  for (const std::size_t key : {0U, 1U, 63U, 64U, 65U, 200U}) {
    for (const std::size_t message : {0U, 1U, 64U, 1000U}) {
      EXPECT_EQ(Hmac(DigestAlgorithm::kSha256, Filled(key, 0x31), Filled(message, 0x32)),
                HmacByHand(Filled(key, 0x31), Filled(message, 0x32)))
          << key << " " << message;
    }
  }
}

TEST(Hmac, HasTheSizeOfItsDigest) {
  for (const auto digest : {DigestAlgorithm::kSha1, DigestAlgorithm::kSha512,
                            DigestAlgorithm::kSha3_256, DigestAlgorithm::kSha3_512}) {
    EXPECT_EQ(Hmac(digest, Filled(8, 1), Filled(8, 2)).size(), DigestSize(digest));
  }
}

// SP 800-38A section 6.3 with segments of a block, on top of the bare cipher.
Bytes CfbByHand(const Bytes& key, const Bytes& text) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  EVP_EncryptInit_ex(context.get(), key.size() == 16 ? EVP_aes_128_ecb() : EVP_aes_256_ecb(),
                     nullptr, Octets(key), nullptr);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  Bytes feedback(16);
  Bytes sealed;
  for (std::size_t at = 0; at < text.size(); at += 16) {
    Bytes stream(16);
    int size = 0;
    EVP_EncryptUpdate(context.get(), Octets(stream), &size, Octets(feedback), 16);
    for (std::size_t i = 0; i < 16 && at + i < text.size(); ++i) {
      sealed.push_back(text[at + i] ^ stream[i]);
      feedback[i] = sealed.back();
    }
  }
  return sealed;
}

TEST(AesCfbEncryptOnce, ChainsBlocksFromZeros) {
  for (const std::size_t key : {16U, 32U}) {
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 34U, 66U, 1000U}) {
      const auto sealed = AesCfbEncryptOnce(Filled(key, 0x4b), Filled(size, 0x54));
      ASSERT_THAT(sealed, Succeeds());
      EXPECT_EQ(*sealed, CfbByHand(Filled(key, 0x4b), Filled(size, 0x54))) << key << " " << size;
    }
  }
}

TEST(AesCfbEncryptOnce, TakesNoOtherKeySizes) {
  for (const std::size_t size : {0U, 15U, 17U, 24U, 31U, 33U, 64U}) {
    EXPECT_THAT(AesCfbEncryptOnce(Filled(size, 1), Filled(16, 2)),
                FailsWith(ErrorCode::kInvalidArgument,
                          HasSubstr(std::to_string(size) + " bytes, want 16 or 32")));
  }
}

class RsaOaep : public ::testing::Test {
 protected:
  // Making a key takes a while; no test changes it.
  static EVP_PKEY* Key() {
    static const KeyHandle key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
    return key.get();
  }
  static VerifyingKey Public() {
    BIGNUM* modulus = nullptr;
    EVP_PKEY_get_bn_param(Key(), "n", &modulus);
    Bytes bytes(256);
    BN_bn2binpad(modulus, Octets(bytes), 256);
    BN_free(modulus);
    return VerifyingKey::FromRsa(bytes, 65537).value();
  }

  // What the holder of the key reads; an error shows as one octet that no test sends.
  static Bytes Open(const Bytes& sealed, const EVP_MD* digest, const std::string& label) {
    const KeyContext context(EVP_PKEY_CTX_new(Key(), nullptr));
    EVP_PKEY_decrypt_init(context.get());
    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING);
    EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest);
    EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), OPENSSL_memdup(label.data(), label.size()),
                                     static_cast<int>(label.size()));
    Bytes message(256);
    std::size_t size = message.size();
    if (EVP_PKEY_decrypt(context.get(), Octets(message), &size, Octets(sealed), sealed.size()) !=
        1) {
      return kRefused;
    }
    message.resize(size);
    return message;
  }

  static inline const Bytes kRefused = Filled(1, 0xee);
  const std::string label_{"LABEL\0", 6};
  const Bytes message_ = Filled(32, 0x6d);
};

TEST_F(RsaOaep, OpensWithTheSameDigestAndLabelAlone) {
  const auto sealed = RsaOaepEncrypt(Public(), DigestAlgorithm::kSha256, label_, message_);

  ASSERT_THAT(sealed, Succeeds());
  EXPECT_EQ(sealed->size(), 256U);
  EXPECT_EQ(Open(*sealed, EVP_sha256(), label_), message_);
  EXPECT_EQ(Open(*sealed, EVP_sha384(), label_), kRefused);
  // The NUL at the end of the label counts.
  EXPECT_EQ(Open(*sealed, EVP_sha256(), "LABEL"), kRefused);
  EXPECT_EQ(Open(*sealed, EVP_sha256(), ""), kRefused);
}

TEST_F(RsaOaep, TakesAnEmptyLabelAndAnEmptyMessage) {
  EXPECT_EQ(Open(RsaOaepEncrypt(Public(), DigestAlgorithm::kSha384, "", message_).value(),
                 EVP_sha384(), ""),
            message_);
  EXPECT_EQ(Open(RsaOaepEncrypt(Public(), DigestAlgorithm::kSha256, label_, {}).value(),
                 EVP_sha256(), label_),
            Bytes());
}

TEST_F(RsaOaep, TakesMessagesUpToTheLongestThatFits) {
  const std::size_t max = 256 - 2 * 32 - 2;
  EXPECT_THAT(RsaOaepEncrypt(Public(), DigestAlgorithm::kSha256, label_, Filled(max, 1)),
              Succeeds());
  EXPECT_THAT(RsaOaepEncrypt(Public(), DigestAlgorithm::kSha256, label_, Filled(max + 1, 1)),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("too long")));
}

TEST_F(RsaOaep, IsNeverTheSameTwice) {
  EXPECT_NE(RsaOaepEncrypt(Public(), DigestAlgorithm::kSha256, label_, message_).value(),
            RsaOaepEncrypt(Public(), DigestAlgorithm::kSha256, label_, message_).value());
}

TEST_F(RsaOaep, RefusesAnEllipticKey) {
  EXPECT_THAT(RsaOaepEncrypt(SigningKey::Generate(Curve::kP256).public_key(),
                             DigestAlgorithm::kSha256, label_, message_),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("not RSA")));
}

TEST_F(RsaOaep, IsNoKeyToExchangeWith) {
  EXPECT_THAT(ExchangeOnce(Public()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("P-256, P-384 or P-521")));
}

// The other side: the holder of `own` and the point that was sent.
Bytes SharedWith(const VerifyingKey& own, const VerifyingKey& sent, std::size_t size) {
  const KeyContext context(EVP_PKEY_CTX_new(own.get(), nullptr));
  Bytes secret(size);
  EXPECT_EQ(EVP_PKEY_derive_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_derive_set_peer(context.get(), sent.get()), 1);
  EXPECT_EQ(EVP_PKEY_derive(context.get(), Octets(secret), &size), 1);
  return secret;
}

TEST(ExchangeOnce, GivesBothSidesTheSameSecret) {
  for (const Curve curve : {Curve::kP256, Curve::kP384, Curve::kP521}) {
    const VerifyingKey peer = SigningKey::Generate(curve).public_key();
    const auto exchange = ExchangeOnce(peer);
    ASSERT_THAT(exchange, Succeeds());
    const std::size_t size = FieldSize(curve);
    ASSERT_EQ(exchange->point.size(), 2 * size);
    const auto point = std::span(exchange->point);

    const auto sent = VerifyingKey::FromEcPoint(curve, point.first(size), point.last(size));

    ASSERT_THAT(sent, Succeeds());
    EXPECT_EQ(exchange->secret, SharedWith(peer, *sent, size));
  }
}

TEST(ExchangeOnce, UsesANewKeyEachTime) {
  const VerifyingKey peer = SigningKey::Generate(Curve::kP256).public_key();
  const auto first = ExchangeOnce(peer).value();
  const auto second = ExchangeOnce(peer).value();
  EXPECT_NE(first.point, second.point);
  EXPECT_NE(first.secret, second.secret);
}

}  // namespace
}  // namespace cocos::crypto
