#include "domain/value_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::domain {
namespace {

using namespace std::string_view_literals;
using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

auto Refused(const std::string& message) {
  return FailsWith(ErrorCode::kInvalidArgument, HasSubstr(message));
}

TEST(TextCheck, AcceptsAllOfUnicodeThatCanBePrinted) {
  for (const std::string_view text :
       {""sv, "a b"sv, "~"sv, "\xc2\xa0"sv, "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbd"sv,
        "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbd"sv}) {
    EXPECT_THAT(CheckText("field", text), Succeeds()) << text;
  }
}

TEST(TextCheck, RefusesControlCharacters) {
  for (const std::string_view text :
       {"\0"sv, "\t"sv, "\n"sv, "\r"sv, "\x1f"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv}) {
    EXPECT_THAT(CheckText("field", text), Refused("field: control character"));
  }
}

TEST(TextCheck, RefusesNonCharacters) {
  for (const std::string_view text :
       {"\xef\xbf\xbe"sv, "\xef\xbf\xbf"sv, "\xef\xb7\x90"sv, "\xf0\x9f\xbf\xbe"sv}) {
    EXPECT_THAT(CheckText("field", text), Refused("non-character"));
  }
}

TEST(TextCheck, RefusesInvalidUtf8) {
  for (const std::string_view text : {"\x80"sv, "\xc0\xaf"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv,
                                      "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
                                      "\xf5\x80\x80\x80"sv, "\xe2\x82"sv, "\xe2\x28\xa1"sv}) {
    EXPECT_THAT(CheckText("field", text), Refused("field: not valid UTF-8 at byte 0"));
  }
}

TEST(TextCheck, SaysWhereTheTextIsBad) {
  EXPECT_THAT(CheckText("field", "\xc3\xa9z\xff"), Refused("at byte 3"));
}

TEST(TextCheck, BoundsTheLength) {
  EXPECT_THAT(CheckText("field", std::string(kMaxTextBytes, 'a')), Succeeds());
  EXPECT_THAT(CheckText("field", std::string(kMaxTextBytes + 1, 'a')), Refused("65537 bytes"));
}

TEST(PathCheck, WantsAnAbsolutePath) {
  EXPECT_THAT(CheckAbsolutePath("field", "/a b,c"), Succeeds());
  for (const std::string_view path : {""sv, "/"sv, "a"sv, "./a"sv}) {
    EXPECT_THAT(CheckAbsolutePath("field", path), Refused("want an absolute path")) << path;
  }
}

TEST(Base64Check, WantsTheExactSize) {
  EXPECT_THAT(CheckBase64("field", "", 3), Succeeds());
  EXPECT_THAT(CheckBase64("field", "+/aZ", 3), Succeeds());
  EXPECT_THAT(CheckBase64("field", "AAA=", 2), Succeeds());
  EXPECT_THAT(CheckBase64("field", "AA==", 1), Succeeds());
  for (const std::string_view text :
       {"AAA"sv, "AAAAA"sv, "AAA="sv, "AA=="sv, "A-_A"sv, "AAAA\n"sv}) {
    EXPECT_THAT(CheckBase64("field", text, 3), Refused("field")) << text;
  }
}

TEST(Base64Check, WantsTheOneSpellingOfAValue) {
  EXPECT_THAT(CheckBase64("field", "AAB=", 2), Refused("field"));
  EXPECT_THAT(CheckBase64("field", "AB==", 1), Refused("field"));
  EXPECT_THAT(CheckBase64("field", "Ag==", 1), Succeeds());
}

TEST(AddressCheck, WantsNumbers) {
  for (const char* address : {"0.0.0.0", "127.0.0.1", "::", "::1", "fe80::1:2"}) {
    EXPECT_THAT(CheckAddress("field", address), Succeeds()) << address;
  }
  for (const char* address : {"", "localhost", "127.1", "1.2.3.256", "::g", "[::1]", "::1%eth0"}) {
    EXPECT_THAT(CheckAddress("field", address), Refused("want an IPv4 or IPv6 address")) << address;
  }
}

TEST(UuidCheck, WantsLowerCase) {
  EXPECT_THAT(CheckUuid("field", "4f3d6c5e-6b1f-4c0a-9d55-0a1b2c3d4e5f"), Succeeds());
  for (const char* uuid :
       {"", "4F3D6C5E-6b1f-4c0a-9d55-0a1b2c3d4e5f", "4f3d6c5e-6b1f-4c0a-9d55-0a1b2c3d4e5",
        "4f3d6c5e-6b1f-4c0a-9d55-0a1b2c3d4e5f0", "4f3d6c5e06b1f-4c0a-9d55-0a1b2c3d4e5f"}) {
    EXPECT_THAT(CheckUuid("field", uuid), Refused("want a UUID in lower case")) << uuid;
  }
}

TEST(NameCheck, WantsWhatQemuNames) {
  EXPECT_THAT(CheckName("field", "pc-q35-11.1"), Succeeds());
  EXPECT_THAT(CheckName("field", "EPYC-Genoa_v1"), Succeeds());
  EXPECT_THAT(CheckName("field", ""), Refused("empty"));
  EXPECT_THAT(CheckName("field", "q35,accel=tcg"), Refused("want only letters"));
  EXPECT_THAT(CheckName("field", "EPYC\xc3\xa9"), Refused("want only letters"));
}

TEST(HexCheck, WantsPairsOfLowerCaseDigits) {
  EXPECT_THAT(CheckHex("field", "00ff"), Succeeds());
  for (const char* hex : {"", "0", "000", "FF", "0x", "0g"}) {
    EXPECT_THAT(CheckHex("field", hex), Refused("in pairs")) << hex;
  }
}

}  // namespace
}  // namespace cocos::domain
