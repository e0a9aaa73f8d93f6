#include "telemetry/json_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace cocos {
namespace {

using std::chrono::nanoseconds;
using std::chrono::system_clock;

system_clock::time_point At(std::chrono::seconds seconds, nanoseconds rest = nanoseconds(0)) {
  return system_clock::time_point(
      std::chrono::duration_cast<system_clock::duration>(seconds + rest));
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

// Sets TZ for the test.
class Zone : public ::testing::Test {
 protected:
  ~Zone() override { Set(nullptr); }
  static void Set(const char* zone) {
    if (zone == nullptr) {
      unsetenv("TZ");
    } else {
      setenv("TZ", zone, 1);
    }
    tzset();
  }
};

TEST_F(Zone, TimeCarriesNanosecondsAndZ) {
  Set("UTC0");
  EXPECT_EQ(FormatRfc3339Nano(At(std::chrono::seconds(1'700'000'000), nanoseconds(7))),
            "2023-11-14T22:13:20.000000007Z");
}

TEST_F(Zone, TimeCarriesTheLocalOffset) {
  Set("XYZ-05:30");
  EXPECT_EQ(FormatRfc3339Nano(At(std::chrono::seconds(0))), "1970-01-01T05:30:00.000000000+05:30");
  Set("XYZ+03:00");
  EXPECT_EQ(FormatRfc3339Nano(At(std::chrono::seconds(86'400))),
            "1970-01-01T21:00:00.000000000-03:00");
}

TEST_F(Zone, TimeBeforeTheEpochHasAPositiveFraction) {
  Set("UTC0");
  EXPECT_EQ(FormatRfc3339Nano(At(std::chrono::seconds(0), nanoseconds(-1))),
            "1969-12-31T23:59:59.999999999Z");
}

TEST_F(Zone, LineHasUpstreamsKeysThenAttributesInOrder) {
  Set("UTC0");
  EXPECT_EQ(
      FormatJsonLine(At(std::chrono::seconds(0)), LogLevel::kWarn, "hello",
                     {{"z", "1"}, {"a", "2"}}),
      R"({"time":"1970-01-01T00:00:00.000000000Z","level":"WARN","msg":"hello","z":"1","a":"2"})");
}

TEST(JsonString, EscapesWhatJsonRequires) {
  EXPECT_EQ(Quoted("a\"b\\c\n\r\t\x01\x1f"), R"("a\"b\\c\n\r\t\u0001\u001f")");
}

TEST(JsonString, EscapesNulBytes) {
  EXPECT_EQ(Quoted(std::string_view("a\0b", 3)), R"("a\u0000b")");
}

TEST(JsonString, KeepsWellFormedUtf8) {
  EXPECT_EQ(Quoted("\u00b5\u20ac\U0001F600"), "\"\u00b5\u20ac\U0001F600\"");
}

TEST(JsonString, ReplacesEachByteOfBrokenUtf8) {
  EXPECT_EQ(Quoted("a\xff"), "\"a\uFFFD\"");
  EXPECT_EQ(Quoted("\xc0\xaf"), "\"\uFFFD\uFFFD\"");                      // over-long
  EXPECT_EQ(Quoted("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");            // surrogate
  EXPECT_EQ(Quoted("\xf4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");  // beyond U+10FFFF
  EXPECT_EQ(Quoted("\xe2\x82"), "\"\uFFFD\uFFFD\"");                      // cut short
  EXPECT_EQ(Quoted("\xe2\x82z"), "\"\uFFFD\uFFFDz\"");
}

TEST(JsonString, IsValidJsonOnOneLineForAnyBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(round % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());

    const std::string quoted = Quoted(bytes);

    EXPECT_TRUE(nlohmann::json::accept(quoted)) << quoted;
    EXPECT_EQ(quoted.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace cocos
