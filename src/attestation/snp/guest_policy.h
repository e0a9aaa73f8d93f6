// The bit fields of a report. AMD 56860 (SEV-SNP firmware ABI), POLICY and PLATFORM_INFO.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace cocos::attestation::snp {

// What the guest's owner let the host do, fixed at launch.
class GuestPolicy {
 public:
  // Errors: kMalformed for a bit that is not known, or for bit 17, which must be one, clear.
  static Result<GuestPolicy> FromBits(std::uint64_t bits);

  std::uint64_t bits() const { return bits_; }
  // The least firmware ABI version the guest accepts.
  std::uint8_t abi_minor() const { return static_cast<std::uint8_t>(bits_); }
  std::uint8_t abi_major() const { return static_cast<std::uint8_t>(bits_ >> 8); }
  bool smt() const { return Bit(16); }
  bool migration_agent() const { return Bit(18); }
  bool debug() const { return Bit(19); }  // the host may decrypt the guest
  bool single_socket() const { return Bit(20); }
  bool cxl() const { return Bit(21); }
  bool aes_256_xts() const { return Bit(22); }
  bool rapl_disabled() const { return Bit(23); }
  bool ciphertext_hiding() const { return Bit(24); }
  bool page_swap_disabled() const { return Bit(25); }

 private:
  explicit GuestPolicy(std::uint64_t bits) : bits_(bits) {}
  bool Bit(unsigned index) const { return (bits_ >> index & 1) != 0; }

  std::uint64_t bits_;
};

// How the platform was set up when the report was made. Bits without a name are not judged: later
// firmware uses them for facts that a report may well state.
class PlatformInfo {
 public:
  explicit PlatformInfo(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits() const { return bits_; }
  bool smt() const { return Bit(0); }
  bool tsme() const { return Bit(1); }
  bool ecc() const { return Bit(2); }
  bool rapl_disabled() const { return Bit(3); }
  bool ciphertext_hiding() const { return Bit(4); }
  bool alias_check_complete() const { return Bit(5); }
  bool tio() const { return Bit(7); }

 private:
  bool Bit(unsigned index) const { return (bits_ >> index & 1) != 0; }

  std::uint64_t bits_;
};

}  // namespace cocos::attestation::snp
