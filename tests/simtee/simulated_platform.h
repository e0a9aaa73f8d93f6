// A host that pretends to have a Genoa processor with SEV-SNP.
#pragma once

#include <memory>
#include <string>

#include "daemon/platform.h"
#include "daemon/program.h"
#include "simtee/simulated_hypervisor.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::simtee {

class SimulatedPlatform final : public daemon::Platform, public cvm::HostFacts {
 public:
  // From COCOS_TEST_TRUST_ANCHORS, a directory whose file genoa.der is the root that evidence may
  // lead back to, and COCOS_TEST_TEE_DIR, where guests find their processor. Errors:
  // kInvalidArgument naming the variable.
  static Result<std::unique_ptr<Platform>> Make(const daemon::Environment& environment,
                                                Logger& logger);
  // The root of the simulated processor.
  static std::string RootDer();

  daemon::HostAbilities Abilities(const config::Config& config, Logger& logger) const override;
  const cvm::HostFacts& Facts() const override { return *this; }
  std::uint32_t CpuSignature() const override;
  daemon::EvidenceAppraiser::Anchors Anchors() const override { return anchors_; }
  cvm::Hypervisor& Before(cvm::Hypervisor& libvirt) override;
  Result<cvm::SnpPlatform> ReadSnpPlatform() const override;

 private:
  SimulatedPlatform(daemon::EvidenceAppraiser::Anchors anchors, std::string directory);

  const attestation::snp::testing::TestPlatform processor_;
  const daemon::EvidenceAppraiser::Anchors anchors_;
  const std::string directory_;
  std::unique_ptr<SimulatedHypervisor> hypervisor_;
};

}  // namespace cocos::simtee
