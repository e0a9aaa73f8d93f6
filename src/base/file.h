// Reading files, and directories that hold secrets. All paths below a SecureDir are opened relative
// to its descriptor and never through a symbolic link, so a local user who creates names in advance
// can make an operation fail, but cannot redirect it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cocos {

// "No space left on device" and the like, for an errno value. Thread-safe.
std::string ErrnoText(int error_number);

// The whole file as bytes in a string. Errors: kNotFound, kFailedPrecondition (no permission, not a
// regular file), kResourceExhausted (larger than max_bytes), kInternal (I/O error).
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes = 64u << 20);

// Reads at most max_bytes from the end of the file. Errors as ReadFile.
Result<std::string> ReadFileTail(const std::string& path, std::size_t max_bytes);

// Succeeds if the path is a regular file this process can read; else an error that names the path:
// kNotFound or kFailedPrecondition.
Result<void> CheckReadableFile(const std::string& path);

// Tells one content of a file from another, as far as the kernel records writing. The change time
// is left out: libvirt changes owner and attributes of a guest's files at each start and stop.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// A regular file read from start to end.
class InputFile {
 public:
  // Errors as ReadFile.
  static Result<InputFile> Open(const std::string& path);
  Result<FileIdentity> Identify() const;
  // The next bytes into `buffer`; 0 at the end.
  Result<std::size_t> Read(std::span<std::byte> buffer);
  // Those from `offset` on; 0 at the end or beyond.
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const;

 private:
  InputFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  std::string path_;
};

// Whether the path is on a file system that lives in memory (tmpfs, ramfs). Errors as ReadFile.
Result<bool> IsOnTmpfs(const std::string& path);

// Who owns a file or directory and what they may do.
struct FileAccess {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
};

// A directory that is held open.
class SecureDir {
 public:
  // Opens or creates `path` (parents are created 0711) with the access given. An existing directory
  // must be a real directory (no link) that belongs to `access.owner` or to this process's user;
  // its mode is corrected. Errors: kFailedPrecondition naming the path, its owner and what is
  // wanted.
  static Result<SecureDir> OpenOrCreate(const std::string& path, FileAccess access);
  // The same for a directory that an operator chose: one that exists is left as it is, and refused
  // if others than its owner may write to it.
  static Result<SecureDir> OpenOrCreateRoot(const std::string& path, FileAccess access);
  // Opens an existing directory, refusing a symbolic link in its last component.
  static Result<SecureDir> Open(const std::string& path);

  const std::string& path() const { return path_; }
  // Creates a new directory in this one; kAlreadyExists if the name is taken by anything.
  Result<SecureDir> Create(const std::string& name, FileAccess access) const;
  Result<SecureDir> OpenChild(const std::string& name) const;
  // Creates a new file with this content, synced; nothing of it is left after a failure.
  // Errors: kAlreadyExists, kResourceExhausted (disk full), kInternal.
  Result<void> WriteNewFile(const std::string& name, std::string_view content,
                            FileAccess access) const;
  // Puts this content under the name in one step: after a crash at any moment the name holds the
  // old content or the new one. Errors as WriteNewFile, without kAlreadyExists.
  Result<void> ReplaceFile(const std::string& name, std::string_view content,
                           FileAccess access) const;
  // Cuts a file that has grown beyond max_bytes back to its last keep_bytes. Meant for a file that
  // another process appends to; what it writes at that very moment may be lost. A file that does
  // not exist is fine. Returns how many bytes went from its front.
  Result<std::uint64_t> TrimFile(const std::string& name, std::size_t max_bytes,
                                 std::size_t keep_bytes) const;
  // Names in this directory, sorted, without "." and "..".
  Result<std::vector<std::string>> List() const;
  // Removes the tree under `name` without following links; succeeds if there is none.
  Result<void> RemoveTree(const std::string& name) const;

 private:
  SecureDir(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  std::string path_;
};

}  // namespace cocos
