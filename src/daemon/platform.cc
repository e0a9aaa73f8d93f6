#include "daemon/platform.h"

#include "daemon/host_detection.h"
#include "hypervisor/kvm_probe.h"

namespace cocos::daemon {
namespace {

// How guests without a TEE are run. A KVM that opens but runs nothing would make every guest hang.
domain::Hypervisor ChooseHypervisor(const config::Config& config, Logger& logger) {
  if (config.libvirt_uri.starts_with("test:")) return domain::Hypervisor::kTest;
  if (!config.enable_kvm) {
    logger.Warn("KVM is turned off; CVMs run by software emulation, without a TEE and slowly",
                {{"variable", "MANAGER_QEMU_ENABLE_KVM"}});
    return domain::Hypervisor::kQemu;
  }
  const hypervisor::KvmProbe probe = hypervisor::ProbeKvm();
  if (probe.status == hypervisor::KvmStatus::kUsable) return domain::Hypervisor::kKvm;
  // libvirt's own process may well be allowed to open what this one is not.
  if (probe.status == hypervisor::KvmStatus::kNoPermission) return domain::Hypervisor::kKvm;
  logger.Warn("KVM cannot be used; CVMs run by software emulation, without a TEE and slowly",
              {{"cause", probe.detail}});
  return domain::Hypervisor::kQemu;
}

}  // namespace

HostAbilities HostPlatform::Abilities(const config::Config& config, Logger& logger) const {
  return {.tee = DetectHostTee(), .hypervisor = ChooseHypervisor(config, logger)};
}

EvidenceAppraiser::Anchors HostPlatform::Anchors() const {
  return {attestation::snp::AmdTrustAnchors(), attestation::tdx::IntelTrustAnchors()};
}

}  // namespace cocos::daemon
