// What libvirt says a host can run.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::domain {

struct DomainCapabilities {
  std::string emulator;     // absolute path; empty with drivers that have none
  std::string domain_type;  // "kvm", "qemu", "test"
  bool sev_snp = false;
  bool tdx = false;
  // For sev-snp guests. Present only when libvirt reports SEV on this host.
  std::optional<unsigned> sev_cbitpos;
  std::optional<unsigned> sev_reduced_phys_bits;
};

// Reads the <domainCapabilities> document of virConnectGetDomainCapabilities. A TEE counts as there
// when it is among the `sectype` values of <launchSecurity supported='yes'>. Note that libvirt up
// to 11.9 may report TDX on a host where it is off. Errors: kMalformed for a document of another
// kind, or a number that is none.
Result<DomainCapabilities> ParseDomainCapabilities(std::string_view xml);

}  // namespace cocos::domain
