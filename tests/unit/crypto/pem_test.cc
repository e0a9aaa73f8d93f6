#include "crypto/pem.h"

#include <gtest/gtest.h>

#include <string>

#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::kCertificatePem;
using testing::kOtherPrivateKeyPem;
using testing::kPrivateKeyPem;
using testing::Succeeds;

const std::string kCertificate = kCertificatePem;

// The certificate with one of its base64 characters changed, which breaks its DER.
std::string BrokenCertificate() {
  std::string text = kCertificate;
  text.replace(text.find("MIIB"), 4, "AAAA");
  return text;
}

TEST(CertificatePem, AcceptsOneAndSeveral) {
  EXPECT_THAT(CheckCertificatePem(kCertificate), Succeeds());
  EXPECT_THAT(CheckCertificatePem(kCertificate + kCertificate), Succeeds());
}

TEST(CertificatePem, SaysWhichCertificateIsBroken) {
  EXPECT_THAT(CheckCertificatePem(kCertificate + BrokenCertificate()),
              FailsWith(ErrorCode::kMalformed, HasSubstr("certificate number 2 does not parse")));
}

TEST(CertificatePem, RefusesWhatHoldsNone) {
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string(100, '\0'), std::string(kPrivateKeyPem),
        std::string("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\n")}) {
    EXPECT_THAT(CheckCertificatePem(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(CertificatePem, RefusesEveryCutOfACertificate) {
  const std::size_t end = kCertificate.find("-----END");
  for (std::size_t size = 0; size < end; ++size) {
    EXPECT_THAT(CheckCertificatePem(kCertificate.substr(0, size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST(PrivateKeyPem, AcceptsAPlainKey) {
  EXPECT_THAT(CheckPrivateKeyPem(kPrivateKeyPem), Succeeds());
}

TEST(PrivateKeyPem, RefusesOtherTexts) {
  for (const std::string& text : {std::string(), kCertificate, std::string("x")}) {
    EXPECT_THAT(CheckPrivateKeyPem(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(PrivateKeyPem, ErrorsNeverRepeatTheText) {
  std::string text = kPrivateKeyPem;
  text.replace(text.find("MIGH"), 4, "AAAA");
  const auto checked = CheckPrivateKeyPem(text);
  ASSERT_THAT(checked, FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(checked.error().message(), ::testing::Not(HasSubstr("AgEAMBMG")));
}

TEST(KeyMatchesCertificate, TellsItsKeyFromAnother) {
  EXPECT_THAT(CheckKeyMatchesCertificate(kPrivateKeyPem, kCertificate), Succeeds());
  EXPECT_THAT(CheckKeyMatchesCertificate(kOtherPrivateKeyPem, kCertificate),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("does not belong")));
}

TEST(KeyMatchesCertificate, RefusesTextsThatDoNotParse) {
  EXPECT_THAT(CheckKeyMatchesCertificate("", kCertificate), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(CheckKeyMatchesCertificate(kPrivateKeyPem, ""), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::crypto
