// The few commands of a TPM 2.0 that evidence takes.
#pragma once

#include <tss2/tss2_esys.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attestation/evidence/binding.h"
#include "base/result.h"

namespace cocos::testagent {

// How to reach a TPM: a transport of the TSS and what it is told, as
// {Tss2_Tcti_Device_Init, "/dev/tpmrm0"}.
struct TpmAddress {
  TSS2_TCTI_INIT_FUNC init = nullptr;
  std::string name;
};

// One quote over all PCRs of a bank.
struct TpmQuote {
  std::uint16_t bank = 0;            // TPM_ALG_ID
  std::vector<std::byte> attest;     // TPMS_ATTEST
  std::vector<std::byte> signature;  // TPMT_SIGNATURE
  std::map<unsigned, std::vector<std::byte>> pcrs;
};

// A session with a TPM, which it leaves as it was. Errors: kUnavailable naming the command, with
// what the TPM or the way to it says. Not thread-safe; a resource manager lets several of them work
// side by side.
class Tpm {
 public:
  static Result<Tpm> Open(const TpmAddress& address);

  // Makes a primary key that signs only what this TPM says itself: ECDSA on P-256 with SHA-256, in
  // the owner's hierarchy. Each call makes another key. Returns its TPMT_PUBLIC.
  Result<std::vector<std::byte>> CreateAttestationKey();

  // Banks with PCRs, TPM_ALG_ID.
  Result<std::vector<std::uint16_t>> Banks();

  // By the key made last.
  Result<TpmQuote> Quote(std::uint16_t bank, const attestation::TpmNonce& nonce);

 private:
  struct TctiReleaser {
    void operator()(TSS2_TCTI_CONTEXT* tcti) const noexcept;
  };
  struct EsysReleaser {
    void operator()(ESYS_CONTEXT* context) const noexcept { Esys_Finalize(&context); }
  };
  using TctiHandle = std::unique_ptr<TSS2_TCTI_CONTEXT, TctiReleaser>;

  // Takes the key out of the TPM again.
  class KeyHandle {
   public:
    KeyHandle() = default;
    KeyHandle(ESYS_CONTEXT* context, ESYS_TR key) : context_(context), key_(key) {}
    KeyHandle(KeyHandle&& other) noexcept { *this = std::move(other); }
    KeyHandle& operator=(KeyHandle&& other) noexcept;
    ~KeyHandle();
    ESYS_TR get() const { return key_; }

   private:
    ESYS_CONTEXT* context_ = nullptr;
    ESYS_TR key_ = ESYS_TR_NONE;
  };

  explicit Tpm(TctiHandle tcti) : tcti_(std::move(tcti)) {}
  Result<std::map<unsigned, std::vector<std::byte>>> ReadPcrs(std::uint16_t bank);

  // Released in the reverse order: the context speaks through the transport to the last.
  TctiHandle tcti_;
  std::unique_ptr<ESYS_CONTEXT, EsysReleaser> context_;
  KeyHandle key_;
};

}  // namespace cocos::testagent
