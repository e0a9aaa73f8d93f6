#include "attestation/policy/pcr_values.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/result_matchers.h"

namespace cocos::attestation::policy {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using ::testing::HasSubstr;
using vtpm::PcrValues;

constexpr auto kSha1 = DigestAlgorithm::kSha1;
constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

std::vector<std::byte> Filled(std::size_t size, unsigned octet) {
  return std::vector<std::byte>(size, static_cast<std::byte>(octet));
}

std::string HexOf(std::size_t size, char digit) { return std::string(2 * size, digit); }

std::string OneValue(std::string_view bank, std::string_view index, std::string_view value) {
  return fmt::format(R"({{"pcr_values":{{"{}":{{"{}":{}}}}}}})", bank, index, value);
}

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

TEST(PcrFileRead, ReadsBanksAndSkipsNull) {
  const auto values = ReadPcrFile(
      fmt::format(R"({{"pcr_values": {{"sha256": {{"0": "{}", "23": "{}"}}, "sha384": null,)"
                  R"( "sha1": {{"7": "{}"}}}}}})",
                  HexOf(32, 'a'), HexOf(32, '0'), HexOf(20, '1')));

  ASSERT_THAT(values, Succeeds());
  EXPECT_EQ(*values, (PcrValues{{kSha1, {{7, Filled(20, 0x11)}}},
                                {kSha256, {{0, Filled(32, 0xaa)}, {23, Filled(32, 0)}}}}));
}

TEST(PcrFileRead, AcceptsUpperCaseDigits) {
  EXPECT_EQ(ReadPcrFile(OneValue("sha256", "0", Quoted(HexOf(32, 'A')))).value(),
            (PcrValues{{kSha256, {{0, Filled(32, 0xaa)}}}}));
}

TEST(PcrFileRead, RejectsValuesOfAnotherLength) {
  for (const std::size_t size : {0U, 20U, 31U, 33U, 48U}) {
    EXPECT_THAT(
        ReadPcrFile(OneValue("sha256", "4", Quoted(HexOf(size, 'a')))),
        FailsWith(ErrorCode::kMalformed,
                  fmt::format("PCR values: 1:30: pcr_values.sha256.4: {} bytes, want 32", size)))
        << size;
  }
}

TEST(PcrFileRead, RejectsValuesThatAreNotHexadecimal) {
  for (const std::string& value :
       {Quoted(HexOf(32, 'g')), Quoted("0x" + HexOf(31, 'a')), Quoted(HexOf(32, 'a') + " "),
        std::string("1"), std::string("null"), std::string("[]")}) {
    EXPECT_THAT(ReadPcrFile(OneValue("sha256", "0", value)), FailsWith(ErrorCode::kMalformed))
        << value;
  }
}

TEST(PcrFileRead, RejectsIndexesThatAreNoPcr) {
  for (const char* index :
       {"24", "-1", "+1", "01", "", " 1", "1 ", "0x1", "1.0", "a", "99999999999999999999"}) {
    EXPECT_THAT(ReadPcrFile(OneValue("sha256", index, Quoted(HexOf(32, 'a')))),
                FailsWith(ErrorCode::kMalformed))
        << index;
  }
}

TEST(PcrFileRead, RejectsUnknownBanks) {
  for (const char* bank : {"SHA256", "sha-256", "sha3-256", "sm3", ""}) {
    EXPECT_THAT(ReadPcrFile(OneValue(bank, "0", Quoted(HexOf(32, 'a')))),
                FailsWith(ErrorCode::kMalformed, HasSubstr("unknown key")))
        << bank;
  }
}

TEST(PcrFileRead, RejectsAKeyThatOccursTwice) {
  const std::string value = Quoted(HexOf(32, 'a'));
  EXPECT_THAT(
      ReadPcrFile(fmt::format(R"({{"pcr_values":{{"sha256":{{"0":{},"0":{}}}}}}})", value, value)),
      FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  EXPECT_THAT(
      ReadPcrFile(fmt::format(R"({{"pcr_values":{{"sha256":{{"0":{}}},"sha256":null}}}})", value)),
      FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST(PcrFileRead, RejectsFilesOfAnotherShape) {
  for (const char* text :
       {"", "null", "[]", "{}", R"({"pcr_values":null})", R"({"pcr_values":[]})", R"({"pcrs":{}})",
        R"({"pcr_values":{"sha256":[]}})", R"({"pcr_values":{"sha256":""}})",
        R"({"pcr_values":{}} x)", "{\"pcr_values\":"}) {
    EXPECT_THAT(ReadPcrFile(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(PcrFileRead, RejectsOtherKeysBesideTheValues) {
  const std::string good = OneValue("sha256", "0", Quoted(HexOf(32, 'a')));
  ASSERT_THAT(ReadPcrFile(good), Succeeds());
  EXPECT_THAT(ReadPcrFile("{\"policy\":{}," + good.substr(1)), FailsWith(ErrorCode::kMalformed));
}

TEST(PcrFileRead, RejectsAFileThatExpectsNothing) {
  for (const char* text : {R"({"pcr_values":{}})", R"({"pcr_values":{"sha256":null}})",
                           R"({"pcr_values":{"sha256":{}}})"}) {
    EXPECT_THAT(ReadPcrFile(text), FailsWith(ErrorCode::kMalformed, HasSubstr("no value"))) << text;
  }
}

TEST(PcrFileRead, RejectsAFileThatIsTooLargeOrTooDeep) {
  const std::string good = OneValue("sha256", "0", Quoted(HexOf(32, 'a')));
  EXPECT_THAT(ReadPcrFile(good + std::string(65536 - good.size(), ' ')), Succeeds());
  EXPECT_THAT(ReadPcrFile(good + std::string(65537 - good.size(), ' ')),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadPcrFile(std::string(30000, '[') + std::string(30000, ']')),
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
      values[bank][index] = Filled(crypto::DigestSize(bank), index);
    }
  }
  EXPECT_EQ(ReadPcrFile(WritePcrFile(values)).value(), values);
}

TEST(PcrFileWrite, LeavesOutBanksThatReadersDoNotKnow) {
  const PcrValues values = {{kSha256, {{0, Filled(32, 1)}}},
                            {DigestAlgorithm::kSha3_256, {{0, Filled(32, 1)}}}};
  EXPECT_THAT(WritePcrFile(values), ::testing::Not(HasSubstr("sha3-256")));
}

}  // namespace
}  // namespace cocos::attestation::policy
