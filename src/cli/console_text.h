// Console output made fit for a terminal, piece by piece.
#pragma once

#include <string>
#include <string_view>

namespace cocos::cli {

// Line breaks stay; other control characters and bytes that are no UTF-8 become "\\x1b". What may
// be half of something waits for the next piece.
class ConsoleText {
 public:
  std::string Take(std::string_view bytes);
  std::string TakeRest();

 private:
  std::string pending_;
};

}  // namespace cocos::cli
