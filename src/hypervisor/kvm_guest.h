// The guest of the KVM probe.
#pragma once

#include <cstdint>

namespace cocos::hypervisor {

// How far the guest got. A plain value: it crosses a pipe between two processes.
enum class KvmGuestStep : std::uint8_t {
  kDone,
  kApiVersion,  // not KVM, or not the API of this century
  kCreate,      // virtual machine, memory or CPU
  kSetUp,       // registers
  kRun,         // KVM_RUN failed
  kExit,        // the guest stopped for another reason than its port write and its halt
  kMemory,      // what it wrote is not in its memory
};

struct KvmGuestResult {
  KvmGuestStep step = KvmGuestStep::kDone;
  int error_number = 0;          // for kCreate, kSetUp and kRun
  unsigned exit_reason = 0;      // for kExit
  std::uint64_t elapsed_ns = 0;  // CPU time of the guest's counting
};

// Instructions the guest executes while it counts.
inline constexpr std::uint64_t kKvmGuestInstructions = 800'000;

// Runs the guest on an open KVM device. May not return at all if KVM hangs. Makes system calls
// only, so it may be used in a forked child of a process with threads; leaves what it allocated to
// the end of that child.
KvmGuestResult RunKvmGuest(int device_fd);

}  // namespace cocos::hypervisor
