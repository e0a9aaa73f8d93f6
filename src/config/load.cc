#include "config/load.h"

#include <algorithm>
#include <filesystem>

#include "base/go_duration.h"
#include "config/class_file.h"
#include "config/values.h"
#include "config/variable_reader.h"

namespace cocos::config {
namespace {

constexpr char kInstalledTemplates[] = "/usr/share/cocos-manager/domain-templates";
constexpr char kDefaultEmulator[] = "qemu-system-x86_64";

// Reads the variables one part of the configuration at a time.
class EnvironmentLoader {
 public:
  EnvironmentLoader(const Sources& sources, VariableReader& reader)
      : sources_(sources), reader_(reader) {}

  Config Load();

 private:
  void LoadDaemon(Config& config);
  void LoadDirectories(Config& config);
  void LoadListeners(Config& config);
  ListenerConfig Listener(const std::string& prefix);
  void LoadCms(Config& config);
  void LoadTee(Config& config);
  void LoadKept(Config& config);
  ClassConfig DefaultClass();
  void LoadResources(ClassConfig& standard);
  void LoadBoot(ClassConfig& standard);
  void LoadNetwork(ClassConfig& standard);
  void LoadLaunchSecurity(ClassConfig& standard);

  std::string Path(std::string_view name) {
    return reader_.Converted(name, [this](const std::string& path) { return Absolute(path); });
  }
  std::string Absolute(const std::string& path) const;
  std::string Emulator();
  unsigned Number(std::string_view name, std::uint64_t max);

  const Sources& sources_;
  VariableReader& reader_;
};

std::string EnvironmentLoader::Absolute(const std::string& path) const {
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(sources_.working_dir) / path).lexically_normal().string();
}

unsigned EnvironmentLoader::Number(std::string_view name, std::uint64_t max) {
  return static_cast<unsigned>(
      reader_.Parsed(name, [max](std::string_view text) { return ParseUnsigned(text, max); }));
}

Config EnvironmentLoader::Load() {
  Config config;
  LoadDaemon(config);
  LoadDirectories(config);
  LoadListeners(config);
  LoadCms(config);
  LoadTee(config);
  LoadKept(config);
  config.classes.push_back(DefaultClass());
  return config;
}

void EnvironmentLoader::LoadDaemon(Config& config) {
  config.log_level = reader_.Parsed("MANAGER_LOG_LEVEL", ParseLogLevel);
  config.instance_id = reader_.Text("MANAGER_INSTANCE_ID");
  const std::int64_t max_vms = reader_.Parsed("MANAGER_MAX_VMS", ParseSigned);
  config.max_vms = static_cast<unsigned>(std::clamp<std::int64_t>(max_vms, 0, 1'000'000));
  config.libvirt_uri = reader_.Text("MANAGER_LIBVIRT_URI");
  config.stop_timeout = reader_.Parsed("MANAGER_STOP_TIMEOUT", ParseGoDuration);
  if (config.stop_timeout.count() < 0) {
    reader_.Complain(
        "MANAGER_STOP_TIMEOUT",
        Error(ErrorCode::kInvalidArgument, fmt::format("{:?}: want a duration that is not negative",
                                                       FormatGoDuration(config.stop_timeout))));
  }
  config.qemu_group = reader_.IsSet("MANAGER_QEMU_GROUP") ? reader_.Text("MANAGER_QEMU_GROUP") : "";
  config.enable_kvm = reader_.Parsed("MANAGER_QEMU_ENABLE_KVM", ParseBool);
  config.host_forward_bind = reader_.Parsed("MANAGER_QEMU_HOST_FWD_BIND", ParseAddress);
  std::tie(config.first_forward_port, config.last_forward_port) =
      reader_.Parsed("MANAGER_QEMU_HOST_FWD_RANGE", ParsePortRange);
}

void EnvironmentLoader::LoadDirectories(Config& config) {
  config.config_dir = Path("MANAGER_CONFIG_DIR");
  config.runtime_dir = Path("MANAGER_RUNTIME_DIR");
  config.state_dir = Path("MANAGER_STATE_DIR");
  config.console_dir = Path("MANAGER_CONSOLE_DIR");
  const std::string first = Path("MANAGER_TEMPLATE_DIR");
  if (!first.empty()) config.template_dirs.push_back(first);
  config.template_dirs.push_back(config.config_dir + "/domain-templates");
  config.template_dirs.emplace_back(kInstalledTemplates);
}

ListenerConfig EnvironmentLoader::Listener(const std::string& prefix) {
  ListenerConfig listener;
  listener.host = reader_.Text(prefix + "HOST");
  listener.port =
      reader_.Parsed(prefix + "PORT", [](std::string_view text) { return ParsePort(text, true); });
  listener.server_cert = reader_.Text(prefix + "SERVER_CERT");
  listener.server_key = reader_.Text(prefix + "SERVER_KEY");
  listener.server_ca_certs = reader_.Text(prefix + "SERVER_CA_CERTS");
  listener.client_ca_certs = reader_.Text(prefix + "CLIENT_CA_CERTS");
  if (listener.server_cert.empty() != listener.server_key.empty()) {
    reader_.Complain(prefix + (listener.server_key.empty() ? "SERVER_KEY" : "SERVER_CERT"),
                     Error(ErrorCode::kInvalidArgument,
                           "not set: want both certificate and key for TLS, or neither"));
  }
  return listener;
}

void EnvironmentLoader::LoadListeners(Config& config) {
  config.grpc = Listener("MANAGER_GRPC_");
  config.http = Listener("MANAGER_HTTP_");
  const auto warn_inside_range = [&config](std::string_view name, std::uint16_t port) {
    if (port < config.first_forward_port || port > config.last_forward_port) return;
    config.warnings.push_back(
        fmt::format("{}={} lies inside MANAGER_QEMU_HOST_FWD_RANGE ({}-{}); no CVM gets this port",
                    name, port, config.first_forward_port, config.last_forward_port));
  };
  warn_inside_range("MANAGER_GRPC_PORT", config.grpc.port);
  warn_inside_range("MANAGER_HTTP_PORT", config.http.port);
}

void EnvironmentLoader::LoadCms(Config& config) {
  config.cms.url = reader_.Text("MANAGER_GRPC_URL");
  config.cms.timeout = reader_.Parsed("MANAGER_GRPC_TIMEOUT", ParseGoDuration);
  config.cms.client_cert = reader_.Text("MANAGER_GRPC_CLIENT_CERT");
  config.cms.client_key = reader_.Text("MANAGER_GRPC_CLIENT_KEY");
  config.cms.server_ca_certs = config.grpc.server_ca_certs;
}

void EnvironmentLoader::LoadTee(Config& config) {
  config.enable_sev_snp = reader_.OptionalParsed("MANAGER_QEMU_ENABLE_SEV_SNP", ParseBool);
  config.enable_tdx = reader_.OptionalParsed("MANAGER_QEMU_ENABLE_TDX", ParseBool);
}

// Values for parts that are still to come; they are checked now, so that a bad one is found now.
void EnvironmentLoader::LoadKept(Config& config) {
  config.jaeger_url = reader_.Text("COCOS_JAEGER_URL");
  config.jaeger_trace_ratio = reader_.Parsed("COCOS_JAEGER_TRACE_RATIO", ParseRatio);
  config.eos_version = reader_.Text("MANAGER_EOS_VERSION");
  config.ovmf_version = reader_.Text("MANAGER_QEMU_OVMF_VERSION");
  config.enable_host_data = reader_.Parsed("MANAGER_QEMU_ENABLE_HOST_DATA", ParseBool);
  if (reader_.IsSet("MANAGER_QEMU_ENABLE_DISK")) {
    config.enable_disk = reader_.Parsed("MANAGER_QEMU_ENABLE_DISK", ParseBool);
  }
  config.pcr_values_path = Path("MANAGER_PCR_VALUES");
  config.corim_signing_key_path = Path("MANAGER_CORIM_SIGNING_KEY");
  config.attestation_policy_format = reader_.Text("MANAGER_ATTESTATION_POLICY_FORMAT");
  if (config.attestation_policy_format != "json" && config.attestation_policy_format != "corim") {
    reader_.Complain(
        "MANAGER_ATTESTATION_POLICY_FORMAT",
        Error(ErrorCode::kInvalidArgument,
              fmt::format("{:?}: want json or corim", config.attestation_policy_format)));
  }
}

ClassConfig EnvironmentLoader::DefaultClass() {
  ClassConfig standard;
  standard.name = "default";
  standard.origin = "environment";
  standard.emulator = Emulator();
  LoadResources(standard);
  LoadBoot(standard);
  LoadNetwork(standard);
  LoadLaunchSecurity(standard);
  standard.attestation.mode = "off";
  return standard;
}

// libvirt wants an absolute path; a bare name is looked up as upstream's exec did.
std::string EnvironmentLoader::Emulator() {
  const std::string name = reader_.Text("MANAGER_QEMU_BIN_PATH");
  if (name == kDefaultEmulator) return "";
  if (name.find('/') != std::string::npos) return Absolute(name);
  const auto path = sources_.environment.find("PATH");
  std::string_view rest;
  if (path != sources_.environment.end()) rest = path->second;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const std::string candidate = fmt::format("{}/{}", rest.substr(0, end), name);
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error)) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  reader_.Complain("MANAGER_QEMU_BIN_PATH",
                   Error(ErrorCode::kInvalidArgument,
                         fmt::format("{:?}: not found in PATH, want an absolute path", name)));
  return "";
}

void EnvironmentLoader::LoadResources(ClassConfig& standard) {
  constexpr std::uint64_t kMaxCpus = 4096;
  constexpr std::uint64_t kMaxSlots = 256;  // QEMU's limit
  standard.memory_mib = reader_.Parsed("MANAGER_QEMU_MEMORY_SIZE", ParseMemoryMib);
  standard.memory_slots = Number("MANAGER_QEMU_MEMORY_SLOTS", kMaxSlots);
  standard.max_memory_mib = reader_.Parsed("MANAGER_QEMU_MAX_MEMORY", ParseMemoryMib);
  standard.vcpus = Number("MANAGER_QEMU_SMP_COUNT", kMaxCpus);
  standard.max_vcpus = Number("MANAGER_QEMU_SMP_MAXCPUS", kMaxCpus);
  standard.cpu_model = reader_.Text("MANAGER_QEMU_CPU");
  standard.machine = reader_.Text("MANAGER_QEMU_MACHINE");
}

void EnvironmentLoader::LoadBoot(ClassConfig& standard) {
  standard.kernel = Path("MANAGER_QEMU_DISK_IMG_KERNEL_FILE");
  standard.initrd = Path("MANAGER_QEMU_DISK_IMG_ROOTFS_FILE");
  standard.command_line = reader_.Text("MANAGER_QEMU_KERNEL_CMDLINE");
  standard.firmware_code = Path("MANAGER_QEMU_OVMF_CODE_FILE");
  standard.firmware_vars = Path("MANAGER_QEMU_OVMF_VARS_FILE");
  standard.firmware_rom = Path("MANAGER_QEMU_OVMF_FILE");
  standard.igvm = Path("MANAGER_QEMU_IGVM_FILE");
}

void EnvironmentLoader::LoadNetwork(ClassConfig& standard) {
  constexpr std::uint64_t kMaxSlot = 31;
  standard.guest_port = reader_.Parsed("MANAGER_QEMU_GUEST_FWD_AGENT",
                                       [](std::string_view text) { return ParsePort(text); });
  standard.disable_legacy = reader_.Parsed("MANAGER_QEMU_VIRTIO_NET_PCI_DISABLE_LEGACY", ParseBool);
  standard.iommu_platform = reader_.Parsed("MANAGER_QEMU_VIRTIO_NET_PCI_IOMMU_PLATFORM", ParseBool);
  standard.pci_slot = Number("MANAGER_QEMU_VIRTIO_NET_PCI_ADDR", kMaxSlot);
  standard.rom_file = Path("MANAGER_QEMU_VIRTIO_NET_PCI_ROMFILE");
}

void EnvironmentLoader::LoadLaunchSecurity(ClassConfig& standard) {
  const auto small_number = [](std::string_view text) { return ParseUnsigned(text, 63); };
  const auto number = [&](std::string_view name) -> std::optional<unsigned> {
    const auto value = reader_.OptionalParsed(name, small_number);
    return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
  };
  standard.snp.cbitpos = number("MANAGER_QEMU_SEV_SNP_CBITPOS");
  standard.snp.reduced_phys_bits = number("MANAGER_QEMU_SEV_SNP_REDUCED_PHYS_BITS");
  standard.snp.host_data = reader_.Parsed(
      "MANAGER_QEMU_HOST_DATA", [](std::string_view text) { return ParseBase64(text, 32); });
  standard.tdx.quote_generation_socket = reader_.Text("MANAGER_QEMU_QUOTE_GENERATION_SOCKET");
}

Result<void> AddClasses(const Sources& sources, Config& config, std::vector<std::string>& errors) {
  const std::vector<ClassFileText> files =
      COCOS_TRY(sources.read_class_files(config.config_dir + "/classes.d"));
  for (const ClassFileText& file : files) {
    ClassFile parsed = ParseClassFile(file.path, file.text, config.classes.front());
    errors.insert(errors.end(), parsed.errors.begin(), parsed.errors.end());
    if (!parsed.errors.empty()) continue;
    const auto same_name = [&parsed](const ClassConfig& each) {
      return each.name == parsed.value.name;
    };
    const auto earlier = std::ranges::find_if(config.classes, same_name);
    if (earlier != config.classes.end()) {
      errors.push_back(fmt::format("{}: class \"{}\" is already defined by {}", file.path,
                                   parsed.value.name, earlier->origin));
      continue;
    }
    config.classes.push_back(std::move(parsed.value));
    config.settings.insert(config.settings.end(), parsed.settings.begin(), parsed.settings.end());
  }
  return {};
}

void CheckClass(const ClassConfig& each, std::vector<std::string>& errors) {
  const auto complain = [&](std::string text) {
    errors.push_back(fmt::format("class \"{}\" ({}): {}", each.name, each.origin, text));
  };
  if (each.vcpus == 0) complain("0 vCPUs, want at least 1");
  if (each.vcpus > each.max_vcpus) {
    complain(fmt::format("{} vCPUs of at most {}: want the maximum no lower than the count",
                         each.vcpus, each.max_vcpus));
  }
  if (each.memory_slots > 0 && each.max_memory_mib <= each.memory_mib) {
    complain(fmt::format(
        "{} MiB of memory, {} MiB with all {} slots filled: want more with slots, or 0 slots",
        each.memory_mib, each.max_memory_mib, each.memory_slots));
  }
  if (each.ttl_default && each.ttl_max && *each.ttl_default > *each.ttl_max) {
    complain(fmt::format("default TTL {} beyond the maximum {}",
                         FormatGoDuration(*each.ttl_default), FormatGoDuration(*each.ttl_max)));
  }
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

Result<Config> LoadConfig(const Sources& sources) {
  VariableReader reader(sources.environment);
  Config config = EnvironmentLoader(sources, reader).Load();
  std::vector<std::string> errors = reader.errors();
  config.settings = reader.TakeSettings();
  const std::vector<std::string> warnings = reader.Warnings();
  config.warnings.insert(config.warnings.begin(), warnings.begin(), warnings.end());
  if (Result<void> added = AddClasses(sources, config, errors); !added) {
    errors.push_back(added.error().message());
  }
  // With a number missing, its class would be called wrong for the wrong reason.
  if (errors.empty()) {
    for (const ClassConfig& each : config.classes) CheckClass(each, errors);
  }
  if (!errors.empty()) return tl::unexpected(Error(ErrorCode::kInvalidArgument, Joined(errors)));
  return config;
}

std::string DescribeConfig(const Config& config) {
  std::size_t width = 0;
  for (const Setting& setting : config.settings) {
    width = std::max(width, setting.name.size() + setting.value.size() + 1);
  }
  width = std::min<std::size_t>(width, 72);
  std::string text;
  for (const Setting& setting : config.settings) {
    text += fmt::format("{:<{}}  # {}\n", fmt::format("{}={}", setting.name, setting.value), width,
                        setting.origin);
  }
  for (const std::string& warning : config.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace cocos::config
