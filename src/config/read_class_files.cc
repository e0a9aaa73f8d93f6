#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "config/load.h"

namespace cocos::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

// Whoever may write here decides what the manager starts.
Result<void> CheckTrusted(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: {}", path, ErrnoText(errno));
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "{}: belongs to uid {}, want root or the manager's own user", path, status.st_uid);
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(ErrorCode::kFailedPrecondition,
                "{}: mode {:04o}, want no write permission for group and others", path,
                status.st_mode & 07777);
  }
  return {};
}

}  // namespace

Result<std::vector<ClassFileText>> ReadClassFiles(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  // Stepping with an error code: the range-based loop would throw.
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator entry(directory, error); !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".yaml") paths.push_back(entry->path().string());
  }
  if (error == std::errc::no_such_file_or_directory) return std::vector<ClassFileText>();
  if (error) return Fail(ErrorCode::kFailedPrecondition, "{}: {}", directory, error.message());
  COCOS_TRY(CheckTrusted(directory));
  std::ranges::sort(paths);
  std::vector<ClassFileText> files;
  for (const std::string& path : paths) {
    COCOS_TRY(CheckTrusted(path));
    files.push_back({path, COCOS_TRY(ReadFile(path, kMaxFileBytes))});
  }
  return files;
}

}  // namespace cocos::config
