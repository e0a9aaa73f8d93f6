// What the daemon counts, in Prometheus' terms. Names and labels are listed in metrics.cc.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "telemetry/cms_status.h"

namespace cocos {

// One finished request or background operation.
struct OperationSample {
  // Upstream's name of an API method (Run, Stop, FetchAttestationPolicy, ReturnCVMInfo), the
  // `method` label of its two series. Empty for everything that upstream does not have.
  std::string_view method;
  std::string_view operation;  // ours: "create_vm", "expire_ttl"; lower case, a fixed set
  std::chrono::nanoseconds duration{0};
  const Error* error = nullptr;  // null: it succeeded. Borrowed for the call.
};

// What became of evidence and computations since the start of the process.
struct AttestationSample {
  double passed = 0;  // appraisals of evidence
  double failed = 0;
  double released = 0;  // computations
  double refused = 0;
};

// What is read at the moment of a scrape.
struct StateSample {
  std::map<std::string, double> cvms_by_state;  // every state the manager knows, also with 0
  bool libvirt_connected = false;
  bool healthy = false;          // the series `health_check` of upstream's alert rules
  std::optional<CmsStatus> cms;  // none: no service is configured
  double agents_connected = 0;   // CVMs whose agent is connected to the relay
  AttestationSample attestation;
};

struct BuildInfo {
  std::string version;
  std::string commit;
  std::string build_time;
};

// The label for why something failed: the error's reason where it has one, else its code's name.
std::string FailureReason(const Error& error);

// Thread-safe.
class Metrics {
 public:
  // `sample_state` is called during Render, on the caller's thread, and must be thread-safe.
  Metrics(const BuildInfo& build, std::function<StateSample()> sample_state);
  ~Metrics();

  void Record(const OperationSample& sample);

  // All series in Prometheus' text format 0.0.4.
  std::string Render() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cocos
