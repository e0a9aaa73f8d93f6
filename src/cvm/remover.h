// Removal of a CVM, for callers, for TTLs, and for what interrupted creates and removals left.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/logger.h"
#include "base/result.h"
#include "cvm/cleaner.h"
#include "cvm/hypervisor.h"
#include "cvm/metadata_keeper.h"
#include "cvm/power_button.h"
#include "cvm/registry.h"

namespace cocos::cvm {

// Thread-safe; removals of different CVMs do not wait for each other.
class Remover {
 public:
  Remover(Hypervisor& hypervisor, Registry& registry, const MetadataKeeper& metadata,
          const Cleaner& cleaner, Logger& logger, std::chrono::milliseconds stop_timeout)
      : hypervisor_(hypervisor),
        registry_(registry),
        metadata_(metadata),
        cleaner_(cleaner),
        logger_(logger),
        stop_timeout_(stop_timeout) {}

  // Whatever the CVM's state. Asks the guest to power off, waits for at most the stop timeout, then
  // powers it off. Joins a removal already under way. Errors: kNotFound; anything the hypervisor
  // says, in which case the removal is taken up again later.
  Result<void> Remove(const CvmId& id, const std::string& cause);

  // From now on guests are not waited for: the manager ends.
  void Close() { closing_ = true; }

  // Second half of a CVM that ended by itself (Registry::NoteEnded returned true).
  void CleanEnded(const CvmId& id);

 private:
  PowerButton& ButtonOf(const CvmId& id);
  void ReleaseButton(const CvmId& id);
  void WaitForGuest(const CvmId& id, const PowerButton& button);

  Hypervisor& hypervisor_;
  Registry& registry_;
  const MetadataKeeper& metadata_;
  const Cleaner& cleaner_;
  Logger& logger_;
  const std::chrono::milliseconds stop_timeout_;
  std::atomic<bool> closing_ = false;
  std::mutex mutex_;
  // Kept over a removal that failed: the thread inside may be stuck for as long as the domain is.
  std::map<CvmId, std::unique_ptr<PowerButton>> buttons_;
};

}  // namespace cocos::cvm
