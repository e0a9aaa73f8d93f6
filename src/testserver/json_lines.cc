#include "testserver/json_lines.h"

#include <fmt/chrono.h>

#include <chrono>
#include <string>

namespace cocos::testserver {
namespace {

std::string UtcNow() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), millis);
}

}  // namespace

void JsonLines::Print(std::string_view kind, const Fields& fields) {
  Fields line = {{"time", UtcNow()}, {"kind", kind}};
  line.update(fields);
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";

  std::lock_guard lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace cocos::testserver
