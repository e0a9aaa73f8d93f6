#include "cvm/console_lines.h"

#include <algorithm>
#include <utility>

namespace cocos::cvm {

std::vector<std::string> ConsoleLines::Add(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t taken = std::min(end, kMaxLineBytes - line_.size());
    line_.append(bytes.substr(0, taken));
    const bool is_whole = taken == end && end < bytes.size();
    bytes.remove_prefix(is_whole ? taken + 1 : taken);
    if (is_whole && line_.ends_with('\r')) line_.pop_back();
    if (is_whole || line_.size() == kMaxLineBytes) lines.push_back(std::exchange(line_, {}));
  }
  return lines;
}

std::optional<std::string> ConsoleLines::TakeRest() {
  if (line_.empty()) return std::nullopt;
  return std::exchange(line_, {});
}

}  // namespace cocos::cvm
