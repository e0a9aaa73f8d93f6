#include "telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "telemetry/process_stats.h"

namespace cocos {
namespace {

constexpr std::array kUpstreamMethods = {"Run", "Stop", "FetchAttestationPolicy", "ReturnCVMInfo"};

// Bound on the values of one label, whatever a mistake of ours feeds in: every value is a series
// that Prometheus keeps for ever.
constexpr std::size_t kMaxLabelValues = 64;
constexpr std::string_view kOtherLabelValue = "other";

// From an API answer out of memory to a guest start that waits for a slow disk.
const prometheus::Histogram::BucketBoundaries kSecondsBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 10, 30, 60, 120};

// Lets the first values of a label through and calls the rest "other".
class BoundedLabel {
 public:
  std::string Admit(std::string_view value) {
    const std::lock_guard lock(mutex_);
    if (seen_.contains(value)) return std::string(value);
    if (seen_.size() >= kMaxLabelValues) return std::string(kOtherLabelValue);
    seen_.emplace(value);
    return std::string(value);
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> seen_;
};

// A caller's mistake says nothing about this manager's health, so it must not raise the alert on
// errors.
bool IsCallersMistake(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kNotFound ||
         code == ErrorCode::kAlreadyExists || code == ErrorCode::kCancelled;
}

prometheus::MetricFamily Family(std::string name, std::string help, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

void AddValue(prometheus::MetricFamily& family, double value,
              std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

prometheus::MetricFamily Single(std::string name, std::string help, prometheus::MetricType type,
                                double value) {
  prometheus::MetricFamily family = Family(std::move(name), std::move(help), type);
  AddValue(family, value);
  return family;
}

std::vector<prometheus::MetricFamily> StateFamilies(const StateSample& state) {
  prometheus::MetricFamily cvms =
      Family("cocos_manager_cvms", "CVMs by state.", prometheus::MetricType::Gauge);
  for (const auto& [name, count] : state.cvms_by_state) AddValue(cvms, count, {{"state", name}});
  return {std::move(cvms),
          Single("cocos_manager_libvirt_connected", "1 while libvirt can be asked.",
                 prometheus::MetricType::Gauge, state.libvirt_connected ? 1 : 0),
          Single("health_check", "1 while the manager can serve requests.",
                 prometheus::MetricType::Gauge, state.healthy ? 1 : 0)};
}

std::vector<prometheus::MetricFamily> CmsFamilies(const CmsStatus& cms) {
  using prometheus::MetricType;
  const double since =
      cms.connected_since
          ? std::chrono::duration<double>(cms.connected_since->time_since_epoch()).count()
          : 0;
  prometheus::MetricFamily dropped =
      Family("cocos_manager_cms_dropped_total",
             "Messages that the Computation Management Service will not get.", MetricType::Counter);
  AddValue(dropped, static_cast<double>(cms.dropped_logs), {{"kind", "log"}});
  AddValue(dropped, static_cast<double>(cms.dropped_events), {{"kind", "event"}});
  return {Single("cocos_manager_cms_connected",
                 "1 while the Computation Management Service is connected.", MetricType::Gauge,
                 cms.connected_since ? 1 : 0),
          Single("cocos_manager_cms_connected_since_seconds",
                 "Start of the connection, in seconds since the epoch; 0 without one.",
                 MetricType::Gauge, since),
          Single("cocos_manager_cms_connections_total",
                 "Connections to the Computation Management Service that came about.",
                 MetricType::Counter, static_cast<double>(cms.connections)),
          Single("cocos_manager_cms_queue_bytes", "What waits to be sent there, in bytes.",
                 MetricType::Gauge, static_cast<double>(cms.queue_bytes)),
          std::move(dropped)};
}

std::vector<prometheus::MetricFamily> AgentFamilies(const StateSample& state) {
  using prometheus::MetricType;
  const AttestationSample& attestation = state.attestation;
  prometheus::MetricFamily verdicts =
      Family("cocos_manager_attestation_verdicts_total",
             "Evidence of agents that was appraised, by result.", MetricType::Counter);
  AddValue(verdicts, attestation.passed, {{"result", "passed"}});
  AddValue(verdicts, attestation.failed, {{"result", "failed"}});
  return {std::move(verdicts),
          Single("cocos_manager_computations_released_total",
                 "Computations that were sent to their agents.", MetricType::Counter,
                 attestation.released),
          Single("cocos_manager_computations_refused_total",
                 "Computations that never will be, because of evidence or its absence.",
                 MetricType::Counter, attestation.refused),
          Single("cocos_manager_agents_connected", "CVMs whose agent is connected to the relay.",
                 MetricType::Gauge, state.agents_connected)};
}

std::vector<prometheus::MetricFamily> ProcessFamilies() {
  const std::optional<ProcessStats> stats = ReadProcessStats();
  if (!stats) return {};
  using prometheus::MetricType;
  return {
      Single("process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
             MetricType::Counter, stats->cpu_seconds),
      Single("process_start_time_seconds", "Start of the process, in seconds since the epoch.",
             MetricType::Gauge, stats->start_time_seconds),
      Single("process_resident_memory_bytes", "Resident memory, in bytes.", MetricType::Gauge,
             static_cast<double>(stats->resident_bytes)),
      Single("process_virtual_memory_bytes", "Virtual memory, in bytes.", MetricType::Gauge,
             static_cast<double>(stats->virtual_bytes)),
      Single("process_open_fds", "Open file descriptors.", MetricType::Gauge,
             static_cast<double>(stats->open_fds)),
      Single("process_max_fds", "Limit on open file descriptors; 0 without one.", MetricType::Gauge,
             static_cast<double>(stats->max_fds)),
  };
}

void Append(std::vector<prometheus::MetricFamily>& all,
            std::vector<prometheus::MetricFamily> more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::string FailureReason(const Error& error) {
  return error.reason().empty() ? std::string(ErrorCodeName(error.code())) : error.reason();
}

class Metrics::Impl {
 public:
  Impl(const BuildInfo& build, std::function<StateSample()> sample_state);

  void Record(const OperationSample& sample);
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  void RecordMethod(const std::string& method, double seconds);
  void RecordFailure(const std::string& operation, const Error& error);

  std::function<StateSample()> sample_state_;
  prometheus::Registry registry_;
  BoundedLabel methods_;
  BoundedLabel operations_;
  BoundedLabel reasons_;

  prometheus::Family<prometheus::Counter>& request_count_ =
      prometheus::BuildCounter()
          .Name("manager_api_request_count")
          .Help("Number of requests received.")
          .Register(registry_);
  prometheus::Family<prometheus::Summary>& request_latency_ =
      prometheus::BuildSummary()
          .Name("manager_api_request_latency_microseconds")
          .Help("Total duration of requests. In SECONDS: the name is kept from earlier releases.")
          .Register(registry_);
  prometheus::Histogram& latency_ = prometheus::BuildHistogram()
                                        .Name("cocos_manager_latency")
                                        .Help("Duration of API requests, in seconds.")
                                        .Register(registry_)
                                        .Add({}, kSecondsBuckets);
  prometheus::Counter& errors_ =
      prometheus::BuildCounter()
          .Name("cocos_manager_errors_total")
          .Help("Operations that failed, without those refused for a mistake of the caller.")
          .Register(registry_)
          .Add({});
  prometheus::Family<prometheus::Histogram>& operation_seconds_ =
      prometheus::BuildHistogram()
          .Name("cocos_manager_operation_seconds")
          .Help("Duration of operations, in seconds, failed ones included.")
          .Register(registry_);
  prometheus::Family<prometheus::Counter>& failures_ =
      prometheus::BuildCounter()
          .Name("cocos_manager_failures_total")
          .Help("Operations that failed, by cause.")
          .Register(registry_);
};

Metrics::Impl::Impl(const BuildInfo& build, std::function<StateSample()> sample_state)
    : sample_state_(std::move(sample_state)) {
  prometheus::BuildGauge()
      .Name("cocos_manager_build_info")
      .Help("Always 1; the labels say what runs.")
      .Register(registry_)
      .Add({{"version", build.version}, {"commit", build.commit}, {"build_time", build.build_time}})
      .Set(1);
  // Present from the start, so that a rate over the first request is not missed.
  for (const char* method : kUpstreamMethods)
    request_count_.Add({{"method", methods_.Admit(method)}});
}

void Metrics::Impl::Record(const OperationSample& sample) {
  const double seconds = std::chrono::duration<double>(sample.duration).count();
  const std::string operation = operations_.Admit(sample.operation);
  if (!sample.method.empty()) RecordMethod(methods_.Admit(sample.method), seconds);
  operation_seconds_.Add({{"operation", operation}}, kSecondsBuckets).Observe(seconds);
  if (sample.error != nullptr) RecordFailure(operation, *sample.error);
}

void Metrics::Impl::RecordMethod(const std::string& method, double seconds) {
  static const prometheus::Summary::Quantiles kQuantiles = {
      {0.5, 0.05}, {0.9, 0.01}, {0.99, 0.001}};
  constexpr std::chrono::minutes kQuantileWindow{10};
  request_count_.Add({{"method", method}}).Increment();
  request_latency_.Add({{"method", method}}, kQuantiles, kQuantileWindow).Observe(seconds);
  latency_.Observe(seconds);
}

void Metrics::Impl::RecordFailure(const std::string& operation, const Error& error) {
  const std::string reason = reasons_.Admit(FailureReason(error));
  failures_.Add({{"operation", operation}, {"reason", reason}}).Increment();
  if (!IsCallersMistake(error.code())) errors_.Increment();
}

std::vector<prometheus::MetricFamily> Metrics::Impl::Collect() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  const StateSample state = sample_state_();
  Append(families, StateFamilies(state));
  if (state.cms) Append(families, CmsFamilies(*state.cms));
  Append(families, AgentFamilies(state));
  Append(families, ProcessFamilies());
  return families;
}

Metrics::Metrics(const BuildInfo& build, std::function<StateSample()> sample_state)
    : impl_(std::make_unique<Impl>(build, std::move(sample_state))) {}

Metrics::~Metrics() = default;

void Metrics::Record(const OperationSample& sample) { impl_->Record(sample); }

std::string Metrics::Render() const {
  return prometheus::TextSerializer().Serialize(impl_->Collect());
}

}  // namespace cocos
