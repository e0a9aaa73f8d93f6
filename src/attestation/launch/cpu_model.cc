#include "attestation/launch/cpu_model.h"

#include <algorithm>
#include <array>

namespace cocos::attestation::launch {
namespace {

constexpr std::uint32_t kBaseFamily = 15;

constexpr std::array kModels = {
    CpuModel{"EPYC", {23, 1, 2}},        CpuModel{"EPYC-IBPB", {23, 1, 2}},
    CpuModel{"EPYC-Rome", {23, 49, 0}},  CpuModel{"EPYC-Milan", {25, 1, 1}},
    CpuModel{"EPYC-Genoa", {25, 17, 0}}, CpuModel{"EPYC-Turin", {26, 0, 0}},
};

// "EPYC-Rome-v4" without "-v4". QEMU's versions change features, never the signature.
std::string_view WithoutVersion(std::string_view name) {
  const auto mark = name.rfind("-v");
  if (mark == std::string_view::npos) return name;
  const std::string_view digits = name.substr(mark + 2);
  const bool is_version = !digits.empty() && digits.size() <= 2 &&
                          std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return is_version ? name.substr(0, mark) : name;
}

}  // namespace

std::uint32_t SignatureOf(const CpuIdentity& cpu) {
  const std::uint32_t low_family = std::min(cpu.family, kBaseFamily);
  const std::uint32_t extended_family = cpu.family - low_family;
  return (extended_family & 0xFF) << 20 | (cpu.model >> 4 & 0xF) << 16 | low_family << 8 |
         (cpu.model & 0xF) << 4 | (cpu.stepping & 0xF);
}

CpuIdentity IdentityOf(std::uint32_t signature) {
  const std::uint32_t low_family = signature >> 8 & 0xF;
  const bool extended = low_family == kBaseFamily;
  return {.family = low_family + (extended ? signature >> 20 & 0xFF : 0),
          .model = (signature >> 4 & 0xF) | (extended ? (signature >> 16 & 0xF) << 4 : 0),
          .stepping = signature & 0xF};
}

std::span<const CpuModel> CpuModels() { return kModels; }

Result<CpuIdentity> FindCpuModel(std::string_view name) {
  const auto* const found = std::ranges::find(kModels, WithoutVersion(name), &CpuModel::name);
  if (found != kModels.end()) return found->identity;
  return Fail(ErrorCode::kNotFound, "processor model \"{}\": its signature is not known", name);
}

}  // namespace cocos::attestation::launch
