// Tells the service what becomes of its computations' CVMs without its doing.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "base/logger.h"
#include "cms/agent_gateway.h"
#include "cms/outbox.h"
#include "cvm/manager.h"

namespace cocos::cms {

// Watches the manager's changes on a thread of its own. A CVM that ended by itself becomes an event
// with the cause; one that is gone is forgotten by the gateway too.
class ChangeReporter {
 public:
  // Reports what changes from now on: build it before the manager starts. `report_all` is called
  // when changes were missed. All must outlive this; ends when the manager's changes are closed.
  ChangeReporter(const cvm::Manager& manager, AgentGateway& gateway, Outbox& outbox,
                 std::function<void()> report_all, Logger& logger);

 private:
  void Run(const std::stop_token& stop);
  void Report(const cvm::Change& change);

  const cvm::Manager& manager_;
  AgentGateway& gateway_;
  Outbox& outbox_;
  const std::function<void()> report_all_;
  Logger& logger_;
  std::uint64_t revision_;
  std::jthread thread_;
};

}  // namespace cocos::cms
