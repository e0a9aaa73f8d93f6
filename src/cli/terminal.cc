#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>

namespace cocos::cli {
namespace {

// 0 for anything but a number that a terminal can have.
std::size_t ParseColumns(const std::string& text) {
  std::uint16_t columns = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, columns);
  return error == std::errc() && parsed == end ? columns : 0;
}

}  // namespace

std::size_t TerminalColumns(int fd, const Environment& environment) {
  if (::isatty(fd) != 1) return 0;
  const auto variable = environment.find("COLUMNS");
  const std::size_t wanted = variable == environment.end() ? 0 : ParseColumns(variable->second);
  if (wanted > 0) return wanted;
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace cocos::cli
