#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace cocos {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Metrics MakeMetrics(StateSample state = {}) {
  return Metrics({"1.2.3", "abcdef", "2026-01-01"}, [state] { return state; });
}

TEST(Metrics, CountsUpstreamMethodsFromZero) {
  const Metrics metrics = MakeMetrics();

  EXPECT_THAT(metrics.Render(),
              AllOf(HasSubstr("manager_api_request_count{method=\"Run\"} 0\n"),
                    HasSubstr("manager_api_request_count{method=\"Stop\"} 0\n"),
                    HasSubstr("manager_api_request_count{method=\"FetchAttestationPolicy\"} 0\n"),
                    HasSubstr("manager_api_request_count{method=\"ReturnCVMInfo\"} 0\n")));
}

TEST(Metrics, ReportsLatencyInSecondsUnderUpstreamsName) {
  Metrics metrics = MakeMetrics();

  metrics.Record({"Run", "create_vm", milliseconds(1500), nullptr});

  EXPECT_THAT(
      metrics.Render(),
      AllOf(HasSubstr("manager_api_request_count{method=\"Run\"} 1\n"),
            HasSubstr("manager_api_request_latency_microseconds_sum{method=\"Run\"} 1.5\n"),
            HasSubstr("manager_api_request_latency_microseconds{method=\"Run\",quantile=\"0.5\"}"),
            HasSubstr("manager_api_request_latency_microseconds{method=\"Run\",quantile=\"0.9\"}"),
            HasSubstr("manager_api_request_latency_microseconds{method=\"Run\",quantile=\"0.99\"}"),
            HasSubstr("In SECONDS")));
}

TEST(Metrics, ServesTheSeriesOfUpstreamsAlertRules) {
  Metrics metrics = MakeMetrics({.healthy = true});

  metrics.Record({"Run", "create_vm", milliseconds(1500), nullptr});

  EXPECT_THAT(metrics.Render(), AllOf(HasSubstr("\nhealth_check 1\n"),
                                      HasSubstr("cocos_manager_latency_bucket{le=\"2\"} 1\n"),
                                      HasSubstr("cocos_manager_latency_bucket{le=\"1\"} 0\n"),
                                      HasSubstr("cocos_manager_errors_total 0\n")));
}

TEST(Metrics, CountsFailuresByReason) {
  Metrics metrics = MakeMetrics();
  const Error port_in_use = Error(ErrorCode::kAlreadyExists, "x").WithReason("port-in-use");
  const Error internal(ErrorCode::kInternal, "y");

  metrics.Record({"Run", "create_vm", milliseconds(1), &port_in_use});
  metrics.Record({"Run", "create_vm", milliseconds(1), &internal});

  EXPECT_THAT(
      metrics.Render(),
      AllOf(HasSubstr(
                "cocos_manager_failures_total{operation=\"create_vm\",reason=\"port-in-use\"} 1"),
            HasSubstr(
                "cocos_manager_failures_total{operation=\"create_vm\",reason=\"internal\"} 1")));
}

TEST(Metrics, RaisesTheErrorAlertOnlyForOurOwnFailures) {
  Metrics metrics = MakeMetrics();
  const Error callers(ErrorCode::kInvalidArgument, "bad ttl");
  const Error ours(ErrorCode::kUnavailable, "libvirtd is gone");

  metrics.Record({"Run", "create_vm", milliseconds(1), &callers});
  metrics.Record({"Run", "create_vm", milliseconds(1), &ours});

  EXPECT_THAT(metrics.Render(), HasSubstr("cocos_manager_errors_total 1\n"));
}

TEST(Metrics, LeavesBackgroundWorkOutOfTheApiSeries) {
  Metrics metrics = MakeMetrics();

  metrics.Record({"", "expire_ttl", milliseconds(10), nullptr});

  EXPECT_THAT(
      metrics.Render(),
      AllOf(HasSubstr("cocos_manager_operation_seconds_count{operation=\"expire_ttl\"} 1\n"),
            HasSubstr("cocos_manager_latency_count 0\n"),
            Not(HasSubstr("manager_api_request_count{method=\"\"}"))));
}

TEST(Metrics, AsksForTheStateAtEveryScrape) {
  double running = 1;
  const Metrics metrics({}, [&running] {
    return StateSample{{{"failed", 0}, {"running", running}}, true, false};
  });
  EXPECT_THAT(metrics.Render(), HasSubstr("cocos_manager_cvms{state=\"running\"} 1\n"));

  running = 2;

  EXPECT_THAT(metrics.Render(), AllOf(HasSubstr("cocos_manager_cvms{state=\"running\"} 2\n"),
                                      HasSubstr("cocos_manager_cvms{state=\"failed\"} 0\n"),
                                      HasSubstr("cocos_manager_libvirt_connected 1\n"),
                                      HasSubstr("health_check 0\n")));
}

TEST(Metrics, SayNothingOfAServiceThatIsNotConfigured) {
  EXPECT_THAT(MakeMetrics().Render(), Not(HasSubstr("cocos_manager_cms_")));
}

TEST(Metrics, ShowTheConnectionToTheService) {
  StateSample state;
  state.cms = CmsStatus{
      .connected_since = std::chrono::system_clock::time_point(std::chrono::seconds(1700000000)),
      .connections = 2,
      .last_error = "",
      .queue_bytes = 17,
      .dropped_logs = 5,
      .dropped_events = 1};

  EXPECT_THAT(MakeMetrics(state).Render(),
              AllOf(HasSubstr("cocos_manager_cms_connected 1\n"),
                    HasSubstr("cocos_manager_cms_connected_since_seconds 1700000000\n"),
                    HasSubstr("cocos_manager_cms_connections_total 2\n"),
                    HasSubstr("cocos_manager_cms_queue_bytes 17\n"),
                    HasSubstr("cocos_manager_cms_dropped_total{kind=\"log\"} 5\n"),
                    HasSubstr("cocos_manager_cms_dropped_total{kind=\"event\"} 1\n")));
}

TEST(Metrics, ShowAServiceThatIsAway) {
  StateSample state;
  state.cms = CmsStatus{.last_error = "connection refused"};

  EXPECT_THAT(MakeMetrics(state).Render(),
              AllOf(HasSubstr("cocos_manager_cms_connected 0\n"),
                    HasSubstr("cocos_manager_cms_connected_since_seconds 0\n")));
}

TEST(Metrics, CountsVerdictsReleasesAndAgents) {
  StateSample state;
  state.agents_connected = 3;
  state.attestation = {.passed = 5, .failed = 2, .released = 4, .refused = 1};

  const std::string text = MakeMetrics(state).Render();

  EXPECT_THAT(text,
              AllOf(HasSubstr("cocos_manager_attestation_verdicts_total{result=\"passed\"} 5\n"),
                    HasSubstr("cocos_manager_attestation_verdicts_total{result=\"failed\"} 2\n"),
                    HasSubstr("cocos_manager_computations_released_total 4\n"),
                    HasSubstr("cocos_manager_computations_refused_total 1\n"),
                    HasSubstr("cocos_manager_agents_connected 3\n")));
}

TEST(Metrics, BoundsTheNumberOfReasons) {
  Metrics metrics = MakeMetrics();

  for (int i = 0; i < 1000; ++i) {
    const Error error = Error(ErrorCode::kInternal, "x").WithReason("reason-" + std::to_string(i));
    metrics.Record({"Run", "create_vm", milliseconds(1), &error});
  }

  EXPECT_THAT(metrics.Render(),
              AllOf(HasSubstr("reason=\"reason-1\""), HasSubstr("reason=\"other\"} 936"),
                    Not(HasSubstr("reason=\"reason-999\""))));
}

TEST(Metrics, SaysWhatRuns) {
  const std::string text = MakeMetrics().Render();

  EXPECT_THAT(text, AllOf(HasSubstr("cocos_manager_build_info{"), HasSubstr("version=\"1.2.3\""),
                          HasSubstr("commit=\"abcdef\"")));
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("\nprocess_resident_memory_bytes "), HasSubstr("\nprocess_open_fds "),
            HasSubstr("\nprocess_cpu_seconds_total "), HasSubstr("\nprocess_start_time_seconds ")));
}

}  // namespace
}  // namespace cocos
