// Signatures and public areas at the limits of their fields.
#include <gtest/gtest.h>

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
using testing::Ek;
using testing::Filled;
using ::testing::HasSubstr;
using testing::RawEcc;
using testing::RawRsa;
using testing::RsaSignature;
using testing::Sized;
using testing::SomeRsa;

Bytes EcdsaSignature(std::size_t r, std::size_t s, std::uint16_t digest = 0x000b) {
  ByteWriter writer;
  writer.Be(std::uint16_t{0x0018}).Be(digest);
  Sized(writer, Filled(r, 1));
  Sized(writer, Filled(s, 2));
  return std::move(writer).Take();
}

// Runs a parser over every byte of good input changed in three ways; nothing may be printed.
template <typename Parse>
std::string PrintedForFlips(const Bytes& good, const Parse& parse) {
  ::testing::internal::CaptureStderr();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes bytes = good;
      bytes[i] ^= static_cast<std::byte>(flip);
      static_cast<void>(parse(bytes));
    }
  }
  return ::testing::internal::GetCapturedStderr();
}

TEST(TpmSignatureLimits, NumbersOfEcdsaHaveAnySizeUpToTheLargestField) {
  for (const std::size_t size : {0U, 1U, 31U, 32U, 48U, 66U}) {
    const auto signature = ParseSignature(EcdsaSignature(size, 66));
    ASSERT_THAT(signature, Succeeds()) << size;
    EXPECT_EQ(signature->ecdsa.r.size(), size);
    EXPECT_THAT(ParseSignature(EcdsaSignature(66, size)), Succeeds()) << size;
  }
}

TEST(TpmSignatureLimits, LongerNumbersOfEcdsaAreRefused) {
  for (const std::size_t size : {129U, 256U, 1000U}) {
    EXPECT_THAT(ParseSignature(EcdsaSignature(size, 32)), FailsWith(ErrorCode::kMalformed)) << size;
    EXPECT_THAT(ParseSignature(EcdsaSignature(32, size)), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(TpmSignatureLimits, DigestsAreTheSevenKnownOnes) {
  int accepted = 0;
  for (unsigned digest = 0; digest <= 0x00ff; ++digest) {
    const auto id = static_cast<std::uint16_t>(digest);
    const bool rsa = ParseSignature(RsaSignature(0x0014, id, Filled(256, 1))).has_value();
    EXPECT_EQ(rsa, ParseSignature(EcdsaSignature(32, 32, id)).has_value()) << digest;
    EXPECT_EQ(rsa, DigestOfAlgorithmId(id).has_value()) << digest;
    accepted += rsa ? 1 : 0;
  }
  EXPECT_EQ(accepted, 7);
}

TEST(TpmSignatureLimits, SchemesAreTheThreeThatSignQuotes) {
  for (unsigned scheme = 0; scheme <= 0x00ff; ++scheme) {
    const auto id = static_cast<std::uint16_t>(scheme);
    const bool rsa = ParseSignature(RsaSignature(id, 0x000b, Filled(256, 1))).has_value();
    EXPECT_EQ(rsa, id == 0x0014 || id == 0x0016) << scheme;
  }
}

TEST(TpmSignatureLimits, OctetsOfRsaHaveAnySizeAKeyMayHave) {
  for (const std::size_t size : {0U, 1U, 128U, 255U, 256U, 384U, 512U}) {
    const auto signature = ParseSignature(RsaSignature(0x0016, 0x000b, Filled(size, 9)));
    ASSERT_THAT(signature, Succeeds()) << size;
    EXPECT_EQ(signature->rsa, Filled(size, 9));
    EXPECT_TRUE(signature->ecdsa.r.empty());
  }
}

TEST(TpmSignatureLimits, NothingIsPrintedForChangedBytes) {
  EXPECT_EQ(PrintedForFlips(RsaSignature(0x0014, 0x000b, Filled(256, 7)), ParseSignature), "");
  EXPECT_EQ(PrintedForFlips(EcdsaSignature(32, 32), ParseSignature), "");
}

TEST(TpmSignatureLimits, NothingIsPrintedForLongFields) {
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(ParseSignature(RsaSignature(0x0014, 0x000b, Filled(4000, 7))),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseSignature(EcdsaSignature(2000, 2000)), FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(TpmSignatureLimits, ABareSignatureIsOnlyWhatTheCallerSays) {
  const Signature bare = BareRsassaSignature(DigestAlgorithm::kSha512, Filled(3, 4));
  EXPECT_EQ(bare.scheme, SignatureScheme::kRsassa);
  EXPECT_EQ(bare.digest, DigestAlgorithm::kSha512);
  EXPECT_EQ(bare.rsa, Filled(3, 4));
}

TEST(TpmPublicLimits, NothingIsPrintedForChangedBytes) {
  for (const Bytes& area : {BasePoint().Write(), SomeRsa().Write(), Ek()}) {
    EXPECT_EQ(PrintedForFlips(area, ParsePublicArea), "");
  }
}

TEST(TpmPublicLimits, PolicyHasAnySizeOfADigest) {
  for (const std::size_t size : {0U, 20U, 32U, 48U, 64U}) {
    RawEcc raw = BasePoint();
    raw.policy = Filled(size, 5);
    EXPECT_EQ(ParsePublicArea(raw.Write()).value().auth_policy, Filled(size, 5));
  }
  RawEcc raw = BasePoint();
  raw.policy = Filled(65, 5);
  EXPECT_THAT(ParsePublicArea(raw.Write()), FailsWith(ErrorCode::kMalformed));
}

TEST(TpmPublicLimits, NameDigestsAreTheSevenKnownOnes) {
  int accepted = 0;
  for (unsigned id = 0; id <= 0x00ff; ++id) {
    RawEcc raw = BasePoint();
    raw.name_digest = static_cast<std::uint16_t>(id);
    const auto area = ParsePublicArea(raw.Write());
    if (!area) continue;
    ++accepted;
    const auto digest = DigestOfAlgorithmId(raw.name_digest).value();
    // The name carries the algorithm in front of the digest of all bytes.
    ByteWriter name;
    name.Be(raw.name_digest).Bytes(crypto::DigestOf(digest, raw.Write()));
    EXPECT_EQ(area->name, std::move(name).Take());
  }
  EXPECT_EQ(accepted, 7);
}

TEST(TpmPublicLimits, SchemeDigestsAreTheSevenKnownOnes) {
  for (unsigned id = 0; id <= 0x00ff; ++id) {
    RawEcc raw = BasePoint();
    raw.scheme_digest = static_cast<std::uint16_t>(id);
    const auto area = ParsePublicArea(raw.Write());
    ASSERT_EQ(area.has_value(), DigestOfAlgorithmId(raw.scheme_digest).has_value()) << id;
    if (area) {
      EXPECT_EQ(AlgorithmId(area->scheme_digest), id);
    }
  }
}

TEST(TpmPublicLimits, EachCurveHasItsField) {
  for (const auto& [id, curve] : {std::pair{0x0003, crypto::Curve::kP256},
                                  {0x0004, crypto::Curve::kP384},
                                  {0x0005, crypto::Curve::kP521}}) {
    const std::size_t size = crypto::FieldSize(curve);
    RawEcc raw;
    raw.curve = static_cast<std::uint16_t>(id);
    raw.x = Filled(size, 0x21);
    raw.y = Filled(1, 0x22);

    const auto area = ParsePublicArea(raw.Write());

    ASSERT_THAT(area, Succeeds());
    const auto& key = std::get<EccPublic>(area->key);
    EXPECT_EQ(key.curve, curve);
    EXPECT_EQ(key.x, raw.x);
    EXPECT_EQ(key.y.size(), size);
    EXPECT_EQ(key.y.back(), std::byte{0x22});
    raw.x = Filled(size + 1, 0x21);
    EXPECT_THAT(ParsePublicArea(raw.Write()),
                FailsWith(ErrorCode::kMalformed, HasSubstr("want at most")));
  }
}

TEST(TpmPublicLimits, ModulusHasTheSizeThatIsSaid) {
  for (const std::size_t bytes : {128U, 256U, 384U, 512U}) {
    RawRsa raw = SomeRsa();
    raw.bits = static_cast<std::uint16_t>(8 * bytes);
    raw.modulus = Filled(bytes, 0xc1);
    EXPECT_EQ(std::get<RsaPublic>(ParsePublicArea(raw.Write()).value().key).bits, 8 * bytes);
    for (const int error : {-1, 1}) {
      RawRsa other = raw;
      other.modulus = Filled(bytes + static_cast<std::size_t>(error), 0xc1);
      EXPECT_THAT(ParsePublicArea(other.Write()), FailsWith(ErrorCode::kMalformed)) << bytes;
    }
  }
}

TEST(TpmPublicLimits, SizedFormIsAViewOfJustTheArea) {
  const Bytes area = BasePoint().Write();
  ByteWriter sized;
  Sized(sized, area);
  const auto inside = PublicAreaInside(sized.view());
  ASSERT_THAT(inside, Succeeds());
  EXPECT_EQ(inside->data(), sized.view().data() + 2);
  EXPECT_EQ(inside->size(), area.size());
}

TEST(TpmPublicLimits, SizedFormIsRefusedAtEveryOtherLength) {
  ByteWriter sized;
  Sized(sized, BasePoint().Write());
  for (std::size_t size = 0; size < sized.size(); ++size) {
    EXPECT_THAT(PublicAreaInside(sized.view().first(size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST(TpmPublicLimits, RsaKeysBelowTheMinimumAreNoVerifyingKeys) {
  RawRsa raw = SomeRsa();
  raw.bits = 1024;
  raw.modulus = Filled(128, 0xc1);
  EXPECT_THAT(VerifyingKeyOf(ParsePublicArea(raw.Write()).value()),
              FailsWith(ErrorCode::kMalformed));
  for (const std::uint32_t exponent : {1U, 2U, 4U}) {
    raw = SomeRsa();
    raw.exponent = exponent;
    EXPECT_THAT(VerifyingKeyOf(ParsePublicArea(raw.Write()).value()),
                FailsWith(ErrorCode::kMalformed))
        << exponent;
  }
}

}  // namespace
}  // namespace cocos::attestation::vtpm
