// The daemon's configuration as plain checked values: environment variables and class files.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cocos::config {

// TLS texts of a listener; each is a path or the PEM text itself, empty: not set. Either CA bundle
// makes client certificates mandatory.
struct ListenerConfig {
  std::string host;
  std::uint16_t port = 0;
  std::string server_cert;
  std::string server_key;
  std::string server_ca_certs;
  std::string client_ca_certs;
};

// The Computation Management Service this manager is a client of. No URL: none. With one,
// MANAGER_GRPC_SERVER_CA_CERTS is here and not with the gRPC listener.
struct CmsConfig {
  std::string url;  // <host>:<port>
  std::chrono::nanoseconds timeout{0};
  std::string client_cert;
  std::string client_key;
  std::string server_ca_certs;
  std::uint64_t max_request_mib = 64;
  bool exit_on_terminate = false;  // else its terminateReq ends the connection only
};

// The listener that agents of CMS runs dial.
struct RelayConfig {
  std::string host;
  std::uint16_t port = 0;
  std::string guest_host;  // empty: the host's default gateway
};

enum class TeeChoice { kAuto, kNone, kSevSnp, kTdx };

enum class TpmChoice { kNone, kEmulator };

struct SnpConfig {
  std::uint64_t policy = 0x30000;
  std::optional<unsigned> cbitpos;
  std::optional<unsigned> reduced_phys_bits;
  std::string host_data;                  // base64 of 32 bytes, empty: none
  std::string id_block;                   // base64 of 96 bytes
  std::string id_auth;                    // base64 of 4096 bytes
  std::string guest_visible_workarounds;  // base64 of 16 bytes
  std::optional<bool> author_key;
  std::optional<bool> vcek;
  std::optional<bool> kernel_hashes;
};

struct TdxConfig {
  std::optional<std::uint64_t> policy;
  std::string mr_config_id;  // base64 of 48 bytes, empty: none
  std::string mr_owner;
  std::string mr_owner_config;
  // UNIX socket of the quote generation service; no value: no quotes.
  std::optional<std::string> quote_generation_socket;
};

struct AttestationConfig {
  std::string mode;                    // "off", "report", "enforce"
  std::string policy_path;             // empty: none
  bool keep_refused = false;           // a CVM whose evidence was refused is kept for inspection
  std::chrono::seconds deadline{600};  // with enforce: by then evidence must have passed
};

// One `match` rule: a computation of a service that it fits belongs to the class.
struct MatchRule {
  std::string key;    // "id", "id_prefix", "name", "name_prefix", "algorithm"
  std::string value;  // of "algorithm" in lower case
};

struct ClassConfig {
  std::string name;
  std::string origin;  // file, "environment", or "environment over FILE"
  TeeChoice tee = TeeChoice::kAuto;
  TpmChoice tpm = TpmChoice::kNone;
  std::string template_name;  // empty: chosen by TEE and firmware
  std::string emulator;       // absolute path; empty: libvirt's choice
  std::string machine = "q35";
  std::string cpu_model = "EPYC";
  unsigned vcpus = 4;
  unsigned max_vcpus = 64;
  std::uint64_t memory_mib = 2048;
  unsigned memory_slots = 5;  // 0: none
  std::uint64_t max_memory_mib = 30720;
  std::string kernel;
  std::string initrd;
  std::string command_line;
  std::string firmware_code;  // pflash pair, for guests without a TEE
  std::string firmware_vars;
  std::string firmware_rom;  // stateless image, for SEV-SNP and TDX
  std::string igvm;
  std::uint16_t guest_port = 7002;
  std::string bind_address = "0.0.0.0";  // host address the agent's port listens on
  unsigned pci_slot = 2;                 // on bus 0
  bool disable_legacy = true;
  bool iommu_platform = true;
  std::string rom_file;
  bool allow_debug = false;     // whether the policies may let the host read the guest's memory
  bool bind_host_data = false;  // the digest of what a CVM is given goes into its host data
  SnpConfig snp;
  TdxConfig tdx;
  bool vsock = false;
  std::optional<std::chrono::nanoseconds> ttl_default;
  std::optional<std::chrono::nanoseconds> ttl_max;
  unsigned max_cvms = 0;
  AttestationConfig attestation;
  std::vector<MatchRule> match;
};

// One effective value and where it came from, for people.
struct Setting {
  std::string name;   // "MANAGER_MAX_VMS", "class small: resources.vcpus"
  std::string value;  // masked if secret
  // "default", "FILE:LINE", "environment", "environment (as OLD_NAME)", the last two with
  // " over FILE:LINE" where the class file's value does not count.
  std::string origin;
};

struct Config {
  std::string log_level = "info";
  std::string instance_id;  // empty: the one kept in the state directory
  std::string jaeger_url;
  double jaeger_trace_ratio = 1.0;
  std::string eos_version;
  std::string ovmf_version;
  unsigned max_vms = 10;  // 0: no limit
  ListenerConfig grpc;
  bool refuse_guest_access = false;  // an API without client certificates keeps it from starting
  ListenerConfig http;
  CmsConfig cms;
  RelayConfig relay;
  std::string libvirt_uri = "qemu:///system";
  std::string config_dir = "/etc/cocos";
  std::string runtime_dir = "/run/cocos-manager";
  std::string state_dir = "/var/lib/cocos-manager";
  std::string console_dir = "/var/log/cocos-manager/console";
  std::vector<std::string> template_dirs;  // searched in this order
  std::chrono::nanoseconds stop_timeout = std::chrono::seconds(10);
  std::uint16_t first_forward_port = 6100;
  std::uint16_t last_forward_port = 6200;
  bool enable_kvm = true;
  bool enable_disk = false;
  std::optional<bool> enable_sev_snp;  // no value: as the host has it
  std::optional<bool> enable_tdx;
  std::string qemu_group;  // group of QEMU's process, empty: the distribution's
  std::string pcr_values_path;
  std::string corim_signing_key_path;
  std::string attestation_policy_format;  // "json" or "corim"
  std::vector<ClassConfig> classes;       // "default" first
  std::vector<std::string> warnings;      // for the log, in order
  std::vector<Setting> settings;          // everything above, for --check-config
};

}  // namespace cocos::config
