// Processor signatures, CPUID(1).EAX, which QEMU puts into the initial state of processors.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace cocos::attestation::launch {

// Combined family and model as AMD counts them (25 and 17 for Genoa).
struct CpuIdentity {
  std::uint32_t family = 0;
  std::uint32_t model = 0;
  std::uint32_t stepping = 0;

  friend bool operator==(const CpuIdentity&, const CpuIdentity&) = default;
};

// AMD APM volume 3, CPUID Fn0000_0001_EAX. Family up to 270, model up to 255, stepping up to 15.
std::uint32_t SignatureOf(const CpuIdentity& cpu);
CpuIdentity IdentityOf(std::uint32_t signature);

struct CpuModel {
  std::string_view name;
  CpuIdentity identity;
};

// QEMU's processor models that can run SEV-SNP guests, without their version suffixes.
std::span<const CpuModel> CpuModels();

// By QEMU's name, versions ("EPYC-v4", "EPYC-Milan-v2") and "EPYC-IBPB" included. "host" has no
// signature of its own. Errors: kNotFound.
Result<CpuIdentity> FindCpuModel(std::string_view name);

}  // namespace cocos::attestation::launch
