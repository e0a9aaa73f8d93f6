#include "attestation/policy/snp_bits.h"

#include "attestation/snp/guest_policy.h"
#include "attestation/snp/tcb.h"

namespace cocos::attestation::policy {
namespace {

std::uint64_t Bit(bool value, unsigned index) { return std::uint64_t{value} << index; }

}  // namespace

std::uint64_t GuestPolicyBits(const snp::GuestPolicyRules& rules) {
  return std::uint64_t{rules.min_abi_minor} | std::uint64_t{rules.min_abi_major} << 8 |
         Bit(rules.allow_smt, 16) | Bit(true, 17) | Bit(rules.allow_migration_agent, 18) |
         Bit(rules.allow_debug, 19) | Bit(rules.require_single_socket, 20) |
         Bit(rules.allow_cxl, 21) | Bit(rules.require_aes_256_xts, 22) |
         Bit(rules.require_rapl_disabled, 23) | Bit(rules.require_ciphertext_hiding, 24) |
         Bit(rules.require_page_swap_disabled, 25);
}

Result<snp::GuestPolicyRules> GuestPolicyOf(std::uint64_t bits) {
  const snp::GuestPolicy policy = COCOS_TRY(snp::GuestPolicy::FromBits(bits));
  return snp::GuestPolicyRules{.min_abi_major = policy.abi_major(),
                               .min_abi_minor = policy.abi_minor(),
                               .allow_smt = policy.smt(),
                               .allow_migration_agent = policy.migration_agent(),
                               .allow_debug = policy.debug(),
                               .allow_cxl = policy.cxl(),
                               .require_single_socket = policy.single_socket(),
                               .require_aes_256_xts = policy.aes_256_xts(),
                               .require_rapl_disabled = policy.rapl_disabled(),
                               .require_ciphertext_hiding = policy.ciphertext_hiding(),
                               .require_page_swap_disabled = policy.page_swap_disabled()};
}

std::uint64_t PlatformBits(const snp::PlatformRules& rules) {
  return Bit(rules.allow_smt, 0) | Bit(rules.allow_tsme, 1) | Bit(rules.require_ecc, 2) |
         Bit(rules.require_rapl_disabled, 3) | Bit(rules.require_ciphertext_hiding, 4) |
         Bit(rules.require_alias_check, 5) | Bit(rules.allow_tio, 7);
}

Result<snp::PlatformRules> PlatformOf(std::uint64_t bits) {
  const snp::PlatformInfo info(bits);
  const snp::PlatformRules rules = {.allow_smt = info.smt(),
                                    .allow_tsme = info.tsme(),
                                    .allow_tio = info.tio(),
                                    .require_ecc = info.ecc(),
                                    .require_rapl_disabled = info.rapl_disabled(),
                                    .require_ciphertext_hiding = info.ciphertext_hiding(),
                                    .require_alias_check = info.alias_check_complete()};
  if (PlatformBits(rules) != bits) {
    return Fail(ErrorCode::kMalformed, "platform info {:#x}: a bit without a rule is set", bits);
  }
  return rules;
}

std::uint64_t TcbBits(snp::Product product, const snp::TcbVersion& tcb) {
  const snp::RawTcb raw = snp::EncodeTcb(product, tcb);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    bits |= std::to_integer<std::uint64_t>(raw[i]) << (8 * i);
  }
  return bits;
}

Result<snp::TcbVersion> TcbOf(snp::Product product, std::uint64_t bits) {
  snp::RawTcb raw{};
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<std::byte>(bits >> (8 * i));
  return snp::DecodeTcb(product, raw);
}

}  // namespace cocos::attestation::policy
