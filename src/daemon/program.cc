#include "daemon/program.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "base/go_duration.h"
#include "base/log_level.h"
#include "base/trace_ids.h"
#include "config/load.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"
#include "daemon/fault_injection.h"
#include "daemon/sd_notify.h"
#include "daemon/shutdown_limit.h"
#include "daemon/signals.h"
#include "telemetry/json_logger.h"

namespace cocos::daemon {
namespace {

constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;

// Longer than requests are waited for, and a guest that is asked to power off.
constexpr std::chrono::seconds kShutdownLimit(12);

Environment ReadEnvironment() {
  Environment variables;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

int Complain(const Error& error) {
  std::fprintf(stderr, "cocos-manager: %s\n", error.message().c_str());
  return error.code() == ErrorCode::kInvalidArgument ? kBadConfiguration : kFailed;
}

int Serve(const config::Config& config, const Environment& environment,
          const MakePlatform& make_platform) {
  const Result<LogThreshold> threshold = ParseLogThreshold(config.log_level);
  if (!threshold) return Complain(threshold.error());
  auto after_step = FaultInjectionFrom(environment);
  if (!after_step) return Complain(after_step.error());

  TraceIds traces;
  JsonLogger logger(*threshold, &traces);
  for (const std::string& warning : config.warnings) logger.Warn(warning);
  const Result<std::unique_ptr<Platform>> platform = make_platform(environment, logger);
  if (!platform) return Complain(platform.error());
  auto daemon = Daemon::Start(config, **platform, logger, traces, *std::move(after_step));
  if (!daemon) {
    logger.Error("Starting failed", {{"error", daemon.error().message()}});
    return Complain(daemon.error());
  }
  NotifySystemd("READY=1");
  WaitForEndingSignal();
  NotifySystemd("STOPPING=1");
  const ShutdownLimit limit(kShutdownLimit, logger);
  const auto begin = std::chrono::steady_clock::now();
  (*daemon)->Shutdown();
  daemon->reset();
  logger.Info("Method Shutdown completed successfully",
              {{"time_taken", FormatGoDuration(std::chrono::steady_clock::now() - begin)}});
  return 0;
}

}  // namespace

int RunProgram(int argc, const char* const* argv, const MakePlatform& make_platform) {
  const std::variant<Command, EarlyExit> parsed = ParseCommandLine(argc, argv);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    std::fputs(early->text.c_str(), early->status == 0 ? stdout : stderr);
    return early->status;
  }
  BlockEndingSignals();  // before any thread exists
  const Environment environment = ReadEnvironment();
  std::error_code ignored;
  const Result<config::Config> config =
      config::LoadConfig({.environment = environment,
                          .working_dir = std::filesystem::current_path(ignored).string(),
                          .read_class_files = config::ReadClassFiles});
  if (!config) return Complain(config.error());
  if (std::get<Command>(parsed) == Command::kCheckConfig) {
    std::fputs(config::DescribeConfig(*config).c_str(), stdout);
    return 0;
  }
  return Serve(*config, environment, make_platform);
}

}  // namespace cocos::daemon
