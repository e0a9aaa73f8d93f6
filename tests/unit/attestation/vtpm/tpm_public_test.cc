#include <gtest/gtest.h>

#include <set>

#include "attestation/vtpm/tpm_types.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/sample_areas.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::BasePoint;
using testing::Bytes;
using testing::EccTpm;
using testing::Ek;
using testing::Filled;
using ::testing::HasSubstr;
using testing::kX;
using testing::kY;
using testing::RawEcc;
using testing::RawRsa;
using testing::Sized;
using testing::SomeRsa;

TEST(TpmPublicParse, ReadsAnEllipticKey) {
  RawEcc raw = BasePoint();
  raw.policy = Filled(32, 9);

  const auto area = ParsePublicArea(raw.Write());

  ASSERT_THAT(area, Succeeds());
  EXPECT_EQ(area->name_digest, DigestAlgorithm::kSha256);
  EXPECT_EQ(area->attributes.bits(), testing::kAkAttributes);
  EXPECT_EQ(area->auth_policy, raw.policy);
  EXPECT_EQ(area->scheme, SignatureScheme::kEcdsa);
  EXPECT_EQ(area->scheme_digest, DigestAlgorithm::kSha256);
  EXPECT_EQ(area->aes_bits, 0U);
  const auto& key = std::get<EccPublic>(area->key);
  EXPECT_EQ(key.curve, crypto::Curve::kP256);
  EXPECT_EQ(key.x, kX);
  EXPECT_EQ(key.y, kY);
}

TEST(TpmPublicParse, ReadsAnRsaKeyWithTheDefaultExponent) {
  const auto area = ParsePublicArea(SomeRsa().Write());

  ASSERT_THAT(area, Succeeds());
  EXPECT_EQ(area->scheme, SignatureScheme::kRsassa);
  const auto& key = std::get<RsaPublic>(area->key);
  EXPECT_EQ(key.bits, 2048U);
  EXPECT_EQ(key.exponent, 65537U);
  EXPECT_EQ(key.modulus, Filled(256, 0xc1));
}

TEST(TpmPublicParse, KeepsAnExponentThatIsGiven) {
  RawRsa raw = SomeRsa();
  raw.exponent = 3;
  EXPECT_EQ(std::get<RsaPublic>(ParsePublicArea(raw.Write()).value().key).exponent, 3U);
}

TEST(TpmPublicParse, ReadsAnEndorsementKey) {
  const auto area = ParsePublicArea(Ek());

  ASSERT_THAT(area, Succeeds());
  EXPECT_FALSE(area->scheme.has_value());
  EXPECT_EQ(area->aes_bits, 128U);
  EXPECT_TRUE(area->attributes.decrypt());
  EXPECT_FALSE(area->attributes.sign());
}

TEST(TpmPublicParse, NameIsTheAlgorithmAndTheDigestOfEverything) {
  const Bytes bytes = BasePoint().Write();

  const Bytes name = ParsePublicArea(bytes).value().name;

  ASSERT_EQ(name.size(), 34U);
  EXPECT_EQ(crypto::HexEncode(name), "000b" + crypto::HexEncode(crypto::Sha256(bytes)));
}

TEST(TpmPublicParse, EachAttributeHasItsBit) {
  const auto only = [](unsigned bit) { return ObjectAttributes(std::uint32_t{1} << bit); };

  EXPECT_TRUE(only(1).fixed_tpm());
  EXPECT_TRUE(only(4).fixed_parent());
  EXPECT_TRUE(only(5).sensitive_data_origin());
  EXPECT_TRUE(only(16).restricted());
  EXPECT_TRUE(only(17).decrypt());
  EXPECT_TRUE(only(18).sign());
  EXPECT_FALSE(ObjectAttributes(~(std::uint32_t{1} << 18)).sign());
  EXPECT_FALSE(ObjectAttributes(~(std::uint32_t{1} << 16)).restricted());
}

TEST(TpmPublicParse, RejectsEachReservedAttribute) {
  const std::set<unsigned> defined = {1, 2, 4, 5, 6, 7, 10, 11, 16, 17, 18, 19};
  for (unsigned bit = 0; bit < 32; ++bit) {
    RawEcc raw = BasePoint();
    raw.attributes |= std::uint32_t{1} << bit;
    const auto area = ParsePublicArea(raw.Write());

    if (defined.contains(bit)) {
      EXPECT_THAT(area, Succeeds()) << bit;
    } else {
      EXPECT_THAT(area, FailsWith(ErrorCode::kMalformed, HasSubstr("reserved"))) << bit;
    }
  }
}

TEST(TpmPublicParse, RejectsAnyTruncationAndOneByteMore) {
  for (const Bytes& bytes : {BasePoint().Write(), SomeRsa().Write(), Ek()}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(ParsePublicArea(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed))
          << size;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_THAT(ParsePublicArea(longer), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(TpmPublicParse, RejectsKeysOfOtherKinds) {
  // KEYEDHASH and SYMCIPHER, complete in themselves.
  const Bytes keyed_hash = crypto::HexDecode("0008000b0005007200000010000401020304").value();
  const Bytes cipher = crypto::HexDecode("0025000b0005007200000006008000430004").value();
  EXPECT_THAT(ParsePublicArea(keyed_hash),
              FailsWith(ErrorCode::kMalformed, HasSubstr("key type 0x0008")));
  EXPECT_THAT(ParsePublicArea(cipher), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmPublicParse, RejectsOtherCurves) {
  RawEcc raw = BasePoint();
  for (const int curve : {0x0000, 0x0001, 0x0002, 0x0010, 0x0020}) {
    raw.curve = static_cast<std::uint16_t>(curve);
    EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed)) << curve;
  }
}

TEST(TpmPublicParse, RejectsAKeyDerivationFunction) {
  RawEcc raw = BasePoint();
  raw.kdf = 0x0020;
  EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed, HasSubstr("KDF")));
}

TEST(TpmPublicParse, RejectsSchemesOfTheOtherKind) {
  RawEcc ecc = BasePoint();
  ecc.scheme = 0x0014;
  EXPECT_THAT(ParsePublicArea(ecc.Write()), FailsWith(ErrorCode::kMalformed));
  RawRsa rsa = SomeRsa();
  rsa.scheme = 0x0018;
  EXPECT_THAT(ParsePublicArea(rsa.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmPublicParse, RejectsSchemesThatDoNotSignQuotes) {
  RawRsa raw = SomeRsa();
  raw.scheme = 0x0017;  // OAEP
  EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed, HasSubstr("0x0017")));
}

TEST(TpmPublicParse, RejectsAModulusOfAnotherSizeThanSaid) {
  RawRsa raw = SomeRsa();
  raw.modulus.pop_back();
  EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed));
  raw = SomeRsa();
  raw.bits = 2047;
  EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmPublicParse, RejectsOtherCiphersThanAesInCfb) {
  RawRsa raw = SomeRsa();
  for (const char* symmetric : {"000600800044", "002600800043", "000600c10043"}) {
    raw.symmetric = crypto::HexDecode(symmetric).value();
    EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed)) << symmetric;
  }
  raw.symmetric = crypto::HexDecode("000601000043").value();
  EXPECT_EQ(ParsePublicArea(raw.Write()).value().aes_bits, 256U);
}

TEST(TpmPublicParse, FillsUpShortCoordinates) {
  RawEcc raw = BasePoint();
  raw.x.erase(raw.x.begin());

  const auto area = ParsePublicArea(raw.Write());

  ASSERT_THAT(area, Succeeds());
  EXPECT_EQ(std::get<EccPublic>(area->key).x.size(), 32U);
  EXPECT_EQ(std::get<EccPublic>(area->key).x[0], std::byte{0});
}

TEST(TpmPublicParse, RejectsLongCoordinates) {
  RawEcc raw = BasePoint();
  raw.x.insert(raw.x.begin(), std::byte{0});
  EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmPublicParse, TakesTheSizedFormOnlyWithItsExactSize) {
  ByteWriter sized;
  Sized(sized, BasePoint().Write());
  Bytes bytes(sized.view().begin(), sized.view().end());

  EXPECT_THAT(ParseSizedPublicArea(bytes), Succeeds());
  EXPECT_EQ(ParseSizedPublicArea(bytes).value().name,
            ParsePublicArea(BasePoint().Write()).value().name);
  bytes[1] ^= std::byte{1};
  EXPECT_THAT(ParseSizedPublicArea(bytes), FailsWith(ErrorCode::kMalformed));
  bytes[1] ^= std::byte{1};
  bytes.push_back(std::byte{0});
  EXPECT_THAT(ParseSizedPublicArea(bytes), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseSizedPublicArea({}), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmVerifyingKey, IsTheKeyOfTheArea) {
  const EccTpm tpm;
  const auto area = ParsePublicArea(tpm.Raw().Write()).value();
  EXPECT_EQ(VerifyingKeyOf(area).value().SpkiDer(), tpm.PublicKey().SpkiDer());
}

TEST(TpmVerifyingKey, RejectsAPointOffTheCurve) {
  RawEcc raw = BasePoint();
  raw.y.back() ^= std::byte{1};
  EXPECT_THAT(VerifyingKeyOf(ParsePublicArea(raw.Write()).value()),
              FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
