#include "cli/console_text.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/common.h>

#include <algorithm>
#include <utility>

#include "cli/printable.h"

namespace cocos::cli {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// How long a character that begins so is; 1 for what begins none.
std::size_t SizeOfCharacter(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}

// Bytes at the end that the next piece may complete: of a character, or of a line break.
std::size_t UnfinishedSize(std::string_view text) {
  if (text.ends_with('\r')) return 1;
  const std::size_t last = std::min<std::size_t>(text.size(), 3);
  for (std::size_t size = 1; size <= last; ++size) {
    const char c = text[text.size() - size];
    if (!IsContinuation(c)) return SizeOfCharacter(c) > size ? size : 0;
  }
  return 0;
}

// Printable leaves valid text beyond ASCII alone; in a line that is no UTF-8 nothing of it is
// known.
std::string PrintableLine(std::string_view line) {
  const std::string printable = Printable(line, true);
  if (google::protobuf::internal::IsStructurallyValidUTF8(printable)) return printable;
  std::string escaped;
  for (const char c : printable) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      escaped += c;
    } else {
      escaped += fmt::format("\\x{:02x}", byte);
    }
  }
  return escaped;
}

std::string PrintableLines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines += PrintableLine(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

}  // namespace

std::string ConsoleText::Take(std::string_view bytes) {
  pending_ += bytes;
  std::string whole = std::exchange(pending_, {});
  const std::size_t unfinished = UnfinishedSize(whole);
  pending_ = whole.substr(whole.size() - unfinished);
  whole.resize(whole.size() - unfinished);
  return PrintableLines(whole);
}

std::string ConsoleText::TakeRest() { return PrintableLines(std::exchange(pending_, {})); }

}  // namespace cocos::cli
