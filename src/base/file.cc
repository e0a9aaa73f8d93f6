#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/handle.h"

namespace cocos {
namespace {

using DirHandle = Handle<DIR, closedir>;

// What an errno of a file operation means to a caller.
ErrorCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENOTDIR:
    case EROFS:
      return ErrorCode::kFailedPrecondition;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return ErrorCode::kResourceExhausted;
    default:
      return ErrorCode::kInternal;
  }
}

tl::unexpected<Error> FailErrno(std::string_view action, std::string_view path, int error_number) {
  return Fail(CodeOfErrno(error_number), "{} {}: {}", action, path, ErrnoText(error_number));
}

Result<UniqueFd> OpenRegular(const std::string& path) {
  // O_NONBLOCK: a FIFO put there by somebody must not block the manager.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return FailErrno("open", path, errno);
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return FailErrno("stat", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition, "open {}: not a regular file", path);
  }
  return fd;
}

// Reads from `offset` to the end, at most max_bytes + 1 so that the caller sees an excess.
Result<std::string> ReadFrom(int fd, const std::string& path, off_t offset, std::size_t max_bytes) {
  std::string content;
  constexpr std::size_t kChunk = 64 * 1024;
  while (content.size() <= max_bytes) {
    const std::size_t before = content.size();
    const std::size_t want = std::min(kChunk, max_bytes + 1 - before);
    content.resize(before + want);
    const ssize_t got = ::pread(fd, content.data() + before, want, offset);
    if (got < 0 && errno == EINTR) {
      content.resize(before);
      continue;
    }
    if (got < 0) return FailErrno("read", path, errno);
    content.resize(before + static_cast<std::size_t>(got));
    if (got == 0) break;
    offset += got;
  }
  return content;
}

Result<void> WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailErrno("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Owner, group and mode; the mode last, because chown clears set-id bits and because nobody may get
// at a file before it has its owner.
Result<void> SetAccess(int fd, const std::string& path, const FileAccess& access) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return FailErrno("stat", path, errno);
  const bool owner_differs = status.st_uid != access.owner || status.st_gid != access.group;
  if (owner_differs && ::fchown(fd, access.owner, access.group) != 0) {
    return FailErrno("change owner of", path, errno);
  }
  if (::fchmod(fd, access.mode) != 0) return FailErrno("change mode of", path, errno);
  return {};
}

Result<UniqueFd> OpenDirAt(int parent, const std::string& name, const std::string& path) {
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) return fd;
  const int error_number = errno;
  // With O_DIRECTORY | O_NOFOLLOW a symbolic link is ENOTDIR or ELOOP, depending on the kernel.
  if (error_number == ENOTDIR || error_number == ELOOP) {
    return Fail(ErrorCode::kFailedPrecondition,
                "{}: want a directory, found a symbolic link or another kind of file", path);
  }
  return FailErrno("open directory", path, error_number);
}

// A directory that somebody else owns may be changed by them at any time.
Result<void> CheckOwner(int fd, const std::string& path, uid_t wanted_owner) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return FailErrno("stat", path, errno);
  if (status.st_uid == wanted_owner || status.st_uid == ::geteuid()) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              "{}: belongs to uid {}, want uid {}; refusing to use it", path, status.st_uid,
              wanted_owner);
}

// Makes a directory and those above it; true if it is new.
Result<bool> MakeDirectory(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  std::error_code error;
  if (!parent.empty() && !std::filesystem::exists(parent, error)) {
    const bool created = COCOS_TRY(MakeDirectory(parent));
    // Passed through by others, listed by nobody.
    if (created && ::chmod(parent.c_str(), 0711) != 0) {
      return FailErrno("change mode of", parent, errno);
    }
  }
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  return FailErrno("create directory", path, errno);
}

Result<void> CheckOthersCannotWrite(int fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return FailErrno("stat", path, errno);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              "{}: mode {:04o}, want no write permission for group and others; refusing to use it",
              path, status.st_mode & 07777);
}

Result<std::vector<std::string>> ListFd(int directory, const std::string& path) {
  // A new description: the one we hold keeps its own read position.
  UniqueFd copy(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!copy) return FailErrno("list", path, errno);
  DirHandle stream(::fdopendir(copy.get()));
  if (!stream) return FailErrno("list", path, errno);
  static_cast<void>(copy.Release());  // the stream owns it now
  std::vector<std::string> names;
  errno = 0;
  // readdir is safe here: no other thread uses this stream.
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return FailErrno("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> RemoveTreeAt(int parent, const std::string& name, const std::string& path) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  // Linux says EISDIR for a directory, POSIX EPERM.
  if (errno != EISDIR && errno != EPERM) return FailErrno("remove", path, errno);
  const UniqueFd directory = COCOS_TRY(OpenDirAt(parent, name, path));
  for (const std::string& child : COCOS_TRY(ListFd(directory.get(), path))) {
    COCOS_TRY(RemoveTreeAt(directory.get(), child, path + "/" + child));
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return FailErrno("remove", path, errno);
  }
  return {};
}

Result<void> CheckName(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "file name \"{}\": want a single path component",
                name);
  }
  return {};
}

}  // namespace

std::string ErrnoText(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const UniqueFd fd = COCOS_TRY(OpenRegular(path));
  std::string content = COCOS_TRY(ReadFrom(fd.get(), path, 0, max_bytes));
  if (content.size() > max_bytes) {
    return Fail(ErrorCode::kResourceExhausted, "read {}: larger than {} bytes", path, max_bytes);
  }
  return content;
}

Result<std::string> ReadFileTail(const std::string& path, std::size_t max_bytes) {
  const UniqueFd fd = COCOS_TRY(OpenRegular(path));
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return FailErrno("stat", path, errno);
  const auto limit = static_cast<off_t>(max_bytes);
  const off_t offset = status.st_size > limit ? status.st_size - limit : 0;
  std::string content = COCOS_TRY(ReadFrom(fd.get(), path, offset, max_bytes));
  if (content.size() > max_bytes)
    content.erase(0, content.size() - max_bytes);  // it grew meanwhile
  return content;
}

Result<void> CheckReadableFile(const std::string& path) {
  COCOS_TRY(OpenRegular(path));
  return {};
}

Result<InputFile> InputFile::Open(const std::string& path) {
  UniqueFd fd = COCOS_TRY(OpenRegular(path));
  return InputFile(std::move(fd), path);
}

Result<FileIdentity> InputFile::Identify() const {
  struct stat status = {};
  if (::fstat(fd_.get(), &status) != 0) return FailErrno("stat", path_, errno);
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return FileIdentity{.device = status.st_dev,
                      .inode = status.st_ino,
                      .size_bytes = static_cast<std::uint64_t>(status.st_size),
                      .modified_ns = nanoseconds(status.st_mtim)};
}

Result<std::size_t> InputFile::Read(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return FailErrno("read", path_, errno);
  }
}

Result<std::size_t> InputFile::ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const {
  while (true) {
    const ssize_t got =
        ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return FailErrno("read", path_, errno);
  }
}

Result<bool> IsOnTmpfs(const std::string& path) {
  struct statfs status = {};
  if (::statfs(path.c_str(), &status) != 0) return FailErrno("stat", path, errno);
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

Result<SecureDir> SecureDir::OpenOrCreate(const std::string& path, FileAccess access) {
  COCOS_TRY(MakeDirectory(path));
  UniqueFd fd = COCOS_TRY(OpenDirAt(AT_FDCWD, path, path));
  COCOS_TRY(CheckOwner(fd.get(), path, access.owner));
  COCOS_TRY(SetAccess(fd.get(), path, access));
  return SecureDir(std::move(fd), path);
}

Result<SecureDir> SecureDir::OpenOrCreateRoot(const std::string& path, FileAccess access) {
  const bool created = COCOS_TRY(MakeDirectory(path));
  UniqueFd fd = COCOS_TRY(OpenDirAt(AT_FDCWD, path, path));
  COCOS_TRY(CheckOwner(fd.get(), path, access.owner));
  if (created) {
    COCOS_TRY(SetAccess(fd.get(), path, access));
  } else {
    COCOS_TRY(CheckOthersCannotWrite(fd.get(), path));
  }
  return SecureDir(std::move(fd), path);
}

Result<SecureDir> SecureDir::Open(const std::string& path) {
  UniqueFd fd = COCOS_TRY(OpenDirAt(AT_FDCWD, path, path));
  return SecureDir(std::move(fd), path);
}

Result<SecureDir> SecureDir::Create(const std::string& name, FileAccess access) const {
  COCOS_TRY(CheckName(name));
  const std::string child_path = path_ + "/" + name;
  if (::mkdirat(fd_.get(), name.c_str(), 0700) != 0) {
    return FailErrno("create directory", child_path, errno);
  }
  UniqueFd fd = COCOS_TRY(OpenDirAt(fd_.get(), name, child_path));
  if (Result<void> set = SetAccess(fd.get(), child_path, access); !set) {
    ::unlinkat(fd_.get(), name.c_str(), AT_REMOVEDIR);
    return tl::unexpected(std::move(set).error());
  }
  return SecureDir(std::move(fd), child_path);
}

Result<SecureDir> SecureDir::OpenChild(const std::string& name) const {
  COCOS_TRY(CheckName(name));
  const std::string child_path = path_ + "/" + name;
  return SecureDir(COCOS_TRY(OpenDirAt(fd_.get(), name, child_path)), child_path);
}

Result<void> SecureDir::WriteNewFile(const std::string& name, std::string_view content,
                                     FileAccess access) const {
  COCOS_TRY(CheckName(name));
  const std::string file_path = path_ + "/" + name;
  // 0600 until content and owner are right; O_EXCL refuses links and existing files alike.
  const UniqueFd fd(::openat(fd_.get(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return FailErrno("create", file_path, errno);
  Result<void> written = WriteAll(fd.get(), content, file_path);
  if (written && ::fsync(fd.get()) != 0) written = FailErrno("sync", file_path, errno);
  if (written) written = SetAccess(fd.get(), file_path, access);
  if (!written) ::unlinkat(fd_.get(), name.c_str(), 0);
  return written;
}

Result<void> SecureDir::ReplaceFile(const std::string& name, std::string_view content,
                                    FileAccess access) const {
  COCOS_TRY(CheckName(name));
  const std::string new_name = name + ".new";
  // Of an earlier attempt that did not get further.
  if (::unlinkat(fd_.get(), new_name.c_str(), 0) != 0 && errno != ENOENT) {
    return FailErrno("remove", path_ + "/" + new_name, errno);
  }
  COCOS_TRY(WriteNewFile(new_name, content, access));
  if (::renameat(fd_.get(), new_name.c_str(), fd_.get(), name.c_str()) != 0) {
    const int error = errno;
    ::unlinkat(fd_.get(), new_name.c_str(), 0);
    return FailErrno("rename to", path_ + "/" + name, error);
  }
  if (::fsync(fd_.get()) != 0) return FailErrno("sync", path_, errno);
  return {};
}

Result<std::uint64_t> SecureDir::TrimFile(const std::string& name, std::size_t max_bytes,
                                          std::size_t keep_bytes) const {
  COCOS_TRY(CheckName(name));
  const std::string file_path = path_ + "/" + name;
  const UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) return 0u;
  if (!fd) return FailErrno("open", file_path, errno);
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return FailErrno("stat", file_path, errno);
  if (status.st_size <= static_cast<off_t>(max_bytes)) return 0u;
  const off_t offset = status.st_size - static_cast<off_t>(keep_bytes);
  const std::string kept = COCOS_TRY(ReadFrom(fd.get(), file_path, offset, keep_bytes));
  if (::ftruncate(fd.get(), 0) != 0) return FailErrno("truncate", file_path, errno);
  COCOS_TRY(WriteAll(fd.get(), kept, file_path));
  return static_cast<std::uint64_t>(offset);
}

Result<std::vector<std::string>> SecureDir::List() const { return ListFd(fd_.get(), path_); }

Result<void> SecureDir::RemoveTree(const std::string& name) const {
  COCOS_TRY(CheckName(name));
  return RemoveTreeAt(fd_.get(), name, path_ + "/" + name);
}

}  // namespace cocos
