// The relay's own public key infrastructure: a CA that only this manager has, a certificate for the
// relay's listener, and one client certificate for each CVM, by which the relay knows it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/issue.h"
#include "cvm/cvm_id.h"

namespace cocos::relay {

using crypto::TimePoint;

// How long a CA lives; a new one takes over when less than a third of that is left.
inline constexpr std::chrono::days kCaLife{366};
// A listener's certificate; ask for a new one well before it ends.
inline constexpr std::chrono::days kServerLife{30};
// Certificates are valid from this long before they are issued: clocks of guests may be behind.
inline constexpr std::chrono::hours kClockMargin{24};

// For the relay's listener. Texts in PEM form.
struct ServerIdentity {
  std::string certificate_pem;
  std::string key_pem;  // a secret
  TimePoint not_after;
};

// For one CVM. Texts in PEM form; the first three are the agent's cert.pem, key.pem and ca.pem.
struct ClientIdentity {
  std::string certificate_pem;
  std::string key_pem;  // a secret
  std::string ca_pem;
  // Of the bytes of certificate_pem, not of the DER: agents put these into their evidence.
  std::vector<std::byte> certificate_sha256;
  std::vector<std::byte> certificate_sha512;
  std::string serial_decimal;
  TimePoint not_after;
};

// All methods may be called from any thread. No method but Open and RotateIfDue touches a file.
class Pki {
 public:
  // Loads the CA from `dir` (usually <state directory>/pki), making directory and CA if there are
  // none, and rotates it if that is due. Errors name the file or directory: kFailedPrecondition (a
  // link, somebody else's, open to others, a CA from the future), kMalformed or kUntrusted
  // (damaged; it is left as it is), or what writing gave.
  static Result<Pki> Open(const std::string& dir, TimePoint now);
  Pki(Pki&&) noexcept;
  Pki& operator=(Pki&&) noexcept;
  ~Pki();

  // Makes a new CA if less than a third of the present one's life is left, and forgets those that
  // have expired. Certificates of the former CA stay good until they expire. Call it now and then;
  // it does nothing most of the time. Errors: what writing gave; the present CA then stays.
  Result<void> RotateIfDue(TimePoint now);

  // A fresh key and certificate for the listener, good for these names and addresses. The oldest CA
  // that is valid signs it, because CVMs that started before a rotation know no other. Errors:
  // kInvalidArgument (no name, a bad one), kFailedPrecondition (no CA is valid now).
  Result<ServerIdentity> MakeServerIdentity(const crypto::ServerNames& names, TimePoint now) const;

  // A fresh key and certificate for one CVM, each time. It ends at `not_after`, or with the CA if
  // that is sooner. Errors: kInvalidArgument (`not_after` is not after `now`), kFailedPrecondition
  // (no CA is valid now).
  Result<ClientIdentity> Mint(const cvm::CvmId& id, TimePoint not_after, TimePoint now) const;

  // The CVM that a TLS peer's certificate (PEM or DER) was minted for. Errors: kMalformed (is no
  // certificate), kUntrusted (not minted by Mint here, or not valid now).
  Result<cvm::CvmId> CvmOf(std::span<const std::byte> certificate, TimePoint now) const;

  // The certificates of all CAs that were valid at the last Open or RotateIfDue, oldest first, in
  // PEM form: what the listener accepts client certificates of.
  std::string TrustedClientCas() const;

 private:
  struct State;
  explicit Pki(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace cocos::relay
