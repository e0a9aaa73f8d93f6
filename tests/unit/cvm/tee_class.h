// Classes with a TEE, and the small files their guests boot from.
#pragma once

#include <fstream>
#include <span>
#include <string>

#include "cvm/class.h"
#include "support/manager_fixture.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::testing {

inline std::string WriteBytes(const TempDir& dir, const std::string& name,
                              std::span<const std::byte> bytes) {
  const std::string path = dir.path() + "/" + name;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return path;
}

// A page of code with SEV metadata: one page for the CPUID table and a place for kernel hashes.
inline std::vector<std::byte> SmallOvmf(std::byte fill = std::byte{0xf4}) {
  const auto metadata = SevMetadata({{0x80e000, 0x1000, 3}, {0x810000, 0x1000, 0x10}});
  return FirmwareBuilder()
      .Fill(0, 1024, fill)
      .Entry(kSevMetadataGuid, {1024})
      .Entry(kSevHashTableGuid, {0x810c00, 0x400})
      .Entry(kSevResetBlockGuid, {0x80b004})
      .At(1024, metadata)
      .Build();
}

inline std::vector<std::byte> SmallTdvf() {
  const auto metadata =
      TdxMetadata({{0, 4096, 0xfffff000, 4096, 0, 1}, {0, 0, 0x809000, 0x2000, 2, 0}});
  return FirmwareBuilder()
      .Fill(0, 512, std::byte{0xf4})
      .Entry(kTdxMetadataGuid, {1024})
      .At(1024, metadata)
      .Build();
}

// One page and the VMSA that KVM wants: at its address, with CR0 as after a reset.
inline std::vector<std::byte> SmallIgvm() {
  std::vector<std::byte> vmsa(4096);
  vmsa[0x158] = std::byte{0x31};
  return IgvmBuilder()
      .Snp()
      .Policy(0x30000, 1)
      .Page(0x100000, 1)
      .Vp(0xfffffffff000, 2)
      .Data(7)
      .Data(vmsa)
      .Build();
}

inline cvm::ComputationClass SnpClass(const std::string& firmware_path) {
  cvm::ComputationClass snp = MinimalClass("snp");
  snp.tee = domain::Tee::kSevSnp;
  snp.cpu_model = "EPYC-v4";
  snp.vcpus = 2;
  snp.boot.firmware_rom_path = firmware_path;
  snp.launch_security = domain::SevSnp();
  return snp;
}

inline cvm::ComputationClass TdxClass(const std::string& firmware_path) {
  cvm::ComputationClass tdx = MinimalClass("tdx");
  tdx.tee = domain::Tee::kTdx;
  tdx.boot.firmware_rom_path = firmware_path;
  tdx.launch_security = domain::Tdx();
  return tdx;
}

}  // namespace cocos::testing
