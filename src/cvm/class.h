// A computation class: the VM profile a CVM is made from. The daemon fills it from the
// configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "domain/render.h"
#include "domain/spec.h"

namespace cocos::cvm {

// How a guest is booted.
struct BootSpec {
  std::string kernel_path;  // empty: the firmware or IGVM file boots the guest
  std::string initrd_path;
  std::string command_line;
  std::string firmware_code_path;  // pflash CODE, for guests without a TEE
  std::string firmware_vars_path;  // template of the per-CVM VARS
  std::string firmware_rom_path;   // stateless image for SEV-SNP and TDX
  std::string igvm_path;
};

struct ComputationClass {
  std::string name;
  domain::Tee tee = domain::Tee::kNone;  // already decided for this host
  domain::DomainTemplate domain_template;
  std::string unavailable;  // why this host cannot run it; empty: it can
  // kKvm, or kQemu where KVM is off or does not work; kTest with libvirt's test driver.
  domain::Hypervisor hypervisor = domain::Hypervisor::kKvm;
  std::string emulator;
  std::string machine = "q35";
  std::string cpu_model = "EPYC";
  unsigned vcpus = 1;
  unsigned max_vcpus = 1;
  std::uint64_t memory_mib = 2048;
  std::optional<domain::MemorySlots> memory_slots;
  BootSpec boot;
  domain::Tpm tpm = domain::Tpm::kNone;
  domain::Network network;                 // host_port is set per CVM
  domain::LaunchSecurity launch_security;  // with bind_host_data completed per CVM
  // Whether each CVM's host data is the digest of what it is given; a value that launch_security
  // has goes first.
  bool bind_host_data = false;
  bool vsock = false;
  std::optional<std::chrono::nanoseconds> ttl_default;
  std::optional<std::chrono::nanoseconds> ttl_max;
  unsigned max_cvms = 0;  // quota of this class; 0: only the manager's own limit
};

}  // namespace cocos::cvm
