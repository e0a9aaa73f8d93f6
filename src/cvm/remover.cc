#include "cvm/remover.h"

#include <algorithm>
#include <optional>

#include "cvm/spec_builder.h"
#include "domain/render.h"

namespace cocos::cvm {

Result<void> Remover::Remove(const CvmId& id, const std::string& cause) {
  if (!COCOS_TRY(registry_.ClaimForRemoval(id, cause))) return {};  // another call removed it
  MarkRemoving(id);
  std::optional<PowerButton> button;  // until the domain is off
  const Result<DomainRecord> domain = hypervisor_.Find(id);
  if (domain && domain->state == DomainState::kRunning) {
    button.emplace(hypervisor_, id);
    WaitForGuest(id, *button);
  }
  const Result<void> cleaned = cleaner_.CleanAll(id);
  if (!cleaned) {
    registry_.SettleUnreachable(id, cleaned.error().message());
    return cleaned;
  }
  registry_.Drop(id, cause);
  return {};
}

// A manager that starts anew finishes a removal that carries this mark. Best effort: the domain may
// be gone, and without the mark the CVM is at worst adopted again.
void Remover::MarkRemoving(const CvmId& id) {
  const std::optional<Snapshot> cvm = registry_.Find(id);
  if (!cvm) return;
  const Result<std::string> metadata =
      domain::RenderMetadataXml(BuildMetadata(*cvm, instance_id_, domain::Phase::kRemoving));
  if (metadata) static_cast<void>(hypervisor_.SetMetadata(id, *metadata));
}

void Remover::WaitForGuest(const CvmId& id, const PowerButton& button) {
  constexpr std::chrono::milliseconds kGlance(100);
  const auto deadline = std::chrono::steady_clock::now() + stop_timeout_;
  while (!button.refused() && std::chrono::steady_clock::now() < deadline) {
    if (registry_.WaitEnded(id, std::min(kGlance, stop_timeout_))) return;
  }
}

void Remover::CleanEnded(const CvmId& id) {
  if (const Result<void> cleaned = cleaner_.CleanAll(id); !cleaned) {
    logger_.Error("Cleaning up after a CVM that ended did not finish, it will be tried again",
                  {{"cvm", id.text()}, {"error", cleaned.error().message()}});
    registry_.SettleUnreachable(id, cleaned.error().message());
    return;
  }
  registry_.SettleCleaned(id);
}

}  // namespace cocos::cvm
