#include "cvm/spec_builder.h"

namespace cocos::cvm {
namespace {

domain::Firmware BuildFirmware(const ComputationClass& computation_class,
                               const std::string& nvram_path) {
  const BootSpec& boot = computation_class.boot;
  // An IGVM file brings its own firmware.
  if (!boot.igvm_path.empty()) return std::monostate();
  if (!boot.firmware_rom_path.empty()) return domain::RomFirmware{boot.firmware_rom_path};
  if (boot.firmware_code_path.empty()) return std::monostate();
  return domain::PflashFirmware{boot.firmware_code_path, boot.firmware_vars_path, nvram_path};
}

}  // namespace

std::string DomainName(const CvmId& id) { return "cvm-" + id.text(); }

domain::CvmMetadata BuildMetadata(const Snapshot& cvm, const std::string& instance_id,
                                  domain::Phase phase) {
  return {.id = cvm.id.text(),
          .instance_id = instance_id,
          .class_name = cvm.class_name,
          .tee = cvm.tee,
          .phase = phase,
          .created = cvm.created,
          .expires = cvm.expires,
          .agent_bind_address = cvm.agent_bind_address,
          .agent_port = cvm.agent_port,
          .vsock_cid = cvm.vsock_cid,
          .computation_id = cvm.computation_id,
          .trace_id = cvm.trace_id,
          .kernel_command_line = cvm.kernel_command_line,
          .memory_mib = cvm.memory_mib,
          .vcpus = cvm.vcpus,
          .reference_values = cvm.reference_values,
          .attestation = cvm.attestation};
}

domain::DomainSpec BuildSpec(const ComputationClass& computation_class, const Snapshot& cvm,
                             const std::string& instance_id, const CvmPaths& paths) {
  domain::DomainSpec spec;
  spec.metadata = BuildMetadata(cvm, instance_id, domain::Phase::kCreating);
  spec.name = DomainName(cvm.id);
  spec.hypervisor = computation_class.hypervisor;
  spec.emulator = computation_class.emulator;
  spec.machine = computation_class.machine;
  spec.cpu_model = computation_class.cpu_model;
  spec.vcpus = computation_class.vcpus;
  spec.max_vcpus = computation_class.max_vcpus;
  spec.memory_mib = computation_class.memory_mib;
  spec.memory_slots = computation_class.memory_slots;
  spec.firmware = BuildFirmware(computation_class, paths.nvram);
  spec.igvm_path = computation_class.boot.igvm_path;
  if (!computation_class.boot.kernel_path.empty()) {
    spec.kernel = domain::DirectKernel{computation_class.boot.kernel_path,
                                       computation_class.boot.initrd_path, cvm.kernel_command_line};
  }
  spec.tpm = computation_class.tpm;
  spec.network = computation_class.network;
  spec.network.bind_address = cvm.agent_bind_address;
  spec.network.host_port = cvm.agent_port;
  spec.certs_dir = paths.shares.certs_dir;
  spec.env_dir = paths.shares.env_dir;
  spec.console_log_path = paths.console_log;
  spec.launch_security = computation_class.launch_security;
  return spec;
}

}  // namespace cocos::cvm
