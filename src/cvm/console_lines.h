// Console output as lines. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cocos::cvm {

// Takes bytes as they come and gives whole lines, without their line breaks ("\n" or "\r\n"). A
// line longer than kMaxLineBytes is given in parts: a guest that never ends a line gets no more
// memory.
class ConsoleLines {
 public:
  static constexpr std::size_t kMaxLineBytes = 8192;

  std::vector<std::string> Add(std::string_view bytes);

  // The line that has not ended, and forgets it; none if there is nothing.
  std::optional<std::string> TakeRest();

 private:
  std::string line_;
};

}  // namespace cocos::cvm
