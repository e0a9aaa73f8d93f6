// Intel's rules for what a TCB is worth, as pure functions of what was signed. Intel TDX DCAP
// verification library; tdx reference 7. Nothing here looks at signatures or dates.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "attestation/tdx/pck.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/tcb_info.h"
#include "base/result.h"

namespace cocos::attestation::tdx {

// The SEAM module that loaded the TD: its signer, its attributes and its level (7.1). Modules of
// major version 0 have no levels of their own and are UpToDate, with the epoch as date.
// Errors: TdxModuleMismatch, TcbNotSupported.
Result<TcbAssessment> MatchModule(const TcbInfo& info, const TdReport& report);

// The quoting enclave (reference 6, step 9). Errors: QeIdentityMismatch, TcbNotSupported.
Result<TcbAssessment> MatchQe(const QeIdentity& identity, const EnclaveReport& report);

// The levels that a platform reaches (7.2).
struct PlatformMatch {
  TcbAssessment tdx;  // first level reached on both sides: the platform's status
  TcbStatus sgx_side = TcbStatus::kRevoked;  // status of the first reached by the PCK's side alone
};

// Errors: TcbNotSupported.
Result<PlatformMatch> MatchPlatform(const TcbInfo& info, const PckInfo& pck,
                                    const TeeTcbSvn& tee_tcb_svn);

// A platform's status together with that of a module or enclave, which is UpToDate, OutOfDate or
// Revoked (7.3).
TcbStatus CombineStatus(TcbStatus platform, TcbStatus other);

// Whether starting the TD again would load a module that is current, on a platform that is (7.4).
struct RelaunchInput {
  TcbStatus module = TcbStatus::kRevoked;
  TcbStatus qe = TcbStatus::kRevoked;
  TcbStatus sgx_side = TcbStatus::kRevoked;
  TcbStatus combined = TcbStatus::kRevoked;  // platform and module
};

// `svn` is TEE_TCB_SVN_2. Errors: TdxModuleMismatch.
Result<bool> RelaunchAdvised(const TcbInfo& info, const RelaunchInput& input, const TeeTcbSvn& svn);

// All of the above as one.
struct TcbResult {
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;  // of platform, module and QE; each once, in this order
  crypto::TimePoint tcb_date;           // of the platform's level
  bool relaunch = false;                // the status is one of the two that advise it
};

// Errors: those of MatchPlatform and RelaunchAdvised.
Result<TcbResult> CombineTcb(const TcbInfo& info, const PckInfo& pck, const TdReport& report,
                             const TcbAssessment& module, const TcbAssessment& qe);

}  // namespace cocos::attestation::tdx
