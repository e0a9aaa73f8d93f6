// Turns of those who write into one directory.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cocos::collateral {

// Held from Take until destruction; ends with the process. Between threads too: each Take opens the
// file anew. Private to this module.
class DirectoryLock {
 public:
  // Waits for whoever holds it, which is never longer than the writing of one piece.
  // Errors: kFailedPrecondition, kInternal, naming the file.
  static Result<DirectoryLock> Take(const std::string& directory);

 private:
  explicit DirectoryLock(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace cocos::collateral
