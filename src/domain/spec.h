// What a CVM's libvirt domain is made of, as plain values. RenderDomainXml (render.h) turns it into
// XML; nothing here knows libvirt or XML.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "domain/attestation_note.h"

namespace cocos::domain {

enum class Tee { kNone, kSevSnp, kTdx };

// "none", "sev-snp", "tdx": the names used in class files, metadata and the API.
std::string_view TeeName(Tee tee);
std::optional<Tee> TeeFromName(std::string_view name);

// Life-cycle mark kept in the domain's metadata, so that a manager that starts anew knows what its
// predecessor was doing.
enum class Phase {
  kCreating,  // defined or starting; the caller has no answer yet
  kRunning,   // the caller was told, or is about to be
  kRemoving,  // being removed; finish it
};
std::string_view PhaseName(Phase phase);
std::optional<Phase> PhaseFromName(std::string_view name);

using TimePoint = std::chrono::system_clock::time_point;

// What the manager must know about a CVM after a restart; the domain's <metadata> holds it, in the
// namespace urn:cocos-manager:cvm:1. Never a secret: everyone who may read the domain sees it.
struct CvmMetadata {
  std::string id;           // UUID of CVM and domain
  std::string instance_id;  // the manager it belongs to
  std::string class_name;
  Tee tee = Tee::kNone;
  Phase phase = Phase::kCreating;
  TimePoint created;
  std::optional<TimePoint> expires;  // TTL deadline
  std::string agent_bind_address;    // host address of the forwarded agent port
  std::uint16_t agent_port = 0;
  std::optional<std::uint32_t> vsock_cid;
  std::string computation_id;  // empty unless a CMS run
  std::string trace_id;        // follows the CVM through the log; empty: of an older release
  std::string kernel_command_line;
  std::uint64_t memory_mib = 0;
  unsigned vcpus = 0;
  // Reference values captured at creation, by name ("launch-measurement", "host-data",
  // "sha384:kernel"...), as lower-case hex.
  std::map<std::string, std::string> reference_values;
  std::optional<AttestationNote> attestation;  // none: nothing happened yet

  friend bool operator==(const CvmMetadata&, const CvmMetadata&) = default;
};

enum class Hypervisor {
  kKvm,   // <domain type='kvm'>
  kQemu,  // software emulation (TCG); never for a TEE
  kTest,  // libvirt's test driver
};

// Memory that can be added to a running guest. TEE guests do not get it, whatever a spec says: it
// brings NUMA tables, which firmware measures, and such guests cannot use added memory.
struct MemorySlots {
  unsigned slots = 0;
  std::uint64_t max_memory_mib = 0;
};

// Two pflash drives: read-only code, and variables copied per CVM from a template by libvirt.
struct PflashFirmware {
  std::string code_path;
  std::string vars_template_path;
  std::string nvram_path;
};

// One stateless image loaded as ROM: what SEV-SNP and TDX need.
struct RomFirmware {
  std::string path;
};

using Firmware = std::variant<std::monostate, PflashFirmware, RomFirmware>;

struct DirectKernel {
  std::string kernel_path;
  std::string initrd_path;
  std::string command_line;
};

struct Network {
  std::string bind_address = "0.0.0.0";  // host address the agent port listens on
  std::uint16_t host_port = 0;
  std::uint16_t guest_port = 7002;
  unsigned pci_slot = 2;       // on bus 0
  bool disable_legacy = true;  // non-transitional virtio
  bool iommu_platform = true;
  std::string rom_file;  // empty: no option ROM
};

// SEV-SNP launch parameters. Binary values are standard base64, as libvirt wants them.
// Sizes before encoding: id_block 96, id_auth 4096, host_data 32, guest_visible_workarounds 16
// bytes; empty = element left out.
struct SevSnp {
  std::uint64_t policy = 0x30000;
  std::optional<unsigned> cbitpos;            // empty: what libvirt finds on the host
  std::optional<unsigned> reduced_phys_bits;  // likewise
  std::string host_data_base64;
  std::string id_block_base64;
  std::string id_auth_base64;
  std::string guest_visible_workarounds_base64;
  std::optional<bool> author_key;
  std::optional<bool> vcek;
  std::optional<bool> kernel_hashes;
};

// TDX launch parameters; the three digests are base64 of 48 bytes, empty = element left out.
struct Tdx {
  std::optional<std::uint64_t> policy;
  std::string mr_config_id_base64;
  std::string mr_owner_base64;
  std::string mr_owner_config_base64;
  // Socket of the quote generation service. No value: no quotes. Empty: libvirt's default path.
  std::optional<std::string> quote_generation_socket;
};

using LaunchSecurity = std::variant<std::monostate, SevSnp, Tdx>;

// What measures the boot of a guest without a TEE.
enum class Tpm {
  kNone,
  kEmulator,  // swtpm, TPM 2.0; its state lives and dies with the domain
};

struct DomainSpec {
  CvmMetadata metadata;  // also gives the domain's UUID
  std::string name;      // "cvm-<id>"
  Hypervisor hypervisor = Hypervisor::kKvm;
  std::string emulator;  // absolute path; empty: libvirt's own choice
  std::string machine = "q35";
  std::string cpu_model = "EPYC";  // a QEMU model name, "host" or "max"
  unsigned vcpus = 1;
  unsigned max_vcpus = 1;
  std::uint64_t memory_mib = 2048;
  std::optional<MemorySlots> memory_slots;
  Firmware firmware;
  std::string igvm_path;  // empty: none
  std::optional<DirectKernel> kernel;
  Tpm tpm = Tpm::kNone;
  Network network;
  std::string certs_dir;  // 9p tag certs_share
  std::string env_dir;    // 9p tag env_share
  std::string console_log_path;
  LaunchSecurity launch_security;
};

}  // namespace cocos::domain
