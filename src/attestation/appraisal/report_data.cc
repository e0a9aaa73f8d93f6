#include "attestation/appraisal/report_data.h"

#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace cocos::attestation::appraisal {
namespace {

constexpr std::string_view kSource = "cocos agent, report data and nonces of evidence";

std::string Why(ReportBinding binding) {
  return binding == ReportBinding::kChallenge
             ? "answers the challenge, but does not name the TPM's key, as of agents up to v0.8.1"
             : "answers another challenge: evidence of another CVM or another request";
}

}  // namespace

ReportBinding BindingOf(const Challenge& challenge,
                        const std::optional<std::vector<std::byte>>& ak_public,
                        std::span<const std::byte> report_data) {
  if (ak_public &&
      crypto::EqualInConstantTime(ReportDataWithAttestationKey(challenge.report_data, *ak_public),
                                  report_data)) {
    return ReportBinding::kChallengeAndKey;
  }
  return crypto::EqualInConstantTime(challenge.report_data, report_data) ? ReportBinding::kChallenge
                                                                         : ReportBinding::kNone;
}

Claim ReportDataClaim(const Challenge& challenge,
                      const std::optional<std::vector<std::byte>>& ak_public,
                      bool key_must_be_bound, std::span<const std::byte> report_data) {
  std::string expected;
  if (ak_public) {
    expected = crypto::HexEncode(ReportDataWithAttestationKey(challenge.report_data, *ak_public));
  }
  if (!ak_public || !key_must_be_bound) {
    if (!expected.empty()) expected += " or ";
    expected += crypto::HexEncode(challenge.report_data);
  }
  const ReportBinding binding = BindingOf(challenge, ak_public, report_data);
  const bool holds = binding == ReportBinding::kChallengeAndKey ||
                     (binding == ReportBinding::kChallenge && (!ak_public || !key_must_be_bound));
  Claim claim = Expect("binding.report-data", holds, std::move(expected),
                       crypto::HexEncode(report_data), kSource);
  if (!holds) claim.detail = Why(binding);
  return claim;
}

}  // namespace cocos::attestation::appraisal
