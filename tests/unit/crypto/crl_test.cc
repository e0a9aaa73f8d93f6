#include "crypto/crl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;
using std::chrono::seconds;

using Bytes = std::vector<std::byte>;

constexpr TimePoint kNow = kYear2026 + seconds(1);

// A root with its list, and certificates of it.
class CrlTest : public ::testing::Test {
 protected:
  CrlTest() {
    list_.signer = key_;
    list_.style = SigningStyle::kSha256;
  }
  Certificate Issuer() const {
    CertificateSpec spec;
    spec.subject = spec.issuer = list_.issuer;
    spec.key = key_;
    spec.style = SigningStyle::kSha256;
    return Certificate::FromDer(MakeCertificate(spec)).value();
  }
  Certificate WithSerial(const std::vector<unsigned char>& serial) const {
    CertificateSpec spec;
    spec.issuer = list_.issuer;
    spec.key = key_;
    spec.serial = serial;
    spec.style = SigningStyle::kSha256;
    return Certificate::FromDer(MakeCertificate(spec)).value();
  }
  Result<Crl> Parse() const { return Crl::FromDerOrPem(MakeCrl(list_)); }

  TestKey key_ = NewEcKey("P-256");
  CrlSpec list_;
};

TEST_F(CrlTest, IsReadFromDerOrPem) {
  const Bytes der = MakeCrl(list_);
  const std::string pem = CrlPem(der);
  for (const std::span<const std::byte> bytes : {std::span<const std::byte>(der), BytesOf(pem)}) {
    const auto crl = Crl::FromDerOrPem(bytes);
    ASSERT_THAT(crl, Succeeds());
    EXPECT_EQ(crl->issuer(), "CN=issuer");
    EXPECT_EQ(crl->this_update(), kYear2026);
    EXPECT_EQ(crl->next_update(), kYear2036);
    EXPECT_EQ(crl->signature_scheme(), SignatureScheme::kEcdsaSha256);
  }
}

TEST_F(CrlTest, HasNothingBehindIt) {
  Bytes der = MakeCrl(list_);
  const std::string pem = CrlPem(der);
  der.push_back(std::byte{0});
  EXPECT_THAT(Crl::FromDerOrPem(der), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Crl::FromDerOrPem(BytesOf(pem + " \r\n")), Succeeds());
  for (const std::string& text : {pem + "x", pem + pem, "x" + pem, pem.substr(0, pem.size() - 3)}) {
    EXPECT_THAT(Crl::FromDerOrPem(BytesOf(text)), FailsWith(ErrorCode::kMalformed)) << text;
  }
  EXPECT_THAT(Crl::FromDerOrPem({}), FailsWith(ErrorCode::kMalformed));
}

TEST_F(CrlTest, GivesAnErrorForEveryTruncation) {
  list_.serials = {{1}, {2}};
  const Bytes der = MakeCrl(list_);
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_THAT(Crl::FromDerOrPem(std::span(der).first(size)), FailsWith(ErrorCode::kMalformed));
  }
}

TEST_F(CrlTest, WantsANextUpdate) {
  list_.next_update.reset();
  EXPECT_THAT(Parse(), FailsWith(ErrorCode::kMalformed, HasSubstr("nextUpdate")));
}

TEST_F(CrlTest, RefusesCriticalExtensionsItDoesNotKnow) {
  const Bytes number = HexDecode("020101").value();
  list_.raw_extensions = {{"2.5.29.20", number, true}};  // CRL number
  EXPECT_THAT(Parse(), Succeeds());
  list_.raw_extensions = {{"2.5.29.27", number, true}};  // delta CRL indicator
  EXPECT_THAT(Parse(), FailsWith(ErrorCode::kMalformed, HasSubstr("delta or partial list")));
  list_.raw_extensions = {{"2.5.29.28", HexDecode("30038401ff").value(), true}};  // indirect
  EXPECT_THAT(Parse(), FailsWith(ErrorCode::kMalformed, HasSubstr("delta or partial list")));
  list_.raw_extensions = {{"1.2.3.4", number, true}};
  EXPECT_THAT(Parse(), FailsWith(ErrorCode::kMalformed));
  list_.raw_extensions = {{"1.2.3.4", number, false}};
  EXPECT_THAT(Parse(), Succeeds());
}

TEST_F(CrlTest, RefusesADeltaListThatDoesNotSayItIsCritical) {
  list_.raw_extensions = {{"2.5.29.27", HexDecode("020101").value(), false}};
  EXPECT_THAT(Parse(), FailsWith(ErrorCode::kMalformed));
  list_.raw_extensions = {{"2.5.29.28", HexDecode("30038401ff").value(), false}};
  EXPECT_THAT(Parse(), FailsWith(ErrorCode::kMalformed));
}

TEST_F(CrlTest, IsVerifiedWithItsIssuerWhileItIsCurrent) {
  const Crl crl = Parse().value();
  EXPECT_THAT(crl.Verify(Issuer(), kYear2026), Succeeds());
  EXPECT_THAT(crl.Verify(Issuer(), kYear2036 - seconds(1)), Succeeds());
}

TEST_F(CrlTest, IsRefusedBeforeAndAfterItsTime) {
  const Crl crl = Parse().value();
  const auto early = crl.Verify(Issuer(), kYear2026 - seconds(1));
  ASSERT_THAT(early, FailsWith(ErrorCode::kUntrusted, HasSubstr("judged at 2025-12-31T23:59:59Z")));
  EXPECT_EQ(early.error().reason(), "not-yet-valid");
  const auto late = crl.Verify(Issuer(), kYear2036);
  ASSERT_THAT(late, FailsWith(ErrorCode::kUntrusted, HasSubstr("replaced since")));
  EXPECT_EQ(late.error().reason(), "expired");
}

TEST_F(CrlTest, IsRefusedFromSomebodyElse) {
  const Certificate issuer = Issuer();
  list_.signer = NewEcKey("P-256");
  const auto signature = Parse()->Verify(issuer, kNow);
  ASSERT_THAT(signature, FailsWith(ErrorCode::kUntrusted, HasSubstr("not by the issuer's key")));
  EXPECT_EQ(signature.error().reason(), "bad-signature");
  list_.signer = key_;
  list_.issuer = {{"CN", "other"}};
  const auto name = Parse()->Verify(issuer, kNow);
  ASSERT_THAT(name, FailsWith(ErrorCode::kUntrusted, HasSubstr("not the list of CN=issuer")));
  EXPECT_EQ(name.error().reason(), "wrong-issuer");
}

TEST_F(CrlTest, ListsSerialNumbers) {
  list_.serials = {{5}, {1, 0, 1}, {0x80}};
  const Crl crl = Parse().value();
  EXPECT_TRUE(crl.Lists(WithSerial({5})));
  EXPECT_TRUE(crl.Lists(WithSerial({1, 0, 1})));
  EXPECT_TRUE(crl.Lists(WithSerial({0x80})));
  EXPECT_FALSE(crl.Lists(WithSerial({6})));
  EXPECT_FALSE(crl.Lists(WithSerial({1, 0})));
  EXPECT_FALSE(crl.Lists(WithSerial({})));
  list_.serials = {};
  EXPECT_FALSE(Parse()->Lists(WithSerial({5})));
}

TEST_F(CrlTest, ListsTheSerialNumberZero) {
  list_.serials = {{}};
  EXPECT_TRUE(Parse()->Lists(WithSerial({})));
}

TEST_F(CrlTest, IsNamedByItsSignatureScheme) {
  list_.signer = RsaKeyOne();
  list_.style = SigningStyle::kPssSha384;
  EXPECT_EQ(Parse()->signature_scheme(), SignatureScheme::kRsaPssSha384);
  list_.style = SigningStyle::kPkcs1Sha384;
  EXPECT_EQ(Parse()->signature_scheme(), SignatureScheme::kOther);
}

TEST_F(CrlTest, DoesNotSurviveAFlippedByte) {
  list_.serials = {{5}, {6}};
  const Bytes der = MakeCrl(list_);
  const Certificate issuer = Issuer();
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes changed = der;
    changed[i] ^= static_cast<std::byte>(1u << i % 8);
    const auto crl = Crl::FromDerOrPem(changed);
    EXPECT_FALSE(crl && crl->Verify(issuer, kNow)) << i;
  }
}

}  // namespace
}  // namespace cocos::crypto
