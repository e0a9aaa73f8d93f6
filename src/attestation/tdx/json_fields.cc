#include "attestation/tdx/json_fields.h"

#include <nlohmann/json.hpp>
#include <set>

#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 16;

// The library keeps the last of two members with the same name, and says nothing. Sees each event
// of the parser and the depth it happens at.
class Watcher {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    if (depth > kMaxDepth) bad_ = true;
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end) names_.pop_back();
    if (event == Json::parse_event_t::key && !names_.back().insert(value.get<std::string>()).second)
      bad_ = true;
    return !bad_;
  }
  bool bad() const { return bad_; }

 private:
  std::vector<std::set<std::string>> names_;  // of the objects that are open
  bool bad_ = false;
};

// -1 for anything but digits.
int Number(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return -1;
    value = value * 10 + (digit - '0');
  }
  return value;
}

}  // namespace

Result<crypto::TimePoint> ParseUtcTime(std::string_view text) {
  const auto malformed = [&] {
    return Fail(ErrorCode::kMalformed, "time: want YYYY-MM-DDThh:mm:ssZ");
  };
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kForm.size()) return malformed();
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != 'd' && kForm[i] != text[i]) return malformed();
  }
  const int year = Number(text.substr(0, 4));
  const int month = Number(text.substr(5, 2));
  const int day = Number(text.substr(8, 2));
  const int hour = Number(text.substr(11, 2));
  const int minute = Number(text.substr(14, 2));
  const int second = Number(text.substr(17, 2));
  const auto in = [](int value, int max) { return value >= 0 && value <= max; };
  if (!in(year, 9999) || !in(month, 12) || !in(day, 31)) return malformed();
  const auto date = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
                    std::chrono::day(static_cast<unsigned>(day));
  if (!date.ok() || !in(hour, 23) || !in(minute, 59) || !in(second, 59)) return malformed();
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

Result<JsonFields> JsonFields::Parse(std::span<const std::byte> text, std::string what) {
  Watcher watcher;
  const auto* const begin = reinterpret_cast<const char*>(text.data());
  auto root = std::make_shared<const Json>(Json::parse(
      begin, begin + text.size(),
      [&watcher](int depth, Json::parse_event_t event, const Json& value) {
        return watcher(depth, event, value);
      },
      /*allow_exceptions=*/false));
  if (watcher.bad()) {
    return Fail(ErrorCode::kMalformed, "{}: a member twice in one object, or nested too deep",
                what);
  }
  if (!root->is_object()) return Fail(ErrorCode::kMalformed, "{}: not a JSON object", what);
  const Json* const object = root.get();
  return JsonFields(std::move(root), object, std::move(what));
}

const Json* JsonFields::Find(std::string_view name) const {
  const auto found = object_->find(std::string(name));
  return found == object_->end() ? nullptr : &*found;
}

bool JsonFields::Has(std::string_view name) const { return Find(name) != nullptr; }

tl::unexpected<Error> JsonFields::Wrong(std::string_view name, std::string_view want) const {
  return Fail(ErrorCode::kMalformed, "{}.{}: want {}", path_, name, want);
}

Result<std::string> JsonFields::Text(std::string_view name) const {
  const Json* const value = Find(name);
  if (value == nullptr || !value->is_string()) return Wrong(name, "a text");
  return value->get<std::string>();
}

Result<std::uint64_t> JsonFields::Unsigned(std::string_view name, std::uint64_t max) const {
  const Json* const value = Find(name);
  if (value == nullptr || !value->is_number_unsigned() || value->get<std::uint64_t>() > max) {
    return Wrong(name, fmt::format("a whole number from 0 to {}", max));
  }
  return value->get<std::uint64_t>();
}

Result<crypto::TimePoint> JsonFields::Time(std::string_view name) const {
  const std::string text = COCOS_TRY(Text(name));
  Result<crypto::TimePoint> time = ParseUtcTime(text);
  if (!time) return Wrong(name, "a time as YYYY-MM-DDThh:mm:ssZ");
  return time;
}

Result<JsonFields> JsonFields::Object(std::string_view name) const {
  const Json* const value = Find(name);
  if (value == nullptr || !value->is_object()) return Wrong(name, "an object");
  return JsonFields(root_, value, fmt::format("{}.{}", path_, name));
}

Result<std::vector<JsonFields>> JsonFields::Objects(std::string_view name) const {
  const Json* const value = Find(name);
  if (value == nullptr || !value->is_array()) return Wrong(name, "a list of objects");
  std::vector<JsonFields> objects;
  for (const Json& element : *value) {
    if (!element.is_object()) return Wrong(name, "a list of objects");
    objects.push_back(
        JsonFields(root_, &element, fmt::format("{}.{}[{}]", path_, name, objects.size())));
  }
  return objects;
}

Result<std::vector<std::string>> JsonFields::OptionalTexts(std::string_view name) const {
  std::vector<std::string> texts;
  const Json* const value = Find(name);
  if (value == nullptr) return texts;
  if (!value->is_array()) return Wrong(name, "a list of texts");
  for (const Json& element : *value) {
    if (!element.is_string()) return Wrong(name, "a list of texts");
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

Result<std::vector<std::byte>> JsonFields::HexBytes(std::string_view name, std::size_t size) const {
  const std::string text = COCOS_TRY(Text(name));
  Result<std::vector<std::byte>> bytes = crypto::HexDecode(text);
  if (!bytes || bytes->size() != size) return Wrong(name, fmt::format("{} bytes in hex", size));
  return bytes;
}

}  // namespace cocos::attestation::tdx
