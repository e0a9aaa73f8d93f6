// Keeps what a domain's metadata says of its CVM true while the CVM lives.
#pragma once

#include <string>

#include "base/logger.h"
#include "cvm/hypervisor.h"
#include "cvm/registry.h"

namespace cocos::cvm {

// Thread-safe. Calls wait for the hypervisor.
class MetadataKeeper {
 public:
  // References must outlive this.
  MetadataKeeper(Hypervisor& hypervisor, Registry& registry, Logger& logger,
                 std::string instance_id)
      : hypervisor_(hypervisor),
        registry_(registry),
        logger_(logger),
        instance_id_(std::move(instance_id)) {}

  // Of a running CVM that Registry::TakeUnrecorded returned: what has been noted since it was
  // written last. A failure is logged, and the registry returns the CVM again.
  void Record(const CvmId& id) const;

  // A manager that starts anew finishes a removal that carries this mark. Best effort: the domain
  // may be gone, and without the mark the CVM is at worst adopted again.
  void MarkRemoving(const CvmId& id) const;

 private:
  Result<void> Write(const CvmId& id, domain::Phase phase) const;
  Result<void> WriteRunning(const CvmId& id) const;

  Hypervisor& hypervisor_;
  Registry& registry_;
  Logger& logger_;
  const std::string instance_id_;
};

}  // namespace cocos::cvm
