#include "hypervisor/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <system_error>

#include "base/unique_fd.h"
#include "hypervisor/kvm_guest.h"

namespace cocos::hypervisor {
namespace {

// Far from a CPU's speed (a hundred times slower) and from an emulating KVM's (ten times faster).
constexpr std::uint64_t kMinInstructionsPerSecond = 16'000'000;
constexpr std::chrono::milliseconds kTimeToDie{500};

std::string ErrnoMessage(int error_number) { return std::generic_category().message(error_number); }

KvmProbe DoesNotRun(const std::string& device, std::string_view why) {
  return {KvmStatus::kDoesNotRun, fmt::format("{}: {}", device, why)};
}

KvmProbe CannotOpen(const std::string& device, int error_number) {
  const std::string detail = fmt::format("{}: {}", device, ErrnoMessage(error_number));
  switch (error_number) {
    case EACCES:
    case EPERM:
      return {KvmStatus::kNoPermission, detail};
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return {KvmStatus::kAbsent, detail};
    default:
      return {KvmStatus::kDoesNotRun, detail};
  }
}

bool WaitReadable(int fd, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd poller = {.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&poller, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Runs the guest in a child; no value if it does not end in time or the child dies.
std::optional<KvmGuestResult> RunInChild(int device_fd, std::chrono::milliseconds limit) {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    const KvmGuestResult result = RunKvmGuest(device_fd);
    _exit(write(writer.get(), &result, sizeof(result)) == sizeof(result) ? 0 : 1);
  }
  writer.Reset();
  KvmGuestResult result;
  const bool ended = WaitReadable(reader.get(), limit) &&
                     read(reader.get(), &result, sizeof(result)) == sizeof(result);
  // The pipe's other end closes when the child is dead: a child stuck in the kernel, which even
  // SIGKILL does not end, must not hold us up.
  kill(child, SIGKILL);
  const bool dead = WaitReadable(reader.get(), kTimeToDie);
  waitpid(child, nullptr, dead ? 0 : WNOHANG);
  if (!ended) return std::nullopt;
  return result;
}

KvmProbe JudgeSpeed(const std::string& device, std::uint64_t elapsed_ns) {
  if (IsHardwareSpeed(kKvmGuestInstructions, std::chrono::nanoseconds(elapsed_ns))) {
    return {KvmStatus::kUsable, {}};
  }
  return DoesNotRun(
      device, fmt::format("runs only {:.1f} million instructions a second, want {} million: they "
                          "are emulated, and a guest would take minutes to boot",
                          static_cast<double>(kKvmGuestInstructions) * 1e3 /
                              static_cast<double>(elapsed_ns),
                          kMinInstructionsPerSecond / 1'000'000));
}

KvmProbe Judge(const std::string& device, const KvmGuestResult& result) {
  switch (result.step) {
    case KvmGuestStep::kDone:
      return JudgeSpeed(device, result.elapsed_ns);
    case KvmGuestStep::kApiVersion:
      return DoesNotRun(device, "is not a KVM device");
    case KvmGuestStep::kCreate:
      return DoesNotRun(device,
                        "cannot create a virtual machine: " + ErrnoMessage(result.error_number));
    case KvmGuestStep::kSetUp:
      return DoesNotRun(
          device, "cannot set a virtual CPU's registers: " + ErrnoMessage(result.error_number));
    case KvmGuestStep::kRun:
      return DoesNotRun(device, "cannot run a guest: " + ErrnoMessage(result.error_number));
    case KvmGuestStep::kExit:
      return DoesNotRun(device,
                        fmt::format("a guest stopped with exit reason {}", result.exit_reason));
    case KvmGuestStep::kMemory:
      return DoesNotRun(device, "a guest's write did not reach its memory");
  }
  return DoesNotRun(device, "unknown result");
}

}  // namespace

bool IsHardwareSpeed(std::uint64_t instructions, std::chrono::nanoseconds time) {
  const std::chrono::nanoseconds slowest(instructions * 1'000'000'000 / kMinInstructionsPerSecond);
  return time <= slowest;
}

KvmProbe ProbeKvm(const std::string& device, std::chrono::milliseconds limit) {
  const UniqueFd fd(open(device.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return CannotOpen(device, errno);
  const std::optional<KvmGuestResult> result = RunInChild(fd.get(), limit);
  if (!result) {
    return DoesNotRun(device, fmt::format("a guest of a few instructions did not end within {} ms",
                                          limit.count()));
  }
  return Judge(device, *result);
}

}  // namespace cocos::hypervisor
