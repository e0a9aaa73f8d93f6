// The running daemon: builds the objects and joins them.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/grpc_server.h"
#include "api/manager_service.h"
#include "api/operator_service.h"
#include "base/logger.h"
#include "base/result.h"
#include "base/trace_ids.h"
#include "config/config.h"
#include "cvm/clock.h"
#include "cvm/event_queue.h"
#include "cvm/manager.h"
#include "daemon/class_builder.h"
#include "daemon/class_policies.h"
#include "daemon/cms_stack.h"
#include "daemon/evidence_appraiser.h"
#include "daemon/instance.h"
#include "daemon/metrics_observer.h"
#include "daemon/platform.h"
#include "hypervisor/event_loop.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "telemetry/http_server.h"
#include "telemetry/metrics.h"

namespace cocos::daemon {

// Destroyed bottom up, which is the shutdown: the API goes first, the event loop last. CVMs run on.
class Daemon {
 public:
  // Everything up to and including the listeners; the API answers when this returns.
  // `traces` is what `logger` looks CVMs up in; it, `platform` and `logger` must outlive the
  // daemon. Errors name what an operator has to change.
  static Result<std::unique_ptr<Daemon>> Start(const config::Config& config, Platform& platform,
                                               Logger& logger, TraceIds& traces,
                                               std::function<void(cvm::CreateStep)> after_step);

  // Refuses new requests and waits for those in progress.
  void Shutdown();

 private:
  Daemon(const config::Config& config, InstanceLock lock, Platform& platform, Logger& logger,
         TraceIds& traces);

  Result<void> OpenManager(const config::Config& config, const std::string& instance_id,
                           std::vector<cvm::ComputationClass> classes, const HostTee& tee,
                           std::function<void(cvm::CreateStep)> after_step);
  Result<void> ServeCms(const config::Config& config, const std::string& instance_id);
  Result<void> Listen(const config::Config& config, const std::string& instance_id);
  StateSample SampleState() const;
  std::vector<std::string> WhatIsMissing() const;
  std::optional<CmsStatus> CmsConnection() const;

  Logger& logger_;
  TraceIds& traces_;
  Platform& platform_;
  std::atomic<bool> serving_ = false;  // the API takes requests
  const InstanceLock lock_;
  const cvm::SystemClock clock_;
  hypervisor::EventLoop event_loop_;          // before the first connection, until after the last
  cvm::EventQueue events_;                    // the hypervisor writes, the manager reads
  hypervisor::LibvirtHypervisor hypervisor_;  // deregisters callbacks, closes the connection
  cvm::PolicyFormOptions policy_form_;
  std::unique_ptr<cvm::Manager> manager_;  // waits for its work in flight
  ClassPolicies class_policies_;
  std::unique_ptr<EvidenceAppraiser> appraiser_;
  std::unique_ptr<CmsStack> cms_;                     // none without a service
  std::atomic<const CmsStack*> shown_cms_ = nullptr;  // the same, for the threads of `http_`
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<MetricsObserver> observer_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<api::ManagerService> manager_service_;
  std::unique_ptr<api::OperatorService> operator_service_;
  std::unique_ptr<api::GrpcServer> grpc_;
};

}  // namespace cocos::daemon
