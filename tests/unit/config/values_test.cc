#include "config/values.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

const auto kRefused = FailsWith(ErrorCode::kInvalidArgument);

TEST(ParseBool, TakesGosFormsAndQemus) {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True", "on"}) {
    ASSERT_THAT(ParseBool(text), Succeeds()) << text;
    EXPECT_TRUE(*ParseBool(text)) << text;
  }
  for (const char* text : {"0", "f", "F", "FALSE", "false", "False", "off"}) {
    ASSERT_THAT(ParseBool(text), Succeeds()) << text;
    EXPECT_FALSE(*ParseBool(text)) << text;
  }
  for (const char* text : {"", "yes", "tRUE", "2", " true", "On"}) {
    EXPECT_THAT(ParseBool(text), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("true or false")))
        << text;
  }
}

TEST(ParseUnsigned, TakesDecimalAndHexadecimalUpToTheLimit) {
  EXPECT_EQ(ParseUnsigned("31", 31).value_or(0), 31u);
  EXPECT_EQ(ParseUnsigned("0x1F", 31).value_or(0), 31u);
  EXPECT_EQ(ParseUnsigned("18446744073709551615", std::numeric_limits<std::uint64_t>::max()),
            std::numeric_limits<std::uint64_t>::max());
  for (const char* text :
       {"32", "0x20", "", "0x", "-1", "+1", "1 ", "1.0", "ff", "18446744073709551616"}) {
    EXPECT_THAT(ParseUnsigned(text, 31), kRefused) << text;
  }
}

TEST(ParseSigned, TakesNegativeNumbers) {
  EXPECT_EQ(ParseSigned("-1").value_or(0), -1);
  EXPECT_EQ(ParseSigned("10").value_or(0), 10);
  for (const char* text : {"", "-", "1x", "0x1", "9223372036854775808"}) {
    EXPECT_THAT(ParseSigned(text), kRefused) << text;
  }
}

TEST(ParseRatio, TakesZeroToOne) {
  EXPECT_EQ(ParseRatio("0").value_or(-1), 0.0);
  EXPECT_EQ(ParseRatio("1.0").value_or(-1), 1.0);
  for (const char* text : {"", "-0.1", "1.01", "nan", "inf", "0.5x"}) {
    EXPECT_THAT(ParseRatio(text), kRefused) << text;
  }
}

TEST(ParsePort, TakesZeroOnlyWhereAnyPortWillDo) {
  EXPECT_EQ(ParsePort("1").value_or(0), 1);
  EXPECT_EQ(ParsePort("65535").value_or(0), 65535);
  EXPECT_THAT(ParsePort("0", true), Succeeds());
  for (const char* text : {"0", "65536", "", "-1", "http", "7002 "}) {
    EXPECT_THAT(ParsePort(text), kRefused) << text;
  }
}

TEST(ParseMemoryMib, TakesQemusUnits) {
  EXPECT_EQ(ParseMemoryMib("2048M").value_or(0), 2048u);
  EXPECT_EQ(ParseMemoryMib("2048").value_or(0), 2048u);
  EXPECT_EQ(ParseMemoryMib("30G").value_or(0), 30720u);
  EXPECT_EQ(ParseMemoryMib("1t").value_or(0), 1048576u);
  EXPECT_EQ(ParseMemoryMib("2048k").value_or(0), 2u);
  for (const char* text : {"", "0", "0M", "M", "2048MB", "2 G", "-1G", "1000K", "4294967297G",
                           "18446744073709551615T"}) {
    EXPECT_THAT(ParseMemoryMib(text), kRefused) << text;
  }
}

TEST(ParseMemoryMib, TakesFractionsThatGiveWholeMib) {
  EXPECT_EQ(ParseMemoryMib("1.5G").value_or(0), 1536u);
  EXPECT_EQ(ParseMemoryMib("0.25T").value_or(0), 262144u);
  EXPECT_EQ(ParseMemoryMib("2.0").value_or(0), 2u);
  EXPECT_EQ(ParseMemoryMib("1.000000000G").value_or(0), 1024u);
  for (const char* text : {"1.3G", "1.5", "1.5M", "0.0G", ".5G", "1.G", "1.5.0G", "1.-5G",
                           "1.0000000000G", "4294967296.5T"}) {
    EXPECT_THAT(ParseMemoryMib(text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("whole MiB above zero")))
        << text;
  }
}

TEST(ParsePciSlot, ReadsHexadecimalAsQemuDoes) {
  EXPECT_EQ(ParsePciSlot("0x2").value_or(0), 2u);
  EXPECT_EQ(ParsePciSlot("10").value_or(0), 0x10u);
  EXPECT_EQ(ParsePciSlot("0X1e").value_or(0), 0x1eu);
  EXPECT_EQ(ParsePciSlot("1E.0").value_or(0), 0x1eu);
  EXPECT_EQ(ParsePciSlot("1").value_or(0), 1u);
}

TEST(ParsePciSlot, RefusesSlotsThatAreTakenAndOtherFunctions) {
  for (const char* text : {"0", "0x0", "1f", "0x1f", "20", "0x20", "2.1", "2.", ".0", "0x", "", "g",
                           "-1", "2.0.0", "0x0x2"}) {
    EXPECT_THAT(ParsePciSlot(text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("0x1 to 0x1e, function 0")))
        << text;
  }
}

TEST(ParseGpuAddress, TakesAutoAndWhatLspciWrites) {
  for (const char* text : {"auto", "41:00.0", "0000:41:00.0", "ffff:ff:1f.7"}) {
    EXPECT_THAT(ParseGpuAddress(text), Succeeds()) << text;
  }
  for (const char* text : {"", "Auto", "41:00", "41:00.", "41:20.0", "41:00.8", "41:00.00",
                           "000:41:00.0", "0:0:0:41:00.0", "0000:41:00.0 "}) {
    EXPECT_THAT(ParseGpuAddress(text), kRefused) << text;
  }
}

TEST(ParseHostPort, TakesNamesAndAddressesWithAPort) {
  for (const char* text : {"", "localhost:7001", "10.0.0.1:1", "[::1]:65535", "a-b.example:80"}) {
    EXPECT_THAT(ParseHostPort(text), Succeeds()) << text;
  }
  for (const char* text : {"localhost", "localhost:", ":7001", "localhost:0", "localhost:65536",
                           "::1:7001", "[::1]", "[x]:1", "http://localhost:7001", "a b:1"}) {
    EXPECT_THAT(ParseHostPort(text), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("<port>")))
        << text;
  }
}

TEST(ParseHttpUrl, TakesHttpAndHttpsWithAHost) {
  for (const char* text : {"http://localhost:4318", "https://collector",
                           "http://[::1]:4318/v1/traces", "http://10.0.0.1/"}) {
    EXPECT_THAT(ParseHttpUrl(text), Succeeds()) << text;
  }
  for (const char* text : {"", "localhost:4318", "grpc://localhost", "http://", "http:///v1",
                           "http://localhost:0", "http://localhost:x", "http://me@host",
                           "http://host/a b", "http://host/?a", "http://host/#a", "HTTP://host"}) {
    EXPECT_THAT(ParseHttpUrl(text), kRefused) << text;
  }
}

TEST(ParseSnpPolicy, WantsBit17AndNoReservedBit) {
  EXPECT_EQ(ParseSnpPolicy("0x30000").value_or(0), 0x30000u);
  EXPECT_EQ(ParseSnpPolicy("196608").value_or(0), 0x30000u);
  EXPECT_EQ(ParseSnpPolicy("0x3ffffff").value_or(0), 0x3ffffffu);
  for (const char* text : {"0x10000", "0", "0x3fdffff"}) {
    EXPECT_THAT(ParseSnpPolicy(text), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("bit 17")))
        << text;
  }
  for (const char* text : {"0x4030000", "0x8000000000030000", "0xffffffffffffffff"}) {
    EXPECT_THAT(ParseSnpPolicy(text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("bits 26 to 63")))
        << text;
  }
  EXPECT_THAT(ParseSnpPolicy("0x10000000000030000"), kRefused);
}

TEST(ParsePortRange, SaysWhatUpstreamSays) {
  EXPECT_EQ(*ParsePortRange("6100-6200"), (std::pair<std::uint16_t, std::uint16_t>(6100, 6200)));
  EXPECT_THAT(ParsePortRange("6100-6100"), Succeeds());
  EXPECT_THAT(ParsePortRange("6200-6100"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("invalid range: 6200-6100")));
  for (const char* text : {"", "-", "6100", "6100-", "-6200", "a-b", "1-2-3", "0-5", "1-65536"}) {
    EXPECT_THAT(ParsePortRange(text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("invalid input format: ")))
        << text;
  }
}

TEST(ParseBase64, TakesExactlyTheLengthWanted) {
  const std::string right = std::string(43, 'A') + "=";
  EXPECT_EQ(ParseBase64(right, 32).value_or(""), right);
  EXPECT_EQ(ParseBase64("", 32).value_or("x"), "");
  for (const std::string& text :
       {std::string(44, 'A'), std::string(42, 'A') + "==", std::string(40, 'A'),
        " " + std::string(42, 'A') + "=", std::string(43, '-') + "="}) {
    EXPECT_THAT(ParseBase64(text, 32),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("base64 of 32 bytes")))
        << text;
  }
}

TEST(ParseBase64, RefusesBitsBehindTheLastByte) {
  const auto ending = [](std::size_t size, const std::string& end) {
    return std::string(size - end.size(), 'A') + end;
  };
  EXPECT_THAT(ParseBase64(ending(44, "E="), 32), Succeeds());  // the lowest bit of the last byte
  EXPECT_THAT(ParseBase64(ending(44, "8="), 32), Succeeds());
  EXPECT_THAT(ParseBase64(ending(24, "Q=="), 16), Succeeds());
  EXPECT_THAT(ParseBase64(ending(128, "/"), 96), Succeeds());  // no padding, no bits left over
  for (const char* end : {"B=", "C=", "D=", "9=", "/="}) {
    EXPECT_THAT(ParseBase64(ending(44, end), 32),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("behind the last byte")))
        << end;
  }
  for (const char* end : {"B==", "E==", "I==", "/=="}) {
    EXPECT_THAT(ParseBase64(ending(24, end), 16),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("behind the last byte")))
        << end;
  }
}

TEST(ParseLogLevel, TakesSlogsNamesInAnyCaseWithOffset) {
  for (const char* text : {"debug", "INFO", "Warn", "error", "info+2", "WARN-1"}) {
    EXPECT_THAT(ParseLogLevel(text), Succeeds()) << text;
  }
  for (const char* text : {"", "trace", "warning", "info+", "info+x", "info+-2", "+2"}) {
    EXPECT_THAT(ParseLogLevel(text), kRefused) << text;
  }
}

TEST(ParseAddress, TakesNumbersOnly) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "::", "::1"}) {
    EXPECT_THAT(ParseAddress(text), Succeeds()) << text;
  }
  for (const char* text : {"", "localhost", "127.1", "1.2.3.256", "[::1]"}) {
    EXPECT_THAT(ParseAddress(text), kRefused) << text;
  }
}

TEST(EditDistance, CountsSingleChanges) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestName, FindsAMisspeltNameAndNoUnrelatedOne) {
  constexpr std::array<std::string_view, 2> kNames = {"memory", "vcpus"};
  EXPECT_EQ(NearestName("memroy", kNames), "memory");
  EXPECT_EQ(NearestName("firmware", kNames), "");
}

}  // namespace
}  // namespace cocos::config
