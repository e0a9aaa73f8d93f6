#include "hypervisor/libvirt_hypervisor.h"

#include <libvirt/virterror.h>

#include <utility>

#include "domain/capabilities.h"
#include "domain/render.h"
#include "hypervisor/connection.h"
#include "hypervisor/domain_query.h"
#include "hypervisor/driver_traits.h"
#include "hypervisor/embed_root.h"
#include "hypervisor/event_relay.h"
#include "hypervisor/handles.h"
#include "hypervisor/last_error.h"

namespace cocos::hypervisor {
namespace {

// The prefix under which libvirt stores our metadata element. Not domain::kMetadataPrefix: libvirt
// refuses an element that declares the prefix itself, as a rendered one may.
constexpr const char* kStoredPrefix = "cvm";

std::string Operation(std::string_view verb, const cvm::CvmId& id) {
  return fmt::format("{} domain {}", verb, id.text());
}

std::string VersionText(unsigned long version) {
  return fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
}

Result<std::string> HypervisorVersion(virConnectPtr connection) {
  unsigned long library = 0;
  unsigned long hypervisor = 0;
  if (virConnectGetLibVersion(connection, &library) != 0 ||
      virConnectGetVersion(connection, &hypervisor) != 0) {
    return tl::unexpected(LastError("ask for versions"));
  }
  const char* type = virConnectGetType(connection);
  return fmt::format("libvirt {}, {} {}", VersionText(library), type == nullptr ? "?" : type,
                     VersionText(hypervisor));
}

// True if the domain is not running, whatever the call before said of it.
bool HasStopped(virDomainPtr domain, const LibvirtError& error) {
  return error.code == VIR_ERR_NO_DOMAIN ||
         (error.code == VIR_ERR_OPERATION_INVALID && virDomainIsActive(domain) == 0);
}

bool IsMissing(const Error& error) { return error.code() == ErrorCode::kNotFound; }

// virDomainSetMetadata refuses CONFIG for a transient domain and LIVE for one that does not run.
unsigned AffectedParts(virDomainPtr domain) {
  unsigned flags = VIR_DOMAIN_AFFECT_CURRENT;
  if (virDomainIsActive(domain) == 1) flags |= VIR_DOMAIN_AFFECT_LIVE;
  if (virDomainIsPersistent(domain) == 1) flags |= VIR_DOMAIN_AFFECT_CONFIG;
  return flags;
}

int WriteMetadata(virDomainPtr domain, const std::string& xml) {
  const std::string uri(domain::kMetadataNamespace);
  return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, xml.c_str(), kStoredPrefix,
                              uri.c_str(), AffectedParts(domain));
}

// libvirt says that a domain started as soon as QEMU runs; one that ends in its firmware may be
// gone by now.
Result<void> CheckRunning(virDomainPtr domain) {
  const cvm::DomainRecord record = COCOS_TRY(ReadRecord(domain));
  if (record.state == cvm::DomainState::kRunning) return {};
  return tl::unexpected(
      Error(ErrorCode::kFailedPrecondition,
            fmt::format("ended right after its start ({})", StopReasonName(record.stop_reason)))
          .WithReason("ended-at-start"));
}

// A record with its metadata; no value for a domain that is not ours or went away meanwhile.
Result<std::optional<cvm::DomainRecord>> ReadOurs(virDomainPtr domain) {
  Result<std::optional<std::string>> metadata = ReadMetadata(domain);
  if (!metadata && IsMissing(metadata.error())) return std::nullopt;
  if (!metadata) return tl::unexpected(metadata.error());
  if (!metadata->has_value()) return std::nullopt;
  Result<cvm::DomainRecord> record = ReadRecord(domain);
  if (!record && IsMissing(record.error())) return std::nullopt;
  if (!record) return tl::unexpected(record.error());
  record->metadata_xml = *std::move(*metadata);
  return std::optional<cvm::DomainRecord>(*std::move(record));
}

}  // namespace

LibvirtHypervisor::LibvirtHypervisor(const EventLoop&, LibvirtOptions options)
    : options_(std::move(options)), relay_(std::make_shared<EventRelay>()) {}

LibvirtHypervisor::~LibvirtHypervisor() { SetEventSink(nullptr); }

void LibvirtHypervisor::SetEventSink(cvm::DomainEventSink* sink) { relay_->SetSink(sink); }

Result<void> LibvirtHypervisor::Connect() {
  const std::lock_guard connecting(connect_mutex_);
  if (IsConnected()) return {};
  std::shared_ptr<Connection> fresh = COCOS_TRY(OpenReady());
  const std::lock_guard lock(mutex_);
  connection_.swap(fresh);  // the old one is closed when its last call returns, after unlocking
  return {};
}

bool LibvirtHypervisor::IsConnected() const {
  const std::shared_ptr<Connection> connection = current();
  return connection != nullptr && !connection->lost();
}

std::shared_ptr<Connection> LibvirtHypervisor::current() const {
  const std::lock_guard lock(mutex_);
  return connection_;
}

Result<std::shared_ptr<Connection>> LibvirtHypervisor::Connected() const {
  std::shared_ptr<Connection> connection = current();
  if (connection != nullptr && !connection->lost()) return connection;
  return tl::unexpected(
      Error(ErrorCode::kUnavailable,
            fmt::format("libvirt ({}): {}", options_.uri,
                        connection == nullptr ? "not connected yet" : "connection lost"))
          .WithReason("libvirt-unavailable"));
}

Result<std::shared_ptr<Connection>> LibvirtHypervisor::OpenReady() const {
  const DriverTraits traits = COCOS_TRY(TraitsOfUri(options_.uri));
  if (!traits.embed_root.empty()) COCOS_TRY(PrepareEmbedRoot(traits.embed_root));
  std::shared_ptr<Connection> connection = COCOS_TRY(Connection::Open(options_, traits, relay_));
  if (traits.reconnects_to_domains) {
    COCOS_TRY(WaitForRunningDomains(connection->get(), options_.ready_timeout));
  }
  return connection;
}

Result<cvm::HostCapabilities> LibvirtHypervisor::Capabilities() {
  const auto connection = COCOS_TRY(Connected());
  const LibvirtString xml(
      virConnectGetDomainCapabilities(connection->get(), nullptr, "x86_64", nullptr, nullptr, 0));
  if (!xml) return tl::unexpected(LastError("ask for domain capabilities"));
  domain::DomainCapabilities found = COCOS_TRY(domain::ParseDomainCapabilities(xml.get()));
  const std::string version = COCOS_TRY(HypervisorVersion(connection->get()));
  return cvm::HostCapabilities{
      .sev_snp = found.sev_snp,
      .tdx = found.tdx,
      .sev_cbitpos = found.sev_cbitpos,
      .sev_reduced_phys_bits = found.sev_reduced_phys_bits,
      .emulator = std::move(found.emulator),
      .hypervisor_version = version,
  };
}

Result<std::vector<cvm::DomainRecord>> LibvirtHypervisor::ListDomains() {
  const auto connection = COCOS_TRY(Connected());
  const auto domains = COCOS_TRY(ListDomainHandles(connection->get(), 0));
  std::vector<cvm::DomainRecord> records;
  for (const DomainHandle& domain : domains) {
    std::optional<cvm::DomainRecord> record = COCOS_TRY(ReadOurs(domain.get()));
    if (record) records.push_back(*std::move(record));
  }
  return records;
}

Result<cvm::DomainRecord> LibvirtHypervisor::Find(const cvm::CvmId& id) {
  const auto connection = COCOS_TRY(Connected());
  const DomainHandle domain = COCOS_TRY(FindDomain(connection->get(), id));
  cvm::DomainRecord record = COCOS_TRY(ReadRecord(domain.get()));
  record.metadata_xml = COCOS_TRY(ReadMetadata(domain.get())).value_or("");
  return record;
}

Result<std::string> LibvirtHypervisor::DomainXml(const cvm::CvmId& id) {
  const auto connection = COCOS_TRY(Connected());
  const DomainHandle domain = COCOS_TRY(FindDomain(connection->get(), id));
  const LibvirtString xml(virDomainGetXMLDesc(domain.get(), 0));
  if (!xml) return tl::unexpected(LastError(Operation("read the XML of", id)));
  return std::string(xml.get());
}

Result<void> LibvirtHypervisor::Define(const std::string& domain_xml) {
  const auto connection = COCOS_TRY(Connected());
  const DriverTraits traits = COCOS_TRY(TraitsOfUri(options_.uri));
  const DomainHandle domain(
      virDomainDefineXMLFlags(connection->get(), domain_xml.c_str(), traits.define_flags));
  if (!domain) return tl::unexpected(LastError("define the domain"));
  return {};
}

Result<void> LibvirtHypervisor::Start(const cvm::CvmId& id) {
  const auto connection = COCOS_TRY(Connected());
  const DomainHandle domain = COCOS_TRY(FindDomain(connection->get(), id));
  if (virDomainCreateWithFlags(domain.get(), 0) != 0) {
    return tl::unexpected(LastError(Operation("start", id)));
  }
  Result<void> running = CheckRunning(domain.get());
  if (!running) return tl::unexpected(std::move(running).error().Within(Operation("start", id)));
  return {};
}

Result<void> LibvirtHypervisor::RequestShutdown(const cvm::CvmId& id) {
  const auto connection = COCOS_TRY(Connected());
  const DomainHandle domain = COCOS_TRY(FindDomain(connection->get(), id));
  if (virDomainShutdown(domain.get()) != 0) {
    return tl::unexpected(LastError(Operation("shut down", id)));
  }
  return {};
}

// SIGTERM first, then SIGKILL if the process does not end: what a plain destroy does too, but
// graceful gives QEMU 15 s to flush its disks instead of 10.
Result<void> LibvirtHypervisor::Destroy(const cvm::CvmId& id) {
  const auto connection = COCOS_TRY(Connected());
  Result<DomainHandle> domain = FindDomain(connection->get(), id);
  if (!domain && IsMissing(domain.error())) return {};
  if (!domain) return tl::unexpected(std::move(domain).error());
  for (const unsigned flags : {unsigned{VIR_DOMAIN_DESTROY_GRACEFUL}, 0u}) {
    if (virDomainDestroyFlags(domain->get(), flags) == 0) return {};
    const LibvirtError error = TakeLastError();
    if (HasStopped(domain->get(), error)) return {};
    if (flags == 0) return tl::unexpected(DecodeError(error).Within(Operation("destroy", id)));
  }
  return {};
}

Result<void> LibvirtHypervisor::Undefine(const cvm::CvmId& id) {
  const auto connection = COCOS_TRY(Connected());
  const DriverTraits traits = COCOS_TRY(TraitsOfUri(options_.uri));
  Result<DomainHandle> domain = FindDomain(connection->get(), id);
  if (!domain && IsMissing(domain.error())) return {};
  if (!domain) return tl::unexpected(std::move(domain).error());
  if (virDomainUndefineFlags(domain->get(), traits.undefine_flags) == 0) return {};
  Error error = LastError(Operation("undefine", id));
  if (IsMissing(error)) return {};
  return tl::unexpected(std::move(error));
}

Result<void> LibvirtHypervisor::SetMetadata(const cvm::CvmId& id, const std::string& metadata_xml) {
  const auto connection = COCOS_TRY(Connected());
  const DomainHandle domain = COCOS_TRY(FindDomain(connection->get(), id));
  if (WriteMetadata(domain.get(), metadata_xml) == 0) return {};
  const LibvirtError error = TakeLastError();
  // The domain stopped between looking and writing: look again.
  if (error.code == VIR_ERR_OPERATION_INVALID && WriteMetadata(domain.get(), metadata_xml) == 0) {
    return {};
  }
  return tl::unexpected(DecodeError(error).Within(Operation("write the metadata of", id)));
}

}  // namespace cocos::hypervisor
