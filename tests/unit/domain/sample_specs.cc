#include "unit/domain/sample_specs.h"

#include <chrono>

#include "base/file.h"

namespace cocos::domain::testing {
namespace {

// Base64 of `bytes` zero bytes.
std::string Zeros(std::size_t bytes) {
  const std::size_t padding = (3 - bytes % 3) % 3;
  return std::string((bytes + 2) / 3 * 4 - padding, 'A') + std::string(padding, '=');
}

CvmMetadata SampleMetadata(Tee tee) {
  constexpr std::chrono::nanoseconds kCreated = std::chrono::seconds(1767225600);  // 2026-01-01
  CvmMetadata metadata;
  metadata.id = kSampleId;
  metadata.instance_id = "manager-01";
  metadata.class_name = "default";
  metadata.tee = tee;
  metadata.phase = Phase::kCreating;
  metadata.created = TimePoint(kCreated);
  metadata.expires = TimePoint(kCreated + std::chrono::milliseconds(3600250));
  metadata.agent_bind_address = "127.0.0.1";
  metadata.agent_port = 6100;
  metadata.computation_id = "computation-1";
  metadata.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  metadata.kernel_command_line = "quiet console=null";
  metadata.memory_mib = 2048;
  metadata.vcpus = 4;
  metadata.reference_values = {{"host-data", "00ff"}, {"sha384:kernel", "0123456789abcdef"}};
  return metadata;
}

DomainSpec Base(Tee tee) {
  DomainSpec spec;
  spec.metadata = SampleMetadata(tee);
  spec.name = std::string("cvm-") + kSampleId;
  spec.vcpus = 4;
  spec.max_vcpus = 64;
  spec.memory_slots = MemorySlots{.slots = 5, .max_memory_mib = 30 * 1024};
  spec.kernel = DirectKernel{.kernel_path = "/var/lib/cocos-manager/img/bzImage",
                             .initrd_path = "/var/lib/cocos-manager/img/rootfs.cpio.gz",
                             .command_line = "quiet console=null"};
  spec.network.bind_address = "127.0.0.1";
  spec.network.host_port = 6100;
  spec.certs_dir = "/run/cocos-manager/cvms/" + spec.metadata.id + "/certs";
  spec.env_dir = "/run/cocos-manager/cvms/" + spec.metadata.id + "/env";
  spec.console_log_path = "/var/log/cocos-manager/" + spec.metadata.id + ".log";
  return spec;
}

}  // namespace

DomainSpec PlainUefi() {
  DomainSpec spec = Base(Tee::kNone);
  spec.emulator = "/usr/bin/qemu-system-x86_64";
  spec.firmware =
      PflashFirmware{.code_path = "/usr/share/OVMF/OVMF_CODE_4M.fd",
                     .vars_template_path = "/usr/share/OVMF/OVMF_VARS_4M.fd",
                     .nvram_path = "/var/lib/cocos-manager/nvram/" + spec.metadata.id + ".fd"};
  return spec;
}

DomainSpec MeasuredBoot() {
  DomainSpec spec = PlainUefi();
  spec.tpm = Tpm::kEmulator;
  return spec;
}

DomainSpec DirectKernelBoot() {
  DomainSpec spec = Base(Tee::kNone);
  spec.cpu_model = "host";
  spec.metadata.vsock_cid = 7;
  spec.network.rom_file = "/usr/share/qemu/efi-virtio.rom";
  return spec;
}

DomainSpec SevSnpIgvm() {
  DomainSpec spec = Base(Tee::kSevSnp);
  spec.igvm_path = "/var/lib/cocos-manager/img/coconut,4 vCPUs.igvm";
  SevSnp snp;
  snp.cbitpos = 51;
  snp.reduced_phys_bits = 1;
  snp.host_data_base64 = Zeros(32);
  spec.launch_security = snp;
  return spec;
}

DomainSpec SevSnpOvmf() {
  DomainSpec spec = Base(Tee::kSevSnp);
  spec.firmware = RomFirmware{"/usr/share/ovmf/OVMF.amdsev.fd"};
  SevSnp snp;
  snp.cbitpos = 51;
  snp.reduced_phys_bits = 1;
  snp.host_data_base64 = Zeros(32);
  snp.id_block_base64 = Zeros(96);
  snp.id_auth_base64 = Zeros(4096);
  snp.guest_visible_workarounds_base64 = Zeros(16);
  snp.author_key = false;
  snp.vcek = true;
  snp.kernel_hashes = true;
  spec.launch_security = snp;
  return spec;
}

DomainSpec TdxGuest() {
  DomainSpec spec = Base(Tee::kTdx);
  spec.cpu_model = "host";
  spec.firmware = RomFirmware{"/usr/share/ovmf/OVMF.inteltdx.ms.fd"};
  Tdx tdx;
  tdx.policy = 0x10000000;  // SEPT_VE_DISABLE
  tdx.mr_config_id_base64 = Zeros(48);
  tdx.mr_owner_base64 = Zeros(48);
  tdx.mr_owner_config_base64 = Zeros(48);
  tdx.quote_generation_socket = "/var/run/tdx-qgs/qgs.socket";
  spec.launch_security = tdx;
  return spec;
}

std::vector<Sample> AllSamples() {
  return {{"plain-uefi", PlainUefi()},           {"measured-boot", MeasuredBoot(), "plain-uefi"},
          {"direct-kernel", DirectKernelBoot()}, {"sev-snp-igvm", SevSnpIgvm()},
          {"sev-snp-ovmf", SevSnpOvmf()},        {"tdx", TdxGuest()}};
}

std::string ReadSourceFile(const std::string& path_in_repository) {
  Result<std::string> text = ReadFile(std::string(COCOS_SOURCE_DIR "/") + path_in_repository);
  COCOS_CHECK(text.has_value());
  return *std::move(text);
}

DomainTemplate ShippedTemplate(const std::string& name) {
  const std::string path = "domain-templates/" + name + ".xml";
  Result<DomainTemplate> parsed = DomainTemplate::Parse(ReadSourceFile(path), path);
  COCOS_CHECK(parsed.has_value());
  return *std::move(parsed);
}

}  // namespace cocos::domain::testing
