// Everything that CVMs have on the host's file system: shares, console logs, firmware variables.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "cvm/console_log.h"
#include "cvm/share_store.h"
#include "cvm/spec_builder.h"

namespace cocos::cvm {

// Belongs to one manager instance: directories of other instances are siblings. Thread-safe.
class Workspace {
 public:
  struct Options {
    std::string instance_id;
    std::string runtime_dir;
    std::string state_dir;
    std::string console_dir;
    std::optional<gid_t> share_group;
  };
  // Errors: kFailedPrecondition when a directory is a link or somebody else's.
  static Result<Workspace> Open(const Options& options);

  // Writes the shares and prepares the console log. Nothing is left after an error.
  Result<CvmPaths> Stage(const CvmId& id, const CreateRequest& request) const;

  // Removes all of a CVM's files; succeeds if there are none.
  Result<void> Remove(const CvmId& id) const;

  // Ids that have files of any kind.
  Result<std::set<CvmId>> List() const;

  const ConsoleLog& consoles() const { return consoles_; }

 private:
  Workspace(ShareStore shares, ConsoleLog consoles, SecureDir nvram)
      : shares_(std::move(shares)), consoles_(std::move(consoles)), nvram_(std::move(nvram)) {}

  ShareStore shares_;
  ConsoleLog consoles_;
  SecureDir nvram_;
};

}  // namespace cocos::cvm
