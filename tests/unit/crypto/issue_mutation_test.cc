// An issued certificate of which one bit is another does not verify, and serial numbers are read as
// the numbers they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "crypto/issue.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

constexpr TimePoint kStart{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
constexpr TimePoint kEnd{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};
constexpr Validity kYear{.not_before = kStart, .not_after = kEnd};

Authority MakeAuthority() {
  const SigningKey key = SigningKey::Generate(Curve::kP256);
  return {IssueCa(key, "test CA", kYear).value(), key};
}

bool Verifies(std::span<const std::byte> der, const Authority& authority) {
  const Result<Certificate> parsed = Certificate::FromDer(der);
  return parsed && parsed->VerifySignedBy(authority.key.public_key()).has_value();
}

void ExpectNoBitCanBeFlipped(const Certificate& certificate, const Authority& authority) {
  std::vector<std::byte> der = certificate.der();
  ASSERT_TRUE(Verifies(der, authority));
  for (std::size_t bit = 0; bit < 8 * der.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1 << bit % 8);
    der[bit / 8] ^= mask;
    ASSERT_FALSE(Verifies(der, authority)) << "bit " << bit % 8 << " of byte " << bit / 8;
    der[bit / 8] ^= mask;
  }
}

TEST(IssuedCertificate, OfACaBearsNoFlippedBit) {
  const Authority authority = MakeAuthority();

  ExpectNoBitCanBeFlipped(authority.certificate, authority);
}

TEST(IssuedCertificate, OfAServerBearsNoFlippedBit) {
  const Authority authority = MakeAuthority();
  const SigningKey key = SigningKey::Generate(Curve::kP384);
  const ServerNames names = {.dns = {"a.example"}, .ips = {"192.0.2.1"}};

  ExpectNoBitCanBeFlipped(IssueServer(authority, key.public_key(), "server", names, kYear).value(),
                          authority);
}

TEST(IssuedCertificate, OfAClientBearsNoFlippedBit) {
  const Authority authority = MakeAuthority();
  const SigningKey key = SigningKey::Generate(Curve::kP256);

  ExpectNoBitCanBeFlipped(
      IssueClient(authority, key.public_key(), "client", "urn:cvm:1", kYear).value(), authority);
}

TEST(IssuedCertificate, DoesNotParseWhenItIsCut) {
  const std::vector<std::byte> der = MakeAuthority().certificate.der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_THAT(Certificate::FromDer(std::span(der).first(size)),
                cocos::testing::FailsWith(ErrorCode::kMalformed));
  }
}

// Schoolbook, a digit at a time.
std::string DecimalOf(const std::vector<std::byte>& big_endian) {
  std::string digits = "0";  // least significant first
  for (const std::byte byte : big_endian) {
    unsigned carry = std::to_integer<unsigned>(byte);
    for (char& digit : digits) {
      carry += 256 * static_cast<unsigned>(digit - '0');
      digit = static_cast<char>('0' + carry % 10);
      carry /= 10;
    }
    for (; carry > 0; carry /= 10) digits += static_cast<char>('0' + carry % 10);
  }
  std::ranges::reverse(digits);
  return digits;
}

TEST(SerialDecimal, IsTheNumberOfTheSerial) {
  EXPECT_EQ(DecimalOf({std::byte{1}, std::byte{0}}), "256");  // of the reader above
  const Authority authority = MakeAuthority();
  const SigningKey key = SigningKey::Generate(Curve::kP256);
  for (int i = 0; i < 50; ++i) {
    const Certificate leaf =
        IssueClient(authority, key.public_key(), "client", "urn:cvm:1", kYear).value();
    EXPECT_EQ(SerialDecimal(leaf), DecimalOf(leaf.serial()));
  }
}

}  // namespace
}  // namespace cocos::crypto
