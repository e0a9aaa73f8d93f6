#include "attestation/evidence/json_object.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

namespace cocos::attestation {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxEntries = 256;

bool IsPrintableAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Takes the events of the parser, which itself nests without bound. Returning false stops it.
class Collector : public Json::json_sax_t {
 public:
  JsonObject Take() { return std::move(members_); }
  const std::string& problem() const { return problem_; }

  bool null() override { return Value(OtherJson{}); }
  bool boolean(bool) override { return Value(OtherJson{}); }
  bool number_integer(number_integer_t value) override { return Value(std::int64_t{value}); }
  // TCB versions use all 64 bits; nobody asks for them here.
  bool number_unsigned(number_unsigned_t value) override {
    if (!std::in_range<std::int64_t>(value)) return Value(OtherJson{});
    return Value(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t, const string_t&) override { return Value(OtherJson{}); }
  bool string(string_t& value) override { return Value(std::move(value)); }
  bool binary(binary_t&) override { return Stop("binary data"); }
  bool start_object(std::size_t) override { return Open(); }
  bool start_array(std::size_t) override {
    return open_.empty() ? Stop("an array, want an object") : Open();
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& key) override {
    if (!IsPrintableAscii(key)) return Stop("a key that is not printable ASCII");
    if (!open_.back().keys.insert(LowerCase(key)).second) return Stop("a key twice");
    if (open_.size() == 1) key_ = std::move(key);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    return Stop(fmt::format("no JSON at byte {}", position));
  }

 private:
  struct Container {
    std::set<std::string> keys;  // lower case
    std::size_t entries = 0;
  };

  bool Stop(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool CountEntry() {
    if (open_.empty()) return true;
    return ++open_.back().entries <= kMaxEntries || Stop("more entries than 256");
  }

  bool Value(JsonMember value) {
    if (open_.empty()) return Stop("a bare value, want an object");
    if (!CountEntry()) return false;
    // Arrays cannot be the outermost container, so depth 1 is the object asked for.
    if (open_.size() == 1) members_.insert_or_assign(std::move(key_), std::move(value));
    return true;
  }

  bool Open() {
    if (!CountEntry()) return false;
    if (open_.size() == kMaxDepth) return Stop("nested deeper than 8");
    if (open_.size() == 1) members_.insert_or_assign(std::move(key_), OtherJson{});
    open_.emplace_back();
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  std::vector<Container> open_;
  std::string key_;
  JsonObject members_;
  std::string problem_;
};

}  // namespace

Result<JsonObject> ParseJsonObject(std::string_view text, std::string_view what) {
  // The library would skip a byte order mark and white space; tokens begin with their object.
  if (!text.starts_with('{')) return Fail(ErrorCode::kMalformed, "{}: no JSON object", what);
  Collector collector;
  if (!Json::sax_parse(text, &collector)) {
    return Fail(ErrorCode::kMalformed, "{}: {}", what, collector.problem());
  }
  return collector.Take();
}

}  // namespace cocos::attestation
