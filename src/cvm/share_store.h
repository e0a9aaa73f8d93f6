// The two directories a guest mounts: certificates and environment. They hold secrets, so they live
// on tmpfs, belong to the manager, and only the hypervisor's group may read them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

struct SharePaths {
  std::string certs_dir;
  std::string env_dir;
};

// Layout: <root>/<id>/{certs/{cert,key,ca}.pem,env/environment}. Thread-safe.
class ShareStore {
 public:
  // `root` belongs to one manager instance alone. Errors: kFailedPrecondition when the directory is
  // a link or somebody else's.
  static Result<ShareStore> Open(const std::string& root, std::optional<gid_t> share_group);

  // Writes both shares. On failure nothing of them is left.
  // Errors: kAlreadyExists, kResourceExhausted (file system full), kFailedPrecondition, kInternal.
  Result<SharePaths> Stage(const CvmId& id, const CreateRequest& request) const;

  // Removes them; succeeds if there are none.
  Result<void> Wipe(const CvmId& id) const;

  // Ids that have shares. Names that are no CVM ids are left out: they are not ours.
  Result<std::set<CvmId>> List() const;

 private:
  ShareStore(SecureDir root, std::optional<gid_t> share_group)
      : root_(std::move(root)), share_group_(share_group) {}
  FileAccess DirAccess() const;
  FileAccess SecretAccess() const;
  Result<SharePaths> WriteShares(const SecureDir& directory, const CvmId& id,
                                 const CreateRequest& request) const;

  SecureDir root_;
  std::optional<gid_t> share_group_;
};

}  // namespace cocos::cvm
