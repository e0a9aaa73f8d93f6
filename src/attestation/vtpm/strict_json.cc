#include "attestation/vtpm/strict_json.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "attestation/vtpm/refusal.h"

namespace cocos::attestation::vtpm {

namespace {

constexpr int kMaxDepth = 16;

// Watches the parser go by.
struct Watcher {
  std::vector<std::set<std::string>> keys;
  bool repeated = false;
  bool too_deep = false;

  using Event = nlohmann::json::parse_event_t;

  bool operator()(int depth, Event event, const nlohmann::json& parsed) {
    too_deep = too_deep || depth > kMaxDepth;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      repeated = true;
    return true;
  }
};

}  // namespace

Result<nlohmann::json> ParseStrictJson(std::string_view what, std::string_view text,
                                       std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return Refuse(reason::kMalformed, "{}: {} bytes, want at most {}", what, text.size(),
                  max_bytes);
  }
  Watcher watcher;
  auto json = nlohmann::json::parse(text, std::ref(watcher), /*allow_exceptions=*/false);
  if (json.is_discarded()) return Refuse(reason::kMalformed, "{}: not JSON", what);
  if (watcher.repeated) return Refuse(reason::kMalformed, "{}: a key occurs twice", what);
  if (watcher.too_deep) return Refuse(reason::kMalformed, "{}: nested too deep", what);
  return json;
}

}  // namespace cocos::attestation::vtpm
