#include "hypervisor/known_causes.h"

#include <span>

namespace cocos::hypervisor {
namespace {

constexpr KnownCause kPasstCauses[] = {
    {"Couldn't create user namespace", "", ErrorCode::kFailedPrecondition,
     "passt-no-user-namespace",
     "passt may not create a user namespace (chroot, seccomp or "
     "kernel.apparmor_restrict_unprivileged_userns)"},
    {"Address already in use", "", ErrorCode::kAlreadyExists, "port-in-use",
     "the host port is taken by another program"},
    {"Permission denied", "port", ErrorCode::kFailedPrecondition, "port-not-permitted",
     "the host port is below net.ipv4.ip_unprivileged_port_start"},
    {"Cannot assign requested address", "", ErrorCode::kFailedPrecondition, "address-not-on-host",
     "the bind address is not an address of this host"},
    // Older passt does not say why; taken by another program is by far the most likely.
    {"Failed to bind any port", "", ErrorCode::kAlreadyExists, "port-in-use",
     "the host port cannot be bound: taken by another program, or not permitted"},
    {"Failed to bind port", "", ErrorCode::kAlreadyExists, "port-in-use",
     "the host port cannot be bound: taken by another program, or not permitted"},
};

constexpr KnownCause kQemuCauses[] = {
    {"igvm-cfg", "does not accept value", ErrorCode::kFailedPrecondition, "qemu-without-igvm",
     "this QEMU has no IGVM support: name one that has as the emulator, or use a class that boots "
     "OVMF"},
    {"invalid object type: igvm-cfg", "", ErrorCode::kFailedPrecondition, "qemu-without-igvm",
     "this QEMU has no IGVM support: name one that has as the emulator, or use a class that boots "
     "OVMF"},
    {"SNP_LAUNCH_START", "ret=-22", ErrorCode::kFailedPrecondition, "snp-launch-start-invalid",
     "SEV-SNP launch refused: firmware given as pflash instead of ROM, or policy bits the platform "
     "does not accept"},
    {"SNP_LAUNCH_START", "ret=-25", ErrorCode::kFailedPrecondition, "snp-abi-mismatch",
     "host kernel and QEMU speak different SEV-SNP interfaces: use versions of the same time"},
    {"SNP_LAUNCH_FINISH", "Bad measurement", ErrorCode::kFailedPrecondition,
     "snp-id-block-mismatch",
     "the ID block's digest is not the launch measurement (often another vCPU count, firmware or "
     "VMSA feature such as debug_swap)"},
    {"hashes table area is invalid", "", ErrorCode::kFailedPrecondition, "firmware-without-hashes",
     "this OVMF has no room for kernel hashes: use the AmdSev build, or turn kernelHashes off"},
    {"ailed to open /dev/sev", "", ErrorCode::kFailedPrecondition, "sev-device-unreadable",
     "QEMU may not open /dev/sev: check its mode, udev rules and AppArmor"},
    {"vm-type tdx not supported", "", ErrorCode::kFailedPrecondition, "tdx-off",
     "TDX is off: enable it in the BIOS and with kvm_intel.tdx=Y"},
    {"SEAMCALL", "0xc0000505", ErrorCode::kFailedPrecondition, "tdx-module",
     "the TDX module refused the platform: update BIOS and TDX module"},
    {"KVM_TDX_INIT_VM failed", "", ErrorCode::kFailedPrecondition, "tdx-cpu-features",
     "the TDX module refused the CPU model or its features: update the module or use cpu \"host\""},
    {"KVM_TDX_INIT_MEM_REGION failed", "", ErrorCode::kFailedPrecondition, "firmware-not-tdvf",
     "the firmware is not a TDVF image that fits this QEMU"},
    {"cannot initialize fsdev", "ermission denied", ErrorCode::kFailedPrecondition,
     "share-unreadable", "QEMU's user may not read the shared directory: check owner and mode"},
    {"annot set up guest memory", "annot allocate memory", ErrorCode::kResourceExhausted,
     "no-memory", "the host has not enough free memory"},
    {"unable to map backing store for guest RAM", "", ErrorCode::kResourceExhausted, "no-memory",
     "the host has not enough free memory or huge pages"},
    {"ailed to set MSR", "", ErrorCode::kFailedPrecondition, "kvm-broken",
     "KVM on this host does not work (nested virtualization?): use software emulation or another "
     "host"},
    {"ould not access KVM kernel module", "", ErrorCode::kFailedPrecondition, "kvm-unavailable",
     "QEMU's user cannot use /dev/kvm: load the module and add the user to group kvm"},
    {"vhost-vsock", "unable to open", ErrorCode::kFailedPrecondition, "vsock-unavailable",
     "/dev/vhost-vsock is missing: load the vhost_vsock module"},
    {"'launchSecurity': 'tdx'", "", ErrorCode::kFailedPrecondition, "libvirt-without-tdx",
     "this libvirt does not know TDX: 11.10 or later does"},
    {"launch security is not supported", "", ErrorCode::kFailedPrecondition, "tee-unsupported",
     "this host or its QEMU does not offer the TEE"},
    {"ailed to initialize kvm", "", ErrorCode::kFailedPrecondition, "kvm-unavailable",
     "KVM does not work for QEMU: check /dev/kvm, or use software emulation"},
    {"Cannot find 'passt'", "", ErrorCode::kFailedPrecondition, "passt-missing",
     "passt, which forwards the agent's port, is not installed"},
    {"TPM version '2.0' is not supported", "", ErrorCode::kFailedPrecondition,
     "tpm-emulator-missing",
     "swtpm, which emulates TPMs, is not installed (packages swtpm and swtpm-tools)"},
    {"Cannot check QEMU binary", "", ErrorCode::kFailedPrecondition, "emulator-missing",
     "the emulator is missing or cannot be run"},
    {"cannot initialize fsdev", "No such file", ErrorCode::kFailedPrecondition, "share-missing",
     "a shared directory is missing"},
    {"invalid kernel header", "", ErrorCode::kFailedPrecondition, "kernel-invalid",
     "the kernel is not a Linux bzImage"},
    {"elfboot", "", ErrorCode::kFailedPrecondition, "kernel-invalid",
     "the kernel is not a Linux bzImage"},
    {"could not load kernel", "", ErrorCode::kFailedPrecondition, "kernel-unreadable",
     "the kernel is missing, not readable by QEMU's user, or not a Linux bzImage"},
    {"could not open disk image", "ermission denied", ErrorCode::kFailedPrecondition,
     "file-unreadable", "QEMU's user may not read a file of the domain"},
};

const KnownCause* Find(std::span<const KnownCause> causes, std::string_view text) {
  for (const KnownCause& cause : causes) {
    if (text.find(cause.pattern) != std::string_view::npos &&
        text.find(cause.also) != std::string_view::npos) {
      return &cause;
    }
  }
  return nullptr;
}

}  // namespace

const KnownCause* FindPasstCause(std::string_view text) { return Find(kPasstCauses, text); }

const KnownCause* FindQemuCause(std::string_view text) { return Find(kQemuCauses, text); }

}  // namespace cocos::hypervisor
