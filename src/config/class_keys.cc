#include "config/class_keys.h"

#include <limits>

#include "base/go_duration.h"
#include "config/match_rules.h"
#include "config/values.h"

namespace cocos::config {
namespace {

using namespace std::chrono_literals;

// Makes a setter from a parser and a place to put the value.
template <typename Parse, typename Place>
auto Setter(Parse parse, Place place) {
  return [parse, place](ClassConfig& target, const std::string& text) -> Result<void> {
    place(target) = COCOS_TRY(parse(text));
    return {};
  };
}

Result<std::string> AnyText(std::string_view text) { return std::string(text); }

Result<std::string> AbsolutePath(std::string_view text) {
  if (text.empty() || text.front() == '/') return std::string(text);
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want an absolute path", text);
}

template <std::uint64_t max>
Result<unsigned> Count(std::string_view text) {
  return static_cast<unsigned>(COCOS_TRY(ParseUnsigned(text, max)));
}

Result<std::uint64_t> Bits64(std::string_view text) {
  return ParseUnsigned(text, std::numeric_limits<std::uint64_t>::max());
}

template <std::size_t bytes>
Result<std::string> Base64Of(std::string_view text) {
  return ParseBase64(text, bytes);
}

Result<std::uint16_t> GuestPort(std::string_view text) { return ParsePort(text); }

Result<std::chrono::nanoseconds> PositiveDuration(std::string_view text) {
  const std::chrono::nanoseconds duration = COCOS_TRY(ParseGoDuration(text));
  if (duration.count() <= 0) {
    return Fail(ErrorCode::kInvalidArgument, "{:?}: want a duration above zero", text);
  }
  return duration;
}

Result<TeeChoice> Tee(std::string_view text) {
  if (text == "auto") return TeeChoice::kAuto;
  if (text == "none") return TeeChoice::kNone;
  if (text == "sev-snp") return TeeChoice::kSevSnp;
  if (text == "tdx") return TeeChoice::kTdx;
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want auto, none, sev-snp or tdx", text);
}

Result<TpmChoice> Tpm(std::string_view text) {
  if (text == "none") return TpmChoice::kNone;
  if (text == "emulator") return TpmChoice::kEmulator;
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want none or emulator", text);
}

Result<std::string> AttestationMode(std::string_view text) {
  if (text == "off" || text == "report" || text == "enforce") return std::string(text);
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want off, report or enforce", text);
}

Result<std::chrono::seconds> Deadline(std::string_view text) {
  const std::chrono::nanoseconds duration = COCOS_TRY(ParseGoDuration(text));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  if (seconds == duration && seconds >= 1s && seconds <= 24h) return seconds;
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want whole seconds, 1s to 24h", text);
}

Result<bool> OnRefusal(std::string_view text) {
  if (text == "destroy" || text == "keep") return text == "keep";
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want destroy or keep", text);
}

#define COCOS_FIELD(field) \
  [](ClassConfig & target) -> auto& { return target.field; }

}  // namespace

const std::vector<ClassKey>& ClassKeys() {
  static const std::vector<ClassKey> keys = {
      {"name", "the file's name without .yaml", Setter(AnyText, COCOS_FIELD(name))},
      {"tee", "auto, none, sev-snp or tdx", Setter(Tee, COCOS_FIELD(tee))},
      {"tpm", "none or emulator; emulator: a TPM 2.0, for tee none with firmware_code only",
       Setter(Tpm, COCOS_FIELD(tpm))},
      {"template", "name of a domain template", Setter(AnyText, COCOS_FIELD(template_name))},
      {"resources.vcpus", "vCPUs", Setter(Count<kMaxCpus>, COCOS_FIELD(vcpus))},
      {"resources.max_vcpus", "vCPUs with hot-added ones",
       Setter(Count<kMaxCpus>, COCOS_FIELD(max_vcpus))},
      {"resources.memory", "size such as 2048M or 4G",
       Setter(ParseMemoryMib, COCOS_FIELD(memory_mib))},
      {"resources.memory_slots", "slots for hot-added memory, 0: none",
       Setter(Count<kMaxMemorySlots>, COCOS_FIELD(memory_slots))},
      {"resources.max_memory", "size with all slots filled",
       Setter(ParseMemoryMib, COCOS_FIELD(max_memory_mib))},
      {"resources.cpu_model", "CPU model of QEMU, host or max",
       Setter(AnyText, COCOS_FIELD(cpu_model))},
      {"resources.machine", "machine type", Setter(AnyText, COCOS_FIELD(machine))},
      {"resources.emulator", "absolute path of a QEMU",
       Setter(AbsolutePath, COCOS_FIELD(emulator))},
      {"boot.kernel", "absolute path, empty: none", Setter(AbsolutePath, COCOS_FIELD(kernel))},
      {"boot.initrd", "absolute path, empty: none", Setter(AbsolutePath, COCOS_FIELD(initrd))},
      {"boot.cmdline", "kernel command line", Setter(AnyText, COCOS_FIELD(command_line))},
      {"boot.firmware_code", "absolute path of UEFI code, empty: none",
       Setter(AbsolutePath, COCOS_FIELD(firmware_code))},
      {"boot.firmware_vars", "absolute path of the UEFI variables template",
       Setter(AbsolutePath, COCOS_FIELD(firmware_vars))},
      {"boot.firmware", "absolute path of a stateless firmware image",
       Setter(AbsolutePath, COCOS_FIELD(firmware_rom))},
      {"boot.igvm", "absolute path of an IGVM file, empty: none",
       Setter(AbsolutePath, COCOS_FIELD(igvm))},
      {"network.guest_port", "port of the agent in the guest",
       Setter(GuestPort, COCOS_FIELD(guest_port))},
      {"network.bind", "host address the agent's port listens on",
       Setter(ParseAddress, COCOS_FIELD(bind_address))},
      {"network.vsock", "true or false", Setter(ParseBool, COCOS_FIELD(vsock))},
      {"network.pci_addr", "PCI slot of the network device on bus 0, hexadecimal, 0x1 to 0x1e",
       Setter(ParsePciSlot, COCOS_FIELD(pci_slot))},
      {"network.disable_legacy", "true or false; true: modern virtio only",
       Setter(ParseBool, COCOS_FIELD(disable_legacy))},
      {"network.iommu_platform", "true or false; true needs disable_legacy",
       Setter(ParseBool, COCOS_FIELD(iommu_platform))},
      {"network.rom_file", "absolute path of the network device's option ROM, empty: none",
       Setter(AbsolutePath, COCOS_FIELD(rom_file))},
      {"launch_security.allow_debug",
       "true or false; true: the policies below may let the host read the guest's memory",
       Setter(ParseBool, COCOS_FIELD(allow_debug))},
      {"launch_security.bind_host_data",
       "true or false; true: the digest of what a CVM is given goes into HOST_DATA or MRCONFIGID",
       Setter(ParseBool, COCOS_FIELD(bind_host_data))},
      {"launch_security.snp.policy",
       "guest policy, 64 bits: bit 17 set, bits 26 to 63 clear, bit 19 (DEBUG) with allow_debug "
       "only",
       Setter(ParseSnpPolicy, COCOS_FIELD(snp.policy))},
      {"launch_security.snp.cbitpos", "C-bit position, 0 to 63; not set: as libvirt finds it",
       Setter(Count<63>, COCOS_FIELD(snp.cbitpos))},
      {"launch_security.snp.reduced_phys_bits",
       "physical address bits taken by SEV, 0 to 63; not set: as libvirt finds it",
       Setter(Count<63>, COCOS_FIELD(snp.reduced_phys_bits))},
      {"launch_security.snp.kernel_hashes", "true or false",
       Setter(ParseBool, COCOS_FIELD(snp.kernel_hashes))},
      {"launch_security.snp.host_data", "base64 of 32 bytes",
       Setter(Base64Of<32>, COCOS_FIELD(snp.host_data))},
      {"launch_security.snp.id_block", "base64 of 96 bytes",
       Setter(Base64Of<96>, COCOS_FIELD(snp.id_block))},
      {"launch_security.snp.id_auth", "base64 of 4096 bytes",
       Setter(Base64Of<4096>, COCOS_FIELD(snp.id_auth))},
      {"launch_security.snp.guest_visible_workarounds", "base64 of 16 bytes",
       Setter(Base64Of<16>, COCOS_FIELD(snp.guest_visible_workarounds))},
      {"launch_security.snp.author_key", "true or false",
       Setter(ParseBool, COCOS_FIELD(snp.author_key))},
      {"launch_security.snp.vcek", "true or false", Setter(ParseBool, COCOS_FIELD(snp.vcek))},
      {"launch_security.tdx.policy",
       "TD attributes, 64 bits: bits 0 to 7 (TD under debug) with allow_debug only",
       Setter(Bits64, COCOS_FIELD(tdx.policy))},
      {"launch_security.tdx.mr_config_id", "base64 of 48 bytes",
       Setter(Base64Of<48>, COCOS_FIELD(tdx.mr_config_id))},
      {"launch_security.tdx.mr_owner", "base64 of 48 bytes",
       Setter(Base64Of<48>, COCOS_FIELD(tdx.mr_owner))},
      {"launch_security.tdx.mr_owner_config", "base64 of 48 bytes",
       Setter(Base64Of<48>, COCOS_FIELD(tdx.mr_owner_config))},
      {"launch_security.tdx.quote_generation_socket", "absolute path of a UNIX socket",
       Setter(AbsolutePath, COCOS_FIELD(tdx.quote_generation_socket))},
      {"lifecycle.ttl", "default TTL, Go duration",
       Setter(PositiveDuration, COCOS_FIELD(ttl_default))},
      {"lifecycle.ttl_max", "longest TTL, Go duration",
       Setter(PositiveDuration, COCOS_FIELD(ttl_max))},
      {"quota.max_cvms", "most CVMs of this class, 0: no limit",
       Setter(Count<1'000'000>, COCOS_FIELD(max_cvms))},
      {"attestation.mode",
       "off, report or enforce: whether evidence is appraised before a CMS run gets its "
       "computation",
       Setter(AttestationMode, COCOS_FIELD(attestation.mode))},
      {"attestation.policy",
       "absolute path of a policy file that evidence must satisfy too, empty: none",
       Setter(AbsolutePath, COCOS_FIELD(attestation.policy_path))},
      {"attestation.on_refusal",
       "destroy or keep: what becomes of a CVM whose evidence was refused under enforce",
       Setter(OnRefusal, COCOS_FIELD(attestation.keep_refused))},
      {"attestation.deadline",
       "under enforce, from the admission of a run to evidence that passed, the boot included; Go "
       "duration of whole seconds, 1s to 24h",
       Setter(Deadline, COCOS_FIELD(attestation.deadline))},
  };
  return keys;
}

#undef COCOS_FIELD

std::string ClassKeysMarkdown() {
  std::string text = "| Key | Accepts |\n|---|---|\n";
  for (const ClassKey& key : ClassKeys())
    text += fmt::format("| `{}` | {} |\n", key.path, key.accepts);
  text += fmt::format("| `match` | {} |\n", kMatchAccepts);
  return text;
}

}  // namespace cocos::config
