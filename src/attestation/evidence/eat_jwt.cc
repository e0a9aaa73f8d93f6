#include <algorithm>
#include <array>
#include <string>

#include "attestation/evidence/eat.h"
#include "attestation/evidence/json_object.h"
#include "crypto/digest.h"

namespace cocos::attestation {
namespace {

constexpr std::size_t kEs256SignatureSize = 64;

// The parts of a compact JWS, RFC 7515 section 3.1.
struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
};

Result<Parts> SplitToken(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (std::ranges::count(token, '.') != 2) {
    return Fail(ErrorCode::kMalformed, "token: want three parts");
  }
  return Parts{.header = token.substr(0, first),
               .payload = token.substr(first + 1, last - first - 1),
               .signature = token.substr(last + 1)};
}

Result<std::vector<std::byte>> Base64Decode(std::string_view text, std::string_view what) {
  Result<std::vector<std::byte>> bytes = crypto::Base64Decode(text);
  if (!bytes) return tl::unexpected(std::move(bytes).error().Within(what));
  return bytes;
}

// Base64url without padding, RFC 7515 section 2. The standard alphabet must not get in, or a part
// would have two spellings.
Result<std::vector<std::byte>> Base64UrlDecode(std::string_view text, std::string_view what) {
  if (text.find_first_of("+/=") != std::string_view::npos) {
    return Fail(ErrorCode::kMalformed, "{}: not base64url without padding", what);
  }
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  standard.append((4 - text.size() % 4) % 4, '=');
  return Base64Decode(standard, what);
}

Result<JsonObject> JsonPart(std::string_view part, std::string_view what) {
  const std::vector<std::byte> bytes = COCOS_TRY(Base64UrlDecode(part, what));
  return ParseJsonObject({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, what);
}

Result<void> CheckHeader(const JsonObject& header) {
  const JsonObject expected = {{"alg", std::string("ES256")}, {"typ", std::string("JWT")}};
  if (header == expected) return {};
  return Fail(ErrorCode::kMalformed, "token header: want alg ES256, typ JWT and nothing else");
}

Result<std::string> Text(const JsonObject& claims, std::string_view name) {
  const auto claim = claims.find(name);
  if (claim == claims.end()) return Fail(ErrorCode::kMalformed, "token: no claim {}", name);
  if (const auto* text = std::get_if<std::string>(&claim->second)) return *text;
  return Fail(ErrorCode::kMalformed, "token: claim {} is no text", name);
}

Result<std::vector<std::byte>> Bytes(const JsonObject& claims, std::string_view name) {
  const std::string text = COCOS_TRY(Text(claims, name));
  return Base64Decode(text, name);
}

Result<std::optional<std::int64_t>> Seconds(const JsonObject& claims, std::string_view name) {
  const auto claim = claims.find(name);
  if (claim == claims.end()) return std::nullopt;
  if (const auto* seconds = std::get_if<std::int64_t>(&claim->second)) return *seconds;
  return Fail(ErrorCode::kMalformed, "token: claim {} is no integer", name);
}

Result<EatLabels> ReadLabels(const JsonObject& claims) {
  EatLabels labels;
  const std::string platform = COCOS_TRY(Text(claims, "platform_type"));
  labels.platform = COCOS_TRY(ParseAgentPlatform(platform));
  if (claims.contains("iss")) labels.issuer = COCOS_TRY(Text(claims, "iss"));
  labels.issued_at = COCOS_TRY(Seconds(claims, "iat"));
  labels.expires_at = COCOS_TRY(Seconds(claims, "exp"));
  labels.nonce = COCOS_TRY(Bytes(claims, "eat_nonce"));
  return labels;
}

Result<void> CheckSignature(std::string_view part) {
  const std::vector<std::byte> signature = COCOS_TRY(Base64UrlDecode(part, "token signature"));
  if (signature.size() == kEs256SignatureSize) return {};
  return Fail(ErrorCode::kMalformed, "token: signature of {} bytes, want {}", signature.size(),
              kEs256SignatureSize);
}

}  // namespace

Result<EatToken> ParseEatJwt(std::span<const std::byte> bytes) {
  const Parts parts =
      COCOS_TRY(SplitToken({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  const JsonObject header = COCOS_TRY(JsonPart(parts.header, "token header"));
  COCOS_TRY(CheckHeader(header));
  COCOS_TRY(CheckSignature(parts.signature));
  const JsonObject claims = COCOS_TRY(JsonPart(parts.payload, "token claims"));
  EatToken token;
  token.labels = COCOS_TRY(ReadLabels(claims));
  token.raw_report = COCOS_TRY(Bytes(claims, "raw_report"));
  COCOS_TRY(CheckEatToken(token));
  return token;
}

}  // namespace cocos::attestation
