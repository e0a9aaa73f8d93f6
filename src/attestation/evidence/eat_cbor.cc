#include <algorithm>
#include <array>
#include <string>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/cbor/item.h"
#include "attestation/evidence/eat.h"

namespace cocos::attestation {
namespace {

using cbor::Item;
using cbor::Member;
using cbor::Type;

constexpr std::string_view kWhat = "token";

// Claim keys: RFC 8392, RFC 9711, and the agent's own by name.
constexpr std::int64_t kIssuer = 1;
constexpr std::int64_t kExpiresAt = 4;
constexpr std::int64_t kIssuedAt = 6;
constexpr std::int64_t kNonce = 10;
constexpr std::string_view kPlatformType = "platform_type";
constexpr std::string_view kRawReport = "raw_report";

// Claims that are not used but have a type all the same.
struct IgnoredClaim {
  std::int64_t key;
  Type type;
  bool may_be_null = false;
};

constexpr std::array<IgnoredClaim, 7> kIgnoredClaims = {{
    {256, Type::kBytes, true},  // ueid
    {258, Type::kUnsigned},     // oemid
    {259, Type::kBytes},        // hwmodel
    {262, Type::kUnsigned},     // intuse in the agent's numbering
    {263, Type::kUnsigned},     // dbgstat
    {265, Type::kBytes, true},  // measurements in the agent's numbering
    {266, Type::kMap},          // submods
}};

Result<void> CheckIgnoredClaims(std::span<const Member> claims) {
  for (const IgnoredClaim& ignored : kIgnoredClaims) {
    const Item* const value = cbor::Find(claims, ignored.key);
    if (value == nullptr || value->type() == ignored.type) continue;
    if (ignored.may_be_null && value->is_null()) continue;
    return Fail(ErrorCode::kMalformed, "token: claim {} is a {}, want a {}", ignored.key,
                cbor::TypeName(value->type()), cbor::TypeName(ignored.type));
  }
  return {};
}

// RFC 9052 allows much more in the headers; the agents write exactly this.
Result<void> CheckHeaders(const cbor::CoseSign1& message) {
  if (message.protected_header.size() != 1) {
    return Fail(ErrorCode::kMalformed, "token: {} protected headers, want 1",
                message.protected_header.size());
  }
  for (const Member& member : message.unprotected_header) {
    if (!member.key.Is(cbor::kCoseLabelKeyId)) {
      return Fail(ErrorCode::kMalformed, "token: unprotected header other than the key id");
    }
    COCOS_TRY(member.value.Bytes("token key id"));
  }
  return {};
}

template <typename Key>
Result<const Item*> Required(std::span<const Member> claims, Key key) {
  const Item* const value = cbor::Find(claims, key);
  if (value == nullptr) return Fail(ErrorCode::kMalformed, "token: no claim {}", key);
  return value;
}

Result<std::optional<std::int64_t>> Seconds(std::span<const Member> claims, std::int64_t key) {
  const Item* const value = cbor::Find(claims, key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t seconds = COCOS_TRY(value->Integer(kWhat));
  return seconds;
}

template <typename Key>
Result<std::vector<std::byte>> Bytes(std::span<const Member> claims, Key key) {
  const Item* const value = COCOS_TRY(Required(claims, key));
  const auto bytes = COCOS_TRY(value->Bytes(kWhat));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<std::string> Text(const Item& value) {
  const std::string_view text = COCOS_TRY(value.Text(kWhat));
  return std::string(text);
}

Result<EatLabels> ReadLabels(std::span<const Member> claims) {
  EatLabels labels;
  const Item* const platform = COCOS_TRY(Required(claims, kPlatformType));
  const std::string name = COCOS_TRY(Text(*platform));
  labels.platform = COCOS_TRY(ParseAgentPlatform(name));
  if (const Item* const issuer = cbor::Find(claims, kIssuer)) {
    labels.issuer = COCOS_TRY(Text(*issuer));
  }
  labels.issued_at = COCOS_TRY(Seconds(claims, kIssuedAt));
  labels.expires_at = COCOS_TRY(Seconds(claims, kExpiresAt));
  labels.nonce = COCOS_TRY(Bytes(claims, kNonce));
  return labels;
}

}  // namespace

Result<EatToken> ParseEatCbor(std::span<const std::byte> bytes) {
  const cbor::CoseSign1 message = COCOS_TRY(cbor::ParseCoseSign1(bytes, kWhat));
  COCOS_TRY(CheckHeaders(message));
  const Item document = COCOS_TRY(cbor::Parse(message.payload, "token claims"));
  const std::vector<Member> claims = COCOS_TRY(document.Map("token claims"));
  COCOS_TRY(CheckIgnoredClaims(claims));
  EatToken token;
  token.labels = COCOS_TRY(ReadLabels(claims));
  token.raw_report = COCOS_TRY(Bytes(claims, kRawReport));
  COCOS_TRY(CheckEatToken(token));
  return token;
}

}  // namespace cocos::attestation
