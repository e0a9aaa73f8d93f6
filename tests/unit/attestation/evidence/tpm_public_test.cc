// TPMT_PUBLIC by its parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/attest_message.h"
#include "base/byte_reader.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;

// A sized buffer as TPMs write it.
Bytes Sized(const Bytes& content) {
  ByteWriter writer;
  writer.Be(static_cast<std::uint16_t>(content.size())).Bytes(content);
  return std::move(writer).Take();
}

// Type, name algorithm SHA-256, attributes, policy.
Bytes Start(std::string_view type, const Bytes& policy = {}) {
  return Joined({FromHex(type), FromHex("000b00050072"), Sized(policy)});
}

Bytes Rsa(const Bytes& symmetric, const Bytes& scheme, const Bytes& modulus) {
  return Joined({Start("0001"), symmetric, scheme, FromHex("080000010001"), Sized(modulus)});
}

Bytes Ecc(const Bytes& symmetric, const Bytes& scheme, const Bytes& kdf, const Bytes& x,
          const Bytes& y) {
  return Joined({Start("0023"), symmetric, scheme, FromHex("0003"), kdf, Sized(x), Sized(y)});
}

const Bytes kNone = FromHex("0010");
const Bytes kAes = FromHex("000600800043");
const Bytes kRsassa = FromHex("0014000b");
const Bytes kEcdsa = FromHex("0018000b");

TEST(TpmPublicShape, TakesRsaKeysOfEverySize) {
  for (const std::size_t size : {0u, 1u, 128u, 256u, 384u, 512u, 65535u}) {
    EXPECT_THAT(CheckTpmPublicShape(Rsa(kNone, kRsassa, Filled(size, 1))), Succeeds()) << size;
  }
}

TEST(TpmPublicShape, TakesEccKeysOfEveryCoordinateSize) {
  for (const std::size_t size : {0u, 31u, 32u, 48u, 66u}) {
    EXPECT_THAT(CheckTpmPublicShape(Ecc(kNone, kEcdsa, kNone, Filled(size), Filled(32))),
                Succeeds());
    EXPECT_THAT(CheckTpmPublicShape(Ecc(kNone, kEcdsa, kNone, Filled(32), Filled(size))),
                Succeeds());
  }
}

TEST(TpmPublicShape, TakesEveryCombinationOfParameters) {
  for (const Bytes& symmetric : {kNone, kAes}) {
    for (const Bytes& scheme : {kNone, kRsassa}) {
      EXPECT_THAT(CheckTpmPublicShape(Rsa(symmetric, scheme, Filled(256))), Succeeds());
      for (const Bytes& kdf : {kNone, FromHex("0020000b")}) {
        EXPECT_THAT(CheckTpmPublicShape(Ecc(symmetric, scheme, kdf, Filled(32), Filled(32))),
                    Succeeds());
      }
    }
  }
}

TEST(TpmPublicShape, TakesAPolicy) {
  const Bytes rest = Joined({kNone, kRsassa, FromHex("080000000000"), Sized(Filled(256))});
  EXPECT_THAT(CheckTpmPublicShape(Joined({Start("0001", Filled(32, 7)), rest})), Succeeds());
}

TEST(TpmPublicShape, KnowsTwoTypesOfKey) {
  // Keyed hash and symmetric cipher are objects too, but nothing is signed with them here.
  for (const auto* type : {"0000", "0008", "0025", "0100", "2300", "ffff"}) {
    const Bytes key = Joined({Start(type), kNone, kRsassa, FromHex("080000000000"), Sized({})});
    EXPECT_THAT(CheckTpmPublicShape(key),
                Malformed(fmt::format("TPM public key: type 0x{}, want RSA or ECC", type)));
  }
}

TEST(TpmPublicShape, RefusesEveryTruncationAndTail) {
  for (const Bytes& key : {Rsa(kAes, kRsassa, Filled(256)),
                           Ecc(kAes, kEcdsa, FromHex("0020000b"), Filled(32), Filled(32))}) {
    for (std::size_t size = 0; size < key.size(); ++size) {
      EXPECT_THAT(CheckTpmPublicShape(std::span(key).first(size)), Malformed("TPM public key"))
          << size;
    }
    for (const std::size_t tail : {1u, 2u, 100u}) {
      EXPECT_THAT(CheckTpmPublicShape(Joined({key, Filled(tail)})),
                  Malformed(fmt::format("{} bytes more", tail)));
    }
  }
}

TEST(TpmPublicShape, RefusesSizesBeyondTheKey) {
  Bytes key = Rsa(kNone, kRsassa, Filled(256));
  key[8] = std::byte{0xff};  // of the policy
  EXPECT_THAT(CheckTpmPublicShape(key), Malformed("ends too early"));
  key = Rsa(kNone, kRsassa, Filled(256));
  key[key.size() - 256 - 2] = std::byte{0xff};  // of the modulus
  EXPECT_THAT(CheckTpmPublicShape(key), Malformed("ends too early"));
}

// With a TPM2B size in front the bytes are another structure.
TEST(TpmPublicShape, RefusesASizePrefix) {
  EXPECT_THAT(CheckTpmPublicShape(Sized(Rsa(kNone, kRsassa, Filled(256)))), Malformed("type 0x"));
  EXPECT_THAT(CheckTpmPublicShape(Sized(EccPublic())), Malformed("type 0x001c"));
}

}  // namespace
}  // namespace cocos::attestation
