// The SEV firmware of this host, asked through /dev/sev.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "cvm/host_facts.h"

namespace cocos::daemon {

// The fields of struct sev_user_data_snp_status (linux/psp-sev.h, kernel 6.11 and later), 32 bytes.
// Errors: kMalformed for another size.
Result<cvm::SnpPlatform> ParseSnpStatus(std::span<const std::byte> bytes);

// Sends commands to the firmware.
class SevCommands {
 public:
  virtual ~SevCommands() = default;
  // Runs one command, whose structure `data` is read and filled in. Errors: kFailedPrecondition
  // (no device, no permission), kUnavailable (the firmware refuses).
  virtual Result<void> Issue(std::uint32_t command, std::span<std::byte> data) const = 0;
};

// The real ones. Opens the device at each command: the driver may be loaded later, and a held
// descriptor would keep it from being unloaded.
class SevDevice final : public SevCommands {
 public:
  explicit SevDevice(std::string path = "/dev/sev") : path_(std::move(path)) {}
  Result<void> Issue(std::uint32_t command, std::span<std::byte> data) const override;

 private:
  const std::string path_;
};

class SevHostFacts final : public cvm::HostFacts {
 public:
  // `commands` must outlive this. `cpu_signature` is CPUID(1).EAX.
  SevHostFacts(const SevCommands& commands, std::uint32_t cpu_signature)
      : commands_(commands), cpu_signature_(cpu_signature) {}
  Result<cvm::SnpPlatform> ReadSnpPlatform() const override;

 private:
  const SevCommands& commands_;
  const std::uint32_t cpu_signature_;
};

// CPUID(1).EAX of the processor this runs on; 0 where there is no such thing.
std::uint32_t CpuSignature();

}  // namespace cocos::daemon
