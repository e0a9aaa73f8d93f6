// Entries of revocation lists with extensions, and times at the limits of their form.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "base/handle.h"
#include "crypto/crl.h"
#include "crypto/x509_fields.h"
#include "support/result_matchers.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;

using CrlHandle = Handle<X509_CRL, X509_CRL_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using TimeHandle = Handle<ASN1_TIME, ASN1_STRING_free>;

// Adds to a list that names serial 5 what the entry says beyond that, and signs it anew.
std::vector<std::byte> WithEntryExtension(const CrlSpec& spec, const char* name, const char* text) {
  const std::vector<std::byte> der = MakeCrl(spec);
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const CrlHandle crl(d2i_X509_CRL(nullptr, &position, static_cast<long>(der.size())));
  X509_REVOKED* const entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl.get()), 0);
  X509V3_CTX context{};
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, crl.get(), 0);
  const ExtensionHandle extension(X509V3_EXT_nconf(nullptr, &context, name, text));
  COCOS_CHECK(X509_REVOKED_add_ext(entry, extension.get(), -1) == 1);
  COCOS_CHECK(X509_CRL_sort(crl.get()) == 1);
  COCOS_CHECK(X509_CRL_sign(crl.get(), spec.signer.get(), EVP_sha256()) > 0);
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &encoded);
  const auto* const begin = reinterpret_cast<const std::byte*>(encoded);
  std::vector<std::byte> bytes(begin, begin + size);
  OPENSSL_free(encoded);
  return bytes;
}

class CrlEntry : public ::testing::Test {
 protected:
  CrlEntry() {
    list_.signer = NewEcKey("P-256");
    list_.style = SigningStyle::kSha256;
    list_.serials = {{5}};
  }
  Result<Crl> ParseWith(const char* name, const char* text) const {
    return Crl::FromDerOrPem(WithEntryExtension(list_, name, text));
  }
  Certificate SerialFive() const {
    CertificateSpec spec;
    spec.issuer = list_.issuer;
    spec.key = list_.signer;
    spec.serial = {5};
    spec.style = SigningStyle::kSha256;
    return Certificate::FromDer(MakeCertificate(spec)).value();
  }

  CrlSpec list_;
};

// RFC 5280 section 5.3.1; 8 is removeFromCRL, which has no place in a complete list.
TEST_F(CrlEntry, ListsItsSerialForEveryReason) {
  for (const int reason : {0, 1, 2, 3, 4, 5, 6, 8, 9, 10}) {
    const std::string encoded = fmt::format("DER:0a01{:02x}", reason);
    const auto crl = ParseWith("CRLReason", encoded.c_str());
    ASSERT_THAT(crl, Succeeds()) << reason;
    EXPECT_TRUE(crl->Lists(SerialFive())) << reason;
  }
}

TEST_F(CrlEntry, HasNoCriticalExtensionThatIsNotKnown) {
  EXPECT_THAT(ParseWith("1.2.3.4", "DER:0500"), Succeeds());
  EXPECT_THAT(ParseWith("1.2.3.4", "critical,DER:0500"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("CRL: an entry with another issuer")));
}

// RFC 5280 section 5.3.3, which indirect lists alone have; critical or not.
TEST_F(CrlEntry, NamesNoOtherIssuer) {
  EXPECT_THAT(ParseWith("certificateIssuer", "DER:3003820161"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("another issuer")));
}

TimeHandle TimeFrom(int type, const char* text) {
  TimeHandle time(ASN1_STRING_type_new(type));
  COCOS_CHECK(ASN1_STRING_set(time.get(), text, -1) == 1);
  return time;
}

std::string ReadTime(int type, const char* text) {
  const auto time = TimeOf(TimeFrom(type, text).get());
  return time ? TimeText(*time) : "none";
}

// RFC 5280 section 4.1.2.5.1: years from 50 on belong to the last century.
TEST(X509Time, HasItsCenturyByTheYear) {
  EXPECT_EQ(ReadTime(V_ASN1_UTCTIME, "491231235959Z"), "2049-12-31T23:59:59Z");
  EXPECT_EQ(ReadTime(V_ASN1_UTCTIME, "500101000000Z"), "1950-01-01T00:00:00Z");
  EXPECT_EQ(ReadTime(V_ASN1_GENERALIZEDTIME, "20500101000000Z"), "2050-01-01T00:00:00Z");
  EXPECT_EQ(ReadTime(V_ASN1_GENERALIZEDTIME, "99991231235959Z"), "9999-12-31T23:59:59Z");
}

TEST(X509Time, IsADayOfTheCalendar) {
  EXPECT_EQ(ReadTime(V_ASN1_UTCTIME, "240229000000Z"), "2024-02-29T00:00:00Z");
  for (const char* const text :
       {"260229000000Z", "260001000000Z", "261301000000Z", "260100000000Z", "260431000000Z",
        "260101240000Z", "260101006000Z", "260101000060Z", "260101", "", "2601010000000Z"}) {
    EXPECT_EQ(ReadTime(V_ASN1_UTCTIME, text), "none") << text;
  }
}

TEST(X509Time, IsWrittenInSecondsBeyondFourDigitsOfAYear) {
  const TimePoint end = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  EXPECT_EQ(TimeText(end - std::chrono::seconds(1)), "9999-12-31T23:59:59Z");
  EXPECT_EQ(TimeText(end), "253402300800 seconds since 1970");
  EXPECT_EQ(TimeText(TimePoint::max()), "9223372036854775807 seconds since 1970");
  EXPECT_EQ(TimeText(TimePoint::min()), "-9223372036854775808 seconds since 1970");
}

}  // namespace
}  // namespace cocos::crypto
