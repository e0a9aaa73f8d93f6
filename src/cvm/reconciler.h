// Compares what the hypervisor has with what the manager knows, and brings the two together: after
// a start, after a lost connection, and every few minutes as a net below the events.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/logger.h"
#include "base/result.h"
#include "cvm/clock.h"
#include "cvm/hypervisor.h"
#include "cvm/reaper.h"
#include "cvm/registry.h"
#include "cvm/reservation.h"
#include "cvm/workspace.h"

namespace cocos::cvm {

// What to do about one domain that carries our metadata.
enum class Verdict {
  kIgnore,         // somebody else's, or a thread of ours works on it
  kAdopt,          // ours from before, running: take it over
  kStillRuns,      // known and running
  kEnded,          // known or adopted, but its process is gone: report and clean
  kUndo,           // a creation that was never answered: take it apart
  kFinishRemoval,  // a removal that was interrupted: finish it
};

// Pure. `operation` is what this process does with the CVM, none if it does not know it.
Verdict Judge(const domain::CvmMetadata& metadata, const std::string& instance_id,
              DomainState state, const std::optional<Operation>& operation);

// Used by the housekeeper thread only.
class Reconciler {
 public:
  Reconciler(Hypervisor& hypervisor, Registry& registry, ReservationBook& reservations,
             const Workspace& workspace, Reaper& reaper, Logger& logger, std::string instance_id)
      : hypervisor_(hypervisor),
        registry_(registry),
        reservations_(reservations),
        workspace_(workspace),
        reaper_(reaper),
        logger_(logger),
        instance_id_(std::move(instance_id)) {}

  // Slow work (powering off, cleaning) is queued at the reaper. Errors: what listing said; nothing
  // is concluded from a failed listing.
  Result<void> Run();

 private:
  void Handle(const DomainRecord& record);
  void Adopt(const domain::CvmMetadata& metadata, const CvmId& id, State state,
             const std::string& cause);
  void ReportEnded(const domain::CvmMetadata& metadata, const CvmId& id,
                   const DomainRecord& record);
  void HandleVanished(const std::set<CvmId>& listed);
  void WipeOrphanedFiles(const std::set<CvmId>& listed);

  Hypervisor& hypervisor_;
  Registry& registry_;
  ReservationBook& reservations_;
  const Workspace& workspace_;
  Reaper& reaper_;
  Logger& logger_;
  const std::string instance_id_;
};

}  // namespace cocos::cvm
