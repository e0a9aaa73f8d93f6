// The SEV-SNP launch digest of an IGVM file.
//
// The file says what to load; two readers of it disagree in details, and both results are useful:
//   kLoader       what a VMM such as QEMU feeds to the firmware, and so what a report carries
//   kIgvmmeasure  what the igvmmeasure tool prints
// They differ so: the tool counts a parameter area as one page whatever its size, measures shared
// pages, and does not leave out processor states of other platforms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "attestation/igvm/file.h"
#include "attestation/launch/digest384.h"
#include "attestation/launch/parallel.h"
#include "attestation/launch/snp_pages.h"
#include "base/result.h"

namespace cocos::attestation::launch {

enum class IgvmMode { kLoader, kIgvmmeasure };

struct SnpIgvmOptions {
  IgvmMode mode = IgvmMode::kLoader;
  // Pages without data are given to the firmware as ZERO pages, not as normal pages of zeros. Not
  // what QEMU does.
  bool native_zero = false;
  // Refuses files that KVM cannot launch as they stand: KVM measures one VMSA, at
  // 0xFFFFFFFFF000, after everything else. With kIgvmmeasure, as the tool's --check-kvm, pages
  // behind the VMSA are let pass.
  bool check_kvm = true;
  // The firmware refuses a second page at the same address; such files only measure with this.
  bool allow_repeated_pages = false;
  // Bounds the work a small file can ask for. 4 GiB of guest memory.
  std::uint64_t max_pages = std::uint64_t{1} << 20;

  // The defaults of the igvmmeasure tool.
  static SnpIgvmOptions Igvmmeasure() {
    return {.mode = IgvmMode::kIgvmmeasure, .check_kvm = false, .allow_repeated_pages = true};
  }
};

// What a file makes the firmware measure. Views into the file's bytes.
struct SnpIgvmPlan {
  std::uint32_t mask = 0;  // of the SEV-SNP platform
  std::vector<PageRun> runs;
  std::optional<std::uint64_t> guest_policy;
  std::optional<igvm::SnpIdBlock> id_block;  // not verified: see VerifyIgvmIdBlock
  std::size_t vmsa_count = 0;
};

// Errors: kMalformed with one of the reasons "incompatible" (no SEV-SNP platform), "vmsa_count",
// "vmsa_gpa", "vmsa_cr0", "vmsa_order", "repeated_page"; kResourceExhausted, "limit".
Result<SnpIgvmPlan> PlanSnpIgvm(const igvm::File& file, const SnpIgvmOptions& options);

// The launch digest of a plan. It does not depend on the guest policy nor on the ID block.
Digest384 MeasureSnpIgvm(const SnpIgvmPlan& plan);
Digest384 MeasureSnpIgvm(const SnpIgvmPlan& plan, const Executor& executor, std::size_t parts);

}  // namespace cocos::attestation::launch
