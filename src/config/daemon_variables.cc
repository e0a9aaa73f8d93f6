#include "config/daemon_variables.h"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "base/go_duration.h"
#include "config/values.h"

namespace cocos::config {
namespace {

constexpr char kInstalledTemplates[] = "/usr/share/cocos-manager/domain-templates";

Result<std::chrono::nanoseconds> ParseTimeLimit(std::string_view text) {
  const std::chrono::nanoseconds duration = COCOS_TRY(ParseGoDuration(text));
  if (duration.count() >= 0) return duration;
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want a duration that is not negative", text);
}

Result<std::string> ParsePolicyFormat(std::string_view text) {
  if (text == "json" || text == "corim") return std::string(text);
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want json or corim", text);
}

// True: refuse.
Result<bool> ParseGuestAccess(std::string_view text) {
  if (text == "warn" || text == "refuse") return text == "refuse";
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want warn or refuse", text);
}

// True: exit.
Result<bool> ParseTerminate(std::string_view text) {
  if (text == "reconnect" || text == "exit") return text == "exit";
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want reconnect or exit", text);
}

Result<std::string> ParseDiskFormat(std::string_view text) {
  if (text == "qcow2" || text == "raw") return std::string(text);
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want qcow2 or raw", text);
}

// One part of the configuration at a time.
class DaemonVariables {
 public:
  DaemonVariables(VariableReader& reader, const std::string& working_dir, Config& config)
      : reader_(reader), working_dir_(working_dir), config_(config) {}

  void Load() {
    LoadManager();
    LoadDirectories();
    config_.grpc = Listener("MANAGER_GRPC_");
    config_.refuse_guest_access = reader_.Parsed("MANAGER_GRPC_GUEST_ACCESS", ParseGuestAccess);
    LoadCms();
    config_.http = Listener("MANAGER_HTTP_");
    LoadTracing();
    LoadQemu();
    LoadAttestation();
    CheckKeptDevices();
  }

 private:
  void LoadManager();
  void LoadDirectories();
  ListenerConfig Listener(const std::string& prefix);
  void LoadCms();
  void LoadTracing();
  void LoadQemu();
  void LoadAttestation();
  void CheckKeptDevices();

  std::string Path(std::string_view name) {
    return reader_.Converted(
        name, [this](const std::string& path) { return AbsolutePath(working_dir_, path); });
  }
  void WantTogether(const std::string& certificate_name, const std::string& certificate,
                    const std::string& key_name, const std::string& key);

  VariableReader& reader_;
  const std::string& working_dir_;
  Config& config_;
};

void DaemonVariables::LoadManager() {
  config_.log_level = reader_.Parsed("MANAGER_LOG_LEVEL", ParseLogLevel);
  config_.instance_id = reader_.Text("MANAGER_INSTANCE_ID");
  const std::int64_t max_vms = reader_.Parsed("MANAGER_MAX_VMS", ParseSigned);
  config_.max_vms = static_cast<unsigned>(std::clamp<std::int64_t>(max_vms, 0, 1'000'000));
  config_.libvirt_uri = reader_.Text("MANAGER_LIBVIRT_URI");
  config_.stop_timeout = reader_.Parsed("MANAGER_STOP_TIMEOUT", ParseTimeLimit);
  config_.eos_version = reader_.Text("MANAGER_EOS_VERSION");
}

void DaemonVariables::LoadDirectories() {
  config_.config_dir = Path("MANAGER_CONFIG_DIR");
  config_.runtime_dir = Path("MANAGER_RUNTIME_DIR");
  config_.state_dir = Path("MANAGER_STATE_DIR");
  config_.console_dir = Path("MANAGER_CONSOLE_DIR");
  const std::string first = Path("MANAGER_TEMPLATE_DIR");
  if (!first.empty()) config_.template_dirs.push_back(first);
  config_.template_dirs.push_back(config_.config_dir + "/domain-templates");
  config_.template_dirs.emplace_back(kInstalledTemplates);
}

ListenerConfig DaemonVariables::Listener(const std::string& prefix) {
  ListenerConfig listener;
  listener.host = reader_.Text(prefix + "HOST");
  listener.port =
      reader_.Parsed(prefix + "PORT", [](std::string_view text) { return ParsePort(text, true); });
  listener.server_cert = reader_.Text(prefix + "SERVER_CERT");
  listener.server_key = reader_.Text(prefix + "SERVER_KEY");
  listener.server_ca_certs = reader_.Text(prefix + "SERVER_CA_CERTS");
  listener.client_ca_certs = reader_.Text(prefix + "CLIENT_CA_CERTS");
  WantTogether(prefix + "SERVER_CERT", listener.server_cert, prefix + "SERVER_KEY",
               listener.server_key);
  return listener;
}

void DaemonVariables::WantTogether(const std::string& certificate_name,
                                   const std::string& certificate, const std::string& key_name,
                                   const std::string& key) {
  if (certificate.empty() == key.empty()) return;
  reader_.Complain(key.empty() ? key_name : certificate_name,
                   Error(ErrorCode::kInvalidArgument,
                         "not set: want both certificate and key for TLS, or neither"));
}

void DaemonVariables::LoadCms() {
  CmsConfig& cms = config_.cms;
  cms.url = reader_.Parsed("MANAGER_GRPC_URL", ParseHostPort);
  cms.timeout = reader_.Parsed("MANAGER_GRPC_TIMEOUT", ParseTimeLimit);
  cms.client_cert = reader_.Text("MANAGER_GRPC_CLIENT_CERT");
  cms.client_key = reader_.Text("MANAGER_GRPC_CLIENT_KEY");
  WantTogether("MANAGER_GRPC_CLIENT_CERT", cms.client_cert, "MANAGER_GRPC_CLIENT_KEY",
               cms.client_key);
  cms.max_request_mib = reader_.Parsed("MANAGER_CMS_MAX_REQUEST", ParseMemoryMib);
  cms.exit_on_terminate = reader_.Parsed("MANAGER_CMS_TERMINATE", ParseTerminate);
  config_.relay.host = reader_.Parsed("MANAGER_RELAY_HOST", ParseAddress);
  config_.relay.port =
      reader_.Parsed("MANAGER_RELAY_PORT", [](std::string_view text) { return ParsePort(text); });
  config_.relay.guest_host =
      reader_.OptionalParsed("MANAGER_RELAY_GUEST_HOST", ParseAddress).value_or("");
  // Upstream's client and server share this name: with a CMS it says whom to trust there.
  if (reader_.IsSet("MANAGER_GRPC_URL"))
    std::swap(cms.server_ca_certs, config_.grpc.server_ca_certs);
}

void DaemonVariables::LoadTracing() {
  config_.jaeger_url = reader_.Parsed("COCOS_JAEGER_URL", ParseHttpUrl);
  config_.jaeger_trace_ratio = reader_.Parsed("COCOS_JAEGER_TRACE_RATIO", ParseRatio);
}

void DaemonVariables::LoadQemu() {
  config_.enable_kvm = reader_.Parsed("MANAGER_QEMU_ENABLE_KVM", ParseBool);
  config_.enable_sev_snp = reader_.OptionalParsed("MANAGER_QEMU_ENABLE_SEV_SNP", ParseBool);
  config_.enable_tdx = reader_.OptionalParsed("MANAGER_QEMU_ENABLE_TDX", ParseBool);
  config_.qemu_group = reader_.Text("MANAGER_QEMU_GROUP");
  config_.ovmf_version = reader_.Text("MANAGER_QEMU_OVMF_VERSION");
  std::tie(config_.first_forward_port, config_.last_forward_port) =
      reader_.Parsed("MANAGER_QEMU_HOST_FWD_RANGE", ParsePortRange);
}

// For what is still to come; checked now, so that a bad value is found now.
void DaemonVariables::LoadAttestation() {
  config_.pcr_values_path = Path("MANAGER_PCR_VALUES");
  config_.corim_signing_key_path = Path("MANAGER_CORIM_SIGNING_KEY");
  config_.attestation_policy_format =
      reader_.Parsed("MANAGER_ATTESTATION_POLICY_FORMAT", ParsePolicyFormat);
}

// Likewise; nothing takes these values yet.
void DaemonVariables::CheckKeptDevices() {
  constexpr std::uint64_t kMaxWindowMib = 1ull << 32;  // 4 PiB: what CPUs can address today
  config_.enable_disk = reader_.Parsed("MANAGER_QEMU_ENABLE_DISK", ParseBool);
  Path("MANAGER_QEMU_SRC_DISK_FILE");
  reader_.Parsed("MANAGER_QEMU_DISK_FORMAT", ParseDiskFormat);
  reader_.OptionalParsed("MANAGER_QEMU_GPU_BDF", ParseGpuAddress);
  reader_.Parsed("MANAGER_QEMU_GPU_FW_CFG_MMIO_MB",
                 [](std::string_view text) { return ParseUnsigned(text, kMaxWindowMib); });
}

void WarnAboutPort(std::string_view name, std::uint16_t port, Config& config) {
  if (port < config.first_forward_port || port > config.last_forward_port) return;
  config.warnings.push_back(
      fmt::format("{}={} lies inside MANAGER_QEMU_HOST_FWD_RANGE ({}-{}); no CVM gets this port",
                  name, port, config.first_forward_port, config.last_forward_port));
}

}  // namespace

std::string AbsolutePath(const std::string& working_dir, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(working_dir) / path).lexically_normal().string();
}

void LoadDaemonVariables(VariableReader& reader, const std::string& working_dir, Config& config) {
  DaemonVariables(reader, working_dir, config).Load();
}

void WarnAboutPorts(Config& config) {
  WarnAboutPort("MANAGER_GRPC_PORT", config.grpc.port, config);
  WarnAboutPort("MANAGER_HTTP_PORT", config.http.port, config);
}

}  // namespace cocos::config
