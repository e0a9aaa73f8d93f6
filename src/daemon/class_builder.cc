#include "daemon/class_builder.h"

#include <optional>
#include <utility>

#include "base/file.h"

namespace cocos::daemon {
namespace {

using config::ClassConfig;
using config::Config;
using config::TeeChoice;
using domain::Tee;

Tee ChooseTee(const ClassConfig& from, const Config& config, const HostTee& host) {
  switch (from.tee) {
    case TeeChoice::kNone:
      return Tee::kNone;
    case TeeChoice::kSevSnp:
      return Tee::kSevSnp;
    case TeeChoice::kTdx:
      return Tee::kTdx;
    case TeeChoice::kAuto:
      break;
  }
  // An operator who switched a TEE off expects plain guests on a host that has it.
  if (host.sev_snp && config.enable_sev_snp.value_or(true)) return Tee::kSevSnp;
  if (host.tdx && config.enable_tdx.value_or(true)) return Tee::kTdx;
  return Tee::kNone;
}

std::string WhyUnavailable(Tee tee, const Config& config, const HostAbilities& host) {
  const bool missing =
      (tee == Tee::kSevSnp && !host.tee.sev_snp) || (tee == Tee::kTdx && !host.tee.tdx);
  if (missing && host.hypervisor != domain::Hypervisor::kTest) {
    return fmt::format(
        "this host does not offer {}: the CPU flag or the KVM module parameter is missing",
        domain::TeeName(tee));
  }
  if (tee != Tee::kNone && host.hypervisor == domain::Hypervisor::kQemu) {
    return fmt::format("{} needs KVM, which {}", domain::TeeName(tee),
                       config.enable_kvm ? "does not work on this host"
                                         : "MANAGER_QEMU_ENABLE_KVM=false turns off");
  }
  return "";
}

// What an operator asked for and this version cannot do: better no guest than another one.
std::string WhyNotYet(const ClassConfig& from, const Config& config) {
  if (config.enable_disk && from.name == "default") {
    return "disk boot (MANAGER_QEMU_ENABLE_DISK) is not supported yet";
  }
  return "";
}

// Class files may name one; else what the class boots from decides.
std::string TemplateName(const ClassConfig& from, Tee tee) {
  if (!from.template_name.empty()) return from.template_name;
  switch (tee) {
    case Tee::kSevSnp:
      return from.igvm.empty() ? "sev-snp-ovmf" : "sev-snp-igvm";
    case Tee::kTdx:
      return "tdx";
    case Tee::kNone:
      break;
  }
  return from.firmware_code.empty() ? "direct-kernel" : "plain-uefi";
}

Result<domain::DomainTemplate> LoadTemplate(const std::string& name, const Config& config) {
  if (name.find('/') != std::string::npos || name.starts_with('.')) {
    return Fail(ErrorCode::kInvalidArgument, "template {:?}: want the name of a file without .xml",
                name);
  }
  std::string searched;
  for (const std::string& directory : config.template_dirs) {
    const std::string path = fmt::format("{}/{}.xml", directory, name);
    const Result<std::string> text = ReadFile(path, 1u << 20);
    if (text) return domain::DomainTemplate::Parse(*text, path);
    if (text.error().code() != ErrorCode::kNotFound) return tl::unexpected(text.error());
    searched += (searched.empty() ? "" : ", ") + path;
  }
  return Fail(ErrorCode::kFailedPrecondition, "template {:?}: not found, looked for {}", name,
              searched);
}

// The boot files that the chosen TEE uses; others of the same class are left out.
cvm::BootSpec BuildBoot(const ClassConfig& from, Tee tee) {
  cvm::BootSpec boot{
      .kernel_path = from.kernel, .initrd_path = from.initrd, .command_line = from.command_line};
  switch (tee) {
    case Tee::kNone:
      boot.firmware_code_path = from.firmware_code;
      // Without code nothing would use them, and they need not exist.
      if (!from.firmware_code.empty()) boot.firmware_vars_path = from.firmware_vars;
      break;
    case Tee::kSevSnp:
      boot.igvm_path = from.igvm;
      if (from.igvm.empty()) boot.firmware_rom_path = from.firmware_rom;
      break;
    case Tee::kTdx:
      boot.firmware_rom_path = from.firmware_rom;
      break;
  }
  return boot;
}

domain::LaunchSecurity BuildLaunchSecurity(const ClassConfig& from, Tee tee) {
  switch (tee) {
    case Tee::kNone:
      return std::monostate();
    case Tee::kSevSnp:
      return domain::SevSnp{.policy = from.snp.policy,
                            .cbitpos = from.snp.cbitpos,
                            .reduced_phys_bits = from.snp.reduced_phys_bits,
                            .host_data_base64 = from.snp.host_data,
                            .id_block_base64 = from.snp.id_block,
                            .id_auth_base64 = from.snp.id_auth,
                            .guest_visible_workarounds_base64 = from.snp.guest_visible_workarounds,
                            .author_key = from.snp.author_key,
                            .vcek = from.snp.vcek,
                            .kernel_hashes = from.snp.kernel_hashes};
    case Tee::kTdx:
      return domain::Tdx{.policy = from.tdx.policy,
                         .mr_config_id_base64 = from.tdx.mr_config_id,
                         .mr_owner_base64 = from.tdx.mr_owner,
                         .mr_owner_config_base64 = from.tdx.mr_owner_config,
                         .quote_generation_socket = from.tdx.quote_generation_socket};
  }
  return std::monostate();
}

// Hot-added memory is of no use to a TEE guest, and the tables it needs are measured
// (libvirt.md 3.2).
std::optional<domain::MemorySlots> BuildMemorySlots(const ClassConfig& from, Tee tee) {
  if (tee != Tee::kNone || from.memory_slots == 0) return std::nullopt;
  return domain::MemorySlots{from.memory_slots, from.max_memory_mib};
}

Result<cvm::ComputationClass> BuildClass(const ClassConfig& from, const Config& config,
                                         const HostAbilities& host) {
  const Tee tee = ChooseTee(from, config, host.tee);
  domain::DomainTemplate domain_template = COCOS_TRY(LoadTemplate(TemplateName(from, tee), config));
  cvm::ComputationClass built{
      .name = from.name, .tee = tee, .domain_template = std::move(domain_template)};
  built.unavailable = WhyUnavailable(tee, config, host);
  if (built.unavailable.empty()) built.unavailable = WhyNotYet(from, config);
  built.hypervisor = host.hypervisor;
  built.emulator = from.emulator;
  built.machine = from.machine;
  built.cpu_model = from.cpu_model;
  built.vcpus = from.vcpus;
  built.max_vcpus = from.max_vcpus;
  built.memory_mib = from.memory_mib;
  built.memory_slots = BuildMemorySlots(from, tee);
  built.boot = BuildBoot(from, tee);
  built.tpm =
      from.tpm == config::TpmChoice::kEmulator ? domain::Tpm::kEmulator : domain::Tpm::kNone;
  built.network.bind_address = from.bind_address;
  built.network.guest_port = from.guest_port;
  built.network.pci_slot = from.pci_slot;
  built.network.disable_legacy = from.disable_legacy;
  built.network.iommu_platform = from.iommu_platform;
  built.network.rom_file = from.rom_file;
  built.launch_security = BuildLaunchSecurity(from, tee);
  built.bind_host_data = from.bind_host_data;
  built.vsock = from.vsock;
  built.ttl_default = from.ttl_default;
  built.ttl_max = from.ttl_max;
  built.max_cvms = from.max_cvms;
  return built;
}

std::string_view WhatAutoGives(const Config& config, const HostTee& host) {
  switch (ChooseTee({.tee = TeeChoice::kAuto}, config, host)) {
    case Tee::kNone:
      return "plain guests";
    case Tee::kSevSnp:
      return "sev-snp guests";
    case Tee::kTdx:
      return "tdx guests";
  }
  return "";
}

}  // namespace

std::vector<std::string> TeeWarnings(const Config& config, const HostTee& host) {
  const bool want_snp = config.enable_sev_snp.value_or(false);
  const bool want_tdx = config.enable_tdx.value_or(false);
  const std::string result =
      fmt::format("classes with tee auto make {} here", WhatAutoGives(config, host));
  if (want_snp && want_tdx) {
    return {
        fmt::format("MANAGER_QEMU_ENABLE_SEV_SNP and MANAGER_QEMU_ENABLE_TDX are both true, but a "
                    "host has one TEE at most and decides: {}",
                    result)};
  }
  const auto missing = [&result](std::string_view variable, Tee tee) -> std::vector<std::string> {
    return {fmt::format("{} is true, but this host does not offer {}: {}", variable,
                        domain::TeeName(tee), result)};
  };
  if (want_snp && !host.sev_snp) return missing("MANAGER_QEMU_ENABLE_SEV_SNP", Tee::kSevSnp);
  if (want_tdx && !host.tdx) return missing("MANAGER_QEMU_ENABLE_TDX", Tee::kTdx);
  return {};
}

Result<std::vector<cvm::ComputationClass>> BuildClasses(const Config& config,
                                                        const HostAbilities& host) {
  std::vector<cvm::ComputationClass> classes;
  for (const ClassConfig& from : config.classes) {
    Result<cvm::ComputationClass> built = BuildClass(from, config, host);
    if (!built) {
      return tl::unexpected(std::move(built).error().Within(
          fmt::format("class \"{}\" ({})", from.name, from.origin)));
    }
    classes.push_back(*std::move(built));
  }
  return classes;
}

}  // namespace cocos::daemon
