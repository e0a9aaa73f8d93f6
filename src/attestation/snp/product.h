// Which processor line a report or certificate belongs to. The line decides the layout of a TCB,
// the length of a hardware id and the root key.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "attestation/snp/policy.h"
#include "base/result.h"

namespace cocos::attestation::snp {

// The name AMD's key server and certificates use: "Milan", "Genoa", "Turin". Bergamo and Siena
// share the keys and the name of Genoa.
std::string_view ProductName(Product product);

// None for another name.
std::optional<Product> ProductOfName(std::string_view name);

// The product of a combined family and model (AMD 56860, ATTESTATION_REPORT, CPUID_FAM_ID and
// CPUID_MOD_ID). Errors: kUntrusted for a processor whose root key is not known.
Result<Product> ProductOfCpu(std::uint8_t family, std::uint8_t model);

// The same from CPUID(1).EAX. Errors: kUntrusted.
Result<Product> ProductOfCpuSignature(std::uint32_t eax);

}  // namespace cocos::attestation::snp
