// Does KVM run guests here? Found out by running one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cocos::hypervisor {

enum class KvmStatus {
  kUsable,
  kAbsent,        // no such device
  kNoPermission,  // this process may not open it
  kDoesNotRun,    // it opens, but a guest does not run, or not at a usable speed
};

struct KvmProbe {
  KvmStatus status = KvmStatus::kAbsent;
  std::string detail;  // for people: lower case, names the device; empty if usable
};

// Makes a virtual machine with one CPU and 64 KiB of memory and lets it count, write to memory and
// to a port, and halt. That a device opens proves little: on hosts that are virtual machines
// themselves, KVM may emulate every instruction, so that a guest's kernel takes minutes to unpack
// and looks hung.
//
// The guest runs in a child process, which is killed after `limit`; no thread or process is left.
// Returns within `limit` and half a second. Thread-safe.
KvmProbe ProbeKvm(const std::string& device = "/dev/kvm",
                  std::chrono::milliseconds limit = std::chrono::seconds(2));

// True if a guest that took this time for so many instructions is run by the CPU. A CPU does a
// thousand million a second, an emulating KVM about one million.
bool IsHardwareSpeed(std::uint64_t instructions, std::chrono::nanoseconds time);

}  // namespace cocos::hypervisor
