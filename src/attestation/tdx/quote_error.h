// Why a TDX quote is refused.
#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"

namespace cocos::attestation::tdx {

enum class QuoteError {
  kUnsupportedQuote,        // does not parse, or is of a kind that is not verified here
  kUntrustedRoot,           // a certificate chain does not lead to a trust anchor
  kExpired,                 // a certificate or a piece of collateral, at the time of judgement
  kNotYetValid,             // the same before its time
  kBadCrlSignature,         // or a list that does not parse or is of another issuer
  kIntermediateRevoked,     // the CA of the PCK certificate
  kPckRevoked,              // the certificate of the platform
  kTcbSigningRevoked,       // the signer of TCB info or of the QE identity
  kBadTcbInfoSignature,     // or a text that does not have the form of signed JSON
  kBadQeIdentitySignature,  // the same
  kTcbInfoMismatch,         // TCB info for something else, or one that is not understood
  kTdxModuleMismatch,       // a SEAM module that TCB info does not know
  kBadQeReportSignature,    // the QE report is not signed by the PCK
  kQeReportDataMismatch,    // the QE report does not vouch for the attestation key
  kQeIdentityMismatch,      // not Intel's quoting enclave, or an identity that is not understood
  kBadQuoteSignature,       // header and body are not signed by the attestation key
  kTcbNotSupported,         // older than everything Intel lists
};

// The stable name, which is the reason of the Error: "BadQuoteSignature".
std::string_view QuoteErrorName(QuoteError error);

// An Error with that reason: kMalformed for kUnsupportedQuote, else kUntrusted.
Error QuoteErrorWith(QuoteError error, std::string message);

// The error side of a Result, with a message from a format string and its arguments.
template <typename... Args>
tl::unexpected<Error> Refuse(QuoteError error, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(QuoteErrorWith(error, fmt::format(format, std::forward<Args>(args)...)));
}

// The same Result; a failure gets this reason and keeps its message.
template <typename T>
Result<T> RefusedAs(QuoteError error, Result<T> result) {
  if (result) return result;
  return tl::unexpected(QuoteErrorWith(error, result.error().message()));
}

}  // namespace cocos::attestation::tdx
