#include "config/class_check.h"

#include <fmt/format.h>

#include "base/go_duration.h"

namespace cocos::config {
namespace {

// AMD 56860 (SEV-SNP Firmware ABI), section "Guest Policy": DEBUG.
constexpr std::uint64_t kSnpDebug = 1ull << 19;
// Intel TDX Module Base Architecture, ATTRIBUTES: the group "TUD", TD under debug.
constexpr std::uint64_t kTdUnderDebug = 0xff;

class Checker {
 public:
  explicit Checker(const ClassConfig& each) : class_(each) {}

  ClassFindings Check() {
    CheckResources();
    CheckBoot();
    CheckTpm();
    CheckNetwork();
    CheckDebug("launch_security.snp.policy", class_.snp.policy, kSnpDebug);
    CheckDebug("launch_security.tdx.policy", class_.tdx.policy.value_or(0), kTdUnderDebug);
    CheckLifetime();
    return std::move(findings_);
  }

 private:
  void CheckResources();
  void CheckBoot();
  void CheckTpm();
  void CheckNetwork();
  void CheckDebug(std::string_view key, std::uint64_t policy, std::uint64_t debug_bits);
  void CheckLifetime();

  // The second of a pair is of no use without the first.
  void WantTogether(std::string_view first_name, const std::string& first,
                    std::string_view second_name, const std::string& second) {
    if (!first.empty() || second.empty()) return;
    Complain(
        fmt::format("{} {:?} without {}: want both, or neither", second_name, second, first_name));
  }
  std::string About(std::string_view text) const {
    return fmt::format("class \"{}\" ({}): {}", class_.name, class_.origin, text);
  }
  void Complain(std::string_view text) { findings_.errors.push_back(About(text)); }

  const ClassConfig& class_;
  ClassFindings findings_;
};

void Checker::CheckResources() {
  if (class_.vcpus == 0) Complain("0 vCPUs, want at least 1");
  if (class_.vcpus > class_.max_vcpus) {
    Complain(fmt::format("{} vCPUs of at most {}: want the maximum no lower than the count",
                         class_.vcpus, class_.max_vcpus));
  }
  if (class_.memory_slots > 0 && class_.max_memory_mib <= class_.memory_mib) {
    Complain(fmt::format(
        "{} MiB of memory, {} MiB with all {} slots filled: want more with slots, or 0 slots",
        class_.memory_mib, class_.max_memory_mib, class_.memory_slots));
  }
}

void Checker::CheckBoot() {
  WantTogether("kernel", class_.kernel, "initrd", class_.initrd);
  WantTogether("firmware_code", class_.firmware_code, "firmware_vars", class_.firmware_vars);
  WantTogether("firmware_vars", class_.firmware_vars, "firmware_code", class_.firmware_code);
}

// What the host emulates, the host can make say anything: beside a TEE it would look like more.
// With tee auto the class would be another one on a host with a TEE.
void Checker::CheckTpm() {
  if (class_.tpm == TpmChoice::kNone) return;
  if (class_.tee != TeeChoice::kNone) {
    Complain(
        "tpm emulator for a guest that has a TEE, or has one on some hosts (tee auto): this host "
        "runs the emulator, so its quotes prove nothing to a guest that must not trust the host; "
        "want tee: none, or tpm: none");
  }
  if (class_.firmware_code.empty()) {
    Complain(
        "tpm emulator without firmware_code: only UEFI firmware measures what it boots; want "
        "firmware_code and firmware_vars, or tpm: none");
  }
}

void Checker::CheckNetwork() {
  if (class_.disable_legacy || !class_.iommu_platform) return;
  Complain(
      "iommu_platform without disable_legacy: a network device with legacy support cannot have it; "
      "want disable_legacy on, or iommu_platform off");
}

void Checker::CheckDebug(std::string_view key, std::uint64_t policy, std::uint64_t debug_bits) {
  if ((policy & debug_bits) == 0) return;
  if (class_.allow_debug) {
    findings_.warnings.push_back(About(fmt::format(
        "{} {:#x} lets this host read the guest's memory: for tests only", key, policy)));
    return;
  }
  Complain(fmt::format(
      "{} {:#x} lets the host read the guest's memory (debug, bits {:#x}): want these bits clear, "
      "or launch_security.allow_debug: true",
      key, policy, debug_bits));
}

void Checker::CheckLifetime() {
  if (!class_.ttl_default || !class_.ttl_max || *class_.ttl_default <= *class_.ttl_max) return;
  Complain(fmt::format("default TTL {} beyond the maximum {}",
                       FormatGoDuration(*class_.ttl_default), FormatGoDuration(*class_.ttl_max)));
}

}  // namespace

ClassFindings CheckClass(const ClassConfig& each) { return Checker(each).Check(); }

}  // namespace cocos::config
