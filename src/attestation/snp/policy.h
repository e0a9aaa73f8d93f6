// What a relying party demands of an SEV-SNP report. Plain values; policy files are read elsewhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cocos::attestation::snp {

using Digest384 = std::array<std::byte, 48>;

enum class Product { kMilan, kGenoa, kTurin };

// The component SVNs of a TCB, whatever their layout in eight bytes. Compared one by one.
struct TcbVersion {
  std::uint8_t fmc = 0;  // Turin and later
  std::uint8_t boot_loader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;

  friend bool operator==(const TcbVersion&, const TcbVersion&) = default;
};

// Guest policy bits that a relying party may allow or demand. AMD 56860, POLICY.
struct GuestPolicyRules {
  std::uint8_t min_abi_major = 0;
  std::uint8_t min_abi_minor = 0;
  // May be set.
  bool allow_smt = true;
  bool allow_migration_agent = false;
  bool allow_debug = false;
  bool allow_cxl = false;
  // Must be set.
  bool require_single_socket = false;
  bool require_aes_256_xts = false;
  bool require_rapl_disabled = false;
  bool require_ciphertext_hiding = false;
  bool require_page_swap_disabled = false;
};

// AMD 56860, PLATFORM_INFO; bits that are not named are ignored.
struct PlatformRules {
  bool allow_smt = true;
  bool allow_tsme = true;
  bool allow_tio = true;
  bool require_ecc = false;
  bool require_rapl_disabled = false;
  bool require_ciphertext_hiding = false;
  bool require_alias_check = false;
};

// An absent value is not checked, but told. The comments of sev-snp reference 5.5 give the rules.
struct Policy {
  GuestPolicyRules guest_policy;
  std::optional<PlatformRules> platform;
  std::uint32_t min_guest_svn = 0;
  std::optional<std::uint32_t> vmpl;
  std::vector<Digest384> measurements;  // one of these; empty: not checked
  std::optional<std::array<std::byte, 64>> report_data;
  std::optional<std::array<std::byte, 32>> host_data;
  std::optional<std::array<std::byte, 16>> family_id;
  std::optional<std::array<std::byte, 16>> image_id;
  std::optional<std::array<std::byte, 32>> report_id;
  std::optional<std::array<std::byte, 32>> report_id_ma;
  std::optional<std::array<std::byte, 64>> chip_id;
  std::optional<Product> product;
  TcbVersion min_tcb;         // of the reported TCB
  TcbVersion min_launch_tcb;  // of the launch TCB
  std::uint8_t min_build = 0;
  std::uint8_t min_major = 0;
  std::uint8_t min_minor = 0;
  bool permit_provisional_firmware = false;  // committed may be behind current
  bool require_author_key = false;
  bool require_id_block = false;
  std::vector<Digest384> trusted_author_keys;
  std::vector<Digest384> trusted_id_keys;
  std::optional<std::uint64_t> min_launch_mitigations;
  std::optional<std::uint64_t> min_current_mitigations;
  bool allow_masked_chip_id = false;  // a VCEK report whose chip id is zero
  bool require_crl = false;           // without a CRL the report is refused
};

}  // namespace cocos::attestation::snp
