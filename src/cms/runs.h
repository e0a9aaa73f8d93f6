// The computations that the service wants run, and the CVMs they run in.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/logger.h"
#include "cms/agent_gateway.h"
#include "cms/class_choice.h"
#include "cms/outbox.h"
#include "cvm/manager.h"
#include "proto/manager.pb.h"

namespace cocos::cms {

// Every run is answered: with its port, or with why not (docs/adr/0014). A run id stands for one
// CVM however often it is sent; the CVM's metadata remembers it, so this holds over restarts too.
// Thread-safe; Run and Stop block for as long as libvirt takes.
class Runs {
 public:
  struct Options {
    std::vector<RunClass> classes = {{.name = "default"}};  // the first: what no rule fits
  };

  // All must outlive this.
  Runs(Options options, cvm::Manager& manager, AgentGateway& gateway, Outbox& outbox,
       Logger& logger)
      : options_(std::move(options)),
        manager_(manager),
        gateway_(gateway),
        outbox_(outbox),
        logger_(logger) {}

  // A computation as the service sent it. The same id again while it is being created or runs is
  // answered from what is there.
  void Run(const manager::ComputationRunReq& request);

  // Removes the CVM of this computation.
  void Stop(const std::string& computation_id);

  // After a connection came about: tells the service what runs.
  void ReportAll();

  // Tells the service that this run will not be, and why. `trace_id`: of the run, if it has one.
  void Refuse(const std::string& computation_id, const Error& error,
              std::string_view trace_id = {});

  // The CVM of a computation. Errors: kNotFound.
  Result<cvm::Snapshot> Find(const std::string& computation_id) const;

 private:
  struct Prepared {
    cvm::CreateRequest request;
    cvms::ComputationRunReq manifest;
  };

  // False: somebody else has it or it runs already (answered).
  bool Claim(const std::string& computation_id);
  void AnswerAgain(const std::string& computation_id, const cvm::Snapshot& cvm);
  void Release(const std::string& computation_id);
  Result<Prepared> Prepare(const manager::ComputationRunReq& request) const;
  Result<cvm::Created> Create(const manager::ComputationRunReq& request,
                              const std::string& trace_id);
  void Send(manager::ClientStreamMessage message);

  const Options options_;
  cvm::Manager& manager_;
  AgentGateway& gateway_;
  Outbox& outbox_;
  Logger& logger_;
  mutable std::mutex mutex_;
  std::set<std::string> creating_;
};

}  // namespace cocos::cms
