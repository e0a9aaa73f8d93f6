#include "attestation/snp/verify.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "attestation/snp/product.h"
#include "crypto/digest.h"

namespace cocos::attestation::snp {
namespace {

template <typename... Args>
tl::unexpected<Error> Untrusted(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(
      Error(ErrorCode::kUntrusted, fmt::format(format, std::forward<Args>(args)...))
          .Within("SNP report"));
}

// AMD 56860, KEY_INFO: with MASK_CHIP_KEY the firmware writes zeros in place of a signature.
Result<void> CheckSigned(const Report& report) {
  if (report.signing_key == SigningKey::kNone || report.chip_key_masked) {
    return Untrusted("not signed: signing key {}, chip key {}", SigningKeyName(report.signing_key),
                     report.chip_key_masked ? "masked" : "not masked");
  }
  return {};
}

// The CPUID bytes decide where there are any; the certificate has only to agree.
Result<void> CheckProduct(const Report& report, const VekIdentity& vek) {
  const std::optional<Product> told = COCOS_TRY(ProductOf(report));
  if (!told || *told == vek.product) return {};
  return Untrusted("made on {}, but its key is one of {}", ProductName(*told), vek.product_name);
}

// AMD 56860, signing the report: over the bytes as received, never over what was parsed.
Result<void> CheckSignature(std::span<const std::byte> bytes, const Report& report,
                            const crypto::Certificate& vek) {
  const crypto::VerifyingKey key = COCOS_TRY(vek.key());
  const Result<void> good = key.VerifyEcdsa(crypto::DigestAlgorithm::kSha384,
                                            bytes.first(kSignedReportBytes), report.signature);
  if (good) return {};
  return Untrusted("{}", good.error().message());
}

Result<ReportTcbs> DecodeTcbs(const Report& report, Product product) {
  ReportTcbs tcbs;
  tcbs.current = COCOS_TRY(DecodeTcb(product, report.current_tcb));
  tcbs.reported = COCOS_TRY(DecodeTcb(product, report.reported_tcb));
  tcbs.committed = COCOS_TRY(DecodeTcb(product, report.committed_tcb));
  tcbs.launch = COCOS_TRY(DecodeTcb(product, report.launch_tcb));
  return tcbs;
}

// AMD 57230, the key is derived from the chip and the reported TCB.
Result<void> CheckTcb(const TcbVersion& reported, const VekIdentity& vek) {
  if (reported == vek.tcb) return {};
  return Untrusted("reported TCB {}, but its key is one of {}", TcbText(vek.product, reported),
                   TcbText(vek.product, vek.tcb));
}

// Whether the report names the chip that the key belongs to; false when it names none.
Result<bool> CheckChip(const Report& report, const VekIdentity& vek) {
  // A VLEK belongs to a provider, not to a chip.
  if (report.signing_key == SigningKey::kVlek || ChipIdMasked(report)) return false;
  std::vector<std::byte> chip_id = vek.hardware_id;
  chip_id.resize(report.chip_id.size());  // Turin's is followed by zeros
  if (crypto::EqualInConstantTime(chip_id, report.chip_id)) return true;
  return Untrusted("chip id {}, but its key is one of {}", crypto::HexEncode(report.chip_id),
                   crypto::HexEncode(vek.hardware_id));
}

// Certificates hold through their last second; a CRL does not.
crypto::TimePoint EndOf(const Endorsements& endorsements) {
  const crypto::TimePoint certificates =
      std::min({endorsements.vek.not_after(), endorsements.ica.not_after(),
                endorsements.ark.not_after()}) +
      std::chrono::seconds(1);
  return endorsements.crl ? std::min(certificates, endorsements.crl->next_update()) : certificates;
}

}  // namespace

Result<VerifiedReport> Verify(std::span<const std::byte> bytes, const Endorsements& endorsements,
                              const TrustAnchors& anchors, crypto::TimePoint now) {
  // The signing key, the product and the certificate's extensions only choose what to check
  // against; a lie about them fails below.
  Report report = COCOS_TRY(ParseReport(bytes));
  COCOS_TRY(CheckSigned(report));
  VekIdentity vek = COCOS_TRY(ReadVekIdentity(endorsements.vek, report.signing_key));
  COCOS_TRY(CheckProduct(report, vek));
  const RootKind root =
      COCOS_TRY(CheckChain(endorsements, {vek.product, report.signing_key}, anchors, now));
  COCOS_TRY(CheckSignature(bytes, report, endorsements.vek));
  const ReportTcbs tcbs = COCOS_TRY(DecodeTcbs(report, vek.product));
  COCOS_TRY(CheckTcb(tcbs.reported, vek));
  const bool chip_bound = COCOS_TRY(CheckChip(report, vek));
  VerifiedReport verified(std::move(report), std::move(vek), tcbs, root);
  verified.chip_bound_ = chip_bound;
  verified.revocation_checked_ = endorsements.crl.has_value();
  verified.endorsed_until_ = EndOf(endorsements);
  return verified;
}

}  // namespace cocos::attestation::snp
