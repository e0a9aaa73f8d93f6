#include "attestation/tdx/verify.h"

#include <algorithm>

#include "attestation/tdx/certificate_chain.h"
#include "attestation/tdx/quote_error.h"
#include "attestation/tdx/tcb_matching.h"
#include "attestation/tdx/tcb_status.h"
#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::TimePoint;
using crypto::VerifyingKey;

constexpr std::size_t kFieldSize = 32;

std::span<const std::byte> FirstHalf(const P256Pair& pair) {
  return std::span(pair).first<kFieldSize>();
}

std::span<const std::byte> SecondHalf(const P256Pair& pair) {
  return std::span(pair).last<kFieldSize>();
}

crypto::EcdsaSignature SignatureOf(const P256Pair& pair) {
  const auto copy = [](std::span<const std::byte> half) {
    return std::vector<std::byte>(half.begin(), half.end());
  };
  return {.r = copy(FirstHalf(pair)), .s = copy(SecondHalf(pair))};
}

Result<void> CheckSignature(const VerifyingKey& key, std::span<const std::byte> message,
                            const P256Pair& signature) {
  return key.VerifyEcdsa(crypto::DigestAlgorithm::kSha256, message, SignatureOf(signature));
}

// A chain given by hand goes before the one in the quote; only a quote with a whole chain can do
// without.
Result<std::vector<crypto::Certificate>> PckCertificates(const Quote& quote,
                                                         std::span<const std::byte> by_hand) {
  if (by_hand.empty() && quote.certification_type != CertificationType::kPckChain) {
    return Refuse(QuoteError::kUnsupportedQuote,
                  "TDX quote: certification data type {} has no PCK chain",
                  static_cast<unsigned>(quote.certification_type));
  }
  const std::span<const std::byte> pem =
      by_hand.empty() ? std::span<const std::byte>(quote.certification_data) : by_hand;
  return RefusedAs(QuoteError::kUnsupportedQuote, ParseChain(pem));
}

Result<VerifiedPckChain> PckChainOf(const Quote& quote, std::span<const std::byte> by_hand,
                                    const TrustAnchors& anchors, TimePoint now) {
  const std::vector<crypto::Certificate> chain = COCOS_TRY(PckCertificates(quote, by_hand));
  return VerifyPckChain(chain, anchors, now);
}

// Step 5: the TCB info is the one for this platform.
Result<void> CheckPlatform(const PckInfo& pck, const TcbInfo& info) {
  if (pck.fmspc != info.fmspc) {
    return Refuse(QuoteError::kTcbInfoMismatch, "TCB info: for FMSPC {}, want {}",
                  crypto::HexEncode(info.fmspc), crypto::HexEncode(pck.fmspc));
  }
  if (pck.pce_id != info.pce_id) {
    return Refuse(QuoteError::kTcbInfoMismatch, "TCB info: for PCE-ID {}, want {}",
                  crypto::HexEncode(info.pce_id), crypto::HexEncode(pck.pce_id));
  }
  return {};
}

// Step 7: the platform vouches for the quoting enclave.
Result<void> CheckQeReportSignature(const Quote& quote, const crypto::Certificate& pck) {
  const VerifyingKey key = COCOS_TRY(RefusedAs(QuoteError::kBadQeReportSignature, pck.key()));
  if (key.curve() != crypto::Curve::kP256) {
    return Refuse(QuoteError::kBadQeReportSignature, "PCK certificate: its key is not on P-256");
  }
  const Result<void> good = CheckSignature(key, quote.qe_report_bytes, quote.qe_report_signature);
  if (good) return {};
  return Refuse(QuoteError::kBadQeReportSignature, "QE report: {}", good.error().message());
}

// Step 8: the quoting enclave vouches for the attestation key.
Result<void> CheckQeReportData(const Quote& quote) {
  crypto::Digest digest(crypto::DigestAlgorithm::kSha256);
  digest.Update(quote.attestation_key);
  digest.Update(quote.qe_authentication_data);
  std::vector<std::byte> expected = digest.Finish();
  expected.resize(quote.qe_report.report_data.size());  // the second half is zero
  if (crypto::EqualInConstantTime(expected, quote.qe_report.report_data)) return {};
  return Refuse(QuoteError::kQeReportDataMismatch,
                "QE report: its report data is not the digest of the attestation key");
}

// Step 10: the attestation key signed what the hardware said.
Result<void> CheckQuoteSignature(const Quote& quote) {
  const VerifyingKey key = COCOS_TRY(
      RefusedAs(QuoteError::kBadQuoteSignature,
                VerifyingKey::FromEcPoint(crypto::Curve::kP256, FirstHalf(quote.attestation_key),
                                          SecondHalf(quote.attestation_key))));
  const Result<void> good = CheckSignature(key, quote.signed_bytes, quote.signature);
  if (good) return {};
  return Refuse(QuoteError::kBadQuoteSignature, "TDX quote: {}", good.error().message());
}

TcbVerdict VerdictOf(TcbResult result, const VerifiedCollateral& collateral) {
  return {
      .status = result.status,
      .advisories = std::move(result.advisories),
      .tcb_date = result.tcb_date,
      .tcb_evaluation_data_number = std::min(collateral.tcb_info().tcb_evaluation_data_number,
                                             collateral.qe_identity().tcb_evaluation_data_number),
      .expiries = collateral.expiries(),
      .relaunch = result.relaunch};
}

}  // namespace

TimePoint TcbVerdict::holds_until() const {
  TimePoint first = TimePoint::max();
  for (const PieceExpiry& piece : expiries) first = std::min(first, piece.expires);
  return first;
}

std::string_view VerifiedQuote::ResultName() const {
  return tcb_ ? TcbStatusName(tcb_->status) : "SignatureValid";
}

Result<VerifiedQuote> VerifyQuote(std::span<const std::byte> bytes, const Collateral& collateral,
                                  const TrustAnchors& anchors, TimePoint now) {
  Quote quote = COCOS_TRY(ParseQuote(bytes));
  const VerifiedPckChain chain = COCOS_TRY(PckChainOf(quote, collateral.pck_chain, anchors, now));
  const PckInfo pck = COCOS_TRY(ParsePckInfo(chain.leaf()));
  const VerifiedCollateral verified = COCOS_TRY(VerifyCollateral(collateral, chain, anchors, now));
  COCOS_TRY(CheckPlatform(pck, verified.tcb_info()));
  const TcbAssessment module = COCOS_TRY(MatchModule(verified.tcb_info(), quote.report));
  COCOS_TRY(CheckQeReportSignature(quote, chain.leaf()));
  COCOS_TRY(CheckQeReportData(quote));
  const TcbAssessment qe = COCOS_TRY(MatchQe(verified.qe_identity(), quote.qe_report));
  COCOS_TRY(CheckQuoteSignature(quote));
  TcbResult tcb = COCOS_TRY(CombineTcb(verified.tcb_info(), pck, quote.report, module, qe));
  VerifiedQuote result(std::move(quote), pck, chain.expires());
  result.tcb_ = VerdictOf(std::move(tcb), verified);
  return result;
}

Result<VerifiedQuote> VerifyQuoteWithoutCollateral(std::span<const std::byte> bytes,
                                                   std::span<const std::byte> pck_chain,
                                                   const TrustAnchors& anchors, TimePoint now) {
  Quote quote = COCOS_TRY(ParseQuote(bytes));
  const VerifiedPckChain chain = COCOS_TRY(PckChainOf(quote, pck_chain, anchors, now));
  const PckInfo pck = COCOS_TRY(ParsePckInfo(chain.leaf()));
  COCOS_TRY(CheckQeReportSignature(quote, chain.leaf()));
  COCOS_TRY(CheckQeReportData(quote));
  COCOS_TRY(CheckQuoteSignature(quote));
  return VerifiedQuote(std::move(quote), pck, chain.expires());
}

Result<CollateralRequest> CollateralFor(std::span<const std::byte> bytes) {
  const Quote quote = COCOS_TRY(ParseQuote(bytes));
  for (const crypto::Certificate& certificate : COCOS_TRY(PckCertificates(quote, {}))) {
    if (!certificate.Extension(kSgxExtensionId)) continue;
    const PckInfo pck = COCOS_TRY(ParsePckInfo(certificate));
    const std::vector<std::string> issuer = certificate.IssuerValues("CN");
    const bool processor = issuer == std::vector<std::string>{"Intel SGX PCK Processor CA"};
    return CollateralRequest{.fmspc = pck.fmspc,
                             .pck_ca = processor ? PckCa::kProcessor : PckCa::kPlatform};
  }
  return Refuse(QuoteError::kUnsupportedQuote, "TDX quote: no PCK certificate in its chain");
}

}  // namespace cocos::attestation::tdx
