#include "cli/printable.h"

#include <fmt/format.h>

namespace cocos::cli {

std::string Printable(std::string_view text, bool keep_lines) {
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    const bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F in UTF-8
    const bool line = keep_lines && (byte == '\n' || (byte == '\r' && next == '\n'));
    if (c1) {
      printable += fmt::format("\\x{:02x}", next);
      ++i;
    } else if ((byte < 0x20 && byte != '\t' && !line) || byte == 0x7f) {
      printable += fmt::format("\\x{:02x}", byte);
    } else {
      printable += text[i];
    }
  }
  return printable;
}

}  // namespace cocos::cli
