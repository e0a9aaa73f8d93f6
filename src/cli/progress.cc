#include "cli/progress.h"

#include <fmt/format.h>

namespace cocos::cli {
namespace {

constexpr std::uint64_t kBarWidth = 40;

std::string SizeText(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

}  // namespace

std::string Progress::Bar(const std::string& what, std::uint64_t done, std::uint64_t total) {
  if (total == 0) return fmt::format("{} {}", what, SizeText(done));
  const std::uint64_t filled = done * kBarWidth / total;
  return fmt::format("{} [{:<{}}] {:>3}% {}", what, std::string(filled, '#'), kBarWidth,
                     done * 100 / total, SizeText(done));
}

void Progress::Add(std::uint64_t bytes) {
  done_bytes_ += bytes;
  if (streams_.err_is_terminal) {
    streams_.err << "\r" << Bar(what_, done_bytes_, total_bytes_) << std::flush;
  }
}

void Progress::Finish() {
  if (streams_.err_is_terminal) {
    streams_.err << std::endl;
  } else {
    streams_.err << fmt::format("{}: {}\n", what_, SizeText(done_bytes_)) << std::flush;
  }
}

}  // namespace cocos::cli
