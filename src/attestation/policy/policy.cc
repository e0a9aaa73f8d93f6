#include "attestation/policy/policy.h"

#include <algorithm>

#include "attestation/cbor/utf8.h"

namespace cocos::attestation::policy {
namespace {

Result<void> CheckSnp(const snp::Policy& policy, Profile profile) {
  if (profile == Profile::kProduction && policy.guest_policy.allow_debug) {
    return Fail(ErrorCode::kInvalidArgument,
                "snp.guest_policy.allow_debug: want false in the production profile");
  }
  return {};
}

// The debug bits are byte 0 of TD_ATTRIBUTES. An exact value that has one of them is a demand for
// debugging, whatever allow_debug says.
bool DemandsDebug(const tdx::Policy& policy) {
  return policy.td_attributes &&
         ((*policy.td_attributes)[0] & policy.td_attributes_mask[0]) != std::byte{0};
}

bool IsAdvisoryName(const std::string& name) {
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

Result<void> CheckTdx(const tdx::Policy& policy, Profile profile) {
  if (policy.accepted_tcb_statuses.contains(tdx::TcbStatus::kRevoked)) {
    return Fail(ErrorCode::kInvalidArgument,
                "tdx.accepted_tcb_statuses: Revoked is never accepted");
  }
  if (policy.accepted_tcb_statuses.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "tdx.accepted_tcb_statuses: want at least one");
  }
  if (!std::ranges::all_of(policy.accepted_advisories, IsAdvisoryName)) {
    return Fail(ErrorCode::kInvalidArgument,
                "tdx.accepted_advisories: want names such as INTEL-SA-00001");
  }
  if (profile != Profile::kProduction) return {};
  if (policy.allow_debug) {
    return Fail(ErrorCode::kInvalidArgument,
                "tdx.allow_debug: want false in the production profile");
  }
  if (DemandsDebug(policy)) {
    return Fail(ErrorCode::kInvalidArgument,
                "tdx.td_attributes: debug bits are set, want none in the production profile");
  }
  return {};
}

Result<void> CheckPcrs(const vtpm::PcrValues& values) {
  for (const auto& [algorithm, pcrs] : values) {
    for (const auto& [index, value] : pcrs) {
      if (index < kPcrs && value.size() == crypto::DigestSize(algorithm)) continue;
      return Fail(ErrorCode::kInvalidArgument, "tpm.pcrs.{}.{}: not a PCR or not a value of one",
                  crypto::DigestName(algorithm), index);
    }
  }
  return {};
}

Result<void> CheckTpm(const vtpm::Policy& policy) {
  if (policy.accepted_digests.contains(crypto::DigestAlgorithm::kSha1)) {
    return Fail(ErrorCode::kInvalidArgument, "tpm.accepted_digests: SHA-1 is never accepted");
  }
  if (policy.accepted_digests.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "tpm.accepted_digests: want at least one");
  }
  return CheckPcrs(policy.expected_pcrs);
}

// Names are printed and logged.
Result<void> CheckName(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  const bool plain = std::ranges::none_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (plain && name.size() <= kLongest && cbor::IsUtf8(crypto::BytesOf(name))) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "name: want at most {} bytes of UTF-8 without control characters", kLongest);
}

}  // namespace

std::string_view ProfileName(Profile profile) {
  switch (profile) {
    case Profile::kProduction:
      return "production";
    case Profile::kDebug:
      return "debug";
  }
  return "";
}

std::optional<Profile> ProfileNamed(std::string_view name) {
  for (const Profile profile : {Profile::kProduction, Profile::kDebug}) {
    if (name == ProfileName(profile)) return profile;
  }
  return std::nullopt;
}

Result<void> CheckPolicy(const Policy& policy) {
  if (!policy.snp && !policy.tdx && !policy.tpm) {
    return Fail(ErrorCode::kInvalidArgument, "policy: demands nothing, want snp, tdx or tpm");
  }
  COCOS_TRY(CheckName(policy.name));
  if (policy.snp) COCOS_TRY(CheckSnp(*policy.snp, policy.profile));
  if (policy.tdx) COCOS_TRY(CheckTdx(*policy.tdx, policy.profile));
  if (policy.tpm) COCOS_TRY(CheckTpm(*policy.tpm));
  return {};
}

}  // namespace cocos::attestation::policy
