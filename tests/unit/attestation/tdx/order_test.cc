// Of several faults the one that is looked for first is told, in the order of the specification:
// nobody learns anything from evidence behind a check that it does not pass.
#include <gtest/gtest.h>

#include "attestation/tdx/verify.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

// A platform and what is handed over of it.
struct Evidence {
  TestPlatform platform;
  TestPlatform stranger;  // of another hierarchy
  Bytes quote;
  tdx::Collateral collateral;
  TrustAnchors anchors;

  void Make() {
    quote = platform.Quote();
    collateral = platform.Collateral();
    anchors = platform.Anchors();
  }
  // Signed JSON by a key that the chain is not for.
  Bytes Forged(const char* member, const nlohmann::json& object) const {
    return stranger.SignedJson(member, object);
  }
  Result<VerifiedQuote> Verify() const {
    return VerifyQuote(quote, collateral, anchors, platform.now);
  }
};

// A fault is put in before things are signed, or after.
using Change = void (*)(Evidence&);
struct Fault {
  const char* reason;
  const char* message;
  Change before;
  Change after;
};

constexpr Change kNone = [](Evidence&) {};

// In the order of the checks.
constexpr Fault kFaults[] = {
    {"UnsupportedQuote", "version 3", kNone, [](Evidence& e) { e.quote[0] = std::byte{3}; }},
    {"UntrustedRoot", "none of its keys is a trust anchor", kNone,
     [](Evidence& e) { e.anchors = {}; }},
    {"Expired", "PCK Certificate",
     [](Evidence& e) { e.platform.pck.not_after = e.platform.now - std::chrono::seconds(1); },
     kNone},
    {"UnsupportedQuote", "twice",
     [](Evidence& e) {
       e.platform.pck.extensions = {
           der::Extension(kSgxExtensionId, false, SgxExtension(GoodPckInfo()))};
     },
     kNone},
    {"missing-pck-crl", "pck-crl is missing", kNone,
     [](Evidence& e) { e.collateral.pck_crl.clear(); }},
    {"BadCrlSignature", "root-crl", kNone,
     [](Evidence& e) {
       e.collateral.root_crl = der::MakeCrl(e.platform.root_crl, e.stranger.root_key);
     }},
    {"IntermediateRevoked", "revoked",
     [](Evidence& e) { e.platform.root_crl.serials.push_back(2); }, kNone},
    {"BadCrlSignature", "pck-crl", kNone,
     [](Evidence& e) {
       // Keeps what the missing piece took away.
       if (e.collateral.pck_crl.empty()) return;
       e.collateral.pck_crl = der::MakeCrl(e.platform.pck_crl, e.stranger.root_key);
     }},
    {"PckRevoked", "revoked", [](Evidence& e) { e.platform.pck_crl.serials.push_back(3); }, kNone},
    {"UntrustedRoot", "tcb-info-issuer-chain", kNone,
     [](Evidence& e) { e.collateral.tcb_info_issuer_chain = Pem({e.platform.Signer()}); }},
    {"TcbSigningRevoked", "revoked", [](Evidence& e) { e.platform.root_crl.serials.push_back(4); },
     kNone},
    {"BadTcbInfoSignature", "tcb-info", kNone,
     [](Evidence& e) { e.collateral.tcb_info = e.Forged("tcbInfo", e.platform.tcb_info); }},
    {"TcbInfoMismatch", "tcbInfo.version: want 3",
     [](Evidence& e) { e.platform.tcb_info["version"] = 2; }, kNone},
    {"Expired", "tcb-info: to be replaced by 2026-05-31T23:59:59Z",
     [](Evidence& e) { e.platform.tcb_info["nextUpdate"] = "2026-05-31T23:59:59Z"; }, kNone},
    {"BadQeIdentitySignature", "qe-identity", kNone,
     [](Evidence& e) {
       e.collateral.qe_identity = e.Forged("enclaveIdentity", e.platform.qe_identity);
     }},
    {"QeIdentityMismatch", "enclaveIdentity.version: want 2",
     [](Evidence& e) { e.platform.qe_identity["version"] = 3; }, kNone},
    {"NotYetValid", "qe-identity: issued at 2026-06-01T00:00:01Z",
     [](Evidence& e) { e.platform.qe_identity["issueDate"] = "2026-06-01T00:00:01Z"; }, kNone},
    {"TcbInfoMismatch", "FMSPC", [](Evidence& e) { e.platform.tcb_info["fmspc"] = "50806F000001"; },
     kNone},
    {"TdxModuleMismatch", "SEAM module: signer",
     [](Evidence& e) { e.platform.report.mr_signer_seam[0] = std::byte{1}; }, kNone},
    {"BadQeReportSignature", "QE report", kNone,
     [](Evidence& e) { e.quote[kQeReportSignatureAt] ^= std::byte{1}; }},
    {"QeReportDataMismatch", "digest of the attestation key", kNone,
     [](Evidence& e) { e.quote[kAuthenticationDataAt] ^= std::byte{1}; }},
    {"QeIdentityMismatch", "MRSIGNER",
     [](Evidence& e) { e.platform.qe_report.mr_signer[0] ^= std::byte{1}; }, kNone},
    {"BadQuoteSignature", "TDX quote: signature", kNone,
     [](Evidence& e) { e.quote[kSignatureAt] ^= std::byte{1}; }},
    {"TcbNotSupported", "platform: its SGX SVNs",
     [](Evidence& e) { e.platform.pck_info.sgx_svns[0] = 0; }, kNone},
};

Result<VerifiedQuote> VerifyWith(Evidence evidence, std::initializer_list<const Fault*> faults) {
  for (const Fault* fault : faults) fault->before(evidence);
  evidence.Make();
  for (const Fault* fault : faults) fault->after(evidence);
  return evidence.Verify();
}

TEST(TdxOrderOfChecks, FindsEveryFaultAlone) {
  const Evidence evidence;
  EXPECT_EQ(OutcomeOf(VerifyWith(evidence, {})), "UpToDate");
  for (const Fault& fault : kFaults) {
    const Result<VerifiedQuote> result = VerifyWith(evidence, {&fault});
    ASSERT_FALSE(result) << fault.reason;
    EXPECT_EQ(result.error().reason(), fault.reason) << fault.message;
    EXPECT_THAT(result.error().message(), HasSubstr(fault.message));
  }
}

TEST(TdxOrderOfChecks, TellsTheFirstOfTwoFaults) {
  const Evidence evidence;
  for (const Fault& first : kFaults) {
    for (const Fault* second = &first + 1; second != std::end(kFaults); ++second) {
      const Result<VerifiedQuote> result = VerifyWith(evidence, {&first, second});
      ASSERT_FALSE(result) << first.reason;
      EXPECT_EQ(result.error().reason(), first.reason) << "with " << second->message;
      EXPECT_THAT(result.error().message(), HasSubstr(first.message)) << second->message;
    }
  }
}

// Parsing alone says kMalformed, missing collateral kFailedPrecondition, all else kUntrusted.
TEST(TdxOrderOfChecks, TellsByTheCodeWhatKindOfFaultItIs) {
  const Evidence evidence;
  for (const Fault& fault : kFaults) {
    const std::string reason = fault.reason;
    const ErrorCode code = reason == "UnsupportedQuote"     ? ErrorCode::kMalformed
                           : reason.starts_with("missing-") ? ErrorCode::kFailedPrecondition
                                                            : ErrorCode::kUntrusted;
    EXPECT_THAT(VerifyWith(evidence, {&fault}), FailsWith(code)) << reason;
  }
}

// Without collateral the same faults are found as far as the evidence itself has them.
TEST(TdxOrderOfChecks, FindsTheFaultsOfTheEvidenceWithoutCollateral) {
  const std::vector<std::string> of_evidence = {
      "version 3", "none of its keys is a trust anchor", "PCK Certificate",     "twice",
      "QE report", "digest of the attestation key",      "TDX quote: signature"};
  for (const Fault& fault : kFaults) {
    Evidence evidence;
    fault.before(evidence);
    evidence.Make();
    fault.after(evidence);
    const auto result =
        VerifyQuoteWithoutCollateral(evidence.quote, {}, evidence.anchors, evidence.platform.now);
    const bool found = std::ranges::find(of_evidence, fault.message) != of_evidence.end();
    EXPECT_EQ(OutcomeOf(result), found ? fault.reason : "SignatureValid") << fault.message;
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
