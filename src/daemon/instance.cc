#include "daemon/instance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/file.h"
#include "cvm/cvm_id.h"

namespace cocos::daemon {
namespace {

constexpr std::string_view kFileName = "instance-id";
constexpr std::size_t kMaxIdSize = 64;

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// The id becomes a directory name and stands in domain metadata.
Result<void> CheckId(std::string_view id, std::string_view origin) {
  const bool valid = !id.empty() && id.size() <= kMaxIdSize && id.front() != '.' &&
                     std::ranges::all_of(id, IsIdCharacter);
  if (valid) return {};
  return Fail(
      ErrorCode::kInvalidArgument,
      "{}: instance id {:?}: want 1 to {} letters, digits, '-', '_' or '.', no dot in front",
      origin, id, kMaxIdSize);
}

}  // namespace

Result<std::string> ResolveInstanceId(const std::string& configured, const std::string& state_dir) {
  if (!configured.empty()) {
    COCOS_TRY(CheckId(configured, "MANAGER_INSTANCE_ID"));
    return configured;
  }
  const SecureDir directory =
      COCOS_TRY(SecureDir::OpenOrCreateRoot(state_dir, {::geteuid(), ::getegid(), 0711}));
  const std::string path = state_dir + "/" + std::string(kFileName);
  Result<std::string> kept = ReadFile(path, 4096);
  if (kept) {
    while (kept->ends_with('\n')) kept->pop_back();
    COCOS_TRY(CheckId(*kept, path));
    return kept;
  }
  if (kept.error().code() != ErrorCode::kNotFound) return kept;
  const std::string id = cvm::CvmId::Random().text();
  COCOS_TRY(
      directory.ReplaceFile(std::string(kFileName), id + "\n", {::geteuid(), ::getegid(), 0644}));
  return id;
}

Result<InstanceLock> InstanceLock::Acquire(const std::string& runtime_dir,
                                           const std::string& instance_id) {
  const FileAccess access{::geteuid(), ::getegid(), 0711};
  COCOS_TRY(SecureDir::OpenOrCreateRoot(runtime_dir, access));
  const std::string directory = runtime_dir + "/" + instance_id;
  COCOS_TRY(SecureDir::OpenOrCreate(directory, access));
  const std::string path = directory + "/lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return Fail(ErrorCode::kInternal, "open {}: {}", path, ErrnoText(errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Fail(ErrorCode::kInternal, "lock {}: {}", path, ErrnoText(errno));
    }
    const Result<std::string> holder = ReadFile(path, 64);
    return Fail(
        ErrorCode::kAlreadyExists,
        "instance \"{}\" is already running (pid {}, lock {}); another manager on this host "
        "needs its own MANAGER_INSTANCE_ID",
        instance_id, holder ? *holder : "unknown", path);
  }
  // For people only, and unknown if it cannot be written: the lock is what counts.
  const std::string pid = std::to_string(::getpid());
  const bool is_empty = ::ftruncate(fd.get(), 0) == 0;
  [[maybe_unused]] const ssize_t written =
      is_empty ? ::pwrite(fd.get(), pid.data(), pid.size(), 0) : 0;
  return InstanceLock(std::move(fd));
}

}  // namespace cocos::daemon
