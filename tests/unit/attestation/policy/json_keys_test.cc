// Each field of upstream's JSON forms: both spellings, the values it takes, the nearest it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/upstream_json.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Camel(std::string name) {
  for (std::size_t at = name.find('_'); at != std::string::npos; at = name.find('_', at)) {
    name.erase(at, 1);
    name[at] = static_cast<char>(std::toupper(name[at]));
  }
  return name;
}

enum class Part { kSnp, kSnpRoot, kHeader, kBody, kTdxRoot };

// A document in which this part has these members; the debug profile.
Result<ReadJsonPolicy> ReadPart(Part part, const std::string& members) {
  const auto snp = [](const std::string& text) { return ReadSnpJson(text, Profile::kDebug); };
  const auto tdx = [](const std::string& text) { return ReadTdxJson(text, Profile::kDebug); };
  switch (part) {
    case Part::kSnp:
      return snp(fmt::format(R"({{"policy": {{"policy": 196608{}{}}}}})",
                             members.empty() ? "" : ", ", members));
    case Part::kSnpRoot:
      return snp(R"({"policy": {"policy": 196608}, "root_of_trust": {)" + members + "}}");
    case Part::kHeader:
      return tdx(R"({"policy": {"header_policy": {)" + members + "}}}");
    case Part::kBody:
      return tdx(R"({"policy": {"td_quote_body_policy": {)" + members + "}}}");
    case Part::kTdxRoot:
      return tdx(R"({"root_of_trust": {)" + members + "}}");
  }
  return Fail(ErrorCode::kInternal, "no such part");
}

struct Field {
  Part part;
  std::string name;         // in snake_case
  std::uint64_t limit = 0;  // greatest number, or size in bytes
};

Result<ReadJsonPolicy> Read(const Field& field, const std::string& value) {
  return ReadPart(field.part, fmt::format("\"{}\": {}", field.name, value));
}

std::string TestName(const ::testing::TestParamInfo<Field>& info) {
  constexpr std::string_view kParts[] = {"snp", "snp_root", "header", "body", "tdx_root"};
  return fmt::format("{}_{}", kParts[static_cast<std::size_t>(info.param.part)], info.param.name);
}

// What holds of every field, whatever its value.
void ExpectBothSpellings(const Field& field, const std::string& good) {
  const Result<ReadJsonPolicy> snake = Read(field, good);
  const std::string camel = Camel(field.name);
  const Result<ReadJsonPolicy> other = ReadPart(field.part, fmt::format("\"{}\": {}", camel, good));
  ASSERT_THAT(snake, Succeeds());
  ASSERT_THAT(other, Succeeds());
  EXPECT_EQ(Describe(snake->policy), Describe(other->policy));
  EXPECT_THAT(snake->ignored, IsEmpty());
  EXPECT_THAT(other->ignored, IsEmpty());
  EXPECT_THAT(ReadPart(field.part, fmt::format("\"{0}\": {1}, \"{0}\": {1}", field.name, good)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("given twice")));
  if (camel == field.name) return;
  EXPECT_THAT(
      ReadPart(field.part, fmt::format("\"{}\": {}, \"{}\": {}", field.name, good, camel, good)),
      FailsWith(ErrorCode::kMalformed, HasSubstr(field.name + ": given twice")));
}

void ExpectNullIsAbsent(const Field& field) {
  EXPECT_EQ(Describe(Read(field, "null").value().policy),
            Describe(ReadPart(field.part, "").value().policy));
}

void ExpectRefuses(const Field& field, std::initializer_list<std::string> values) {
  for (const std::string& value : values) {
    EXPECT_THAT(Read(field, value), FailsWith(ErrorCode::kMalformed, HasSubstr(field.name + ":")))
        << value;
  }
}

class JsonFlags : public ::testing::TestWithParam<Field> {};

TEST_P(JsonFlags, TakeJsonsTruthValuesAlone) {
  const Field& field = GetParam();
  ExpectBothSpellings(field, "true");
  ExpectNullIsAbsent(field);
  EXPECT_NE(Describe(Read(field, "true")->policy), Describe(Read(field, "false")->policy));
  ExpectRefuses(field, {"\"true\"", "\"false\"", "1", "0", "[]", "[true]", "{}", "\"\""});
}

INSTANTIATE_TEST_SUITE_P(Upstream, JsonFlags,
                         ::testing::Values(Field{Part::kSnp, "permit_provisional_firmware"},
                                           Field{Part::kSnp, "require_author_key"},
                                           Field{Part::kSnp, "require_id_block"},
                                           Field{Part::kSnpRoot, "check_crl"},
                                           Field{Part::kBody, "enable_td_debug_check"},
                                           Field{Part::kTdxRoot, "check_crl"},
                                           Field{Part::kTdxRoot, "get_collateral"}),
                         TestName);

class JsonNumbers : public ::testing::TestWithParam<Field> {};

TEST_P(JsonNumbers, TakeTheRangeOfTheirField) {
  const Field& field = GetParam();
  ExpectBothSpellings(field, "1");
  ExpectBothSpellings(field, "\"1\"");
  ExpectNullIsAbsent(field);
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, field.limit - 1, field.limit}) {
    const std::string number = std::to_string(value);
    ASSERT_THAT(Read(field, number), Succeeds()) << value;
    EXPECT_EQ(Describe(Read(field, number)->policy),
              Describe(Read(field, "\"" + number + "\"")->policy));
  }
  EXPECT_NE(Describe(Read(field, "0")->policy), Describe(Read(field, "1")->policy));
  EXPECT_EQ(Describe(Read(field, "1")->policy), Describe(Read(field, "1.0")->policy));
  EXPECT_EQ(Describe(Read(field, "20")->policy), Describe(Read(field, "2e1")->policy));
}

TEST_P(JsonNumbers, RefuseWhatIsNoNumberOfTheirRange) {
  const Field& field = GetParam();
  const std::string above = std::to_string(field.limit + 1);
  ExpectRefuses(field, {above, "\"" + above + "\"", "-1", "\"-1\"", "1.5", "1e-1", "1e300", "true",
                        "[1]", "\"\"", "\" 1\"", "\"0x1\"", "\"one\""});
}

INSTANTIATE_TEST_SUITE_P(Upstream, JsonNumbers,
                         ::testing::Values(Field{Part::kSnp, "minimum_guest_svn", 0xffffffff},
                                           Field{Part::kSnp, "minimum_build", 255},
                                           Field{Part::kSnp, "vmpl", 0xffffffff},
                                           Field{Part::kHeader, "minimum_qe_svn", 65535},
                                           Field{Part::kHeader, "minimum_pce_svn", 65535}),
                         TestName);

std::string Base64(std::size_t bytes, unsigned octet = 0xfb) {
  return crypto::Base64Encode(std::vector<std::byte>(bytes, static_cast<std::byte>(octet)));
}
std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

class JsonBytesFields : public ::testing::TestWithParam<Field> {};

TEST_P(JsonBytesFields, TakeBase64OfTheirSizeAlone) {
  const Field& field = GetParam();
  ExpectBothSpellings(field, Quoted(Base64(field.limit)));
  ExpectNullIsAbsent(field);
  EXPECT_NE(Describe(Read(field, Quoted(Base64(field.limit)))->policy),
            Describe(Read(field, Quoted(Base64(field.limit, 0xfa)))->policy));
  for (const std::size_t wrong :
       {std::size_t{1}, field.limit - 1, field.limit + 1, 2 * field.limit}) {
    EXPECT_THAT(
        Read(field, Quoted(Base64(wrong))),
        FailsWith(ErrorCode::kMalformed,
                  HasSubstr(fmt::format("{}: {} bytes, want {}", field.name, wrong, field.limit))));
  }
}

TEST_P(JsonBytesFields, TakeTheUrlAlphabetAndNoPadding) {
  const Field& field = GetParam();
  std::string url = Base64(field.limit);
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  std::erase(url, '=');

  EXPECT_EQ(Describe(Read(field, Quoted(url)).value().policy),
            Describe(Read(field, Quoted(Base64(field.limit)))->policy));
}

TEST_P(JsonBytesFields, RefuseOtherTextsAndKinds) {
  const Field& field = GetParam();
  std::string foreign = Base64(field.limit);
  foreign[1] = '*';
  ExpectRefuses(field, {Quoted(foreign), Quoted(" " + Base64(field.limit)), "1", "true",
                        "[" + Quoted(Base64(field.limit)) + "]", "{}", "[251, 251]"});
}

INSTANTIATE_TEST_SUITE_P(
    Upstream, JsonBytesFields,
    ::testing::Values(Field{Part::kSnp, "family_id", 16}, Field{Part::kSnp, "image_id", 16},
                      Field{Part::kSnp, "report_data", 64}, Field{Part::kSnp, "measurement", 48},
                      Field{Part::kSnp, "host_data", 32}, Field{Part::kSnp, "report_id", 32},
                      Field{Part::kSnp, "report_id_ma", 32}, Field{Part::kSnp, "chip_id", 64},
                      Field{Part::kHeader, "qe_vendor_id", 16},
                      Field{Part::kBody, "minimum_tee_tcb_svn", 16},
                      Field{Part::kBody, "mr_seam", 48}, Field{Part::kBody, "td_attributes", 8},
                      Field{Part::kBody, "xfam", 8}, Field{Part::kBody, "mr_td", 48},
                      Field{Part::kBody, "mr_config_id", 48}, Field{Part::kBody, "mr_owner", 48},
                      Field{Part::kBody, "mr_owner_config", 48},
                      Field{Part::kBody, "report_data", 64}),
    TestName);

class JsonDigestLists : public ::testing::TestWithParam<Field> {};

TEST_P(JsonDigestLists, NameTheElementThatIsWrong) {
  const Field& field = GetParam();
  const std::string good = Quoted(Base64(48));
  ExpectBothSpellings(field, "[" + good + ", " + good + "]");
  EXPECT_EQ(Describe(Read(field, "[]")->policy), Describe(Read(field, "null")->policy));
  for (const std::string& bad : {Quoted(Base64(47)), Quoted(Base64(49)), std::string("1"),
                                 std::string("null"), std::string("[]"), Quoted("*")}) {
    EXPECT_THAT(Read(field, "[" + good + ", " + bad + "]"),
                FailsWith(ErrorCode::kMalformed, HasSubstr(field.name + "[1]: ")))
        << bad;
  }
  ExpectRefuses(field, {good, "{}", "true", "1"});
}

INSTANTIATE_TEST_SUITE_P(Upstream, JsonDigestLists,
                         ::testing::Values(Field{Part::kSnp, "trusted_author_key_hashes"},
                                           Field{Part::kSnp, "trusted_id_key_hashes"},
                                           Field{Part::kBody, "any_mr_td"}),
                         TestName);

}  // namespace
}  // namespace cocos::attestation::policy::testing
