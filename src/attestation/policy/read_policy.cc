#include "attestation/policy/read_policy.h"

#include <fmt/format.h>

#include <utility>

#include "attestation/policy/corim.h"
#include "attestation/policy/upstream_json.h"
#include "attestation/policy/yaml_policy.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy {
namespace {

Result<AnyPolicy> ReadJson(std::string_view text, Profile profile) {
  ReadJsonPolicy read = COCOS_TRY(ReadUpstreamJson(text, profile));
  AnyPolicy any{.policy = std::move(read.policy), .format = "json", .notes = {}};
  for (const std::string& field : read.ignored) {
    any.notes.push_back("policy: " + field + " has no effect here");
  }
  return any;
}

Result<AnyPolicy> ReadCorimDocument(std::string_view text, const crypto::VerifyingKey* key) {
  ReadCorimPolicy read = COCOS_TRY(ReadCorim(crypto::BytesOf(text), key));
  AnyPolicy any{.policy = std::move(read.policy), .format = "corim", .notes = {}};
  if (read.signature != CorimSignature::kVerified) {
    any.notes.push_back(
        fmt::format("policy: {}, so anybody who could change the file could change its demands",
                    CorimSignatureText(read.signature)));
  }
  return any;
}

}  // namespace

// Maps and tags of CBOR begin with a byte that no text begins with; JSON begins with a brace, which
// the YAML of policies never does.
Result<AnyPolicy> ReadAnyPolicy(std::string_view text, Profile profile,
                                const crypto::VerifyingKey* key) {
  const bool is_binary = !text.empty() && static_cast<unsigned char>(text[0]) >= 0xA0;
  if (is_binary) return ReadCorimDocument(text, key);
  if (key != nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                "is no CoRIM document; only these are signed, so a key means nothing");
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return ReadJson(text, profile);
  Policy policy = COCOS_TRY(ReadPolicyYaml(text));
  return AnyPolicy{.policy = std::move(policy), .format = "yaml", .notes = {}};
}

}  // namespace cocos::attestation::policy
