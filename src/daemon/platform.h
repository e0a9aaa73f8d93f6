// What the host is: its processor, its firmware, whom evidence of it leads back to.
#pragma once

#include <cstdint>

#include "base/logger.h"
#include "config/config.h"
#include "cvm/host_facts.h"
#include "cvm/hypervisor.h"
#include "daemon/class_builder.h"
#include "daemon/evidence_appraiser.h"
#include "daemon/sev_device.h"

namespace cocos::daemon {

// The daemon runs on the host's own. Tests put a simulated one in its place, in a program of their
// own: nothing a configuration says makes this daemon trust another.
class Platform {
 public:
  virtual ~Platform() = default;

  // Asked once, at start.
  virtual HostAbilities Abilities(const config::Config& config, Logger& logger) const = 0;
  virtual const cvm::HostFacts& Facts() const = 0;
  virtual std::uint32_t CpuSignature() const = 0;  // CPUID(1).EAX
  virtual EvidenceAppraiser::Anchors Anchors() const = 0;
  // What the core drives its domains through: `libvirt`, or something before it that lives as long.
  virtual cvm::Hypervisor& Before(cvm::Hypervisor& libvirt) = 0;
};

// The real one: /proc, /sys, /dev/sev, KVM, the keys of AMD and Intel.
class HostPlatform final : public Platform {
 public:
  HostPlatform() : facts_(sev_device_, daemon::CpuSignature()) {}

  HostAbilities Abilities(const config::Config& config, Logger& logger) const override;
  const cvm::HostFacts& Facts() const override { return facts_; }
  std::uint32_t CpuSignature() const override { return daemon::CpuSignature(); }
  EvidenceAppraiser::Anchors Anchors() const override;
  cvm::Hypervisor& Before(cvm::Hypervisor& libvirt) override { return libvirt; }

 private:
  const SevDevice sev_device_;
  const SevHostFacts facts_;
};

}  // namespace cocos::daemon
