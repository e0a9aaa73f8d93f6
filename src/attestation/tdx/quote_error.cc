#include "attestation/tdx/quote_error.h"

namespace cocos::attestation::tdx {

std::string_view QuoteErrorName(QuoteError error) {
  switch (error) {
    case QuoteError::kUnsupportedQuote:
      return "UnsupportedQuote";
    case QuoteError::kUntrustedRoot:
      return "UntrustedRoot";
    case QuoteError::kExpired:
      return "Expired";
    case QuoteError::kNotYetValid:
      return "NotYetValid";
    case QuoteError::kBadCrlSignature:
      return "BadCrlSignature";
    case QuoteError::kIntermediateRevoked:
      return "IntermediateRevoked";
    case QuoteError::kPckRevoked:
      return "PckRevoked";
    case QuoteError::kTcbSigningRevoked:
      return "TcbSigningRevoked";
    case QuoteError::kBadTcbInfoSignature:
      return "BadTcbInfoSignature";
    case QuoteError::kBadQeIdentitySignature:
      return "BadQeIdentitySignature";
    case QuoteError::kTcbInfoMismatch:
      return "TcbInfoMismatch";
    case QuoteError::kTdxModuleMismatch:
      return "TdxModuleMismatch";
    case QuoteError::kBadQeReportSignature:
      return "BadQeReportSignature";
    case QuoteError::kQeReportDataMismatch:
      return "QeReportDataMismatch";
    case QuoteError::kQeIdentityMismatch:
      return "QeIdentityMismatch";
    case QuoteError::kBadQuoteSignature:
      return "BadQuoteSignature";
    case QuoteError::kTcbNotSupported:
      return "TcbNotSupported";
  }
  return "";
}

Error QuoteErrorWith(QuoteError error, std::string message) {
  const ErrorCode code =
      error == QuoteError::kUnsupportedQuote ? ErrorCode::kMalformed : ErrorCode::kUntrusted;
  return Error(code, std::move(message)).WithReason(std::string(QuoteErrorName(error)));
}

}  // namespace cocos::attestation::tdx
