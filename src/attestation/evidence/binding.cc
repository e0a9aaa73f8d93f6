#include "attestation/evidence/binding.h"

#include <algorithm>

#include "crypto/digest.h"

namespace cocos::attestation {
namespace {

using crypto::DigestAlgorithm;

template <std::size_t Size>
Result<std::array<std::byte, Size>> Pad(std::span<const std::byte> nonce) {
  if (nonce.empty() || nonce.size() > Size) {
    return Fail(ErrorCode::kInvalidArgument, "nonce of {} bytes, want 1 to {}", nonce.size(), Size);
  }
  std::array<std::byte, Size> padded{};
  std::ranges::copy(nonce, padded.begin());
  return padded;
}

template <std::size_t Size>
std::array<std::byte, Size> DigestInto(crypto::Digest digest) {
  std::array<std::byte, Size> value{};
  digest.FinishInto(value);
  return value;
}

}  // namespace

ReportData ReportDataForCertificate(std::span<const std::byte> certificate_file) {
  crypto::Digest digest(DigestAlgorithm::kSha512);
  digest.Update(certificate_file);
  return DigestInto<64>(std::move(digest));
}

TpmNonce TpmNonceForCertificate(std::span<const std::byte> certificate_file) {
  crypto::Digest digest(DigestAlgorithm::kSha256);
  digest.Update(certificate_file);
  return DigestInto<32>(std::move(digest));
}

ReportData ReportDataWithAttestationKey(const ReportData& report_data,
                                        std::span<const std::byte> ak_public) {
  crypto::Digest digest(DigestAlgorithm::kSha3_512);
  digest.Update(report_data);
  digest.Update(ak_public);
  return DigestInto<64>(std::move(digest));
}

Result<ReportData> PadReportData(std::span<const std::byte> nonce) { return Pad<64>(nonce); }

Result<TpmNonce> PadTpmNonce(std::span<const std::byte> nonce) { return Pad<32>(nonce); }

}  // namespace cocos::attestation
