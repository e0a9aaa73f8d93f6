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
  struct Handler {
    std::function<void()> on_ready;   // once the manager knows its CVMs
    std::function<void()> on_missed;  // changes were missed: what counts is what is
  };

  // Reports what changes from now on: build it before the manager starts. All must outlive this;
  // ends when the manager's changes are closed. Handlers are called on its thread.
  ChangeReporter(const cvm::Manager& manager, AgentGateway& gateway, Outbox& outbox,
                 Handler handler, Logger& logger);

 private:
  void Run(const std::stop_token& stop);
  void Report(const cvm::Change& change);
  void NoteReadiness();

  const cvm::Manager& manager_;
  AgentGateway& gateway_;
  Outbox& outbox_;
  const Handler handler_;
  Logger& logger_;
  std::uint64_t revision_;
  bool ready_ = false;
  std::jthread thread_;
};

}  // namespace cocos::cms
