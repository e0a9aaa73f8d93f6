#include "hypervisor/domain_query.h"

#include <libvirt/virterror.h>

#include <array>

#include "domain/render.h"
#include "hypervisor/domain_state.h"
#include "hypervisor/last_error.h"

namespace cocos::hypervisor {
namespace {

const std::string& MetadataNamespace() {
  static const std::string uri(domain::kMetadataNamespace);
  return uri;
}

// Memory statistics need the domain's job lock, which the driver holds until it has reconnected to
// the domain's monitor. State, info and XML do not: they answer at once all the while.
bool AnswersJob(virDomainPtr domain) {
  std::array<virDomainMemoryStatStruct, VIR_DOMAIN_MEMORY_STAT_NR> stats = {};
  return virDomainMemoryStats(domain, stats.data(), stats.size(), 0) >= 0;
}

// True for an error that means there is nothing left to wait for.
bool HasEnded(const LibvirtError& error) {
  return error.code == VIR_ERR_NO_DOMAIN || error.code == VIR_ERR_OPERATION_INVALID;
}

Result<void> WaitForDomain(virDomainPtr domain, std::chrono::steady_clock::time_point deadline) {
  // Each try waits up to 30 s in the driver for the job lock, so this is not a busy loop.
  while (!AnswersJob(domain)) {
    const LibvirtError error = TakeLastError();
    if (HasEnded(error)) return {};
    if (error.code != VIR_ERR_OPERATION_TIMEOUT) return tl::unexpected(DecodeError(error));
    // Longer than any driver takes to reconnect: the domain's own process hangs. That must not keep
    // us from all the others.
    if (std::chrono::steady_clock::now() >= deadline) return {};
  }
  return {};
}

}  // namespace

Result<DomainHandle> FindDomain(virConnectPtr connection, const cvm::CvmId& id) {
  DomainHandle domain(virDomainLookupByUUIDString(connection, id.text().c_str()));
  if (!domain) return tl::unexpected(LastError("look up domain " + id.text()));
  return domain;
}

Result<std::vector<DomainHandle>> ListDomainHandles(virConnectPtr connection, unsigned flags) {
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection, &list, flags);
  if (count < 0) return tl::unexpected(LastError("list domains"));
  std::vector<DomainHandle> domains;
  for (int i = 0; i < count; ++i) domains.emplace_back(list[i]);
  std::free(list);
  return domains;
}

Result<std::optional<std::string>> ReadMetadata(virDomainPtr domain) {
  const LibvirtString xml(virDomainGetMetadata(
      domain, VIR_DOMAIN_METADATA_ELEMENT, MetadataNamespace().c_str(), VIR_DOMAIN_AFFECT_CURRENT));
  if (xml) return std::optional<std::string>(xml.get());
  const LibvirtError error = TakeLastError();
  if (error.code == VIR_ERR_NO_DOMAIN_METADATA) return std::optional<std::string>();
  return tl::unexpected(DecodeError(error).Within("read metadata"));
}

Result<cvm::DomainRecord> ReadRecord(virDomainPtr domain) {
  int state = 0;
  int reason = 0;
  if (virDomainGetState(domain, &state, &reason, 0) != 0) {
    return tl::unexpected(LastError("read the domain's state"));
  }
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid = {};
  if (virDomainGetUUIDString(domain, uuid.data()) != 0) {
    return tl::unexpected(LastError("read the domain's UUID"));
  }
  return cvm::DomainRecord{.id = uuid.data(),
                           .name = virDomainGetName(domain),
                           .state = ToDomainState(state, reason),
                           .stop_reason = ToStopReason(state, reason),
                           .metadata_xml = {}};
}

Result<void> WaitForRunningDomains(virConnectPtr connection, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto domains = COCOS_TRY(ListDomainHandles(connection, VIR_CONNECT_LIST_DOMAINS_ACTIVE));
  for (const DomainHandle& domain : domains) {
    // Domains of others are not acted upon, so a hung one among them must not keep us waiting.
    const auto metadata = ReadMetadata(domain.get());
    if (!metadata && metadata.error().code() == ErrorCode::kNotFound) continue;
    if (!metadata) return tl::unexpected(metadata.error());
    if (metadata->has_value()) COCOS_TRY(WaitForDomain(domain.get(), deadline));
    if (std::chrono::steady_clock::now() >= deadline) return {};
  }
  return {};
}

}  // namespace cocos::hypervisor
