#include "hypervisor/kvm_guest.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace cocos::hypervisor {
namespace {

constexpr std::size_t kMemoryBytes = 0x10000;
constexpr std::size_t kCodeAddress = 0x1000;
constexpr std::size_t kDataAddress = 0x2000;
constexpr std::uint32_t kIterations = kKvmGuestInstructions / 2;
constexpr std::uint8_t kMark = 0x5a;
constexpr std::uint64_t kTssAddress = 0xfffbd000;  // outside the guest's memory; Intel wants one

// 32-bit code. The count is two instructions an iteration and touches registers only.
constexpr std::array<std::uint8_t, 21> kCode = {
    0xb9,
    kIterations & 0xff,
    (kIterations >> 8) & 0xff,
    (kIterations >> 16) & 0xff,
    kIterations >> 24,  // mov ecx, iterations
    0x83,
    0xe9,
    0x01,  // count: sub ecx, 1
    0x75,
    0xfb,  // jnz count
    0xb0,
    kMark,  // mov al, mark
    0xa2,
    kDataAddress & 0xff,
    kDataAddress >> 8,
    0x00,
    0x00,  // mov [data], al
    0xe6,
    0x10,  // out 0x10, al
    0xf4,  // hlt
    0x90,
};

std::uint64_t ThreadCpuTimeNs() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

KvmGuestResult Failed(KvmGuestStep step) {
  return {.step = step, .error_number = errno, .exit_reason = 0, .elapsed_ns = 0};
}

struct Vm {
  int cpu = -1;
  std::uint8_t* memory = nullptr;
  kvm_run* run = nullptr;
};

void* MapShared(std::size_t bytes, int fd) {
  const int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  return address == MAP_FAILED ? nullptr : address;
}

bool Create(int device_fd, Vm& vm) {
  const int vm_fd = ioctl(device_fd, KVM_CREATE_VM, 0);
  if (vm_fd < 0 || ioctl(vm_fd, KVM_SET_TSS_ADDR, kTssAddress) != 0) return false;
  vm.memory = static_cast<std::uint8_t*>(MapShared(kMemoryBytes, -1));
  if (vm.memory == nullptr) return false;
  kvm_userspace_memory_region region = {};
  region.memory_size = kMemoryBytes;
  region.userspace_addr = reinterpret_cast<std::uintptr_t>(vm.memory);
  if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) != 0) return false;
  vm.cpu = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
  const int run_bytes = ioctl(device_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (vm.cpu < 0 || run_bytes < static_cast<int>(sizeof(kvm_run))) return false;
  vm.run = static_cast<kvm_run*>(MapShared(static_cast<std::size_t>(run_bytes), vm.cpu));
  return vm.run != nullptr;
}

kvm_segment FlatSegment(std::uint8_t type, std::uint16_t selector) {
  kvm_segment segment = {};
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = 1;
  segment.db = 1;
  segment.s = 1;
  segment.g = 1;
  return segment;
}

// Protected mode with flat segments and without paging: what firmware runs in first.
bool SetUp(const Vm& vm) {
  std::memcpy(vm.memory + kCodeAddress, kCode.data(), kCode.size());
  kvm_sregs special = {};
  if (ioctl(vm.cpu, KVM_GET_SREGS, &special) != 0) return false;
  constexpr std::uint8_t kExecuteRead = 11;
  constexpr std::uint8_t kReadWrite = 3;
  special.cs = FlatSegment(kExecuteRead, 8);
  special.ds = special.es = special.fs = special.gs = special.ss = FlatSegment(kReadWrite, 16);
  special.cr0 |= 1;
  kvm_regs registers = {};
  registers.rip = kCodeAddress;
  registers.rflags = 2;
  return ioctl(vm.cpu, KVM_SET_SREGS, &special) == 0 &&
         ioctl(vm.cpu, KVM_SET_REGS, &registers) == 0;
}

bool RunUntilExit(const Vm& vm) {
  int result = 0;
  do {
    result = ioctl(vm.cpu, KVM_RUN, 0);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

KvmGuestResult UnexpectedExit(const Vm& vm) {
  return {.step = KvmGuestStep::kExit,
          .error_number = 0,
          .exit_reason = vm.run->exit_reason,
          .elapsed_ns = 0};
}

}  // namespace

KvmGuestResult RunKvmGuest(int device_fd) {
  if (ioctl(device_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
    return Failed(KvmGuestStep::kApiVersion);
  }
  Vm vm;
  if (!Create(device_fd, vm)) return Failed(KvmGuestStep::kCreate);
  if (!SetUp(vm)) return Failed(KvmGuestStep::kSetUp);
  const std::uint64_t start_ns = ThreadCpuTimeNs();
  if (!RunUntilExit(vm)) return Failed(KvmGuestStep::kRun);
  const std::uint64_t elapsed_ns = ThreadCpuTimeNs() - start_ns;
  if (vm.run->exit_reason != KVM_EXIT_IO) return UnexpectedExit(vm);
  if (!RunUntilExit(vm)) return Failed(KvmGuestStep::kRun);
  if (vm.run->exit_reason != KVM_EXIT_HLT) return UnexpectedExit(vm);
  const bool wrote = static_cast<volatile std::uint8_t*>(vm.memory)[kDataAddress] == kMark;
  return {.step = wrote ? KvmGuestStep::kDone : KvmGuestStep::kMemory,
          .error_number = 0,
          .exit_reason = 0,
          .elapsed_ns = elapsed_ns};
}

}  // namespace cocos::hypervisor
