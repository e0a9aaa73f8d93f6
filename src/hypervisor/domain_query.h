// Finding and describing domains: thin functions over libvirt that own what libvirt returns.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cvm/hypervisor.h"
#include "hypervisor/handles.h"

namespace cocos::hypervisor {

// kNotFound if there is no such domain.
Result<DomainHandle> FindDomain(virConnectPtr connection, const cvm::CvmId& id);

// All domains, or those that match the flags (virConnectListAllDomainsFlags).
Result<std::vector<DomainHandle>> ListDomainHandles(virConnectPtr connection, unsigned flags);

// The metadata element of our namespace; no value if the domain has none (it is not ours).
Result<std::optional<std::string>> ReadMetadata(virDomainPtr domain);

// Everything but the metadata.
Result<cvm::DomainRecord> ReadRecord(virDomainPtr domain);

// Waits until every running domain of ours can be acted upon. A driver that has just started is
// still reconnecting to the monitors of its domains; one that is destroyed in that phase reports an
// error although it dies, and a transient one is lost. Gives up waiting after about `timeout` (one
// try takes up to 30 s in the driver): a domain that hangs must not keep the others from being
// served. Errors: what libvirt said.
Result<void> WaitForRunningDomains(virConnectPtr connection, std::chrono::seconds timeout);

}  // namespace cocos::hypervisor
