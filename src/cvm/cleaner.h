// Takes apart what a create put together. The one place that does, whatever the reason.
#pragma once

#include "base/result.h"
#include "cvm/hypervisor.h"
#include "cvm/workspace.h"

namespace cocos::cvm {

// Idempotent: each step succeeds when there is nothing to do, so a removal that was interrupted at
// any point is simply run again. Thread-safe.
class Cleaner {
 public:
  Cleaner(Hypervisor& hypervisor, const Workspace& workspace)
      : hypervisor_(hypervisor), workspace_(workspace) {}

  // Power off, undefine, then the files, which the hypervisor reads until the domain is off.
  // Errors: the first one. A domain that cannot be powered off keeps its files for the next try.
  Result<void> CleanAll(const CvmId& id) const;

  // For a CVM that the hypervisor never heard of.
  Result<void> CleanFiles(const CvmId& id) const;

 private:
  Hypervisor& hypervisor_;
  const Workspace& workspace_;
};

}  // namespace cocos::cvm
