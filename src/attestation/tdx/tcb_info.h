// TCB info for TDX: which TCB of a kind of platform has which status. Intel PCS API version 4, TCB
// info version 3; tdx reference 5.1.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "attestation/tdx/policy.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::tdx {

// What a level says of everything that reaches it.
struct TcbAssessment {
  TcbStatus status = TcbStatus::kRevoked;
  crypto::TimePoint tcb_date;
  std::vector<std::string> advisories;  // "INTEL-SA-00837"

  friend bool operator==(const TcbAssessment&, const TcbAssessment&) = default;
};

// A level of the quoting enclave or of a SEAM module: UpToDate, OutOfDate or Revoked.
struct EnclaveTcbLevel {
  std::uint16_t isv_svn = 0;
  TcbAssessment assessment;
};

// SVNs of a level. Those of platforms have eight bits; one that does not fit is never reached,
// which is safer than to cut it.
using LevelSvns = std::array<std::uint16_t, 16>;

struct PlatformTcbLevel {
  LevelSvns sgx_svns{};
  std::uint16_t pce_svn = 0;
  LevelSvns tdx_svns{};
  TcbAssessment assessment;
};

struct TdxModule {
  Digest384 mr_signer{};
  std::array<std::byte, 8> attributes{};
};

struct TdxModuleIdentity {
  std::string id;  // "TDX_01"
  TdxModule module;
  std::vector<EnclaveTcbLevel> levels;  // newest first
};

// When a piece was made and by when the next one comes; both moments belong to its validity.
struct ValidityPeriod {
  crypto::TimePoint issue_date;
  crypto::TimePoint next_update;
};

struct TcbInfo {
  ValidityPeriod validity;
  std::array<std::byte, 6> fmspc{};
  std::array<std::byte, 2> pce_id{};
  std::uint32_t tcb_evaluation_data_number = 0;
  TdxModule module;  // of version 0
  std::vector<TdxModuleIdentity> module_identities;
  std::vector<PlatformTcbLevel> levels;  // newest first
};

// `object` is the inside of the signed envelope; its signature is not looked at. Levels are sorted
// here, whatever their order in the text.
// Errors: kUntrusted with the reason TcbInfoMismatch, also for another id than TDX, another version
// than 3, another TCB type than 0, an unknown status and no levels at all.
Result<TcbInfo> ParseTcbInfo(std::span<const std::byte> object);

}  // namespace cocos::attestation::tdx
