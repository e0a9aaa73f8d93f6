#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "base/unique_fd.h"
#include "config/load.h"

namespace cocos::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

using DirectoryHandle = Handle<DIR, ::closedir>;

tl::unexpected<Error> FailErrno(const std::string& path, int error_number) {
  const bool absent = error_number == ENOENT;
  return Fail(absent ? ErrorCode::kNotFound : ErrorCode::kFailedPrecondition, "{}: {}", path,
              ErrnoText(error_number));
}

// Whoever may write here decides what the manager starts. Asked of what is open: a path may lead
// somewhere else by the time it is used.
Result<void> CheckTrusted(const struct stat& status, const std::string& path) {
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

// Without blocking: a named pipe would wait for its writer before it could be refused.
Result<UniqueFd> OpenTrusted(int directory, const std::string& name, int flags,
                             const std::string& path) {
  UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (!fd) return FailErrno(path, errno);
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return FailErrno(path, errno);
  if ((flags & O_DIRECTORY) == 0 && !S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: want a regular file", path);
  }
  COCOS_TRY(CheckTrusted(status, path));
  return fd;
}

Result<std::string> ReadOpenFile(int fd, const std::string& path) {
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxFileBytes) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: larger than {} bytes", path, kMaxFileBytes);
  }
  text.resize(size);
  return text;
}

Result<std::vector<std::string>> YamlNames(UniqueFd directory, const std::string& path) {
  const DirectoryHandle stream(::fdopendir(directory.get()));
  if (!stream) return FailErrno(path, errno);
  static_cast<void>(directory.Release());  // the stream owns it now
  std::vector<std::string> names;
  errno = 0;
  // readdir is safe here: no other thread uses this stream.
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = entry->d_name;
    // Hidden ones are editors' and package managers' leftovers.
    if (name.ends_with(".yaml") && !name.starts_with('.')) names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return FailErrno(path, errno);
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::vector<ClassFileText>> ReadClassFiles(const std::string& directory) {
  std::vector<ClassFileText> files;
  const Result<UniqueFd> opened = OpenTrusted(AT_FDCWD, directory, O_DIRECTORY, directory);
  if (!opened && opened.error().code() == ErrorCode::kNotFound) return files;
  if (!opened) return tl::unexpected(opened.error());
  UniqueFd listed(::openat(opened->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listed) return FailErrno(directory, errno);
  const std::vector<std::string> names = COCOS_TRY(YamlNames(std::move(listed), directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    const UniqueFd file = COCOS_TRY(OpenTrusted(opened->get(), name, 0, path));
    std::string text = COCOS_TRY(ReadOpenFile(file.get(), path));
    files.push_back({path, std::move(text)});
  }
  return files;
}

}  // namespace cocos::config
