// The core's hypervisor, on libvirt.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cvm/hypervisor.h"
#include "hypervisor/event_loop.h"
#include "hypervisor/libvirt_options.h"

namespace cocos::hypervisor {

class Connection;
class EventRelay;

// See cvm::Hypervisor for what the calls do. One connection is shared by all threads, and no lock
// is held while a call to libvirt runs. After a kConnectionLost event every call fails with
// kUnavailable (reason "libvirt-unavailable") until Connect() has succeeded again.
class LibvirtHypervisor final : public cvm::Hypervisor {
 public:
  // The loop is not used here but must outlive this object. Destroying the hypervisor closes the
  // connection; domains are left as they are.
  LibvirtHypervisor(const EventLoop& loop, LibvirtOptions options);
  ~LibvirtHypervisor() override;

  // Where events go; null: nowhere. On return no Post to the earlier sink is under way, so a sink
  // may be destroyed after SetEventSink(nullptr). Thread-safe, but not from within Post.
  void SetEventSink(cvm::DomainEventSink* sink);

  // Waits for a Connect() of another thread. Beyond kUnavailable: kInvalidArgument for a URI or an
  // embedded driver's directory that will not do, kFailedPrecondition if that cannot be written.
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
  std::shared_ptr<Connection> current() const;
  // The connection, or kUnavailable when there is none that works.
  Result<std::shared_ptr<Connection>> Connected() const;
  Result<std::shared_ptr<Connection>> OpenReady() const;

  const LibvirtOptions options_;
  const std::shared_ptr<EventRelay> relay_;
  std::mutex connect_mutex_;  // taken by Connect() alone, so that one thread at a time connects
  mutable std::mutex mutex_;
  std::shared_ptr<Connection> connection_;  // guarded by mutex_
};

}  // namespace cocos::hypervisor
