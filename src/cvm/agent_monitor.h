// What is learned about agents and their evidence while their CVMs run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "cvm/clock.h"
#include "cvm/cvm.h"
#include "cvm/cvm_id.h"
#include "cvm/log_ring.h"
#include "cvm/registry.h"

namespace cocos::cvm {

// Keeps it with the CVM, where lists and watchers see it; a verdict goes into the domain's metadata
// too, a moment later. What is said of an unknown CVM is dropped. Texts may come from a guest: they
// are cut and made printable here. Thread-safe; no call blocks.
class AgentMonitor {
 public:
  // Since the start of this process.
  struct Totals {
    std::uint64_t passed = 0;  // appraisals of evidence
    std::uint64_t failed = 0;
    std::uint64_t released = 0;  // computations
    std::uint64_t refused = 0;
  };

  // `record` is called when metadata has to be written; it must not block. References must outlive
  // this.
  AgentMonitor(Registry& registry, const Clock& clock, std::function<void()> record)
      : registry_(registry), clock_(clock), record_(std::move(record)) {}

  void NoteConnected(const CvmId& id, bool connected);
  // An event of the agent: what it does, and how that goes. The same again is no change.
  void NoteState(const CvmId& id, std::string_view state, std::string_view status);
  // The agent took its computation, or says why it cannot (`error` not empty).
  void NoteAnswer(const CvmId& id, std::string_view error);
  void NoteLog(const CvmId& id, std::string_view level, std::string_view text);

  // `mode`: of the CVM's class, as in AttestationNote.
  void NoteAppraisal(const CvmId& id, std::string_view mode, bool passed, std::string_view summary);
  void NoteReleased(const CvmId& id, std::string_view mode);
  void NoteRefused(const CvmId& id, std::string_view mode, std::string_view why);

  // Null for an unknown CVM. Closed when the CVM is gone.
  std::shared_ptr<const LogRing> LogOf(const CvmId& id) const { return registry_.LogOf(id); }
  Totals totals() const;

 private:
  void NoteAttestation(const CvmId& id, const Registry::Edit& edit);

  Registry& registry_;
  const Clock& clock_;
  const std::function<void()> record_;
  std::atomic<std::uint64_t> passed_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> released_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

}  // namespace cocos::cvm
