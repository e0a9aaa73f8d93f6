#include "testagent/work_dir.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "base/unique_fd.h"
#include "computation/manifest.h"

namespace cocos::testagent {
namespace {

constexpr std::size_t kMagicBytes = 4;

Result<void> FileError(const std::string& path, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  return Fail(full ? ErrorCode::kResourceExhausted : ErrorCode::kInternal, "{}: {}", path,
              ErrnoText(error_number));
}

Result<void> WriteFile(const std::string& path, std::string_view content, mode_t mode) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return FileError(path, errno);
  while (!content.empty()) {
    const ssize_t count = write(fd.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(path, errno);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0) return FileError(path, errno);
  return {};
}

Result<void> RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return FileError(path, error.value());
  return {};
}

// The kernel refuses to execute a script that names no interpreter.
bool NeedsShell(std::string_view head) {
  return !head.starts_with(
             "\x7f"
             "ELF") &&
         !head.starts_with("#!");
}

Result<std::string> Head(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string head(kMagicBytes, '\0');
  const ssize_t count = fd ? read(fd.get(), head.data(), head.size()) : -1;
  if (count < 0) return Fail(ErrorCode::kInternal, "{}: {}", path, ErrnoText(errno));
  head.resize(static_cast<std::size_t>(count));
  return head;
}

}  // namespace

Result<void> WorkDir::Prepare() const {
  COCOS_TRY(Clear());
  COCOS_TRY(MakeDirectory(root_ + "/datasets"));
  return MakeDirectory(results_path());
}

Result<void> WorkDir::Clear() const {
  COCOS_TRY(RemoveTree(algorithm_path()));
  COCOS_TRY(RemoveTree(root_ + "/datasets"));
  return RemoveTree(results_path());
}

Result<void> WorkDir::WriteAlgorithm(std::string_view content) const {
  return WriteFile(algorithm_path(), content, 0700);
}

Result<void> WorkDir::WriteDataset(const std::string& name, std::string_view content) const {
  COCOS_TRY(computation::CheckDatasetName(name));
  return WriteFile(root_ + "/datasets/" + name, content, 0600);
}

Result<std::vector<std::string>> AlgorithmCommand(const WorkDir& dir, std::string_view type,
                                                  std::string_view python_runtime,
                                                  const std::vector<std::string>& arguments) {
  std::vector<std::string> command;
  if (type.empty() || type == "bin") {
    if (NeedsShell(COCOS_TRY(Head(dir.algorithm_path())))) command.emplace_back("/bin/sh");
  } else if (type == "python") {
    command.emplace_back(python_runtime.empty() ? "python3" : python_runtime);
  } else {
    return Fail(ErrorCode::kInvalidArgument, "algorithm type \"{}\": want bin or python", type);
  }
  command.push_back(dir.algorithm_path());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace cocos::testagent
