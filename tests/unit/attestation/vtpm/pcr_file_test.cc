#include "attestation/vtpm/pcr_file.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Filled;
using ::testing::HasSubstr;

constexpr auto kSha1 = DigestAlgorithm::kSha1;
constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

std::string HexOf(std::size_t size, char digit) { return std::string(2 * size, digit); }

std::string OneValue(std::string_view bank, std::string_view index, std::string_view value) {
  return fmt::format(R"({{"pcr_values":{{"{}":{{"{}":{}}}}}}})", bank, index, value);
}

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

TEST(PcrFileParse, ReadsBanksAndSkipsNull) {
  const auto values = ParsePcrFile(
      fmt::format(R"({{"pcr_values": {{"sha256": {{"0": "{}", "23": "{}"}}, "sha384": null,)"
                  R"( "sha1": {{"7": "{}"}}}}}})",
                  HexOf(32, 'a'), HexOf(32, '0'), HexOf(20, '1')));

  ASSERT_THAT(values, Succeeds());
  EXPECT_EQ(*values, (PcrValues{{kSha1, {{7, Filled(20, 0x11)}}},
                                {kSha256, {{0, Filled(32, 0xaa)}, {23, Filled(32, 0)}}}}));
}

TEST(PcrFileParse, AcceptsUpperCaseDigits) {
  EXPECT_EQ(ParsePcrFile(OneValue("sha256", "0", Quoted(HexOf(32, 'A')))).value(),
            (PcrValues{{kSha256, {{0, Filled(32, 0xaa)}}}}));
}

TEST(PcrFileParse, RejectsValuesOfAnotherLength) {
  for (const std::size_t size : {0U, 20U, 31U, 33U, 48U}) {
    EXPECT_THAT(ParsePcrFile(OneValue("sha256", "4", Quoted(HexOf(size, 'a')))),
                FailsWith(ErrorCode::kMalformed, HasSubstr("bank \"sha256\": PCR 4")))
        << size;
  }
}

TEST(PcrFileParse, RejectsValuesThatAreNotHexadecimal) {
  for (const std::string& value :
       {Quoted(HexOf(32, 'g')), Quoted("0x" + HexOf(31, 'a')), Quoted(HexOf(32, 'a') + " "),
        std::string("1"), std::string("null"), std::string("[]")}) {
    EXPECT_THAT(ParsePcrFile(OneValue("sha256", "0", value)), FailsWith(ErrorCode::kMalformed))
        << value;
  }
}

TEST(PcrFileParse, RejectsIndexesThatAreNoPcr) {
  for (const char* index :
       {"24", "-1", "+1", "01", "", " 1", "1 ", "0x1", "1.0", "a", "99999999999999999999"}) {
    EXPECT_THAT(ParsePcrFile(OneValue("sha256", index, Quoted(HexOf(32, 'a')))),
                FailsWith(ErrorCode::kMalformed))
        << index;
  }
}

TEST(PcrFileParse, RejectsUnknownBanks) {
  for (const char* bank : {"SHA256", "sha-256", "sha3-256", "sm3", ""}) {
    EXPECT_THAT(ParsePcrFile(OneValue(bank, "0", Quoted(HexOf(32, 'a')))),
                FailsWith(ErrorCode::kMalformed, HasSubstr("unknown bank")))
        << bank;
  }
}

TEST(PcrFileParse, RejectsAKeyThatOccursTwice) {
  const std::string value = Quoted(HexOf(32, 'a'));
  EXPECT_THAT(
      ParsePcrFile(fmt::format(R"({{"pcr_values":{{"sha256":{{"0":{},"0":{}}}}}}})", value, value)),
      FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  EXPECT_THAT(
      ParsePcrFile(fmt::format(R"({{"pcr_values":{{"sha256":{{"0":{}}},"sha256":null}}}})", value)),
      FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST(PcrFileParse, RejectsFilesOfAnotherShape) {
  for (const char* text :
       {"", "null", "[]", "{}", R"({"pcr_values":null})", R"({"pcr_values":[]})", R"({"pcrs":{}})",
        R"({"pcr_values":{"sha256":[]}})", R"({"pcr_values":{"sha256":""}})",
        R"({"pcr_values":{}} x)", "{\"pcr_values\":"}) {
    EXPECT_THAT(ParsePcrFile(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(PcrFileParse, RejectsOtherKeysBesideTheValues) {
  const std::string good = OneValue("sha256", "0", Quoted(HexOf(32, 'a')));
  ASSERT_THAT(ParsePcrFile(good), Succeeds());
  EXPECT_THAT(ParsePcrFile("{\"policy\":{}," + good.substr(1)), FailsWith(ErrorCode::kMalformed));
}

TEST(PcrFileParse, RejectsAFileThatExpectsNothing) {
  for (const char* text : {R"({"pcr_values":{}})", R"({"pcr_values":{"sha256":null}})",
                           R"({"pcr_values":{"sha256":{}}})"}) {
    EXPECT_THAT(ParsePcrFile(text), FailsWith(ErrorCode::kMalformed, HasSubstr("no value")))
        << text;
  }
}

TEST(PcrFileParse, RejectsAFileThatIsTooLargeOrTooDeep) {
  const std::string good = OneValue("sha256", "0", Quoted(HexOf(32, 'a')));
  EXPECT_THAT(ParsePcrFile(good + std::string(65536 - good.size(), ' ')), Succeeds());
  EXPECT_THAT(ParsePcrFile(good + std::string(65537 - good.size(), ' ')),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParsePcrFile(std::string(30000, '[') + std::string(30000, ']')),
              FailsWith(ErrorCode::kMalformed, HasSubstr("deep")));
}

TEST(PcrFileWrite, WritesIndexesInOrderAndAbsentBanksAsNull) {
  const PcrValues values = {{kSha256, {{10, Filled(32, 0xab)}, {2, Filled(32, 0xcd)}}}};

  EXPECT_EQ(WritePcrFile(values),
            "{\n  \"pcr_values\": {\n    \"sha256\": {\n      \"2\": \"" +
                crypto::HexEncode(Filled(32, 0xcd)) + "\",\n      \"10\": \"" +
                crypto::HexEncode(Filled(32, 0xab)) + "\"\n    },\n    \"sha384\": null\n  }\n}\n");
}

TEST(PcrFileWrite, ReadsBackTheSame) {
  PcrValues values;
  for (const auto bank : {kSha1, kSha256, kSha384, DigestAlgorithm::kSha512}) {
    for (unsigned index = 0; index < 24; ++index) {
      values[bank][index] = testing::PcrValue(bank, index);
    }
  }
  EXPECT_EQ(ParsePcrFile(WritePcrFile(values)).value(), values);
}

TEST(PcrFileWrite, LeavesOutBanksThatReadersDoNotKnow) {
  const PcrValues values = {{kSha256, {{0, Filled(32, 1)}}},
                            {DigestAlgorithm::kSha3_256, {{0, Filled(32, 1)}}}};
  EXPECT_THAT(WritePcrFile(values), ::testing::Not(HasSubstr("sha3-256")));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
