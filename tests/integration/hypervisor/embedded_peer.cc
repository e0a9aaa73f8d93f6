// A process of its own on an embedded driver's directory, for tests of what a fresh driver does:
//   hypervisor_embedded_peer DIR start ID    defines and starts a domain, leaves it running, exits
//   hypervisor_embedded_peer DIR destroy ID  connects and destroys the domain at once
// Prints what went wrong; exit status 0 if nothing did.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "hypervisor/event_loop.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "integration/hypervisor/guest.h"

namespace cocos::hypervisor {
namespace {

Result<void> StartGuest(LibvirtHypervisor& hypervisor, const cvm::CvmId& id) {
  COCOS_TRY(hypervisor.Define(testing::GuestXml(id, {.name = "cvm-" + id.text()})));
  return hypervisor.Start(id);
}

// A destroy that came too early would leave the domain as failed, not as destroyed.
Result<void> DestroyGuest(LibvirtHypervisor& hypervisor, const cvm::CvmId& id) {
  COCOS_TRY(hypervisor.Destroy(id));
  const cvm::DomainRecord record = COCOS_TRY(hypervisor.Find(id));
  if (record.stop_reason == cvm::StopReason::kDestroyed) return hypervisor.Undefine(id);
  return Fail(ErrorCode::kInternal, "stopped because of {}, want destroyed",
              StopReasonName(record.stop_reason));
}

Result<void> Run(const std::string& directory, std::string_view action, std::string_view id_text) {
  const cvm::CvmId id = COCOS_TRY(cvm::CvmId::Parse(id_text));
  const EventLoop loop;
  LibvirtHypervisor hypervisor(loop, {.uri = "qemu:///embed?root=" + directory});
  COCOS_TRY(hypervisor.Connect());
  return action == "start" ? StartGuest(hypervisor, id) : DestroyGuest(hypervisor, id);
}

}  // namespace
}  // namespace cocos::hypervisor

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto result = cocos::hypervisor::Run(argv[1], argv[2], argv[3]);
  if (result) return 0;
  std::fputs((result.error().message() + "\n").c_str(), stdout);
  return 1;
}
