#include "crypto/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/certificate.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;

constexpr Curve kCurves[] = {Curve::kP256, Curve::kP384, Curve::kP521};

std::vector<std::byte> Text(std::string_view text) {
  const auto bytes = BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> Hex(std::string_view hex) { return HexDecode(hex).value(); }

// NIST CAVP, FIPS 186-4 SigVer: P-256 with SHA-256.
const char kP256X[] = "e424dc61d4bb3cb7ef4344a7f8957a0c5134e16f7a67c074f82e6e12f49abf3c";
const char kP256Y[] = "970eed7aa2bc48651545949de1dddaf0127e5965ac85d1243d6f60e7dfaee927";
const char kP256Message[] =
    "e1130af6a38ccb412a9c8d13e15dbfc9e69a16385af3c3f1e5da954fd5e7c45f"
    "d75e2b8c36699228e92840c0562fbf3772f07e17f1add56588dd45f7450e1217"
    "ad239922dd9c32695dc71ff2424ca0dec1321aa47064a044b7fe3c2b97d03ce4"
    "70a592304c5ef21eed9f93da56bb232d1eeb0035f9bf0dfafdcc4606272b20a3";
const char kP256R[] = "bf96b99aa49c705c910be33142017c642ff540c76349b9dab72f981fd9347f4f";
const char kP256S[] = "17c55095819089c2e03b9cd415abdf12444e323075d98f31920b9e0f57ec871c";

TEST(VerifyingKey, VerifiesAPublishedEcdsaSignature) {
  const auto key = VerifyingKey::FromEcPoint(Curve::kP256, Hex(kP256X), Hex(kP256Y));
  ASSERT_THAT(key, Succeeds());
  const EcdsaSignature signature = {Hex(kP256R), Hex(kP256S)};

  EXPECT_THAT(key->VerifyEcdsa(DigestAlgorithm::kSha256, Hex(kP256Message), signature), Succeeds());
  EXPECT_THAT(key->VerifyEcdsa(DigestAlgorithm::kSha384, Hex(kP256Message), signature),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(key->VerifyEcdsa(DigestAlgorithm::kSha256, Text("other"), signature),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(VerifyingKey, VerifiesWhatASigningKeySigned) {
  for (const Curve curve : kCurves) {
    const SigningKey key = SigningKey::Generate(curve);
    const auto signature = key.SignEcdsa(DigestAlgorithm::kSha384, Text("message"));
    ASSERT_THAT(signature, Succeeds());
    EXPECT_EQ(signature->r.size(), FieldSize(curve));
    EXPECT_EQ(signature->s.size(), FieldSize(curve));

    EXPECT_THAT(key.public_key().VerifyEcdsa(DigestAlgorithm::kSha384, Text("message"), *signature),
                Succeeds());
    EXPECT_THAT(key.public_key().VerifyEcdsa(DigestAlgorithm::kSha384, Text("massage"), *signature),
                FailsWith(ErrorCode::kUntrusted));
    EXPECT_THAT(SigningKey::Generate(curve).public_key().VerifyEcdsa(DigestAlgorithm::kSha384,
                                                                     Text("message"), *signature),
                FailsWith(ErrorCode::kUntrusted));
  }
}

TEST(VerifyingKey, RefusesEveryFlippedByteOfAnEcdsaSignature) {
  const SigningKey key = SigningKey::Generate(Curve::kP384);
  const EcdsaSignature good = key.SignEcdsa(DigestAlgorithm::kSha384, Text("message")).value();
  for (auto EcdsaSignature::*part : {&EcdsaSignature::r, &EcdsaSignature::s}) {
    for (std::size_t i = 0; i < 48; ++i) {
      EcdsaSignature changed = good;
      (changed.*part)[i] ^= std::byte{0x10};
      EXPECT_THAT(key.public_key().VerifyEcdsa(DigestAlgorithm::kSha384, Text("message"), changed),
                  FailsWith(ErrorCode::kUntrusted));
    }
  }
}

TEST(VerifyingKey, RefusesZeroOrOverlongEcdsaNumbers) {
  const SigningKey key = SigningKey::Generate(Curve::kP384);
  const EcdsaSignature good = key.SignEcdsa(DigestAlgorithm::kSha384, Text("message")).value();
  const auto verify = [&key](std::vector<std::byte> r, std::vector<std::byte> s) {
    return key.public_key().VerifyEcdsa(DigestAlgorithm::kSha384, Text("message"),
                                        {std::move(r), std::move(s)});
  };
  std::vector<std::byte> longer = good.r;
  longer.insert(longer.begin(), std::byte{0});

  EXPECT_THAT(verify(good.r, good.s), Succeeds());
  EXPECT_THAT(verify({}, good.s), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(verify(good.r, {}), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(verify(std::vector<std::byte>(48), good.s), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(verify(std::vector<std::byte>(48, std::byte{0xFF}), good.s),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(verify(longer, good.s), FailsWith(ErrorCode::kUntrusted, HasSubstr("longer")));
  EXPECT_THAT(verify(good.s, good.r), FailsWith(ErrorCode::kUntrusted));
}

TEST(VerifyingKey, IgnoresLeadingZerosOfEcdsaNumbers) {
  // A number with a leading zero byte turns up once in 256 signatures.
  const SigningKey key = SigningKey::Generate(Curve::kP256);
  for (int i = 0; i < 4096; ++i) {
    const std::string message = std::to_string(i);
    EcdsaSignature signature = key.SignEcdsa(DigestAlgorithm::kSha256, BytesOf(message)).value();
    if (signature.r[0] != std::byte{0}) continue;
    signature.r.erase(signature.r.begin());
    EXPECT_THAT(key.public_key().VerifyEcdsa(DigestAlgorithm::kSha256, BytesOf(message), signature),
                Succeeds());
    return;
  }
  FAIL() << "no signature with a leading zero";
}

TEST(VerifyingKey, RefusesPointsThatAreNotOnTheCurve) {
  std::vector<std::byte> y = Hex(kP256Y);
  y.back() ^= std::byte{1};
  EXPECT_THAT(VerifyingKey::FromEcPoint(Curve::kP256, Hex(kP256X), y),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromEcPoint(Curve::kP256, std::vector<std::byte>(32),
                                        std::vector<std::byte>(32)),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromEcPoint(Curve::kP256, std::vector<std::byte>(32, std::byte{0xFF}),
                                        std::vector<std::byte>(32, std::byte{0xFF})),
              FailsWith(ErrorCode::kMalformed));
}

TEST(VerifyingKey, WantsWholeCoordinates) {
  EXPECT_THAT(VerifyingKey::FromEcPoint(Curve::kP384, Hex(kP256X), Hex(kP256Y)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("want 48")));
  std::vector<std::byte> longer = Hex(kP256X);
  longer.insert(longer.begin(), std::byte{0});
  EXPECT_THAT(VerifyingKey::FromEcPoint(Curve::kP256, longer, Hex(kP256Y)),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromEcPoint(Curve::kP256, {}, {}), FailsWith(ErrorCode::kMalformed));
}

TEST(VerifyingKey, GivesBackItsPoint) {
  for (const Curve curve : kCurves) {
    const VerifyingKey key = SigningKey::Generate(curve).public_key();
    const std::vector<std::byte> point = key.EcPoint().value();
    const std::size_t size = FieldSize(curve);
    ASSERT_EQ(point.size(), 2 * size);
    const auto again = VerifyingKey::FromEcPoint(curve, std::span(point).first(size),
                                                 std::span(point).subspan(size));
    ASSERT_THAT(again, Succeeds());
    EXPECT_EQ(again->SpkiDer(), key.SpkiDer());
    EXPECT_EQ(key.curve(), curve);
    EXPECT_EQ(key.rsa_bits(), 0u);
  }
  EXPECT_THAT(PublicPart(RsaKeyOne()).EcPoint(), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(VerifyingKey, KnowsNoOtherCurve) {
  const VerifyingKey key = PublicPart(NewEcKey("secp256k1"));
  EXPECT_EQ(key.curve(), std::nullopt);
  EXPECT_THAT(key.VerifyEcdsa(DigestAlgorithm::kSha256, {}, {Hex("01"), Hex("01")}),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not on P-256")));
}

TEST(VerifyingKey, ReadsASubjectPublicKeyInfo) {
  for (const VerifyingKey& key : {PublicPart(RsaKeyOne()), PublicPart(NewEcKey("P-384"))}) {
    std::vector<std::byte> der = key.SpkiDer();
    const auto parsed = VerifyingKey::FromSpkiDer(der);
    ASSERT_THAT(parsed, Succeeds());
    EXPECT_EQ(parsed->SpkiDer(), der);
    der.push_back(std::byte{0});
    EXPECT_THAT(VerifyingKey::FromSpkiDer(der),
                FailsWith(ErrorCode::kMalformed, HasSubstr("behind")));
    der.resize(der.size() - 2);
    EXPECT_THAT(VerifyingKey::FromSpkiDer(der), FailsWith(ErrorCode::kMalformed));
  }
  EXPECT_THAT(VerifyingKey::FromSpkiDer({}), FailsWith(ErrorCode::kMalformed));
}

TEST(VerifyingKey, ReadsPemKeysAndCertificates) {
  const auto from_certificate = VerifyingKey::FromPem(cocos::testing::kCertificatePem);
  ASSERT_THAT(from_certificate, Succeeds());
  EXPECT_EQ(from_certificate->SpkiDer(),
            SigningKey::FromPem(cocos::testing::kPrivateKeyPem)->public_key().SpkiDer());
  EXPECT_THAT(VerifyingKey::FromPem(cocos::testing::kPrivateKeyPem),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromPem(""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromPem("-----BEGIN CERTIFICATE-----\nAAAA\n"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("does not parse")));
}

// The modulus of an RSA key, from the end of its SubjectPublicKeyInfo: ... INTEGER n, INTEGER e.
std::vector<std::byte> ModulusOf(const VerifyingKey& key) {
  const std::vector<std::byte> der = key.SpkiDer();
  const std::size_t exponent_bytes = 5;  // 02 03 01 00 01
  const std::size_t size = key.rsa_bits() / 8;
  const auto end = der.end() - static_cast<std::ptrdiff_t>(exponent_bytes);
  return {end - static_cast<std::ptrdiff_t>(size), end};
}

TEST(VerifyingKey, IsMadeFromAnRsaModulus) {
  const VerifyingKey key = PublicPart(RsaKeyOne());
  const auto made = VerifyingKey::FromRsa(ModulusOf(key), 65537);
  ASSERT_THAT(made, Succeeds());
  EXPECT_EQ(made->SpkiDer(), key.SpkiDer());
  EXPECT_EQ(made->rsa_bits(), 4096u);
  EXPECT_EQ(made->curve(), std::nullopt);
}

TEST(VerifyingKey, RefusesWeakOrHugeRsaKeys) {
  const auto modulus = [](std::size_t bytes) {
    std::vector<std::byte> number(bytes, std::byte{0xFF});
    return number;
  };
  EXPECT_THAT(VerifyingKey::FromRsa(modulus(256), 65537), Succeeds());
  EXPECT_THAT(VerifyingKey::FromRsa(modulus(1024), 65537), Succeeds());
  EXPECT_THAT(VerifyingKey::FromRsa(modulus(255), 65537), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromRsa(modulus(1025), 65537), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(VerifyingKey::FromRsa({}, 65537), FailsWith(ErrorCode::kMalformed));
  std::vector<std::byte> even = modulus(256);
  even.back() = std::byte{0xFE};
  EXPECT_THAT(VerifyingKey::FromRsa(even, 65537), FailsWith(ErrorCode::kMalformed));
  for (const std::uint32_t exponent : {0u, 1u, 2u, 65536u}) {
    EXPECT_THAT(VerifyingKey::FromRsa(modulus(256), exponent),
                FailsWith(ErrorCode::kMalformed, HasSubstr("exponent")));
  }
}

// A certificate's signature is the one RSA signature at hand with its message: the inner part.
struct RsaSample {
  std::vector<std::byte> message;
  std::vector<std::byte> signature;
};

RsaSample SampleOf(SigningStyle style) {
  CertificateSpec spec;
  spec.key = RsaKeyOne();
  spec.style = style;
  const std::vector<std::byte> der = MakeCertificate(spec);
  // SEQUENCE { 30 82 xx xx, tbs { 30 82 len }, algorithm, BIT STRING of 512 bytes at the end }.
  const std::size_t tbs_size =
      4 + (std::to_integer<std::size_t>(der[6]) << 8) + std::to_integer<std::size_t>(der[7]);
  RsaSample sample;
  sample.message.assign(der.begin() + 4, der.begin() + 4 + static_cast<std::ptrdiff_t>(tbs_size));
  sample.signature.assign(der.end() - 512, der.end());
  return sample;
}

TEST(VerifyingKey, VerifiesRsaWithThePaddingItIsAskedFor) {
  const VerifyingKey key = PublicPart(RsaKeyOne());
  const RsaSample pss = SampleOf(SigningStyle::kPssSha384);
  const RsaSample pkcs1 = SampleOf(SigningStyle::kPkcs1Sha384);
  const auto algorithm = DigestAlgorithm::kSha384;

  EXPECT_THAT(key.VerifyRsaPss(algorithm, pss.message, pss.signature), Succeeds());
  EXPECT_THAT(key.VerifyRsaPkcs1(algorithm, pkcs1.message, pkcs1.signature), Succeeds());
  EXPECT_THAT(key.VerifyRsaPkcs1(algorithm, pss.message, pss.signature),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(key.VerifyRsaPss(algorithm, pkcs1.message, pkcs1.signature),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(key.VerifyRsaPss(DigestAlgorithm::kSha256, pss.message, pss.signature),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(PublicPart(RsaKeyTwo()).VerifyRsaPss(algorithm, pss.message, pss.signature),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(VerifyingKey, RefusesEveryFlippedByteOfAnRsaSignature) {
  const VerifyingKey key = PublicPart(RsaKeyOne());
  RsaSample sample = SampleOf(SigningStyle::kPssSha384);
  for (std::byte& byte : sample.signature) {
    byte ^= std::byte{0x04};
    EXPECT_THAT(key.VerifyRsaPss(DigestAlgorithm::kSha384, sample.message, sample.signature),
                FailsWith(ErrorCode::kUntrusted));
    byte ^= std::byte{0x04};
  }
  sample.signature.pop_back();
  EXPECT_THAT(key.VerifyRsaPss(DigestAlgorithm::kSha384, sample.message, sample.signature),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(VerifyingKey, IsOfOneKind) {
  const VerifyingKey elliptic = PublicPart(NewEcKey("P-256"));
  const VerifyingKey rsa = PublicPart(RsaKeyOne());
  EXPECT_THAT(elliptic.VerifyRsaPkcs1(DigestAlgorithm::kSha256, {}, {}),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not RSA")));
  EXPECT_THAT(elliptic.VerifyRsaPss(DigestAlgorithm::kSha256, {}, {}),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not RSA")));
  EXPECT_THAT(rsa.VerifyEcdsa(DigestAlgorithm::kSha256, {}, {}), FailsWith(ErrorCode::kUntrusted));
}

TEST(SigningKey, IsReadFromPem) {
  for (const char* const curve : {"P-256", "P-384", "P-521"}) {
    const auto key = SigningKey::FromPem(PrivatePem(NewEcKey(curve)));
    ASSERT_THAT(key, Succeeds());
    EXPECT_EQ(key->public_key().curve(), key->curve());
  }
  EXPECT_THAT(SigningKey::FromPem(PrivatePem(RsaKeyOne())), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromPem(PrivatePem(NewEcKey("secp256k1"))),
              FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromPem(cocos::testing::kCertificatePem),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(SigningKey::FromPem(""), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::crypto
