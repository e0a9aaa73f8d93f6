// Tokens, and the JSON under them.
#include "attestation/evidence/eat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/evidence/json_object.h"
#include "crypto/digest.h"
#include "samples.h"
#include "support/result_matchers.h"

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;
using cbor::MapEncoder;
using ::testing::HasSubstr;

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

void ExpectLabels(const EatToken& token) {
  EXPECT_EQ(token.labels.platform, AgentPlatform::kTdx);
  EXPECT_EQ(token.labels.issuer, "issuer");
  EXPECT_EQ(token.labels.issued_at, 1000);
  EXPECT_EQ(token.labels.expires_at, 1300);
  EXPECT_EQ(token.labels.nonce, Filled(32, 9));
  EXPECT_EQ(token.raw_report, FromText("report"));
}

TEST(EatCbor, GivesLabelsAndReport) {
  const Result<EatToken> token = ParseEatCbor(CborToken("TDX", FromText("report")));

  ASSERT_THAT(token, Succeeds());
  ExpectLabels(*token);
}

// The claims that must be there, to which a test adds others.
MapEncoder RequiredClaims() {
  MapEncoder claims;
  claims.Add(10, cbor::EncodeBytes(Filled(8)));
  claims.Add("platform_type", cbor::EncodeText("TDX"));
  claims.Add("raw_report", cbor::EncodeBytes(FromText("report")));
  return claims;
}

Result<EatToken> ParseClaims(const MapEncoder& claims) {
  return ParseEatCbor(
      cbor::EncodeCoseSign1(FromHex("a10126"), MapEncoder().Encode(), claims.Encode(), Filled(64)));
}

TEST(EatCbor, NeedsNoOtherLabels) {
  const Result<EatToken> token = ParseClaims(RequiredClaims());

  ASSERT_THAT(token, Succeeds());
  EXPECT_FALSE(token->labels.issued_at || token->labels.expires_at);
  EXPECT_TRUE(token->labels.issuer.empty());
}

TEST(EatCbor, RefusesTokensWithoutNoncePlatformOrReport) {
  const auto nonce = cbor::EncodeBytes(Filled(8));
  const auto platform = cbor::EncodeText("TDX");
  const auto report = cbor::EncodeBytes(FromText("report"));
  EXPECT_THAT(ParseClaims(MapEncoder().Add(10, nonce).Add("platform_type", platform)),
              Refused("no claim raw_report"));
  EXPECT_THAT(ParseClaims(MapEncoder().Add(10, nonce).Add("raw_report", report)),
              Refused("no claim platform_type"));
  EXPECT_THAT(ParseClaims(MapEncoder().Add("platform_type", platform).Add("raw_report", report)),
              Refused("no claim 10"));
}

TEST(EatCbor, TakesNoncesOfEightTo64Bytes) {
  const auto with_nonce = [](std::size_t size) {
    return ParseClaims(MapEncoder()
                           .Add(10, cbor::EncodeBytes(Filled(size)))
                           .Add("platform_type", cbor::EncodeText("TDX"))
                           .Add("raw_report", cbor::EncodeBytes(FromText("report"))));
  };
  EXPECT_THAT(with_nonce(7), Refused("nonce of 7"));
  EXPECT_THAT(with_nonce(8), Succeeds());
  EXPECT_THAT(with_nonce(64), Succeeds());
  EXPECT_THAT(with_nonce(65), Refused("nonce of 65"));
}

TEST(EatCbor, RefusesKnownClaimsOfAnotherType) {
  const auto text = cbor::EncodeText("x");
  for (const std::int64_t key : {4, 6, 256, 258, 259, 262, 263, 265, 266}) {
    EXPECT_THAT(ParseClaims(RequiredClaims().Add(key, text)), FailsWith(ErrorCode::kMalformed))
        << key;
  }
  EXPECT_THAT(ParseClaims(RequiredClaims().Add(1, cbor::EncodeInteger(1))), Refused("text string"));
}

TEST(EatCbor, AllowsNullForTwoClaimsAlone) {
  EXPECT_THAT(ParseClaims(RequiredClaims().Add(256, cbor::EncodeNull())), Succeeds());
  EXPECT_THAT(ParseClaims(RequiredClaims().Add(265, cbor::EncodeNull())), Succeeds());
  EXPECT_THAT(ParseClaims(RequiredClaims().Add(259, cbor::EncodeNull())), Refused("claim 259"));
}

TEST(EatCbor, LeavesOtherClaimsAlone) {
  EXPECT_THAT(ParseClaims(RequiredClaims().Add("x-other", MapEncoder().Encode())), Succeeds());
  EXPECT_THAT(ParseClaims(RequiredClaims().Add("RAW_REPORT", cbor::EncodeNull())),
              Refused("twice"));
}

TEST(EatCbor, RefusesOtherHeaders) {
  const auto with_headers = [](const MapEncoder& header, const MapEncoder& unprotected) {
    return ParseEatCbor(cbor::EncodeCoseSign1(header.Encode(), unprotected.Encode(),
                                              RequiredClaims().Encode(), Filled(64)));
  };
  const MapEncoder algorithm = MapEncoder().Add(1, cbor::EncodeInteger(-7));
  EXPECT_THAT(with_headers(algorithm, {}), Succeeds());
  EXPECT_THAT(with_headers(MapEncoder(algorithm).Add(3, cbor::EncodeText("x")), {}),
              Refused("2 protected headers"));
  EXPECT_THAT(with_headers(algorithm, MapEncoder().Add(33, cbor::EncodeBytes({}))),
              Refused("other than the key id"));
  EXPECT_THAT(with_headers(algorithm, MapEncoder().Add(4, cbor::EncodeText("x"))),
              Refused("key id"));
}

TEST(EatPlatform, KnowsSixNamesAsTheyAreWritten) {
  for (const auto* name : {"SNP", "SNP-vTPM", "vTPM", "TDX", "Azure", "NoCC"}) {
    const Result<AgentPlatform> platform = ParseAgentPlatform(name);
    ASSERT_THAT(platform, Succeeds());
    EXPECT_EQ(AgentPlatformName(*platform), name);
  }
  for (const auto* name : {"", "snp", "SGX", "SNP ", "unknown"}) {
    EXPECT_THAT(ParseAgentPlatform(name), Refused("unknown platform")) << name;
  }
}

Result<EatToken> ParseJwt(const std::string& token) { return ParseEatJwt(crypto::BytesOf(token)); }

std::string GoodClaims() { return JwtClaims("TDX", FromText("report")); }

TEST(EatJwt, GivesLabelsAndReport) {
  const Result<EatToken> token = ParseJwt(JwtToken(kJwtHeader, GoodClaims()));

  ASSERT_THAT(token, Succeeds());
  ExpectLabels(*token);
}

TEST(EatJwt, RefusesOtherThanThreeParts) {
  const std::string token = JwtToken(kJwtHeader, GoodClaims());
  EXPECT_THAT(ParseJwt(token.substr(0, token.rfind('.'))), Refused("three parts"));
  EXPECT_THAT(ParseJwt(token + "."), Refused("three parts"));
  EXPECT_THAT(ParseJwt(""), Refused("three parts"));
  EXPECT_THAT(ParseJwt(".."), Refused("token header"));
}

TEST(EatJwt, RefusesAnotherSpellingOfAPart) {
  const std::string token = JwtToken(kJwtHeader, GoodClaims());
  EXPECT_THAT(ParseJwt(token + "="), Refused("token signature"));
  EXPECT_THAT(ParseJwt(token + "\n"), Refused("token signature"));
  std::string standard = token;
  ASSERT_NE(standard.find_first_of("-_", standard.rfind('.')), std::string::npos);
  standard[standard.find_first_of("-_", standard.rfind('.'))] = '+';
  EXPECT_THAT(ParseJwt(standard), Refused("not base64url"));
}

TEST(EatJwt, RefusesEveryOtherHeader) {
  for (const auto* header :
       {R"({"alg":"none","typ":"JWT"})", R"({"alg":"ES384","typ":"JWT"})", R"({"alg":"ES256"})",
        R"({"alg":"ES256","typ":"JWT","kid":"x"})", R"({"alg":"ES256","typ":"jwt"})",
        R"({"alg":256,"typ":"JWT"})", R"({})", R"([])", R"(null)", ""}) {
    EXPECT_THAT(ParseJwt(JwtToken(header, GoodClaims())), Refused("token header")) << header;
  }
}

TEST(EatJwt, RefusesASignatureOfAnotherSize) {
  for (const std::size_t size : {0u, 63u, 65u}) {
    EXPECT_THAT(ParseJwt(JwtToken(kJwtHeader, GoodClaims(), size)), Refused("signature of"));
  }
}

// One claim's text put in place of another.
std::string Replaced(std::string claims, std::string_view from, std::string_view to) {
  const std::size_t place = claims.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return claims.replace(place, from.size(), to);
}

Result<EatToken> WithClaim(std::string_view from, std::string_view to) {
  return ParseJwt(JwtToken(kJwtHeader, Replaced(GoodClaims(), from, to)));
}

TEST(EatJwt, RefusesClaimsOfAnotherTypeOrMissing) {
  EXPECT_THAT(WithClaim("\"iat\":1000", "\"iat\":\"1000\""), Refused("iat is no integer"));
  EXPECT_THAT(WithClaim("\"exp\":1300", "\"exp\":1300.5"), Refused("exp is no integer"));
  EXPECT_THAT(WithClaim("\"exp\":1300", "\"exp\":18446744073709551615"), Refused("no integer"));
  EXPECT_THAT(WithClaim("\"issuer\"", "null"), Refused("iss is no text"));
  EXPECT_THAT(WithClaim("\"TDX\"", "\"SGX\""), Refused("unknown platform"));
  EXPECT_THAT(WithClaim("\"platform_type\"", "\"platform\""), Refused("no claim platform_type"));
  EXPECT_THAT(WithClaim("\"eat_nonce\"", "\"nonce\""), Refused("no claim eat_nonce"));
  EXPECT_THAT(WithClaim("\"raw_report\"", "\"report\""), Refused("no claim raw_report"));
  EXPECT_THAT(WithClaim("\"iat\":1000,", ""), Succeeds());
}

TEST(EatJwt, TakesBytesInStandardBase64Alone) {
  EXPECT_THAT(WithClaim("cmVwb3J0", "cmVwb3I="), Succeeds());
  EXPECT_THAT(WithClaim("cmVwb3J0", "cmVwb3I"), Refused("raw_report"));
  EXPECT_THAT(WithClaim("cmVwb3J0", "cmVwb3J="), Refused("raw_report"));
  EXPECT_THAT(WithClaim("cmVwb3J0", "cm_wb3J0"), Refused("raw_report"));
  EXPECT_THAT(WithClaim("cmVwb3J0", ""), Refused("raw report is empty"));
}

TEST(EatJwt, RefusesAClaimTwice) {
  EXPECT_THAT(WithClaim("{", R"({"raw_report":"",)"), Refused("a key twice"));
  EXPECT_THAT(WithClaim("{", R"({"Raw_Report":"",)"), Refused("a key twice"));
  EXPECT_THAT(WithClaim("{", R"({"x":{"a":1,"A":2},)"), Refused("a key twice"));
  EXPECT_THAT(WithClaim("{", R"({"x":{"a":1,"b":2},)"), Succeeds());
}

TEST(JsonObject, GivesTextIntegersAndThatThereWasSomething) {
  const Result<JsonObject> object =
      ParseJsonObject(R"({"t":"a\u00e9\n","i":-5,"n":null,"b":true,"f":1.5,"o":{},"a":[1]})", "x");

  ASSERT_THAT(object, Succeeds());
  EXPECT_EQ(object->size(), 7u);
  EXPECT_EQ(std::get<std::string>(object->at("t")), "a\xc3\xa9\n");
  EXPECT_EQ(std::get<std::int64_t>(object->at("i")), -5);
  for (const auto* other : {"n", "b", "f", "o", "a"}) {
    EXPECT_TRUE(std::holds_alternative<OtherJson>(object->at(other))) << other;
  }
}

TEST(JsonObject, KeepsMembersOfInnerObjectsOut) {
  const Result<JsonObject> object = ParseJsonObject(R"({"a":{"b":"inner"},"c":["x"]})", "x");

  ASSERT_THAT(object, Succeeds());
  EXPECT_FALSE(object->contains("b"));
  EXPECT_EQ(object->size(), 2u);
}

TEST(JsonObject, RefusesWhatIsNotExactlyOneObject) {
  EXPECT_THAT(ParseJsonObject("{}", "x"), Succeeds());
  for (const auto* text : {"", "[]", "1", "\"a\"", " {}", "{} x", "{}{}", "{", "{\"a\"}",
                           "{\"a\":}", "{\"a\":1,}", "{'a':1}", "\xef\xbb\xbf{}", "{\"a\":1}\x01",
                           "{\"a\":\"\xff\"}", "{\"a\":NaN}", "{\"a\":01}", "{/**/}"}) {
    EXPECT_THAT(ParseJsonObject(text, "x"), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

std::string Nested(int depth) {
  std::string text = "{\"a\":";
  for (int i = 1; i < depth; ++i) text += "[";
  for (int i = 1; i < depth; ++i) text += "]";
  return text + "}";
}

TEST(JsonObject, BoundsDepthAndEntries) {
  EXPECT_THAT(ParseJsonObject(Nested(8), "x"), Succeeds());
  EXPECT_THAT(ParseJsonObject(Nested(9), "x"), Refused("nested deeper"));
  EXPECT_THAT(ParseJsonObject(Nested(200000), "x"), Refused("nested deeper"));
  std::string list = "0";
  for (int i = 1; i < 256; ++i) list += ",0";
  EXPECT_THAT(ParseJsonObject("{\"a\":[" + list + "]}", "x"), Succeeds());
  EXPECT_THAT(ParseJsonObject("{\"a\":[" + list + ",0]}", "x"), Refused("more entries"));
}

TEST(JsonObject, RefusesKeysOutsideOfAscii) {
  EXPECT_THAT(ParseJsonObject("{\"\xc3\xa9\":1}", "x"), Refused("ASCII"));
  EXPECT_THAT(ParseJsonObject(R"({"\u0000":1})", "x"), Refused("ASCII"));
  EXPECT_THAT(ParseJsonObject(R"({"a":1,"\u0061":1})", "x"), Refused("a key twice"));
}

}  // namespace
}  // namespace cocos::attestation
