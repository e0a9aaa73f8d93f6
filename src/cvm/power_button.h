// Asks a guest to power itself off, from a thread of its own.
#pragma once

#include <atomic>
#include <thread>

#include "cvm/cvm_id.h"
#include "cvm/hypervisor.h"

namespace cocos::cvm {

// Presses the button every second while it exists: a guest that is still booting does not hear the
// first time. The calls run apart from the caller because libvirt waits without limit for a
// hypervisor process that does not answer; only powering the domain off ends such a call. So
// destroy this object after that, not before: its destruction waits for the call.
class PowerButton {
 public:
  PowerButton(Hypervisor& hypervisor, CvmId id);

  // The hypervisor said no: waiting for the guest is of no use.
  bool refused() const { return refused_; }

 private:
  void Press(const std::stop_token& stop);

  Hypervisor& hypervisor_;
  const CvmId id_;
  std::atomic<bool> refused_ = false;
  std::jthread thread_;
};

}  // namespace cocos::cvm
