// Joins what the API reports with the metrics.
#pragma once

#include "api/request_observer.h"
#include "telemetry/metrics.h"

namespace cocos::daemon {

class MetricsObserver final : public api::RequestObserver {
 public:
  explicit MetricsObserver(Metrics& metrics) : metrics_(metrics) {}

  void OnRequest(const api::RequestRecord& record) override {
    metrics_.Record({.method = record.method,
                     .operation = record.operation,
                     .duration = record.duration,
                     .error = record.error});
  }

 private:
  Metrics& metrics_;
};

}  // namespace cocos::daemon
