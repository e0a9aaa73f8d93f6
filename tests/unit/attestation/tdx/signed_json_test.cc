#include "attestation/tdx/signed_json.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

const std::string kSignature = std::string(64, 'a') + std::string(64, 'B');

std::string Envelope(const std::string& object) {
  return "{\"tcbInfo\":" + object + ",\"signature\":\"" + kSignature + "\"}";
}

Result<SignedJson> Cut(const std::string& text) {
  return CutSignedJson(crypto::BytesOf(text), "tcbInfo");
}

// What would be signed.
std::string ObjectOf(const std::string& text) {
  const Result<SignedJson> json = CutSignedJson(crypto::BytesOf(text), "tcbInfo");
  if (!json) return json.error().message();
  return {reinterpret_cast<const char*>(json->object.data()), json->object.size()};
}

TEST(TdxSignedJson, CutsExactlyTheObject) {
  for (const std::string object :
       {"{}", "{\"a\":1}", "{\"a\":{\"b\":[{},{}]}}", "{ \"a\" : 1 }", "{\"a\":\"}\"}",
        "{\"a\":\"\\\"}\"}", "{\"a\":\"\\\\\"}", "{\"signature\":\"x\"}", "{\"tcbInfo\":{}}"}) {
    EXPECT_EQ(ObjectOf(Envelope(object)), object);
  }
}

TEST(TdxSignedJson, ReadsTheSignatureInEitherCase) {
  const std::string text = Envelope("{}");
  const Result<SignedJson> json = Cut(text);

  ASSERT_THAT(json, Succeeds());
  EXPECT_EQ(json->signature.r, std::vector<std::byte>(32, std::byte{0xaa}));
  EXPECT_EQ(json->signature.s, std::vector<std::byte>(32, std::byte{0xbb}));
}

TEST(TdxSignedJson, AcceptsWhiteSpaceAroundAndMembersInEitherOrder) {
  EXPECT_EQ(
      ObjectOf(" {\n\"signature\" : \"" + kSignature + "\" ,\r\n\t\"tcbInfo\": {\"a\": 1} }\n"),
      "{\"a\": 1}");
}

TEST(TdxSignedJson, RefusesAMemberThatIsThereTwice) {
  EXPECT_THAT(Cut("{\"tcbInfo\":{},\"tcbInfo\":{},\"signature\":\"" + kSignature + "\"}"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  EXPECT_THAT(Cut("{\"tcbInfo\":{},\"signature\":\"" + kSignature + "\",\"signature\":\"" +
                  kSignature + "\"}"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST(TdxSignedJson, RefusesOtherMembersAndSpellings) {
  const std::string rest = ",\"signature\":\"" + kSignature + "\"}";
  EXPECT_THAT(Cut("{\"tcbInfo\":{}" + rest), Succeeds());
  EXPECT_THAT(Cut("{\"x\":{},\"tcbInfo\":{}" + rest), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut("{\"enclaveIdentity\":{}" + rest), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut("{\"\\u0074cbInfo\":{}" + rest), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut("{\"TcbInfo\":{}" + rest), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxSignedJson, RefusesAMissingMember) {
  EXPECT_THAT(Cut("{\"tcbInfo\":{}}"), FailsWith(ErrorCode::kMalformed, HasSubstr("two members")));
  EXPECT_THAT(Cut("{\"signature\":\"" + kSignature + "\"}"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut("{}"), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxSignedJson, RefusesValuesOfOtherTypes) {
  for (const std::string value : {"[]", "1", "\"{}\"", "null", "", "{]", "{\"a\":[}]}", "{\"a"}) {
    EXPECT_THAT(Cut(Envelope(value)), FailsWith(ErrorCode::kMalformed)) << value;
  }
}

TEST(TdxSignedJson, RefusesOtherSignatures) {
  const auto with = [](const std::string& value) {
    return Cut("{\"tcbInfo\":{},\"signature\":" + value + "}");
  };
  EXPECT_THAT(with("\"" + kSignature + "\""), Succeeds());
  EXPECT_THAT(with("\"" + kSignature.substr(2) + "\""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with("\"" + kSignature + "00\""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with("\"" + kSignature.substr(1) + "g\""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with("\"\\u0061" + kSignature.substr(1) + "\""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(with("{}"), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxSignedJson, RefusesAnythingBehindOrBefore) {
  const std::string good = Envelope("{}");
  EXPECT_THAT(Cut(good + " \n"), Succeeds());
  EXPECT_THAT(Cut(good + "x"), FailsWith(ErrorCode::kMalformed, HasSubstr("behind")));
  EXPECT_THAT(Cut(good + good), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut("x" + good), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut(good + std::string(1, '\0')), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxSignedJson, RefusesATrailingComma) {
  std::string text = Envelope("{}");
  text.insert(text.size() - 1, ",");
  EXPECT_THAT(Cut(text), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxSignedJson, BoundsNesting) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 1; i < depth; ++i) text += "{\"a\":";
    return Envelope(text + "{}" + std::string(depth - 1, '}'));
  };
  EXPECT_THAT(Cut(nested(16)), Succeeds());
  EXPECT_THAT(Cut(nested(17)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Cut(nested(20000)), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxSignedJson, BoundsSize) {
  const std::size_t around = Envelope("{}").size();
  const std::size_t cap = 256UL * 1024;
  EXPECT_THAT(Cut(Envelope("{" + std::string(cap - around, ' ') + "}")), Succeeds());
  EXPECT_THAT(Cut(Envelope("{" + std::string(cap - around + 1, ' ') + "}")),
              FailsWith(ErrorCode::kMalformed, HasSubstr("256 KiB")));
}

TEST(TdxSignedJson, RefusesEveryShorterText) {
  const std::string whole = Envelope("{\"a\":[1,\"b\"]}");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_THAT(Cut(whole.substr(0, size)), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
