// What a relying party demands of a TDX quote. Plain values; policy files are read elsewhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cocos::attestation::tdx {

using Digest384 = std::array<std::byte, 48>;

// Intel's names, in the order of their texts in TCB info and of Intel's verification library.
enum class TcbStatus {
  kUpToDate,
  kSwHardeningNeeded,
  kConfigurationNeeded,
  kConfigurationAndSwHardeningNeeded,
  kOutOfDate,
  kOutOfDateConfigurationNeeded,
  kRevoked,
  kTdRelaunchAdvised,
  kTdRelaunchAdvisedConfigurationNeeded,
};

// An absent value is not checked, but told.
struct Policy {
  std::optional<std::array<std::byte, 16>> qe_vendor_id;
  std::uint16_t min_qe_svn = 0;
  std::uint16_t min_pce_svn = 0;
  std::array<std::byte, 16> min_tee_tcb_svn{};  // byte by byte
  std::optional<Digest384> mr_seam;
  std::optional<std::array<std::byte, 8>> td_attributes;  // exact, under the mask
  std::array<std::byte, 8> td_attributes_mask{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                              std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                              std::byte{0xff}, std::byte{0xff}};
  std::optional<std::array<std::byte, 8>> xfam;
  std::vector<Digest384> mr_td;  // one of these; empty: not checked
  std::optional<Digest384> mr_config_id;
  std::optional<Digest384> mr_owner;
  std::optional<Digest384> mr_owner_config;
  std::array<std::optional<Digest384>, 4> rtmrs;
  std::optional<std::array<std::byte, 64>> report_data;
  bool allow_debug = false;       // any of TD_ATTRIBUTES bits 7:0
  bool allow_migration = false;   // TD_ATTRIBUTES bit 29
  bool allow_service_td = false;  // MR_SERVICETD that is not zero
  // Revoked is never accepted.
  std::set<TcbStatus> accepted_tcb_statuses = {TcbStatus::kUpToDate};
  std::set<std::string> accepted_advisories;  // empty: any that an accepted status brings
  std::uint32_t min_tcb_evaluation_data_number = 0;
  // Without TCB info, QE identity and CRLs only signatures can be checked: refused unless this is
  // false, and then told as weaker.
  bool require_collateral = true;
};

}  // namespace cocos::attestation::tdx
