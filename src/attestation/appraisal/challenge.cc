#include "attestation/appraisal/challenge.h"

namespace cocos::attestation::appraisal {

Result<Challenge> ChallengeOfCertificate(std::span<const std::byte> certificate_file) {
  if (certificate_file.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "client certificate file: empty, so no challenge");
  }
  return Challenge{.report_data = ReportDataForCertificate(certificate_file),
                   .tpm_nonce = TpmNonceForCertificate(certificate_file)};
}

Result<Challenge> ChallengeOfNonces(std::span<const std::byte> tee_nonce,
                                    std::span<const std::byte> tpm_nonce) {
  Challenge challenge;
  challenge.report_data = COCOS_TRY(PadReportData(tee_nonce));
  if (!tpm_nonce.empty()) challenge.tpm_nonce = COCOS_TRY(PadTpmNonce(tpm_nonce));
  return challenge;
}

}  // namespace cocos::attestation::appraisal
