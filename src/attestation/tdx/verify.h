// Verification of TDX quotes. Intel TDX DCAP verification; tdx reference 6 to 9.
//
// What a verified quote proves: Intel vouches for the platform, the platform for its quoting
// enclave, the enclave for the attestation key, and that key signed what the hardware said of a TD.
// Whether that TD is the wanted one, and the TCB good enough, is for a policy to say: CheckPolicy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/claims/claim.h"
#include "attestation/tdx/collateral.h"
#include "attestation/tdx/pck.h"
#include "attestation/tdx/policy.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/trust_anchors.h"
#include "attestation/tdx/verify_collateral.h"
#include "base/result.h"

namespace cocos::attestation::tdx {

// What the collateral says of the TCB.
struct TcbVerdict {
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;           // of platform, SEAM module and quoting enclave
  crypto::TimePoint tcb_date;                    // of the platform's TCB level
  std::uint32_t tcb_evaluation_data_number = 0;  // the lower of TCB info and QE identity
  std::vector<PieceExpiry> expiries;             // every piece of collateral and the PCK chain
  bool relaunch = false;  // starting the TD again would give it a current SEAM module

  // When the first piece expires: the verdict holds no longer than that.
  crypto::TimePoint holds_until() const;
};

// A quote whose signatures lead to a trust anchor. Only the two functions below make one.
class VerifiedQuote {
 public:
  const Quote& quote() const { return quote_; }
  const TdReport& report() const { return quote_.report; }
  const PckInfo& pck() const { return pck_; }
  crypto::TimePoint pck_chain_expires() const { return pck_chain_expires_; }
  // None when there was no collateral: nobody asked whether the platform, its firmware or the
  // enclave are revoked or out of date.
  const std::optional<TcbVerdict>& tcb() const { return tcb_; }
  // The name of the TCB status, or "SignatureValid" when there was no collateral.
  std::string_view ResultName() const;

 private:
  friend Result<VerifiedQuote> VerifyQuote(std::span<const std::byte>, const Collateral&,
                                           const TrustAnchors&, crypto::TimePoint);
  friend Result<VerifiedQuote> VerifyQuoteWithoutCollateral(std::span<const std::byte>,
                                                            std::span<const std::byte>,
                                                            const TrustAnchors&, crypto::TimePoint);
  VerifiedQuote(Quote quote, PckInfo pck, crypto::TimePoint pck_chain_expires)
      : quote_(std::move(quote)), pck_(pck), pck_chain_expires_(pck_chain_expires) {}

  Quote quote_;
  PckInfo pck_;
  crypto::TimePoint pck_chain_expires_;
  std::optional<TcbVerdict> tcb_;
};

// Everything is judged at `now`. Succeeds with whatever status the TCB has, Revoked among them.
// Errors: a reason of QuoteError (kMalformed, kUntrusted), or of CheckComplete
// (kFailedPrecondition, "missing-tcb-info").
Result<VerifiedQuote> VerifyQuote(std::span<const std::byte> quote, const Collateral& collateral,
                                  const TrustAnchors& anchors, crypto::TimePoint now);

// Weaker: signatures alone; neither revocation nor TCB nor the quoting enclave's identity.
// `pck_chain` as in Collateral, mostly empty. Errors: as above.
Result<VerifiedQuote> VerifyQuoteWithoutCollateral(std::span<const std::byte> quote,
                                                   std::span<const std::byte> pck_chain,
                                                   const TrustAnchors& anchors,
                                                   crypto::TimePoint now);

// What has to be asked of Intel for this quote. Nothing is verified.
enum class PckCa { kProcessor, kPlatform };
struct CollateralRequest {
  std::array<std::byte, 6> fmspc{};
  PckCa pck_ca = PckCa::kPlatform;
};
// Errors: kMalformed with the reason UnsupportedQuote, also for a quote without a PCK chain.
Result<CollateralRequest> CollateralFor(std::span<const std::byte> quote);

// Every demand of the policy as a claim "tdx.…", and what else is worth telling (reference 9).
std::vector<Claim> CheckPolicy(const VerifiedQuote& quote, const Policy& policy);

}  // namespace cocos::attestation::tdx
