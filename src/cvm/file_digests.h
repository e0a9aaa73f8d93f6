// Digests of the files a CVM boots from, as they are at its creation.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "cvm/class.h"

namespace cocos::cvm {

// Digests a file once as long as it stays the same (device, inode, size and time of modification),
// so that a repeated create costs one stat a file. Thread-safe.
class FileDigests {
 public:
  // Lower-case hex SHA-384. Errors: as OpenRegularFile, naming the path.
  Result<std::string> Sha384(const std::string& path);

 private:
  struct Entry {
    FileIdentity identity;
    std::string digest;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

// "sha384:kernel" and the like for every file `boot` names, and "sha384:kernel-command-line".
// Errors: kFailedPrecondition naming the file that is missing or cannot be read, and what it is
// for.
Result<std::map<std::string, std::string>> CaptureReferenceValues(const BootSpec& boot,
                                                                  const std::string& command_line,
                                                                  FileDigests& digests);

}  // namespace cocos::cvm
