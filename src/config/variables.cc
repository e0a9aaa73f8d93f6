#include "config/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cocos::config {
namespace {

constexpr Use kKept = Use::kKept;
constexpr Use kNoMeaning = Use::kNoMeaning;

// One variable, one entry, however long the line.
// clang-format off
constexpr std::array kVariables = std::to_array<Variable>({
    {.name = "MANAGER_LOG_LEVEL", .default_text = "info", .description = "debug, info, warn or error, with an optional offset as INFO+2"},
    {.name = "MANAGER_INSTANCE_ID", .description = "name of this manager on its host; unset: made once and kept in the state directory"},
    {.name = "MANAGER_MAX_VMS", .default_text = "10", .description = "most CVMs at a time; 0 or less: no limit"},
    {.name = "MANAGER_LIBVIRT_URI", .default_text = "qemu:///system", .description = "libvirt driver: qemu:///system, qemu:///session, qemu:///embed?root=DIR, test:///default"},
    {.name = "MANAGER_CONFIG_DIR", .default_text = "/etc/cocos", .description = "holds classes.d/*.yaml and domain-templates/*.xml"},
    {.name = "MANAGER_TEMPLATE_DIR", .description = "searched for domain templates first; unset: domain-templates in MANAGER_CONFIG_DIR, then the installed ones"},
    {.name = "MANAGER_RUNTIME_DIR", .default_text = "/run/cocos-manager", .description = "shares with secrets; must be on tmpfs"},
    {.name = "MANAGER_STATE_DIR", .default_text = "/var/lib/cocos-manager", .description = "firmware variables, instance id"},
    {.name = "MANAGER_CONSOLE_DIR", .default_text = "/var/log/cocos-manager/console", .description = "console logs of CVMs"},
    {.name = "MANAGER_STOP_TIMEOUT", .default_text = "10s", .description = "how long a guest may take to power off before it is powered off"},
    {.name = "MANAGER_GRPC_HOST", .default_text = "localhost", .description = "address the gRPC API listens on"},
    {.name = "MANAGER_GRPC_PORT", .default_text = "7002", .description = "port of the gRPC API"},
    {.name = "MANAGER_GRPC_SERVER_CERT", .description = "certificate of the gRPC API, path or PEM; turns TLS on together with the key"},
    {.name = "MANAGER_GRPC_SERVER_KEY", .secret = true, .description = "private key of the gRPC API, path or PEM"},
    {.name = "MANAGER_GRPC_CLIENT_CA_CERTS", .description = "CA bundle, path or PEM; clients must show a certificate it signed"},
    {.name = "MANAGER_GRPC_SERVER_CA_CERTS", .description = "with MANAGER_GRPC_URL: CA bundle that verifies the CMS; without: as MANAGER_GRPC_CLIENT_CA_CERTS"},
    {.name = "MANAGER_GRPC_GUEST_ACCESS", .default_text = "warn", .description = "a gRPC API without client certificates, which guests can reach: warn (at start, with MANAGER_GRPC_URL) or refuse (to start)"},
    {.name = "MANAGER_GRPC_URL", .description = "host:port of the Computation Management Service; unset: none"},
    {.name = "MANAGER_GRPC_TIMEOUT", .default_text = "60s", .description = "how long an attempt to connect to the CMS may take"},
    {.name = "MANAGER_GRPC_CLIENT_CERT", .description = "certificate shown to the CMS, path or PEM"},
    {.name = "MANAGER_GRPC_CLIENT_KEY", .secret = true, .description = "its private key, path or PEM"},
    {.name = "MANAGER_CMS_MAX_REQUEST", .default_text = "64M", .description = "largest run request of the CMS, and the most that wait at a time"},
    {.name = "MANAGER_CMS_TERMINATE", .default_text = "reconnect", .description = "what the CMS's terminateReq does: reconnect (ends the connection) or exit (ends the manager, CVMs run on)"},
    {.name = "MANAGER_RELAY_HOST", .default_text = "127.0.0.1", .description = "address the relay for agents listens on; it is open with MANAGER_GRPC_URL only"},
    {.name = "MANAGER_RELAY_PORT", .default_text = "7004", .description = "port of the relay"},
    {.name = "MANAGER_RELAY_GUEST_HOST", .description = "address at which guests reach the relay; unset: the host's default gateway, which passt maps to the host"},
    {.name = "MANAGER_HTTP_HOST", .default_text = "localhost", .description = "address of /health, /ready and /metrics"},
    {.name = "MANAGER_HTTP_PORT", .default_text = "7003", .description = "port of /health, /ready and /metrics"},
    {.name = "MANAGER_HTTP_SERVER_CERT", .description = "certificate of the HTTP listener, path or PEM"},
    {.name = "MANAGER_HTTP_SERVER_KEY", .secret = true, .description = "private key of the HTTP listener, path or PEM"},
    {.name = "MANAGER_HTTP_CLIENT_CA_CERTS", .description = "CA bundle for client certificates of the HTTP listener"},
    {.name = "MANAGER_HTTP_SERVER_CA_CERTS", .description = "as MANAGER_HTTP_CLIENT_CA_CERTS"},
    {.name = "COCOS_JAEGER_URL", .default_text = "http://localhost:4318", .use = kKept, .description = "where traces go (OTLP/HTTP)"},
    {.name = "COCOS_JAEGER_TRACE_RATIO", .default_text = "1.0", .use = kKept, .description = "part of the requests that is traced, 0 to 1"},
    {.name = "MANAGER_EOS_VERSION", .description = "reported by CVMInfo"},
    {.name = "MANAGER_PCR_VALUES", .description = "file with expected PCR values, part of attestation policies"},
    {.name = "MANAGER_CORIM_SIGNING_KEY", .description = "private key on P-256 that signs CoRIM policies, path"},
    {.name = "MANAGER_ATTESTATION_POLICY_FORMAT", .default_text = "json", .description = "form of attestation policies: json or corim"},
    {.name = "MANAGER_ATTESTATION_POLICY_BINARY", .aliases = "MANAGER_ATTESTATION_POLICY_BINARY_PATH MANAGER_BACKEND_MEASUREMENT_BINARY", .use = kNoMeaning, .description = "measurements are made in the manager's own process"},
    {.name = "MANAGER_IGVMMEASURE_BINARY", .use = kNoMeaning, .description = "measurements are made in the manager's own process"},
    {.name = "MANAGER_GRPC_SERVER_READ_TIMEOUT", .use = kNoMeaning, .description = "for HTTP servers only; gRPC has its own limits, and clients set deadlines on their calls"},
    {.name = "MANAGER_GRPC_SERVER_READ_HEADER_TIMEOUT", .use = kNoMeaning, .description = "for HTTP servers only; gRPC has its own limits, and clients set deadlines on their calls"},
    {.name = "MANAGER_GRPC_SERVER_WRITE_TIMEOUT", .use = kNoMeaning, .description = "for HTTP servers only; gRPC has its own limits, and clients set deadlines on their calls"},
    {.name = "MANAGER_GRPC_SERVER_IDLE_TIMEOUT", .use = kNoMeaning, .description = "for HTTP servers only; gRPC has its own limits, and clients set deadlines on their calls"},
    {.name = "MANAGER_GRPC_SERVER_MAX_HEADER_BYTES", .use = kNoMeaning, .description = "for HTTP servers only; gRPC has its own limits, and clients set deadlines on their calls"},
    {.name = "MANAGER_HTTP_SERVER_READ_TIMEOUT", .use = kNoMeaning, .description = "the limits of the HTTP listener are fixed"},
    {.name = "MANAGER_HTTP_SERVER_READ_HEADER_TIMEOUT", .use = kNoMeaning, .description = "the limits of the HTTP listener are fixed"},
    {.name = "MANAGER_HTTP_SERVER_WRITE_TIMEOUT", .use = kNoMeaning, .description = "the limits of the HTTP listener are fixed"},
    {.name = "MANAGER_HTTP_SERVER_IDLE_TIMEOUT", .use = kNoMeaning, .description = "the limits of the HTTP listener are fixed"},
    {.name = "MANAGER_HTTP_SERVER_MAX_HEADER_BYTES", .use = kNoMeaning, .description = "the limits of the HTTP listener are fixed"},
    {.name = "MANAGER_GRPC_ATTESTED_TLS", .use = kNoMeaning, .description = "the CMS is verified by MANAGER_GRPC_SERVER_CA_CERTS, this manager by MANAGER_GRPC_CLIENT_CERT"},
    {.name = "MANAGER_GRPC_MANIFEST", .use = kNoMeaning, .description = "manifests come from the CMS"},

    {.name = "MANAGER_QEMU_MEMORY_SIZE", .default_text = "2048M", .description = "memory of a CVM: a number with K, M, G or T, whole MiB"},
    {.name = "MANAGER_QEMU_MEMORY_SLOTS", .default_text = "5", .description = "slots for hot-added memory, guests without a TEE only; 0: none"},
    {.name = "MANAGER_QEMU_MAX_MEMORY", .default_text = "30G", .description = "memory with all slots filled"},
    {.name = "MANAGER_QEMU_SMP_COUNT", .default_text = "4", .description = "vCPUs"},
    {.name = "MANAGER_QEMU_SMP_MAXCPUS", .default_text = "64", .description = "vCPUs including those that can be hot-added"},
    {.name = "MANAGER_QEMU_CPU", .default_text = "EPYC", .description = "CPU model of QEMU, host or max"},
    {.name = "MANAGER_QEMU_MACHINE", .default_text = "q35", .description = "machine type"},
    {.name = "MANAGER_QEMU_ENABLE_KVM", .default_text = "true", .description = "false: software emulation, without a TEE"},
    {.name = "MANAGER_QEMU_BIN_PATH", .default_text = "qemu-system-x86_64", .description = "QEMU that libvirt runs, absolute path; the default: libvirt's own choice"},
    {.name = "MANAGER_QEMU_GROUP", .description = "group of QEMU's process, which reads the shares; unset: libvirt-qemu or qemu, whichever exists"},
    {.name = "MANAGER_QEMU_OVMF_CODE_FILE", .default_text = "/usr/share/OVMF/OVMF_CODE.fd", .description = "UEFI code of guests without a TEE"},
    {.name = "MANAGER_QEMU_OVMF_VARS_FILE", .default_text = "/usr/share/OVMF/OVMF_VARS.fd", .description = "template of their UEFI variables"},
    {.name = "MANAGER_QEMU_OVMF_VERSION", .description = "reported by CVMInfo"},
    {.name = "MANAGER_QEMU_OVMF_FILE", .default_text = "/usr/share/ovmf/OVMF.fd", .description = "firmware image of TDX guests"},
    {.name = "MANAGER_QEMU_IGVM_FILE", .default_text = "/root/coconut-qemu.igvm", .description = "IGVM file of SEV-SNP guests"},
    {.name = "MANAGER_QEMU_DISK_IMG_KERNEL_FILE", .default_text = "img/bzImage", .description = "kernel"},
    {.name = "MANAGER_QEMU_DISK_IMG_ROOTFS_FILE", .default_text = "img/rootfs.cpio.gz", .description = "initial RAM file system"},
    {.name = "MANAGER_QEMU_KERNEL_CMDLINE", .default_text = "quiet console=null", .description = "kernel command line"},
    {.name = "MANAGER_QEMU_HOST_FWD_RANGE", .default_text = "6100-6200", .description = "host ports for agents"},
    {.name = "MANAGER_QEMU_HOST_FWD_BIND", .default_text = "0.0.0.0", .description = "host address those ports listen on"},
    {.name = "MANAGER_QEMU_GUEST_FWD_AGENT", .default_text = "7002", .description = "port of the agent in the guest"},
    {.name = "MANAGER_QEMU_VIRTIO_NET_PCI_DISABLE_LEGACY", .default_text = "on", .description = "modern virtio only"},
    {.name = "MANAGER_QEMU_VIRTIO_NET_PCI_IOMMU_PLATFORM", .default_text = "true", .description = "the network device uses the platform's DMA rules"},
    {.name = "MANAGER_QEMU_VIRTIO_NET_PCI_ADDR", .default_text = "0x2", .description = "PCI slot of the network device on bus 0, hexadecimal as in QEMU, 0x1 to 0x1e"},
    {.name = "MANAGER_QEMU_VIRTIO_NET_PCI_ROMFILE", .description = "option ROM of the network device; unset: none"},
    {.name = "MANAGER_QEMU_ENABLE_SEV_SNP", .description = "false: classes with tee auto get plain guests on a SEV-SNP host; unset or true: as the host has it"},
    {.name = "MANAGER_QEMU_ENABLE_TDX", .description = "false: classes with tee auto get plain guests on a TDX host; unset or true: as the host has it"},
    {.name = "MANAGER_QEMU_SEV_SNP_CBITPOS", .aliases = "MANAGER_QEMU_SEV_SNP_CBIT_POS MANAGER_QEMU_SEV_CBITPOS", .description = "C-bit position; unset: as libvirt finds it (51 on known CPUs)"},
    {.name = "MANAGER_QEMU_SEV_SNP_REDUCED_PHYS_BITS", .aliases = "MANAGER_QEMU_SEV_REDUCED_PHYS_BITS", .description = "physical address bits taken by SEV; unset: as libvirt finds it (1 on known CPUs)"},
    {.name = "MANAGER_QEMU_ENABLE_HOST_DATA", .default_text = "false", .description = "the digest of what a CVM is given goes into its host data, see host-data.md"},
    {.name = "MANAGER_QEMU_HOST_DATA", .description = "host data of every SEV-SNP guest, base64 of 32 bytes"},
    {.name = "MANAGER_QEMU_QUOTE_GENERATION_SOCKET", .default_text = "/var/run/tdx-qgs/qgs.socket", .description = "UNIX socket of the TDX quote generation service"},
    {.name = "MANAGER_QEMU_QUOTE_GENERATION_PORT", .use = kNoMeaning, .description = "libvirt reaches the quote generation service by UNIX socket only: let it listen on one and name it in MANAGER_QEMU_QUOTE_GENERATION_SOCKET"},

    {.name = "MANAGER_QEMU_OVMF_CODE_IF", .use = kNoMeaning, .description = "libvirt attaches the firmware as pflash"},
    {.name = "MANAGER_QEMU_OVMF_CODE_FORMAT", .use = kNoMeaning, .description = "firmware images are raw"},
    {.name = "MANAGER_QEMU_OVMF_CODE_UNIT", .use = kNoMeaning, .description = "libvirt numbers the pflash drives"},
    {.name = "MANAGER_QEMU_OVMF_CODE_READONLY", .use = kNoMeaning, .description = "firmware code is always read-only"},
    {.name = "MANAGER_QEMU_OVMF_VARS_IF", .use = kNoMeaning, .description = "libvirt attaches the variables as pflash"},
    {.name = "MANAGER_QEMU_OVMF_VARS_FORMAT", .use = kNoMeaning, .description = "firmware variables are raw"},
    {.name = "MANAGER_QEMU_OVMF_VARS_UNIT", .use = kNoMeaning, .description = "libvirt numbers the pflash drives"},
    {.name = "MANAGER_QEMU_NETDEV_ID", .use = kNoMeaning, .description = "libvirt names the devices"},
    {.name = "MANAGER_QEMU_MEM_ID", .use = kNoMeaning, .description = "libvirt names the devices"},
    {.name = "MANAGER_QEMU_SEV_SNP_ID", .aliases = "MANAGER_QEMU_SEV_ID", .use = kNoMeaning, .description = "libvirt names the devices"},
    {.name = "MANAGER_QEMU_TDX_ID", .use = kNoMeaning, .description = "libvirt names the devices"},
    {.name = "MANAGER_QEMU_IGVM_ID", .use = kNoMeaning, .description = "the manager names the device"},
    {.name = "MANAGER_QEMU_HOST_FWD_AGENT", .use = kNoMeaning, .description = "ports come from MANAGER_QEMU_HOST_FWD_RANGE"},
    {.name = "MANAGER_QEMU_USE_SUDO", .use = kNoMeaning, .description = "libvirt runs QEMU as its own user"},
    {.name = "MANAGER_QEMU_NO_GRAPHIC", .use = kNoMeaning, .description = "CVMs have no display; one can be added to the domain template"},
    {.name = "MANAGER_QEMU_MONITOR", .use = kNoMeaning, .description = "libvirt owns the monitor; use virsh qemu-monitor-command"},
    {.name = "MANAGER_QEMU_KERNEL_HASH", .use = kNoMeaning, .description = "a class file sets launch_security.snp.kernel_hashes"},
    {.name = "MANAGER_QEMU_ENABLE_SEV", .use = kNoMeaning, .description = "SEV without SNP is not supported"},
    {.name = "MANAGER_QEMU_VSOCK_ID", .use = kNoMeaning, .description = "agents since v0.7 use no vsock; a class file may set network.vsock"},
    {.name = "MANAGER_QEMU_VSOCK_GUEST_CID", .use = kNoMeaning, .description = "context ids are handed out by the manager"},
    {.name = "MANAGER_QEMU_VSOCK_VNC", .use = kNoMeaning, .description = "agents since v0.7 use no vsock"},
    {.name = "MANAGER_QEMU_CERTS_MOUNT", .use = kNoMeaning, .description = "each CVM has its own share below MANAGER_RUNTIME_DIR"},
    {.name = "MANAGER_QEMU_ENV_MOUNT", .use = kNoMeaning, .description = "each CVM has its own share below MANAGER_RUNTIME_DIR"},
    {.name = "MANAGER_QEMU_ENABLE_DISK", .default_text = "false", .use = kKept, .description = "boot from a disk image"},
    {.name = "MANAGER_QEMU_SRC_DISK_FILE", .default_text = "img/enc_os.qcow2", .use = kKept, .description = "image that disks are made from"},
    {.name = "MANAGER_QEMU_DST_DISK_FILE", .use = kNoMeaning, .description = "each CVM has its own disk in MANAGER_STATE_DIR"},
    {.name = "MANAGER_QEMU_DISK_ID", .use = kNoMeaning, .description = "libvirt names the devices"},
    {.name = "MANAGER_QEMU_DISK_FORMAT", .default_text = "qcow2", .use = kKept, .description = "format of a CVM's disk, qcow2 or raw"},
    {.name = "MANAGER_QEMU_DISK_SCSI_ID", .use = kNoMeaning, .description = "libvirt names the devices"},
    {.name = "MANAGER_QEMU_GPU_BDF", .use = kKept, .description = "PCI address of the GPU to pass through, or auto"},
    {.name = "MANAGER_QEMU_GPU_PCIE_ROOT_PORT", .use = kNoMeaning, .description = "libvirt adds root ports"},
    {.name = "MANAGER_QEMU_GPU_PCIE_BUS", .use = kNoMeaning, .description = "libvirt adds root ports"},
    {.name = "MANAGER_QEMU_GPU_FW_CFG_MMIO_MB", .default_text = "262144", .use = kKept, .description = "64-bit MMIO window of the firmware, MiB"},
});
// clang-format on

// Calls `visit` with every word of a text that is separated by blanks.
template <typename Visit>
bool AnyWord(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (visit(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

std::string_view UseText(Use use) {
  switch (use) {
    case Use::kHonoured:
      return "";
    case Use::kKept:
      return "accepted, no effect yet: ";
    case Use::kNoMeaning:
      return "accepted, no effect: ";
  }
  return "";
}

}  // namespace

std::span<const Variable> AllVariables() { return kVariables; }

const Variable* FindVariable(std::string_view name) {
  const auto found = std::ranges::find_if(kVariables, [name](const Variable& variable) {
    return variable.name == name ||
           AnyWord(variable.aliases, [name](std::string_view alias) { return alias == name; });
  });
  return found == kVariables.end() ? nullptr : &*found;
}

std::string VariablesHelp() {
  std::string text = "Environment variables (a variable that is set but empty has its default):\n";
  for (const Variable& variable : kVariables) {
    text += fmt::format(
        "  {}\n      {}{}{}\n", variable.name, UseText(variable.use), variable.description,
        variable.default_text.empty() ? "" : fmt::format(" (default {})", variable.default_text));
  }
  return text;
}

std::string VariablesMarkdown() {
  std::string text = "| Variable | Default | Meaning |\n|---|---|---|\n";
  for (const Variable& variable : kVariables) {
    std::string names = fmt::format("`{}`", variable.name);
    AnyWord(variable.aliases, [&names](std::string_view alias) {
      names += fmt::format("<br>`{}`", alias);
      return false;
    });
    text +=
        fmt::format("| {} | {} | {}{} |\n", names,
                    variable.default_text.empty() ? "" : fmt::format("`{}`", variable.default_text),
                    UseText(variable.use), variable.description);
  }
  return text;
}

}  // namespace cocos::config
