// Tokens claim by claim, in both forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/evidence/eat.h"
#include "attestation/evidence/json_object.h"
#include "crypto/digest.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;
using cbor::Encoding;
using cbor::MapEncoder;

// One value of each type of CBOR that the reader knows.
const std::map<std::string, Encoding> kCborValues = {
    {"unsigned", cbor::EncodeInteger(1000)},
    {"negative", cbor::EncodeInteger(-1000)},
    {"bytes", cbor::EncodeBytes(Filled(8))},
    {"text", cbor::EncodeText("TDX")},
    {"array", cbor::EncodeArray({cbor::EncodeInteger(1)})},
    {"map", MapEncoder().Encode()},
    {"bool", cbor::EncodeBool(true)},
    {"null", cbor::EncodeNull()},
};

// Claims as they are keyed, so that a test replaces or removes one.
struct Claims {
  std::map<std::int64_t, Encoding> by_number = {{10, cbor::EncodeBytes(Filled(32, 9))}};
  std::map<std::string, Encoding> by_name = {{"platform_type", cbor::EncodeText("TDX")},
                                             {"raw_report", cbor::EncodeBytes(Filled(4, 1))}};
};

Bytes Token(const Claims& claims) {
  MapEncoder map;
  for (const auto& [key, value] : claims.by_number) map.Add(key, value);
  for (const auto& [key, value] : claims.by_name) map.Add(key, value);
  return cbor::EncodeCoseSign1(FromHex("a10126"), MapEncoder().Encode(), map.Encode(), Filled(64));
}

Result<EatToken> Parse(const Claims& claims) { return ParseEatCbor(Token(claims)); }

// Which types a numbered claim may have.
struct NumberedClaim {
  std::int64_t key;
  std::vector<std::string> types;
};

TEST(CborClaims, OfNumbersHaveTheirTypes) {
  const NumberedClaim claims[] = {
      {1, {"text"}},
      {4, {"unsigned", "negative"}},
      {6, {"unsigned", "negative"}},
      {10, {"bytes"}},
      {256, {"bytes", "null"}},
      {258, {"unsigned"}},
      {259, {"bytes"}},
      {262, {"unsigned"}},
      {263, {"unsigned"}},
      {265, {"bytes", "null"}},
      {266, {"map"}},
  };
  for (const NumberedClaim& claim : claims) {
    for (const auto& [type, value] : kCborValues) {
      Claims changed;
      changed.by_number[claim.key] = value;
      const bool fits = std::ranges::find(claim.types, type) != claim.types.end();
      EXPECT_EQ(Parse(changed).has_value(), fits) << claim.key << " as " << type;
    }
  }
}

TEST(CborClaims, OfNamesHaveTheirTypes) {
  for (const auto& [type, value] : kCborValues) {
    Claims changed;
    changed.by_name["platform_type"] = value;
    EXPECT_EQ(Parse(changed).has_value(), type == "text") << type;
    changed = {};
    changed.by_name["raw_report"] = value;
    EXPECT_EQ(Parse(changed).has_value(), type == "bytes") << type;
  }
}

TEST(CborClaims, OfOtherKeysMayHaveAnyType) {
  for (const auto& [type, value] : kCborValues) {
    for (const std::int64_t key : {2, 3, 5, 257, 260, 261, 264, 270, 271, -1}) {
      Claims changed;
      changed.by_number[key] = value;
      EXPECT_THAT(Parse(changed), Succeeds()) << key << " as " << type;
    }
    Claims changed;
    changed.by_name["x-cocos-sevsnp"] = value;
    EXPECT_THAT(Parse(changed), Succeeds()) << type;
  }
}

TEST(CborClaims, ErrorNamesTheClaimAndBothTypes) {
  Claims changed;
  changed.by_number[266] = cbor::EncodeText("x");
  EXPECT_THAT(Parse(changed), Malformed("token: claim 266 is a text string, want a map"));
}

TEST(CborClaims, OfTimeAreSecondsOfEitherSign) {
  for (const std::int64_t seconds :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40,
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    Claims changed;
    changed.by_number[6] = cbor::EncodeInteger(seconds);
    changed.by_number[4] = cbor::EncodeInteger(seconds);
    const auto token = Parse(changed);
    ASSERT_THAT(token, Succeeds()) << seconds;
    EXPECT_EQ(token->labels.issued_at, seconds);
    EXPECT_EQ(token->labels.expires_at, seconds);
  }
  Claims changed;
  changed.by_number[6] = cbor::EncodeUnsigned(std::uint64_t{1} << 63);
  EXPECT_FALSE(Parse(changed));
}

// Labels only: a token that is long expired still carries its report.
TEST(CborClaims, OfTimeDecideNothing) {
  Claims changed;
  changed.by_number[6] = cbor::EncodeInteger(2000);
  changed.by_number[4] = cbor::EncodeInteger(1000);
  EXPECT_THAT(Parse(changed), Succeeds());
}

TEST(CborClaims, OfNonceHaveEightTo64Bytes) {
  for (std::size_t size = 0; size <= 72; ++size) {
    Claims changed;
    changed.by_number[10] = cbor::EncodeBytes(Filled(size));
    const bool fits = size >= 8 && size <= 64;
    EXPECT_EQ(Parse(changed).has_value(), fits) << size;
  }
}

TEST(CborClaims, OfRawReportAreNotEmpty) {
  Claims changed;
  changed.by_name["raw_report"] = cbor::EncodeBytes({});
  EXPECT_THAT(Parse(changed), Malformed("token: raw report is empty"));
  changed.by_name["raw_report"] = cbor::EncodeBytes(Filled(1));
  EXPECT_THAT(Parse(changed), Succeeds());
}

TEST(CborClaims, AreAtMost256) {
  Claims many;
  for (std::int64_t key = 1000; many.by_number.size() + many.by_name.size() < 256; ++key) {
    many.by_number[key] = cbor::EncodeNull();
  }
  EXPECT_THAT(Parse(many), Succeeds());
  many.by_number[999] = cbor::EncodeNull();
  EXPECT_FALSE(Parse(many));
}

TEST(CborToken, HasNothingBehindItAndNoWrapping) {
  const Bytes token = Token({});
  EXPECT_THAT(ParseEatCbor(token), Succeeds());
  EXPECT_FALSE(ParseEatCbor(Joined({token, FromHex("00")})));
  EXPECT_FALSE(ParseEatCbor(Joined({FromHex("d83d"), token})));  // tag 61, CWT
  const Bytes untagged(token.begin() + 1, token.end());
  EXPECT_FALSE(ParseEatCbor(untagged));
}

TEST(CborToken, RefusesEveryTruncation) {
  const Bytes token = Token({});
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_THAT(ParseEatCbor(std::span(token).first(size)), Malformed("token")) << size;
  }
}

TEST(CborToken, HasASignatureOf64BytesThatNobodyChecks) {
  const Encoding claims = MapEncoder()
                              .Add(10, cbor::EncodeBytes(Filled(8)))
                              .Add("platform_type", cbor::EncodeText("SNP"))
                              .Add("raw_report", cbor::EncodeBytes(Filled(1)))
                              .Encode();
  const auto with_signature = [&claims](const Bytes& signature) {
    return ParseEatCbor(
        cbor::EncodeCoseSign1(FromHex("a10126"), MapEncoder().Encode(), claims, signature));
  };
  EXPECT_THAT(with_signature(Filled(64, 0)), Succeeds());
  EXPECT_THAT(with_signature(Filled(64, 0xff)), Succeeds());
  for (const std::size_t size : {0u, 63u, 65u, 96u}) {
    EXPECT_THAT(with_signature(Filled(size)), Malformed("token")) << size;
  }
}

TEST(CborToken, KnowsOneAlgorithm) {
  const auto with_header = [](const Bytes& header) {
    const Encoding claims = MapEncoder()
                                .Add(10, cbor::EncodeBytes(Filled(8)))
                                .Add("platform_type", cbor::EncodeText("SNP"))
                                .Add("raw_report", cbor::EncodeBytes(Filled(1)))
                                .Encode();
    return ParseEatCbor(cbor::EncodeCoseSign1(header, MapEncoder().Encode(), claims, Filled(64)));
  };
  EXPECT_THAT(with_header(FromHex("a10126")), Succeeds());
  // ES384, EdDSA, algorithm 0, as text, no algorithm, an empty header, an array.
  for (const auto* hex : {"a1013822", "a10127", "a10100", "a101654553323536", "a0", "", "80"}) {
    EXPECT_FALSE(with_header(FromHex(hex))) << hex;
  }
}

// JWT: the claims as JSON text by name.
std::map<std::string, std::string> JsonClaims() {
  return {{"iss", "\"issuer\""},
          {"iat", "1000"},
          {"exp", "1300"},
          {"eat_nonce", '"' + crypto::Base64Encode(Filled(32, 9)) + '"'},
          {"platform_type", "\"TDX\""},
          {"raw_report", '"' + crypto::Base64Encode(FromText("report")) + '"'}};
}

Result<EatToken> ParseJwt(const std::map<std::string, std::string>& claims) {
  std::string text = "{";
  for (const auto& [name, value] : claims) text += '"' + name + "\":" + value + ',';
  text.back() = '}';
  return ParseEatJwt(crypto::BytesOf(JwtToken(kJwtHeader, text)));
}

// One value of each type of JSON.
const std::map<std::string, std::string> kJsonValues = {
    {"integer", "1000"}, {"negative", "-1000"}, {"fraction", "1000.5"}, {"exponent", "1e3"},
    {"object", "{}"},    {"array", "[]"},       {"bool", "true"},       {"null", "null"},
};

TEST(JwtClaims, OfTextRefuseEveryOtherType) {
  for (const auto* name : {"iss", "eat_nonce", "platform_type", "raw_report"}) {
    for (const auto& [type, value] : kJsonValues) {
      auto claims = JsonClaims();
      claims[name] = value;
      EXPECT_THAT(ParseJwt(claims), Malformed(fmt::format("token: claim {} is no text", name)))
          << type;
    }
  }
}

TEST(JwtClaims, OfTimeAreIntegers) {
  for (const auto* name : {"iat", "exp"}) {
    for (const auto& [type, value] : kJsonValues) {
      auto claims = JsonClaims();
      claims[name] = value;
      const bool integer = type == "integer" || type == "negative";
      EXPECT_EQ(ParseJwt(claims).has_value(), integer) << name << " as " << type;
    }
    auto claims = JsonClaims();
    for (const auto* value : {"9223372036854775807", "-9223372036854775808"}) {
      claims[name] = value;
      EXPECT_THAT(ParseJwt(claims), Succeeds()) << value;
    }
    for (const auto* value : {"9223372036854775808", "-9223372036854775809", "\"1\""}) {
      claims[name] = value;
      EXPECT_THAT(ParseJwt(claims), Malformed("is no integer")) << value;
    }
  }
}

TEST(JwtClaims, ThatAreRequiredAreNamedWhenMissing) {
  for (const auto& [name, value] : JsonClaims()) {
    auto claims = JsonClaims();
    claims.erase(name);
    if (name == "iss" || name == "iat" || name == "exp") {
      EXPECT_THAT(ParseJwt(claims), Succeeds()) << name;
    } else {
      EXPECT_THAT(ParseJwt(claims), Malformed("token: no claim " + name));
    }
  }
}

TEST(JwtClaims, AreNamedExactly) {
  for (const auto* name : {"eat_nonce", "platform_type", "raw_report"}) {
    auto claims = JsonClaims();
    std::string upper = name;
    upper[0] = static_cast<char>(upper[0] - 'a' + 'A');
    claims[upper] = claims[name];
    EXPECT_THAT(ParseJwt(claims), Malformed("a key twice")) << name;
    claims.erase(name);
    EXPECT_THAT(ParseJwt(claims), Malformed(fmt::format("no claim {}", name)));
  }
}

TEST(JwtClaims, OfOtherNamesMayHaveAnyType) {
  for (const auto& [type, value] : kJsonValues) {
    for (const auto* name : {"ueid", "oemid", "submods", "x-cocos-tdx", "measurements_hex"}) {
      auto claims = JsonClaims();
      claims[name] = value;
      EXPECT_THAT(ParseJwt(claims), Succeeds()) << name << " as " << type;
    }
  }
}

TEST(JwtClaims, OfNonceHaveEightTo64Bytes) {
  for (const std::size_t size : {0u, 7u, 8u, 64u, 65u}) {
    auto claims = JsonClaims();
    claims["eat_nonce"] = '"' + crypto::Base64Encode(Filled(size)) + '"';
    EXPECT_EQ(ParseJwt(claims).has_value(), size == 8 || size == 64) << size;
  }
}

// No byte of the header has a second reading.
TEST(JwtHeader, RefusesEveryChangedByte) {
  const std::string token = JwtToken(kJwtHeader, JwtClaims("TDX", FromText("report")));
  for (std::size_t i = 0; i <= token.find('.'); ++i) {
    for (const char c : {'A', 'z', '0', '-', '.', '=', ' '}) {
      std::string changed = token;
      if (changed[i] == c) continue;
      changed[i] = c;
      EXPECT_FALSE(ParseEatJwt(crypto::BytesOf(changed))) << i << c;
    }
  }
}

TEST(JwtHeader, MayOnlyDifferInOrderAndSpace) {
  const std::string claims = JwtClaims("TDX", FromText("report"));
  for (const auto* header :
       {R"({"typ":"JWT","alg":"ES256"})", R"({ "alg" : "ES256", "typ":"JWT"})"}) {
    EXPECT_THAT(ParseEatJwt(crypto::BytesOf(JwtToken(header, claims))), Succeeds()) << header;
  }
  for (const auto* header : {R"({"alg":"es256","typ":"JWT"})", R"({"Alg":"ES256","typ":"JWT"})",
                             R"({"alg":["ES256"],"typ":"JWT"})", R"({"alg":"ES256","typ":null})",
                             R"({"alg":"ES256","alg":"none","typ":"JWT"})"}) {
    EXPECT_THAT(ParseEatJwt(crypto::BytesOf(JwtToken(header, claims))), Malformed("token header"))
        << header;
  }
}

TEST(JwtToken, RefusesEveryTruncation) {
  const std::string token = JwtToken(kJwtHeader, JwtClaims("TDX", FromText("report")));
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_THAT(ParseEatJwt(crypto::BytesOf(token).first(size)), Malformed("token")) << size;
  }
}

}  // namespace
}  // namespace cocos::attestation
