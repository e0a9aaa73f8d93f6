#include "cvm/console_log.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace cocos::cvm {
namespace {

constexpr std::size_t kMaxFileSize = 4u << 20;  // as much as virtlogd keeps by default, about
constexpr std::size_t kKeptOnTrim = 1u << 20;
constexpr std::size_t kTailSize = 4096;
constexpr std::size_t kTailLines = 20;
constexpr std::string_view kSuffix = ".log";

std::string FileName(const CvmId& id) { return id.text() + std::string(kSuffix); }

// Length of the terminal control sequence at the front of `text`: ESC [ parameters final-byte.
std::size_t ControlSequenceSize(std::string_view text) {
  std::size_t size = 1;
  if (size < text.size() && text[size] == '[') {
    ++size;
    while (size < text.size() && (text[size] < '@' || text[size] > '~')) ++size;
  }
  return std::min(size + 1, text.size());
}

std::string Printable(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '\x1b') {
      text.remove_prefix(ControlSequenceSize(text));
      continue;
    }
    text.remove_prefix(1);
    if (c == '\n' || c == '\t' || (c >= ' ' && c <= '~')) {
      clean += c;
    } else if (c != '\r') {
      clean += '?';
    }
  }
  return clean;
}

std::string_view LastLines(std::string_view text, std::size_t lines) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t begin = text.size();
  for (std::size_t line = 0; line < lines && begin != std::string_view::npos; ++line) {
    if (begin == 0) return text;
    begin = text.rfind('\n', begin - 1);
  }
  return begin == std::string_view::npos ? text : text.substr(begin + 1);
}

}  // namespace

Result<ConsoleLog> ConsoleLog::Open(const std::string& directory) {
  // Writers other than the manager pass through; only the manager lists.
  constexpr mode_t kMode = 0711;
  return ConsoleLog(
      COCOS_TRY(SecureDir::OpenOrCreate(directory, FileAccess{::geteuid(), ::getegid(), kMode})));
}

std::string ConsoleLog::PathOf(const CvmId& id) const {
  return directory_.path() + "/" + FileName(id);
}

Result<void> ConsoleLog::Prepare(const CvmId& id) const {
  COCOS_TRY(Remove(id));
  return directory_.WriteNewFile(FileName(id), "", FileAccess{::geteuid(), ::getegid(), 0600});
}

std::string ConsoleLog::Tail(const CvmId& id) const {
  const Result<std::string> content = ReadFileTail(PathOf(id), kTailSize);
  if (!content) return "";  // a missing tail must not hide the error it was wanted for
  return std::string(LastLines(Printable(*content), kTailLines));
}

Result<void> ConsoleLog::Trim(const CvmId& id) const {
  trims_->Begin(id);
  const Result<std::uint64_t> trimmed =
      directory_.TrimFile(FileName(id), kMaxFileSize, kKeptOnTrim);
  trims_->End(id, trimmed.value_or(0));
  if (!trimmed) return tl::unexpected(trimmed.error());
  return {};
}

Result<void> ConsoleLog::Remove(const CvmId& id) const {
  // virtlogd's rotation appends .0, .1...
  for (const std::string& name : COCOS_TRY(directory_.List())) {
    if (name.starts_with(FileName(id))) COCOS_TRY(directory_.RemoveTree(name));
  }
  trims_->Forget(id);
  return {};
}

Result<std::set<CvmId>> ConsoleLog::List() const {
  std::set<CvmId> ids;
  for (const std::string& name : COCOS_TRY(directory_.List())) {
    const auto dot = name.find(kSuffix);
    if (dot == std::string::npos) continue;
    if (Result<CvmId> id = CvmId::Parse(std::string_view(name).substr(0, dot))) {
      ids.insert(*std::move(id));
    }
  }
  return ids;
}

}  // namespace cocos::cvm
