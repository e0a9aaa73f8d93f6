// CreateVm: the six steps, and undoing them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/logger.h"
#include "base/result.h"
#include "cvm/class.h"
#include "cvm/cleaner.h"
#include "cvm/clock.h"
#include "cvm/hypervisor.h"
#include "cvm/manager.h"
#include "cvm/reference_capture.h"
#include "cvm/registry.h"
#include "cvm/request.h"
#include "cvm/reservation.h"
#include "cvm/workspace.h"

namespace cocos::cvm {

// Thread-safe: creates run side by side; what they share is locked inside its own class.
class Creator {
 public:
  struct Options {
    std::string instance_id;
    PortProbe is_port_free;
    std::function<void(CreateStep)> after_step;  // may be empty
  };
  // What it works with; all of it must outlive the creator.
  struct Parts {
    Hypervisor& hypervisor;
    const Clock& clock;
    Logger& logger;
    Registry& registry;
    ReservationBook& reservations;
    const Workspace& workspace;
    const Cleaner& cleaner;
    ReferenceCapture& capture;
  };

  Creator(Parts parts, Options options) : parts_(parts), options_(std::move(options)) {}

  // See Manager::Create.
  Result<Created> Create(const CreateRequest& request, const ComputationClass& computation_class,
                         const IsCancelled& is_cancelled);

 private:
  class Run;  // one creation

  Parts parts_;
  Options options_;
};

}  // namespace cocos::cvm
