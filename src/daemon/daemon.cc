#include "daemon/daemon.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "daemon/attest_on_demand.h"
#include "daemon/attestation_setup.h"
#include "daemon/build_info.h"
#include "daemon/run_classes.h"
#include "daemon/share_group.h"
#include "daemon/signals.h"

namespace cocos::daemon {
namespace {

using namespace std::chrono_literals;

// What upstream grants calls in progress when it is told to end.
constexpr std::chrono::milliseconds kShutdownGrace = 5s;

// Shares hold keys and tokens: on a disk they would outlive the CVM.
void WarnAboutDisk(const std::string& runtime_dir, Logger& logger) {
  const Result<bool> on_tmpfs = IsOnTmpfs(runtime_dir);
  if (on_tmpfs && *on_tmpfs) return;
  logger.Warn("Secrets of CVMs are kept on a disk; mount a tmpfs there",
              {{"variable", "MANAGER_RUNTIME_DIR"}, {"path", runtime_dir}});
}

void LogTee(const HostTee& tee, Logger& logger) {
  if (tee.sev_snp) {
    logger.Info("Manager started with SEV-SNP enabled");
  } else if (tee.tdx) {
    logger.Info("Manager started with TDX enabled");
  } else {
    logger.Info("Manager started without confidential computing support");
  }
}

// Microseconds since 1970: larger than any revision of an earlier process, exact in a JSON number.
std::uint64_t FeedBase() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

cvm::ManagerOptions ManagerOptionsFrom(const config::Config& config,
                                       const std::string& instance_id) {
  cvm::ManagerOptions options;
  options.instance_id = instance_id;
  options.runtime_dir = config.runtime_dir;
  options.state_dir = config.state_dir;
  options.console_dir = config.console_dir;
  options.max_cvms = config.max_vms;
  options.first_port = config.first_forward_port;
  options.last_port = config.last_forward_port;
  options.excluded_ports = {config.grpc.port, config.http.port, config.relay.port};
  options.feed_base = FeedBase();
  options.stop_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(config.stop_timeout);
  return options;
}

// Upstream reports the configuration that its VMs get; here that is the class "default".
api::HostInfo HostInfoFrom(const config::Config& config) {
  const config::ClassConfig& standard = config.classes.front();
  return {.ovmf_version = config.ovmf_version,
          .cpu_num = static_cast<int>(standard.vcpus),
          .cpu_type = standard.cpu_model,
          .kernel_cmd = standard.command_line,
          .eos_version = config.eos_version};
}

relay::ReleaseTerms ReleaseTermsFrom(const config::AttestationConfig& config) {
  const std::optional<relay::ReleaseMode> mode = relay::ReleaseModeNamed(config.mode);
  COCOS_CHECK(mode);  // the configuration has checked it
  return {.mode = *mode, .keep_refused = config.keep_refused, .deadline = config.deadline};
}

crypto::ListenerTls TlsFrom(const config::ListenerConfig& listener) {
  return {.cert = listener.server_cert,
          .key = listener.server_key,
          .client_ca = listener.client_ca_certs,
          .server_ca = listener.server_ca_certs};
}

api::ListenerOptions GrpcOptions(const config::Config& config) {
  return {.host = config.grpc.host, .port = config.grpc.port, .tls = TlsFrom(config.grpc)};
}

HttpOptions HttpOptionsFrom(const config::Config& config) {
  return {.host = config.http.host, .port = config.http.port, .tls = TlsFrom(config.http)};
}

constexpr std::array kAllStates = {
    cvm::State::kRequested, cvm::State::kReserved, cvm::State::kStaged,
    cvm::State::kDefined,   cvm::State::kStarting, cvm::State::kRunning,
    cvm::State::kStopping,  cvm::State::kFailed,   cvm::State::kUnknown};

}  // namespace

Daemon::Daemon(const config::Config& config, InstanceLock lock, Platform& platform, Logger& logger,
               TraceIds& traces)
    : logger_(logger),
      traces_(traces),
      platform_(platform),
      lock_(std::move(lock)),
      hypervisor_(event_loop_, {.uri = config.libvirt_uri}) {
  hypervisor_.SetEventSink(&events_);
}

Result<std::unique_ptr<Daemon>> Daemon::Start(const config::Config& config, Platform& platform,
                                              Logger& logger, TraceIds& traces,
                                              std::function<void(cvm::CreateStep)> after_step) {
  // Everything that can be wrong with the configuration is found before anything is opened.
  const HostAbilities host = platform.Abilities(config, logger);
  std::vector<cvm::ComputationClass> classes = COCOS_TRY(BuildClasses(config, host));
  for (const std::string& warning : TeeWarnings(config, host.tee)) logger.Warn(warning);
  ClassPolicies class_policies = COCOS_TRY(ClassPolicies::Load(config, classes));
  for (const std::string& warning : class_policies.warnings()) logger.Warn(warning);
  const std::string instance_id =
      COCOS_TRY(ResolveInstanceId(config.instance_id, config.state_dir));
  InstanceLock lock = COCOS_TRY(InstanceLock::Acquire(config.runtime_dir, instance_id));

  std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(lock), platform, logger, traces));
  daemon->class_policies_ = std::move(class_policies);
  WarnAboutDisk(config.runtime_dir, logger);
  COCOS_TRY(daemon->OpenManager(config, instance_id, std::move(classes), host.tee,
                                std::move(after_step)));
  COCOS_TRY(daemon->Listen(config, instance_id));
  LogTee(host.tee, logger);
  return daemon;
}

Result<void> Daemon::OpenManager(const config::Config& config, const std::string& instance_id,
                                 std::vector<cvm::ComputationClass> classes, const HostTee& tee,
                                 std::function<void(cvm::CreateStep)> after_step) {
  policy_form_ = COCOS_TRY(LoadPolicyForm(config));
  cvm::ManagerOptions options = ManagerOptionsFrom(config, instance_id);
  options.capture = COCOS_TRY(LoadCaptureOptions(config, tee.sev_snp ? &platform_.Facts() : nullptr,
                                                 platform_.CpuSignature()));
  options.share_group = COCOS_TRY(FindShareGroup(config.libvirt_uri, config.qemu_group, logger_));
  options.after_step = std::move(after_step);
  options.traces = &traces_;
  manager_ = COCOS_TRY(cvm::Manager::Open(platform_.Before(hypervisor_), events_, clock_, logger_,
                                          std::move(classes), std::move(options)));
  appraiser_ = std::make_unique<EvidenceAppraiser>(
      *manager_, class_policies_, clock_, platform_.Anchors(), config.state_dir + "/collateral");
  return {};
}

Result<void> Daemon::Listen(const config::Config& config, const std::string& instance_id) {
  const BuildInfo build{kVersion, kCommit, kBuildTime};
  metrics_ = std::make_unique<Metrics>(build, [this] { return SampleState(); });
  observer_ = std::make_unique<MetricsObserver>(*metrics_);
  http_ = COCOS_TRY(HttpServer::Start(HttpOptionsFrom(config),
                                      {kVersion, kCommit, kBuildTime, instance_id},
                                      {.missing = [this] { return WhatIsMissing(); },
                                       .metrics = [this] { return metrics_->Render(); },
                                       .cms = [this] { return CmsConnection(); }},
                                      logger_));
  if (!config.cms.url.empty()) COCOS_TRY(ServeCms(config, instance_id));
  // After the listener that says "not ready yet", before the one that takes requests.
  manager_->Start();
  manager_service_ = std::make_unique<api::ManagerService>(*manager_, HostInfoFrom(config),
                                                           policy_form_, logger_, *observer_);
  operator_service_ = std::make_unique<api::OperatorService>(
      *manager_, logger_, *observer_,
      AttestOnDemand(*manager_, class_policies_, *appraiser_,
                     RefusalExplainer(*manager_, platform_.CpuSignature())));
  grpc_ = COCOS_TRY(
      api::GrpcServer::Start(GrpcOptions(config), *manager_service_, *operator_service_, logger_));
  serving_ = true;
  return {};
}

Result<void> Daemon::ServeCms(const config::Config& config, const std::string& instance_id) {
  const api::HostInfo host = HostInfoFrom(config);
  std::map<std::string, relay::ReleaseTerms, std::less<>> terms;
  for (const config::ClassConfig& each : config.classes) {
    terms[each.name] = ReleaseTermsFrom(each.attestation);
  }
  cms_ = COCOS_TRY(
      CmsStack::Start({.service = config.cms,
                       .relay = config.relay,
                       .run_classes = RunClassesFrom(config.classes),
                       .terms = std::move(terms),
                       .pki_dir = fmt::format("{}/{}/pki", config.state_dir, instance_id),
                       .relay_dir = fmt::format("{}/{}/relay", config.runtime_dir, instance_id)},
                      {.manager = *manager_,
                       .appraiser = *appraiser_,
                       .explainer = RefusalExplainer(*manager_, platform_.CpuSignature()),
                       .clock = clock_,
                       .policy_form = policy_form_,
                       .host = {.ovmf_version = host.ovmf_version,
                                .cpu_num = host.cpu_num,
                                .cpu_type = host.cpu_type,
                                .kernel_cmd = host.kernel_cmd,
                                .eos_version = host.eos_version},
                       .end_manager = AskToEnd,
                       .logger = logger_}));
  shown_cms_ = cms_.get();
  return {};
}

void Daemon::Shutdown() {
  serving_ = false;
  manager_->Close();
  grpc_->Shutdown(kShutdownGrace);
}

StateSample Daemon::SampleState() const {
  StateSample sample{.libvirt_connected = manager_->IsReady(), .healthy = manager_->IsReady()};
  for (const cvm::State state : kAllStates) sample.cvms_by_state[std::string(StateName(state))] = 0;
  for (const cvm::Snapshot& each : manager_->List().cvms) {
    ++sample.cvms_by_state[std::string(StateName(each.state))];
    if (each.agent && each.agent->connected) ++sample.agents_connected;
  }
  sample.cms = CmsConnection();
  const cvm::AgentMonitor::Totals totals = manager_->agents().totals();
  sample.attestation = {.passed = static_cast<double>(totals.passed),
                        .failed = static_cast<double>(totals.failed),
                        .released = static_cast<double>(totals.released),
                        .refused = static_cast<double>(totals.refused)};
  return sample;
}

std::optional<CmsStatus> Daemon::CmsConnection() const {
  const CmsStack* const cms = shown_cms_;
  if (cms == nullptr) return std::nullopt;
  return cms->status();
}

std::vector<std::string> Daemon::WhatIsMissing() const {
  std::vector<std::string> missing;
  if (!manager_->IsReady()) missing.emplace_back("libvirt cannot be reached");
  if (!serving_) missing.emplace_back("the gRPC API does not take requests");
  return missing;
}

}  // namespace cocos::daemon
