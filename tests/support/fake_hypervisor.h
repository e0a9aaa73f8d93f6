// A working hypervisor in memory, with switches for what goes wrong.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cvm/hypervisor.h"

namespace cocos::testing {

// Thread-safe. Domains live in the object: give it to a second manager to play a restart.
class FakeHypervisor final : public cvm::Hypervisor {
 public:
  // What a call is about to do; returned errors are what the call then fails with.
  using Hook = std::function<Result<void>(const std::string& call, const std::string& id)>;

  explicit FakeHypervisor(cvm::DomainEventSink* sink = nullptr) : sink_(sink) {}

  // The next manager's queue.
  void SetSink(cvm::DomainEventSink* sink);
  // Called at the start of every call with its name ("Define", "Start"...), nothing locked. May
  // block.
  void SetHook(Hook hook);

  // Called after ListDomains, Find and SetMetadata have made up their answer.
  void SetAfterHook(Hook hook);

  // The daemon goes away or comes back. Running domains run on.
  void SetReachable(bool reachable);
  // The guest process dies; with `quietly`, nobody is told.
  void Kill(const std::string& id, bool quietly = false);
  // Whether a guest reacts to RequestShutdown.
  void SetGuestsHonourShutdown(bool honour);
  // Adds a domain that the manager did not make.
  void AddDomain(cvm::DomainRecord record);

  std::vector<cvm::DomainRecord> domains() const;
  std::optional<cvm::DomainRecord> domain(const std::string& id) const;
  std::string xml(const std::string& id) const;
  std::vector<std::string> calls() const;

  Result<void> Connect() override;
  bool IsConnected() const override;
  Result<cvm::HostCapabilities> Capabilities() override;
  Result<std::vector<cvm::DomainRecord>> ListDomains() override;
  Result<cvm::DomainRecord> Find(const cvm::CvmId& id) override;
  Result<std::string> DomainXml(const cvm::CvmId& id) override;
  Result<void> Define(const std::string& domain_xml) override;
  Result<void> Start(const cvm::CvmId& id) override;
  Result<void> RequestShutdown(const cvm::CvmId& id) override;
  Result<void> Destroy(const cvm::CvmId& id) override;
  Result<void> Undefine(const cvm::CvmId& id) override;
  Result<void> SetMetadata(const cvm::CvmId& id, const std::string& metadata_xml) override;

 private:
  struct Domain {
    cvm::DomainRecord record;
    std::string xml;
  };

  Result<void> Begin(const std::string& call, const std::string& id);
  void End(const std::string& call, const std::string& id);
  void Stop(const std::string& id, cvm::StopReason reason, bool quietly);
  void Post(cvm::DomainEvent::Kind kind, const std::string& id,
            cvm::StopReason reason = cvm::StopReason::kUnknown);

  mutable std::mutex mutex_;
  cvm::DomainEventSink* sink_;
  Hook hook_;
  Hook after_hook_;
  bool reachable_ = true;
  bool connected_ = false;
  bool guests_honour_shutdown_ = true;
  std::map<std::string, Domain> domains_;
  std::vector<std::string> calls_;
};

}  // namespace cocos::testing
