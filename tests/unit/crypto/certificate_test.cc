#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/x509_fields.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;
using std::chrono::seconds;

using Bytes = std::vector<std::byte>;

CertificateSpec Spec() {
  CertificateSpec spec;
  spec.key = NewEcKey("P-256");
  spec.style = SigningStyle::kSha256;
  return spec;
}

Certificate Make(const CertificateSpec& spec) {
  return Certificate::FromDer(MakeCertificate(spec)).value();
}

TEST(Certificate, IsReadFromDerAndGivesItBack) {
  const Bytes der = MakeCertificate(Spec());
  const auto certificate = Certificate::FromDer(der);
  ASSERT_THAT(certificate, Succeeds());
  EXPECT_EQ(certificate->der(), der);
}

TEST(Certificate, WantsNothingBehindItsDer) {
  Bytes der = MakeCertificate(Spec());
  der.push_back(std::byte{0});
  EXPECT_THAT(Certificate::FromDer(der), FailsWith(ErrorCode::kMalformed, HasSubstr("behind")));
  der.resize(der.size() - 2);
  EXPECT_THAT(Certificate::FromDer(der), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Certificate::FromDer({}), FailsWith(ErrorCode::kMalformed));
}

TEST(Certificate, IsOfVersionThree) {
  CertificateSpec spec = Spec();
  for (const int version : {1, 2}) {
    spec.version = version;
    EXPECT_THAT(Certificate::FromDer(MakeCertificate(spec)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("version 3")));
  }
}

TEST(Certificate, WantsExtensionsThatParse) {
  CertificateSpec spec = Spec();
  spec.raw_extensions = {{"2.5.29.19", HexDecode("ffff").value(), true}};
  EXPECT_THAT(Certificate::FromDer(MakeCertificate(spec)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("extension does not parse")));
}

TEST(Certificate, GivesAValueOrAnErrorForEveryTruncationAndFlip) {
  const Bytes der = MakeCertificate(Spec());
  for (std::size_t i = 0; i < der.size(); ++i) {
    EXPECT_THAT(Certificate::FromDer(std::span(der).first(i)), FailsWith(ErrorCode::kMalformed));
    Bytes changed = der;
    changed[i] ^= std::byte{0x21};
    const auto certificate = Certificate::FromDer(changed);
    EXPECT_FALSE(certificate && certificate->der() == der);
  }
}

TEST(CertificatePem, IsReadAndWritten) {
  const Certificate certificate = Make(Spec());
  const std::string pem = certificate.Pem();
  EXPECT_THAT(pem, ::testing::StartsWith("-----BEGIN CERTIFICATE-----\n"));
  const auto list = Certificate::ListFromPem(pem, 1);
  ASSERT_THAT(list, Succeeds());
  EXPECT_THAT(*list, ElementsAre(certificate));
  EXPECT_THAT(Certificate::ListFromPem(cocos::testing::kCertificatePem, 1), Succeeds());
}

TEST(CertificatePem, MayHaveBlanksBetweenAndBehind) {
  const Certificate first = Make(Spec());
  const Certificate second = Make(Spec());
  const std::string pem = "\r\n \t" + first.Pem() + "\n\n" + second.Pem() + std::string("\0\0", 2);
  const auto list = Certificate::ListFromPem(pem, 2);
  ASSERT_THAT(list, Succeeds());
  EXPECT_THAT(*list, ElementsAre(first, second));
}

TEST(CertificatePem, HasNothingElse) {
  const std::string pem = Make(Spec()).Pem();
  for (const std::string& text :
       {std::string(), std::string("\n"), "x" + pem, pem + "x", pem + "subject=x\n" + pem,
        pem + std::string(cocos::testing::kPrivateKeyPem), pem.substr(0, pem.size() - 4),
        std::string("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    EXPECT_THAT(Certificate::ListFromPem(text, 4), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(CertificatePem, IsBoundedInNumber) {
  const std::string pem = Make(Spec()).Pem();
  EXPECT_THAT(Certificate::ListFromPem(pem + pem, 2), Succeeds());
  EXPECT_THAT(Certificate::ListFromPem(pem + pem + pem, 2),
              FailsWith(ErrorCode::kMalformed, HasSubstr("more than 2")));
}

TEST(CertificatePem, IsToldFromDer) {
  const Certificate certificate = Make(Spec());
  const std::string pem = certificate.Pem();
  EXPECT_EQ(Certificate::FromDerOrPem(certificate.der()).value(), certificate);
  EXPECT_EQ(Certificate::FromDerOrPem(BytesOf(pem)).value(), certificate);
  const std::string twice = pem + pem;
  EXPECT_THAT(Certificate::FromDerOrPem(BytesOf(twice)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Certificate::FromDerOrPem({}), FailsWith(ErrorCode::kMalformed));
}

TEST(CertificateNames, AreGivenByAttribute) {
  CertificateSpec spec = Spec();
  spec.subject = {{"C", "US"}, {"O", "a"}, {"O", "b"}, {"CN", "caf\xC3\xA9"}};
  spec.issuer = {{"CN", "root"}};
  const Certificate certificate = Make(spec);
  EXPECT_THAT(certificate.SubjectValues("O"), ElementsAre("a", "b"));
  EXPECT_THAT(certificate.SubjectValues("CN"), ElementsAre("caf\xC3\xA9"));
  EXPECT_THAT(certificate.SubjectValues("OU"), IsEmpty());
  EXPECT_THAT(certificate.SubjectValues("no such attribute"), IsEmpty());
  EXPECT_THAT(certificate.IssuerValues("CN"), ElementsAre("root"));
  EXPECT_EQ(certificate.issuer(), "CN=root");
  EXPECT_THAT(certificate.subject(), HasSubstr("O=b,O=a,C=US"));
}

TEST(CertificateNames, KeepNulBytesInValues) {
  CertificateSpec spec = Spec();
  spec.subject = {{"CN", std::string("SEV-VCEK\0.example", 17)}};
  EXPECT_THAT(Make(spec).SubjectValues("CN"), ElementsAre(std::string("SEV-VCEK\0.example", 17)));
}

TEST(CertificateNames, TellWhetherOneIsTheIssuerOfAnother) {
  CertificateSpec spec = Spec();
  spec.subject = spec.issuer = {{"O", "x"}, {"CN", "root"}};
  const Certificate root = Make(spec);
  EXPECT_TRUE(root.NamesIssuer(root));
  spec.issuer = {{"O", "x"}, {"CN", "other"}};
  EXPECT_FALSE(Make(spec).NamesIssuer(root));
  spec.issuer = {{"CN", "root"}, {"O", "x"}};
  EXPECT_FALSE(Make(spec).NamesIssuer(root));
}

TEST(Certificate, GivesItsSerialAsMagnitude) {
  CertificateSpec spec = Spec();
  spec.serial = {0x01, 0x00, 0x80};
  EXPECT_EQ(HexEncode(Make(spec).serial()), "010080");
  spec.serial = {0x80};
  EXPECT_EQ(HexEncode(Make(spec).serial()), "80");
  spec.serial = {};
  EXPECT_THAT(Make(spec).serial(), IsEmpty());
}

TEST(CertificateValidity, HoldsFromTheFirstToTheLastSecond) {
  CertificateSpec spec = Spec();
  spec.not_before = kYear2026;
  spec.not_after = kYear2036;
  const Certificate certificate = Make(spec);
  EXPECT_EQ(certificate.not_before(), kYear2026);
  EXPECT_EQ(certificate.not_after(), kYear2036);
  EXPECT_THAT(certificate.CheckValidAt(kYear2026), Succeeds());
  EXPECT_THAT(certificate.CheckValidAt(kYear2036), Succeeds());
}

TEST(CertificateValidity, SaysWhyItDoesNotHold) {
  const Certificate certificate = Make(Spec());
  const auto early = certificate.CheckValidAt(kYear2026 - seconds(1));
  ASSERT_THAT(early, FailsWith(ErrorCode::kUntrusted,
                               HasSubstr("not valid at 2025-12-31T23:59:59Z, only from "
                                         "2026-01-01T00:00:00Z")));
  EXPECT_EQ(early.error().reason(), "not-yet-valid");
  const auto late = certificate.CheckValidAt(kYear2036 + seconds(1));
  ASSERT_THAT(late, FailsWith(ErrorCode::kUntrusted, HasSubstr("expired at 2036-01-01T00:00:00Z")));
  EXPECT_EQ(late.error().reason(), "expired");
}

TEST(CertificateValidity, ReadsTimesOfBothForms) {
  // Up to 2049 in two digits (UTCTime), from 2050 on in four (GeneralizedTime).
  CertificateSpec spec = Spec();
  spec.not_before = std::chrono::sys_days(std::chrono::year(1999) / 12 / 31);
  spec.not_after = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
  EXPECT_EQ(Make(spec).not_before(), spec.not_before);
  EXPECT_EQ(Make(spec).not_after(), spec.not_after);
  spec.not_after = std::chrono::sys_days(std::chrono::year(2050) / 2 / 28) + seconds(59);
  EXPECT_EQ(Make(spec).not_after(), spec.not_after);
}

TEST(CertificateSignature, IsNamedByScheme) {
  const auto scheme = [](TestKey key, SigningStyle style) {
    CertificateSpec spec;
    spec.key = std::move(key);
    spec.style = style;
    return Make(spec).signature_scheme();
  };
  EXPECT_EQ(scheme(NewEcKey("P-256"), SigningStyle::kSha256), SignatureScheme::kEcdsaSha256);
  EXPECT_EQ(scheme(NewEcKey("P-384"), SigningStyle::kSha384), SignatureScheme::kEcdsaSha384);
  EXPECT_EQ(scheme(RsaKeyOne(), SigningStyle::kPssSha384), SignatureScheme::kRsaPssSha384);
  for (const SigningStyle other :
       {SigningStyle::kPssSha256, SigningStyle::kPssSha384Salt32, SigningStyle::kPssSha384MgfSha256,
        SigningStyle::kPkcs1Sha384, SigningStyle::kSha256}) {
    EXPECT_EQ(scheme(RsaKeyOne(), other), SignatureScheme::kOther);
  }
}

TEST(CertificateSignature, IsByTheIssuersKeyAlone) {
  const TestKey issuer = NewEcKey("P-384");
  CertificateSpec spec = Spec();
  spec.signer = issuer;
  spec.style = SigningStyle::kSha384;
  const Certificate certificate = Make(spec);
  EXPECT_THAT(certificate.VerifySignedBy(PublicPart(issuer)), Succeeds());
  EXPECT_THAT(certificate.VerifySignedBy(PublicPart(spec.key)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("not by the issuer's key")));
  EXPECT_THAT(certificate.VerifySignedBy(PublicPart(RsaKeyOne())),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(CertificateSignature, DoesNotSurviveAFlippedByte) {
  CertificateSpec spec = Spec();
  const Bytes der = MakeCertificate(spec);
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes changed = der;
    changed[i] ^= static_cast<std::byte>(1u << i % 8);
    const auto certificate = Certificate::FromDer(changed);
    EXPECT_FALSE(certificate && certificate->VerifySignedBy(PublicPart(spec.key))) << i;
  }
}

TEST(CertificateConstraints, AreRead) {
  const auto with = [](const TextExtensions& extensions) {
    CertificateSpec spec = Spec();
    spec.text_extensions = extensions;
    return Make(spec);
  };
  EXPECT_FALSE(with({}).is_ca());
  EXPECT_EQ(with({}).path_length(), std::nullopt);
  EXPECT_FALSE(with({{"basicConstraints", "CA:FALSE"}}).is_ca());
  EXPECT_TRUE(with({{"basicConstraints", "critical,CA:TRUE"}}).is_ca());
  EXPECT_EQ(with({{"basicConstraints", "CA:TRUE"}}).path_length(), std::nullopt);
  EXPECT_EQ(with({{"basicConstraints", "CA:TRUE,pathlen:0"}}).path_length(), 0u);
  EXPECT_EQ(with({{"basicConstraints", "CA:TRUE,pathlen:3"}}).path_length(), 3u);
  // Key usage alone makes no authority.
  EXPECT_FALSE(with({{"keyUsage", "keyCertSign"}}).is_ca());
}

TEST(Certificate, GivesItsKey) {
  const CertificateSpec spec = Spec();
  const Certificate certificate = Make(spec);
  const auto key = certificate.key();
  ASSERT_THAT(key, Succeeds());
  EXPECT_EQ(key->curve(), Curve::kP256);
  EXPECT_EQ(key->SpkiDer(), PublicPart(spec.key).SpkiDer());
  EXPECT_EQ(certificate.SpkiSha256(), Sha256(key->SpkiDer()));
}

TEST(CertificateExtensions, AreGivenInOrderWithTheirValues) {
  CertificateSpec spec = Spec();
  spec.raw_extensions = {{"1.3.6.1.4.1.3704.1.4", HexDecode("0011").value(), false},
                         {"1.2.3.4", {}, true}};
  const std::vector<CertificateExtension> list = Make(spec).extensions();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].object_id, "1.3.6.1.4.1.3704.1.4");
  EXPECT_EQ(HexEncode(list[0].value), "0011");
  EXPECT_FALSE(list[0].critical);
  EXPECT_EQ(list[1].object_id, "1.2.3.4");
  EXPECT_TRUE(list[1].value.empty());
  EXPECT_TRUE(list[1].critical);
  EXPECT_THAT(Make(Spec()).extensions(), IsEmpty());
}

TEST(CertificateExtensions, AreFoundByObjectId) {
  CertificateSpec spec = Spec();
  spec.raw_extensions = {{"1.2.3.4", HexDecode("aa").value()}, {"1.2.3.5", {}}};
  EXPECT_EQ(HexEncode(Make(spec).Extension("1.2.3.4").value()), "aa");
  EXPECT_THAT(Make(spec).Extension("1.2.3"), FailsWith(ErrorCode::kNotFound));
  spec.raw_extensions.push_back({"1.2.3.4", HexDecode("bb").value()});
  EXPECT_THAT(Make(spec).Extension("1.2.3.4"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  EXPECT_THAT(Make(spec).Extension("1.2.3.5"), Succeeds());
}

TEST(CertificateCrlUrls, AreAllGiven) {
  CertificateSpec spec = Spec();
  EXPECT_THAT(Make(spec).CrlUrls(), IsEmpty());
  spec.text_extensions = {
      {"crlDistributionPoints", "URI:https://a.example/1,URI:https://b.example"}};
  EXPECT_THAT(Make(spec).CrlUrls(), ElementsAre("https://a.example/1", "https://b.example"));
  spec.text_extensions = {{"crlDistributionPoints", "DNS:a.example"}};
  EXPECT_THAT(Make(spec).CrlUrls(), IsEmpty());
}

TEST(X509Time, IsReadAndWrittenInUtc) {
  EXPECT_EQ(TimeText(kYear2026 + seconds(3661)), "2026-01-01T01:01:01Z");
  EXPECT_EQ(TimeText(TimePoint(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(TimeText(std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)),
            "9999-12-31T00:00:00Z");
  EXPECT_EQ(TimeOf(nullptr), std::nullopt);
}

}  // namespace
}  // namespace cocos::crypto
