#include "support/fake_hypervisor.h"

#include <utility>

namespace cocos::testing {
namespace {

using cvm::CvmId;
using cvm::DomainEvent;
using cvm::DomainRecord;
using cvm::DomainState;
using cvm::StopReason;

// The text between two marks; good enough for XML that our own renderer made.
std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin);
  if (from == std::string::npos) return "";
  const auto start = from + begin.size();
  const auto to = text.find(end, start);
  return to == std::string::npos ? "" : text.substr(start, to - start);
}

std::string MetadataOf(const std::string& xml) {
  const std::string inner = Between(xml, "<cocos:cvm", "</cocos:cvm>");
  return inner.empty() ? "" : "<cocos:cvm" + inner + "</cocos:cvm>";
}

tl::unexpected<Error> NoDomain(const std::string& id) {
  return Fail(ErrorCode::kNotFound, "Domain not found: {}", id);
}

tl::unexpected<Error> Gone() {
  return tl::unexpected(
      Error(ErrorCode::kUnavailable, "client socket is closed").WithReason("libvirt-unavailable"));
}

}  // namespace

void FakeHypervisor::SetSink(cvm::DomainEventSink* sink) {
  const std::lock_guard lock(mutex_);
  sink_ = sink;
}

void FakeHypervisor::SetHook(Hook hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

void FakeHypervisor::SetAfterHook(Hook hook) {
  const std::lock_guard lock(mutex_);
  after_hook_ = std::move(hook);
}

void FakeHypervisor::End(const std::string& call, const std::string& id) {
  Hook hook;
  {
    const std::lock_guard lock(mutex_);
    hook = after_hook_;
  }
  if (hook) static_cast<void>(hook(call, id));
}

void FakeHypervisor::SetReachable(bool reachable) {
  {
    const std::lock_guard lock(mutex_);
    reachable_ = reachable;
    if (reachable) return;
    connected_ = false;
  }
  Post(DomainEvent::Kind::kConnectionLost, "");
}

void FakeHypervisor::Kill(const std::string& id, bool quietly) {
  Stop(id, StopReason::kFailed, quietly);
}

void FakeHypervisor::SetGuestsHonourShutdown(bool honour) {
  const std::lock_guard lock(mutex_);
  guests_honour_shutdown_ = honour;
}

void FakeHypervisor::AddDomain(DomainRecord record) {
  const std::lock_guard lock(mutex_);
  const std::string id = record.id;
  domains_[id].record = std::move(record);
}

std::vector<DomainRecord> FakeHypervisor::domains() const {
  const std::lock_guard lock(mutex_);
  std::vector<DomainRecord> all;
  for (const auto& [id, domain] : domains_) all.push_back(domain.record);
  return all;
}

std::optional<DomainRecord> FakeHypervisor::domain(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = domains_.find(id);
  if (found == domains_.end()) return std::nullopt;
  return found->second.record;
}

std::string FakeHypervisor::xml(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = domains_.find(id);
  return found == domains_.end() ? "" : found->second.xml;
}

std::vector<std::string> FakeHypervisor::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

Result<void> FakeHypervisor::Begin(const std::string& call, const std::string& id) {
  Hook hook;
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
    hook = hook_;
  }
  if (hook) COCOS_TRY(hook(call, id));
  const std::lock_guard lock(mutex_);
  if (!reachable_) return Gone();
  return {};
}

void FakeHypervisor::Post(DomainEvent::Kind kind, const std::string& id, StopReason reason) {
  cvm::DomainEventSink* sink = nullptr;
  {
    const std::lock_guard lock(mutex_);
    sink = sink_;
  }
  if (sink == nullptr) return;
  sink->Post({.kind = kind,
              .id = id,
              .stop_reason = reason,
              .received = std::chrono::steady_clock::now()});
}

void FakeHypervisor::Stop(const std::string& id, StopReason reason, bool quietly) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = domains_.find(id);
    if (found == domains_.end() || found->second.record.state != DomainState::kRunning) return;
    found->second.record.state =
        reason == StopReason::kFailed ? DomainState::kCrashed : DomainState::kShutOff;
    found->second.record.stop_reason = reason;
    if (quietly || !connected_) return;
  }
  Post(DomainEvent::Kind::kStopped, id, reason);
}

Result<void> FakeHypervisor::Connect() {
  COCOS_TRY(Begin("Connect", ""));
  const std::lock_guard lock(mutex_);
  connected_ = true;
  return {};
}

bool FakeHypervisor::IsConnected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

Result<cvm::HostCapabilities> FakeHypervisor::Capabilities() {
  COCOS_TRY(Begin("Capabilities", ""));
  return cvm::HostCapabilities{.hypervisor_version = "fake 1.0"};
}

Result<std::vector<DomainRecord>> FakeHypervisor::ListDomains() {
  COCOS_TRY(Begin("ListDomains", ""));
  std::vector<DomainRecord> with_metadata;
  for (DomainRecord& record : domains()) {
    if (!record.metadata_xml.empty()) with_metadata.push_back(std::move(record));
  }
  End("ListDomains", "");
  return with_metadata;
}

Result<DomainRecord> FakeHypervisor::Find(const CvmId& id) {
  COCOS_TRY(Begin("Find", id.text()));
  std::optional<DomainRecord> found = domain(id.text());
  End("Find", id.text());
  if (!found) return NoDomain(id.text());
  return *std::move(found);
}

Result<std::string> FakeHypervisor::DomainXml(const CvmId& id) {
  COCOS_TRY(Begin("DomainXml", id.text()));
  if (!domain(id.text())) return NoDomain(id.text());
  return xml(id.text());
}

Result<void> FakeHypervisor::Define(const std::string& domain_xml) {
  const std::string id = Between(domain_xml, "<uuid>", "</uuid>");
  COCOS_TRY(Begin("Define", id));
  const std::lock_guard lock(mutex_);
  if (domains_.contains(id)) {
    return Fail(ErrorCode::kAlreadyExists, "domain '{}' is already defined", id);
  }
  Domain& domain = domains_[id];
  domain.xml = domain_xml;
  domain.record.id = id;
  domain.record.name = Between(domain_xml, "<name>", "</name>");
  domain.record.metadata_xml = MetadataOf(domain_xml);
  return {};
}

Result<void> FakeHypervisor::Start(const CvmId& id) {
  COCOS_TRY(Begin("Start", id.text()));
  {
    const std::lock_guard lock(mutex_);
    const auto found = domains_.find(id.text());
    if (found == domains_.end()) return NoDomain(id.text());
    found->second.record.state = DomainState::kRunning;
  }
  Post(DomainEvent::Kind::kStarted, id.text());
  return {};
}

Result<void> FakeHypervisor::RequestShutdown(const CvmId& id) {
  COCOS_TRY(Begin("RequestShutdown", id.text()));
  bool honour = false;
  {
    const std::lock_guard lock(mutex_);
    honour = guests_honour_shutdown_;
  }
  if (honour) Stop(id.text(), StopReason::kGuestShutdown, false);
  return {};
}

Result<void> FakeHypervisor::Destroy(const CvmId& id) {
  COCOS_TRY(Begin("Destroy", id.text()));
  Stop(id.text(), StopReason::kDestroyed, false);
  return {};
}

Result<void> FakeHypervisor::Undefine(const CvmId& id) {
  COCOS_TRY(Begin("Undefine", id.text()));
  const std::lock_guard lock(mutex_);
  domains_.erase(id.text());
  return {};
}

Result<void> FakeHypervisor::SetMetadata(const CvmId& id, const std::string& metadata_xml) {
  COCOS_TRY(Begin("SetMetadata", id.text()));
  const std::lock_guard lock(mutex_);
  const auto found = domains_.find(id.text());
  if (found == domains_.end()) return NoDomain(id.text());
  found->second.record.metadata_xml = metadata_xml;
  return {};
}

}  // namespace cocos::testing
