// JSON as Go's encoding/json writes it. Agents hash it, so every byte counts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace cocos::computation {

// An object or an array that is being written, without white space. Members whose value is Go's
// zero value are left out, as `omitempty` does.
class GoJsonObject {
 public:
  void Text(std::string_view key, std::string_view value);
  void Base64(std::string_view key, std::string_view bytes);
  void True(std::string_view key, bool value);
  // A fixed array of bytes: decimal numbers. Never left out.
  void ByteArray(std::string_view key, std::string_view bytes);
  // `json` is written as it is; an empty text is left out.
  void Raw(std::string_view key, std::string_view json);

  // "{...}"; "{}" without members.
  std::string Finish() &&;

 private:
  void Key(std::string_view key);

  std::string text_ = "{";
};

// A string with its quotes: <, > and & and U+2028 and U+2029 escaped, bytes that are not UTF-8
// replaced by \ufffd.
std::string GoJsonString(std::string_view text);

// "[a,b]"; empty for no elements, which `omitempty` leaves out.
std::string GoJsonArray(std::span<const std::string> elements);

}  // namespace cocos::computation
