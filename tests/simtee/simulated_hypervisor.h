// Between the core and libvirt: launches domains of SEV-SNP as plain ones, and gives the guest the
// simulated processor that has measured them.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "cvm/hypervisor.h"
#include "simtee/deviations.h"
#include "simtee/launch_record.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::simtee {

class SimulatedHypervisor final : public cvm::Hypervisor {
 public:
  // All must outlive this. `directory` gets a folder for each CVM, which its guest mounts as the 9p
  // share "test_tee".
  SimulatedHypervisor(cvm::Hypervisor& libvirt,
                      const attestation::snp::testing::TestPlatform& processor,
                      std::string directory)
      : libvirt_(libvirt), processor_(processor), directory_(std::move(directory)) {}

  Result<void> Connect() override { return libvirt_.Connect(); }
  bool IsConnected() const override { return libvirt_.IsConnected(); }
  Result<cvm::HostCapabilities> Capabilities() override { return libvirt_.Capabilities(); }
  Result<std::vector<cvm::DomainRecord>> ListDomains() override { return libvirt_.ListDomains(); }
  Result<cvm::DomainRecord> Find(const cvm::CvmId& id) override { return libvirt_.Find(id); }
  Result<std::string> DomainXml(const cvm::CvmId& id) override { return libvirt_.DomainXml(id); }
  Result<void> Define(const std::string& domain_xml) override;
  Result<void> Start(const cvm::CvmId& id) override;
  Result<void> RequestShutdown(const cvm::CvmId& id) override {
    return libvirt_.RequestShutdown(id);
  }
  Result<void> Destroy(const cvm::CvmId& id) override { return libvirt_.Destroy(id); }
  Result<void> Undefine(const cvm::CvmId& id) override { return libvirt_.Undefine(id); }
  Result<void> SetMetadata(const cvm::CvmId& id, const std::string& metadata_xml) override {
    return libvirt_.SetMetadata(id, metadata_xml);
  }

 private:
  struct Launch {
    LaunchRecord record;
    Deviations deviations;
  };

  Result<std::string> ChipJson(const Launch& launch) const;

  cvm::Hypervisor& libvirt_;
  const attestation::snp::testing::TestPlatform& processor_;
  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, Launch> launches_;  // defined, not started; by UUID
};

}  // namespace cocos::simtee
