#include "domain/spec_check.h"

#include <array>
#include <utility>

#include "domain/value_check.h"

namespace cocos::domain {
namespace {

constexpr std::size_t kSnpHostDataBytes = 32;
constexpr std::size_t kSnpIdBlockBytes = 96;
constexpr std::size_t kSnpIdAuthBytes = 4096;
constexpr std::size_t kSnpWorkaroundsBytes = 16;
constexpr std::size_t kTdxDigestBytes = 48;  // SHA-384

// Slots of the q35 root bus: 0 is the host bridge, 31 the ICH9 south bridge.
constexpr unsigned kFirstPciSlot = 1;
constexpr unsigned kLastPciSlot = 30;

// 0 to 2 are the hypervisor, the loopback and the host; the highest means "any".
constexpr std::uint32_t kFirstGuestCid = 3;
constexpr std::uint32_t kAnyCid = 0xffffffff;

tl::unexpected<Error> Contradiction(std::string_view field, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument, "{}: {}", field, why);
}

Result<void> CheckDomainName(const std::string& name) {
  COCOS_TRY(CheckFilled("name", name));
  if (name.find('/') == std::string::npos) return {};
  return Fail(ErrorCode::kInvalidArgument, "name \"{}\": want no '/' in a domain name", name);
}

Result<void> CheckOptionalPath(std::string_view field, const std::string& path) {
  return path.empty() ? Result<void>() : CheckAbsolutePath(field, path);
}

Result<void> CheckCpus(const DomainSpec& spec) {
  COCOS_TRY(CheckName("machine", spec.machine));
  COCOS_TRY(CheckName("cpu_model", spec.cpu_model));
  if (spec.vcpus == 0) return Contradiction("vcpus", "0, want at least 1");
  if (spec.vcpus > spec.max_vcpus) {
    return Fail(ErrorCode::kInvalidArgument, "vcpus: {}, want at most max_vcpus ({})", spec.vcpus,
                spec.max_vcpus);
  }
  if (spec.cpu_model == "host" && spec.hypervisor == Hypervisor::kQemu) {
    return Contradiction("cpu_model", "\"host\" needs KVM; want a model name or \"max\"");
  }
  return {};
}

Result<void> CheckMemory(const DomainSpec& spec) {
  if (spec.memory_mib == 0) return Contradiction("memory_mib", "0, want at least 1");
  if (!spec.memory_slots) return {};
  if (spec.memory_slots->slots == 0)
    return Contradiction("memory_slots.slots", "0, want at least 1");
  if (spec.memory_slots->max_memory_mib >= spec.memory_mib) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "memory_slots.max_memory_mib: {}, want at least memory_mib ({})",
              spec.memory_slots->max_memory_mib, spec.memory_mib);
}

Result<void> CheckFirmwarePaths(const Firmware& firmware) {
  if (const auto* pflash = std::get_if<PflashFirmware>(&firmware)) {
    COCOS_TRY(CheckAbsolutePath("firmware.code_path", pflash->code_path));
    COCOS_TRY(CheckAbsolutePath("firmware.vars_template_path", pflash->vars_template_path));
    COCOS_TRY(CheckAbsolutePath("firmware.nvram_path", pflash->nvram_path));
  }
  if (const auto* rom = std::get_if<RomFirmware>(&firmware)) {
    COCOS_TRY(CheckAbsolutePath("firmware.path", rom->path));
  }
  return {};
}

Result<void> CheckBoot(const DomainSpec& spec) {
  COCOS_TRY(CheckFirmwarePaths(spec.firmware));
  COCOS_TRY(CheckOptionalPath("igvm_path", spec.igvm_path));
  const bool has_firmware = !std::holds_alternative<std::monostate>(spec.firmware);
  if (has_firmware && !spec.igvm_path.empty()) {
    return Contradiction("igvm_path",
                         "set together with firmware, but an IGVM file brings its own");
  }
  if (!spec.kernel) return {};
  COCOS_TRY(CheckAbsolutePath("kernel.kernel_path", spec.kernel->kernel_path));
  COCOS_TRY(CheckOptionalPath("kernel.initrd_path", spec.kernel->initrd_path));
  return CheckText("kernel.command_line", spec.kernel->command_line);
}

Result<void> CheckPort(std::string_view field, std::uint16_t port) {
  if (port != 0) return {};
  return Fail(ErrorCode::kInvalidArgument, "{}: 0, want a port from 1 to 65535", field);
}

Result<void> CheckNetwork(const Network& network) {
  if (!network.bind_address.empty()) {
    COCOS_TRY(CheckAddress("network.bind_address", network.bind_address));
  }
  COCOS_TRY(CheckPort("network.host_port", network.host_port));
  COCOS_TRY(CheckPort("network.guest_port", network.guest_port));
  COCOS_TRY(CheckOptionalPath("network.rom_file", network.rom_file));
  if (network.pci_slot < kFirstPciSlot || network.pci_slot > kLastPciSlot) {
    return Fail(ErrorCode::kInvalidArgument, "network.pci_slot: {}, want {} to {}",
                network.pci_slot, kFirstPciSlot, kLastPciSlot);
  }
  if (network.iommu_platform && !network.disable_legacy) {
    return Contradiction(
        "network.iommu_platform",
        "on, but a device with legacy support cannot have it; turn legacy off too");
  }
  return {};
}

Result<void> CheckSevSnp(const DomainSpec& spec, const SevSnp& snp) {
  COCOS_TRY(CheckBase64("launch_security.host_data", snp.host_data_base64, kSnpHostDataBytes));
  COCOS_TRY(CheckBase64("launch_security.id_block", snp.id_block_base64, kSnpIdBlockBytes));
  COCOS_TRY(CheckBase64("launch_security.id_auth", snp.id_auth_base64, kSnpIdAuthBytes));
  COCOS_TRY(CheckBase64("launch_security.guest_visible_workarounds",
                        snp.guest_visible_workarounds_base64, kSnpWorkaroundsBytes));
  const bool has_rom = std::holds_alternative<RomFirmware>(spec.firmware);
  if (!has_rom && spec.igvm_path.empty()) {
    return Contradiction("firmware", "SEV-SNP wants an IGVM file or a stateless ROM image");
  }
  if (!snp.kernel_hashes.value_or(false)) return {};
  if (!has_rom || !spec.kernel) {
    return Contradiction("launch_security.kernel_hashes",
                         "on, but it wants a ROM image and a kernel whose hashes go into it");
  }
  return {};
}

Result<void> CheckTdx(const DomainSpec& spec, const Tdx& tdx) {
  const std::array<std::pair<std::string_view, const std::string*>, 3> digests = {{
      {"launch_security.mr_config_id", &tdx.mr_config_id_base64},
      {"launch_security.mr_owner", &tdx.mr_owner_base64},
      {"launch_security.mr_owner_config", &tdx.mr_owner_config_base64},
  }};
  for (const auto& [field, value] : digests) {
    COCOS_TRY(CheckBase64(field, *value, kTdxDigestBytes));
  }
  if (tdx.quote_generation_socket) {
    COCOS_TRY(
        CheckOptionalPath("launch_security.quote_generation_socket", *tdx.quote_generation_socket));
  }
  if (std::holds_alternative<RomFirmware>(spec.firmware)) return {};
  return Contradiction("firmware", "TDX wants a stateless ROM image (TDVF)");
}

Result<void> CheckLaunchSecurity(const DomainSpec& spec) {
  const Tee tee = TeeOf(spec.launch_security);
  if (tee != spec.metadata.tee) {
    return Fail(ErrorCode::kInvalidArgument,
                "metadata.tee: {}, but the launch parameters are for {}",
                TeeName(spec.metadata.tee), TeeName(tee));
  }
  if (tee == Tee::kNone) return {};
  if (spec.hypervisor == Hypervisor::kQemu) {
    return Fail(ErrorCode::kInvalidArgument,
                "hypervisor: software emulation (TCG) cannot run a {} guest, want KVM",
                TeeName(tee));
  }
  if (const auto* snp = std::get_if<SevSnp>(&spec.launch_security)) return CheckSevSnp(spec, *snp);
  return CheckTdx(spec, std::get<Tdx>(spec.launch_security));
}

Result<void> CheckTpm(const DomainSpec& spec) {
  if (spec.tpm == Tpm::kNone) return {};
  if (spec.metadata.tee != Tee::kNone) {
    return Fail(ErrorCode::kInvalidArgument,
                "tpm: emulator, but this host runs the emulator and a {} guest must not trust it",
                TeeName(spec.metadata.tee));
  }
  if (std::holds_alternative<PflashFirmware>(spec.firmware)) return {};
  return Contradiction("tpm", "emulator, but without UEFI firmware nothing measures the boot");
}

Result<void> CheckHostPaths(const DomainSpec& spec) {
  COCOS_TRY(CheckOptionalPath("emulator", spec.emulator));
  COCOS_TRY(CheckAbsolutePath("certs_dir", spec.certs_dir));
  COCOS_TRY(CheckAbsolutePath("env_dir", spec.env_dir));
  return CheckAbsolutePath("console_log_path", spec.console_log_path);
}

Result<void> CheckVsockCid(std::optional<std::uint32_t> cid) {
  if (!cid || (*cid >= kFirstGuestCid && *cid != kAnyCid)) return {};
  return Fail(ErrorCode::kInvalidArgument, "metadata.vsock_cid: {}, want {} to {}", *cid,
              kFirstGuestCid, kAnyCid - 1);
}

}  // namespace

Tee TeeOf(const LaunchSecurity& launch_security) {
  if (std::holds_alternative<SevSnp>(launch_security)) return Tee::kSevSnp;
  if (std::holds_alternative<Tdx>(launch_security)) return Tee::kTdx;
  return Tee::kNone;
}

Result<void> CheckMetadataValues(const CvmMetadata& metadata) {
  COCOS_TRY(CheckUuid("metadata.id", metadata.id));
  COCOS_TRY(CheckFilled("metadata.instance_id", metadata.instance_id));
  COCOS_TRY(CheckFilled("metadata.class_name", metadata.class_name));
  COCOS_TRY(CheckText("metadata.agent_bind_address", metadata.agent_bind_address));
  COCOS_TRY(CheckText("metadata.computation_id", metadata.computation_id));
  COCOS_TRY(CheckText("metadata.trace_id", metadata.trace_id));
  COCOS_TRY(CheckText("metadata.kernel_command_line", metadata.kernel_command_line));
  COCOS_TRY(CheckVsockCid(metadata.vsock_cid));
  for (const auto& [name, value] : metadata.reference_values) {
    COCOS_TRY(CheckFilled("name in metadata.reference_values", name));
    COCOS_TRY(CheckHex(fmt::format("metadata.reference_values[{}]", name), value));
  }
  if (!metadata.attestation) return {};
  COCOS_TRY(CheckFilled("metadata.attestation.mode", metadata.attestation->mode));
  COCOS_TRY(CheckText("metadata.attestation.summary", metadata.attestation->summary));
  return {};
}

Result<void> CheckSpec(const DomainSpec& spec) {
  COCOS_TRY(CheckMetadataValues(spec.metadata));
  COCOS_TRY(CheckDomainName(spec.name));
  COCOS_TRY(CheckCpus(spec));
  COCOS_TRY(CheckMemory(spec));
  COCOS_TRY(CheckBoot(spec));
  COCOS_TRY(CheckTpm(spec));
  COCOS_TRY(CheckNetwork(spec.network));
  COCOS_TRY(CheckHostPaths(spec));
  return CheckLaunchSecurity(spec);
}

}  // namespace cocos::domain
