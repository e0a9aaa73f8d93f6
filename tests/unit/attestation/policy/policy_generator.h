// Policies made from numbers that look random and are the same in each run.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/policy.h"

namespace cocos::attestation::policy::testing {

// Values of every field from one seed; about half of the optional ones are absent.
class PolicyGenerator {
 public:
  explicit PolicyGenerator(unsigned seed) : random_(seed) {}

  Policy Make() {
    Policy policy = Named();
    const bool debug = policy.profile == Profile::kDebug;
    if (Coin()) policy.snp = Snp(debug);
    if (Coin()) policy.tdx = Tdx(debug);
    if (Coin() || (!policy.snp && !policy.tdx)) policy.tpm = Tpm();
    return policy;
  }

  // With a launch measurement and no part of the other technology.
  Policy MakeSnp() {
    Policy policy = Named();
    policy.snp = Snp(policy.profile == Profile::kDebug);
    policy.snp->measurements.push_back(Bytes<48>());
    if (Coin()) policy.tpm = Tpm();
    return policy;
  }
  Policy MakeTdx() {
    Policy policy = Named();
    policy.tdx = Tdx(policy.profile == Profile::kDebug);
    policy.tdx->mr_td.push_back(Bytes<48>());
    if (Coin()) policy.tpm = Tpm();
    return policy;
  }

 private:
  Policy Named() {
    return {.name = Name(), .profile = Coin() ? Profile::kDebug : Profile::kProduction};
  }
  std::uint64_t Number() { return random_(); }
  bool Coin() { return (Number() & 1) != 0; }
  template <typename T>
  T Some() {
    return static_cast<T>(Number());
  }
  template <std::size_t N>
  std::array<std::byte, N> Bytes() {
    std::array<std::byte, N> bytes{};
    for (std::byte& byte : bytes) byte = Some<std::byte>();
    return bytes;
  }
  template <std::size_t N>
  void Maybe(std::optional<std::array<std::byte, N>>& target) {
    if (Coin()) target = Bytes<N>();
  }
  template <typename T>
  void MaybeNumber(std::optional<T>& target) {
    if (Coin()) target = Some<T>();
  }
  std::vector<snp::Digest384> Digests() {
    std::vector<snp::Digest384> digests(Number() % 4);
    for (auto& digest : digests) digest = Bytes<48>();
    return digests;
  }
  std::string Name() {
    constexpr std::string_view kAlphabet = "ab \"\\'#:-{}[],&*!|>%@`~?0";
    std::string name;
    for (std::uint64_t left = Number() % 12; left > 0; --left) {
      name.push_back(kAlphabet[Number() % kAlphabet.size()]);
    }
    return name;
  }
  snp::TcbVersion Tcb() {
    return {.fmc = Some<std::uint8_t>(),
            .boot_loader = Some<std::uint8_t>(),
            .tee = Some<std::uint8_t>(),
            .snp = Some<std::uint8_t>(),
            .microcode = Some<std::uint8_t>()};
  }
  snp::GuestPolicyRules GuestPolicy(bool debug) {
    return {.min_abi_major = Some<std::uint8_t>(),
            .min_abi_minor = Some<std::uint8_t>(),
            .allow_smt = Coin(),
            .allow_migration_agent = Coin(),
            .allow_debug = debug && Coin(),
            .allow_cxl = Coin(),
            .require_single_socket = Coin(),
            .require_aes_256_xts = Coin(),
            .require_rapl_disabled = Coin(),
            .require_ciphertext_hiding = Coin(),
            .require_page_swap_disabled = Coin()};
  }
  snp::PlatformRules Platform() {
    return {.allow_smt = Coin(),
            .allow_tsme = Coin(),
            .allow_tio = Coin(),
            .require_ecc = Coin(),
            .require_rapl_disabled = Coin(),
            .require_ciphertext_hiding = Coin(),
            .require_alias_check = Coin()};
  }
  void SnpIdentity(snp::Policy& policy) {
    MaybeNumber(policy.vmpl);
    policy.measurements = Digests();
    Maybe(policy.report_data);
    Maybe(policy.host_data);
    Maybe(policy.family_id);
    Maybe(policy.image_id);
    Maybe(policy.report_id);
    Maybe(policy.report_id_ma);
    Maybe(policy.chip_id);
    if (Coin()) policy.product = static_cast<snp::Product>(Number() % 3);
  }
  snp::Policy Snp(bool debug) {
    snp::Policy policy;
    SnpIdentity(policy);
    policy.guest_policy = GuestPolicy(debug);
    if (Coin()) policy.platform = Platform();
    policy.min_guest_svn = Some<std::uint32_t>();
    policy.min_tcb = Tcb();
    policy.min_launch_tcb = Tcb();
    policy.min_build = Some<std::uint8_t>();
    policy.min_major = Some<std::uint8_t>();
    policy.min_minor = Some<std::uint8_t>();
    policy.permit_provisional_firmware = Coin();
    policy.require_author_key = Coin();
    policy.require_id_block = Coin();
    policy.trusted_author_keys = Digests();
    policy.trusted_id_keys = Digests();
    MaybeNumber(policy.min_launch_mitigations);
    MaybeNumber(policy.min_current_mitigations);
    policy.allow_masked_chip_id = Coin();
    policy.require_crl = Coin();
    return policy;
  }
  void TdIdentity(tdx::Policy& policy) {
    Maybe(policy.mr_seam);
    Maybe(policy.xfam);
    policy.mr_td = Digests();
    Maybe(policy.mr_config_id);
    Maybe(policy.mr_owner);
    Maybe(policy.mr_owner_config);
    for (auto& rtmr : policy.rtmrs) Maybe(rtmr);
    Maybe(policy.report_data);
  }
  tdx::Policy Tdx(bool debug) {
    tdx::Policy policy;
    TdIdentity(policy);
    Maybe(policy.qe_vendor_id);
    policy.min_qe_svn = Some<std::uint16_t>();
    policy.min_pce_svn = Some<std::uint16_t>();
    policy.min_tee_tcb_svn = Bytes<16>();
    Maybe(policy.td_attributes);
    policy.td_attributes_mask = Bytes<8>();
    if (!debug) policy.td_attributes_mask[0] = std::byte{0};
    policy.allow_debug = debug && Coin();
    policy.allow_migration = Coin();
    policy.allow_service_td = Coin();
    for (const auto status : {tdx::TcbStatus::kOutOfDate, tdx::TcbStatus::kTdRelaunchAdvised}) {
      if (Coin()) policy.accepted_tcb_statuses.insert(status);
    }
    if (Coin()) policy.accepted_advisories = {"INTEL-SA-00837", "\"#\\"};
    policy.min_tcb_evaluation_data_number = Some<std::uint32_t>();
    policy.require_collateral = Coin();
    return policy;
  }
  vtpm::Policy Tpm() {
    using enum crypto::DigestAlgorithm;
    vtpm::Policy policy;
    for (const crypto::DigestAlgorithm bank : {kSha1, kSha256, kSha384, kSha512}) {
      for (std::uint64_t left = Number() % 4; left > 0; --left) {
        std::vector<std::byte> value(crypto::DigestSize(bank));
        for (std::byte& byte : value) byte = Some<std::byte>();
        policy.expected_pcrs[bank][static_cast<unsigned>(Number() % kPcrs)] = value;
      }
    }
    policy.require_event_log = Coin();
    policy.require_bound_key = Coin();
    if (Coin()) policy.accepted_digests = {kSha512};
    return policy;
  }

  std::mt19937_64 random_;
};

}  // namespace cocos::attestation::policy::testing
