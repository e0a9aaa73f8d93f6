#include "telemetry/process_stats.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>

#include "base/file.h"

namespace cocos {
namespace {

// Removes and returns the next word; fields are separated by blanks.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The number after `label` at the start of a line.
std::optional<std::uint64_t> FindNumber(std::string_view text, std::string_view label) {
  std::size_t position = text.find(label);
  while (position != std::string_view::npos && position != 0 && text[position - 1] != '\n') {
    position = text.find(label, position + 1);
  }
  if (position == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(position + label.size());
  return ParseNumber(TakeWord(rest));
}

struct StatLine {
  std::uint64_t cpu_ticks = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};

// proc(5), /proc/pid/stat. The second field is the program's name in parentheses and may itself
// hold blanks and parentheses, so counting starts after the last closing one, with field 3.
std::optional<StatLine> ParseStatLine(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  StatLine stat;
  for (int field = 3; field <= 24; ++field) {
    const std::string_view word = TakeWord(text);
    if (field != 14 && field != 15 && field < 22) continue;
    const std::optional<std::uint64_t> value = ParseNumber(word);
    if (!value) return std::nullopt;
    if (field <= 15) stat.cpu_ticks += *value;  // user, then system time
    if (field == 22) stat.start_ticks = *value;
    if (field == 23) stat.virtual_bytes = *value;
    if (field == 24) stat.resident_pages = *value;
  }
  return stat;
}

std::optional<std::uint64_t> CountOpenFds(const std::string& proc_root) {
  std::error_code error;
  std::filesystem::directory_iterator entry(proc_root + "/self/fd", error);
  std::uint64_t count = 0;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  if (error || count == 0) return std::nullopt;
  return count - 1;  // the iterator's own
}

}  // namespace

std::optional<ProcessStats> ReadProcessStats(const std::string& proc_root) {
  const Result<std::string> stat_text = ReadFile(proc_root + "/self/stat");
  const Result<std::string> limits = ReadFile(proc_root + "/self/limits");
  const Result<std::string> system = ReadFile(proc_root + "/stat");
  if (!stat_text || !limits || !system) return std::nullopt;
  const std::optional<StatLine> stat = ParseStatLine(*stat_text);
  const std::optional<std::uint64_t> boot_seconds = FindNumber(*system, "btime ");
  const std::optional<std::uint64_t> open_fds = CountOpenFds(proc_root);
  if (!stat || !boot_seconds || !open_fds) return std::nullopt;

  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessStats stats;
  stats.cpu_seconds = static_cast<double>(stat->cpu_ticks) / ticks_per_second;
  stats.start_time_seconds = static_cast<double>(*boot_seconds) +
                             static_cast<double>(stat->start_ticks) / ticks_per_second;
  stats.resident_bytes = stat->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  stats.virtual_bytes = stat->virtual_bytes;
  stats.open_fds = *open_fds;
  stats.max_fds = FindNumber(*limits, "Max open files ").value_or(0);  // "unlimited"
  return stats;
}

}  // namespace cocos
