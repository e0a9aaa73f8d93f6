#include "collateral/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/file.h"

namespace cocos::collateral {

Result<DirectoryLock> DirectoryLock::Take(const std::string& directory) {
  const std::string path = directory + "/.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) {
    const int error_number = errno;
    const ErrorCode code = error_number == EACCES || error_number == ELOOP
                               ? ErrorCode::kFailedPrecondition
                               : ErrorCode::kInternal;
    return Fail(code, "open {}: {}", path, ErrnoText(error_number));
  }
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Fail(ErrorCode::kInternal, "lock {}: {}", path, ErrnoText(errno));
  }
  return DirectoryLock(std::move(fd));
}

}  // namespace cocos::collateral
