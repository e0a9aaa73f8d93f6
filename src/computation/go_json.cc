#include "computation/go_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "computation/utf8_repair.h"
#include "crypto/digest.h"

namespace cocos::computation {
namespace {

// Escapes of ASCII characters as encoding/json has had them since Go 1.22 (before, \b and \f were
// \u0008 and \u000c; senders of that age are out of support).
std::string EscapeAscii(char character) {
  switch (character) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(character);
  if (code < 0x20 || character == '<' || character == '>' || character == '&') {
    return fmt::format("\\u{:04x}", code);
  }
  return std::string(1, character);
}

std::string EscapeCharacter(std::string_view character) {
  if (character.size() == 1) return EscapeAscii(character.front());
  if (character == "\u2028") return "\\u2028";
  if (character == "\u2029") return "\\u2029";
  return std::string(character);
}

}  // namespace

std::string GoJsonString(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    json += length == 0 ? "\\ufffd" : EscapeCharacter(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return json + '"';
}

std::string GoJsonArray(std::span<const std::string> elements) {
  if (elements.empty()) return "";
  return fmt::format("[{}]", fmt::join(elements, ","));
}

void GoJsonObject::Key(std::string_view key) {
  if (text_.size() > 1) text_ += ',';
  text_ += GoJsonString(key) + ':';
}

void GoJsonObject::Text(std::string_view key, std::string_view value) {
  if (!value.empty()) Raw(key, GoJsonString(value));
}

void GoJsonObject::Base64(std::string_view key, std::string_view bytes) {
  if (!bytes.empty()) Raw(key, '"' + crypto::Base64Encode(crypto::BytesOf(bytes)) + '"');
}

void GoJsonObject::True(std::string_view key, bool value) {
  if (value) Raw(key, "true");
}

void GoJsonObject::ByteArray(std::string_view key, std::string_view bytes) {
  std::string array;
  for (const char byte : bytes) {
    if (!array.empty()) array += ',';
    array += std::to_string(static_cast<unsigned char>(byte));
  }
  Raw(key, '[' + array + ']');
}

void GoJsonObject::Raw(std::string_view key, std::string_view json) {
  if (json.empty()) return;
  Key(key);
  text_ += json;
}

std::string GoJsonObject::Finish() && { return std::move(text_) + '}'; }

}  // namespace cocos::computation
