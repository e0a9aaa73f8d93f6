// The identity of Intel's quoting enclave for TDX and the statuses of its versions. Intel PCS API
// version 4, enclave identity version 2; tdx reference 5.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attestation/tdx/tcb_info.h"
#include "base/result.h"

namespace cocos::attestation::tdx {

struct QeIdentity {
  ValidityPeriod validity;
  std::uint32_t tcb_evaluation_data_number = 0;
  // All in memory order, as in the QE report. A bit that a mask lacks may have any value.
  std::array<std::byte, 4> misc_select{};
  std::array<std::byte, 4> misc_select_mask{};
  std::array<std::byte, 16> attributes{};
  std::array<std::byte, 16> attributes_mask{};
  std::array<std::byte, 32> mr_signer{};
  std::uint16_t isv_prod_id = 0;
  std::vector<EnclaveTcbLevel> levels;  // newest first
};

// `object` is the inside of the signed envelope; its signature is not looked at.
// Errors: kUntrusted with the reason QeIdentityMismatch, also for another id than TD_QE, another
// version than 2, an unknown status and no levels at all.
Result<QeIdentity> ParseQeIdentity(std::span<const std::byte> object);

}  // namespace cocos::attestation::tdx
