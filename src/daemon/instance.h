// Who this manager is among the managers of a host, and that it is the only one of that name.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cocos::daemon {

// Directories and domains are kept apart by this id, so it must survive a restart: the configured
// one, else the one in <state_dir>/instance-id, which is made at the first start. Errors:
// kInvalidArgument for a configured id that is no plain file name; errors of the file system.
Result<std::string> ResolveInstanceId(const std::string& configured, const std::string& state_dir);

// Held while the manager runs; the kernel lets go of it when the process ends, however it ends.
class InstanceLock {
 public:
  // Errors: kAlreadyExists when another process holds it, naming its pid.
  static Result<InstanceLock> Acquire(const std::string& runtime_dir,
                                      const std::string& instance_id);

 private:
  explicit InstanceLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace cocos::daemon
