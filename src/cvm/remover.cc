#include "cvm/remover.h"

#include <algorithm>
#include <utility>

namespace cocos::cvm {

Result<void> Remover::Remove(const CvmId& id, const std::string& cause) {
  if (!COCOS_TRY(registry_.ClaimForRemoval(id, cause))) return {};  // another call removed it
  metadata_.MarkRemoving(id);
  const Result<DomainRecord> domain = hypervisor_.Find(id);
  if (domain && domain->state == DomainState::kRunning) WaitForGuest(id, ButtonOf(id));
  const Result<void> cleaned = cleaner_.CleanAll(id);
  if (!cleaned) {
    registry_.SettleUnreachable(id, cleaned.error().message());
    return cleaned;
  }
  ReleaseButton(id);
  registry_.Drop(id, cause);
  return {};
}

PowerButton& Remover::ButtonOf(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<PowerButton>& button = buttons_[id];
  if (!button) button = std::make_unique<PowerButton>(hypervisor_, id);
  return *button;
}

void Remover::ReleaseButton(const CvmId& id) {
  std::unique_ptr<PowerButton> released;  // joins its thread after the lock is given back
  const std::lock_guard lock(mutex_);
  const auto found = buttons_.find(id);
  if (found == buttons_.end()) return;
  released = std::move(found->second);
  buttons_.erase(found);
}

void Remover::WaitForGuest(const CvmId& id, const PowerButton& button) {
  constexpr std::chrono::milliseconds kGlance(100);
  const auto deadline = std::chrono::steady_clock::now() + stop_timeout_;
  while (!closing_ && !button.refused() && std::chrono::steady_clock::now() < deadline) {
    if (registry_.WaitEnded(id, std::min(kGlance, stop_timeout_))) return;
  }
}

void Remover::CleanEnded(const CvmId& id) {
  if (const Result<void> cleaned = cleaner_.CleanAll(id); !cleaned) {
    logger_.Error("Cleaning up after a CVM that ended did not finish, it will be tried again",
                  {{"cvm", id.text()}, {"error", cleaned.error().message()}});
    registry_.SettleUncleaned(id);
    return;
  }
  registry_.SettleCleaned(id);
}

}  // namespace cocos::cvm
