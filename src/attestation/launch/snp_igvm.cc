#include "attestation/launch/snp_igvm.h"

#include <unordered_set>
#include <utility>

#include "attestation/launch/vmsa.h"
#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

// Protected mode with or without the extension type bit; what KVM accepts for a boot processor.
constexpr std::uint64_t kCr0ProtectedMode = 0x31;
constexpr std::uint64_t kCr0RealMode = 0x30;

template <typename... Args>
tl::unexpected<Error> Refused(std::string_view reason, fmt::format_string<Args...> format,
                              Args&&... args) {
  return tl::unexpected(
      Error(ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...))
          .WithReason(std::string(reason)));
}

// Walks the directives and collects page runs.
class Planner {
 public:
  Planner(std::uint32_t mask, const SnpIgvmOptions& options) : mask_(mask), options_(options) {}

  Result<void> operator()(const igvm::PageData& page);
  Result<void> operator()(const igvm::ParameterInsert& insert);
  Result<void> operator()(const igvm::VpContext& context);
  std::vector<PageRun> TakeRuns() && { return std::move(runs_); }
  std::size_t vmsa_count() const { return vmsa_count_; }

 private:
  PageType TypeOf(const igvm::PageData& page) const;
  Result<void> CheckVmsa(const igvm::VpContext& context) const;
  Result<void> CheckBeforeVmsa(std::string_view what, std::uint64_t gpa) const;
  Result<void> Add(const PageRun& run);
  bool tool() const { return options_.mode == IgvmMode::kIgvmmeasure; }

  std::uint32_t mask_;
  const SnpIgvmOptions& options_;
  std::vector<PageRun> runs_;
  std::unordered_set<std::uint64_t> seen_;
  std::uint64_t pages_ = 0;
  std::size_t vmsa_count_ = 0;
};

PageType Planner::TypeOf(const igvm::PageData& page) const {
  switch (page.type) {
    case igvm::PageDataType::kSecrets:
      return PageType::kSecrets;
    case igvm::PageDataType::kCpuidData:
    case igvm::PageDataType::kCpuidXf:
      return PageType::kCpuid;
    case igvm::PageDataType::kNormal:
      break;
  }
  if (page.unmeasured) return PageType::kUnmeasured;
  return page.data.empty() && options_.native_zero ? PageType::kZero : PageType::kNormal;
}

Result<void> Planner::operator()(const igvm::PageData& page) {
  if ((page.mask & mask_) == 0 || (page.shared && !tool())) return {};
  if (!tool()) COCOS_TRY(CheckBeforeVmsa("page data", page.gpa));
  const std::uint64_t pages = page.large ? igvm::kLargePageSize / igvm::kPageSize : 1;
  return Add({TypeOf(page), page.gpa, pages, page.data});
}

Result<void> Planner::operator()(const igvm::ParameterInsert& insert) {
  if ((insert.mask & mask_) == 0) return {};
  COCOS_TRY(CheckBeforeVmsa("parameter area", insert.gpa));
  const std::uint64_t pages = tool() ? 1 : insert.area_bytes / igvm::kPageSize;
  return Add({PageType::kUnmeasured, insert.gpa, pages, {}});
}

Result<void> Planner::operator()(const igvm::VpContext& context) {
  if (context.mask != mask_ && !tool()) return {};
  // A state of unknown form, of a platform that is not AMD's: nothing a tool could measure.
  if (context.data.empty()) return {};
  if (options_.check_kvm) COCOS_TRY(CheckVmsa(context));
  ++vmsa_count_;
  return Add({PageType::kVmsa, context.gpa, 1, context.data});
}

Result<void> Planner::CheckVmsa(const igvm::VpContext& context) const {
  if (vmsa_count_ > 0) return Refused("vmsa_count", "more than one VMSA, KVM measures one");
  if (context.gpa != kVmsaGpa) {
    return Refused("vmsa_gpa", "VMSA at {:#x}, KVM measures it at {:#x}", context.gpa, kVmsaGpa);
  }
  ByteReader reader(context.data);
  reader.Skip(kVmsaCr0Offset);
  const auto cr0 = reader.Le<std::uint64_t>();
  if (cr0 != kCr0ProtectedMode && cr0 != kCr0RealMode) {
    return Refused("vmsa_cr0", "VMSA with CR0 {:#x}, want {:#x} or {:#x}", cr0, kCr0ProtectedMode,
                   kCr0RealMode);
  }
  return {};
}

Result<void> Planner::CheckBeforeVmsa(std::string_view what, std::uint64_t gpa) const {
  if (!options_.check_kvm || vmsa_count_ == 0) return {};
  return Refused("vmsa_order", "{} at {:#x} behind the VMSA, which KVM measures last", what, gpa);
}

Result<void> Planner::Add(const PageRun& run) {
  if (run.pages > options_.max_pages - pages_) {
    return tl::unexpected(
        Error(ErrorCode::kResourceExhausted,
              fmt::format("{} pages at {:#x} after {} others, want at most {} in all", run.pages,
                          run.gpa, pages_, options_.max_pages))
            .WithReason("limit"));
  }
  pages_ += run.pages;
  if (run.gpa > UINT64_MAX - (run.pages - 1) * kPageBytes) {
    return Refused("repeated_page", "{} pages at {:#x} wrap around", run.pages, run.gpa);
  }
  // VMSA pages are all recorded at one address, which is not memory of the guest.
  const bool in_memory = run.type != PageType::kVmsa;
  for (std::uint64_t page = 0; in_memory && !options_.allow_repeated_pages && page < run.pages;
       ++page) {
    const std::uint64_t gpa = run.gpa + page * kPageBytes;
    if (!seen_.insert(gpa).second) {
      return Refused("repeated_page", "two pages at {:#x}, the firmware takes one", gpa);
    }
  }
  runs_.push_back(run);
  return {};
}

// The last block for the platform counts.
std::optional<igvm::SnpIdBlock> FindIdBlock(const igvm::File& file, std::uint32_t mask) {
  std::optional<igvm::SnpIdBlock> found;
  for (const igvm::SnpIdBlock& block : file.id_blocks) {
    if ((block.mask & mask) != 0) found = block;
  }
  return found;
}

}  // namespace

Result<SnpIgvmPlan> PlanSnpIgvm(const igvm::File& file, const SnpIgvmOptions& options) {
  const igvm::Platform* const platform = file.FindPlatform(igvm::PlatformType::kSevSnp);
  if (platform == nullptr) {
    return Refused("incompatible", "IGVM file: has no SEV-SNP platform");
  }
  Planner planner(platform->mask, options);
  for (const igvm::Directive& directive : file.directives) {
    Result<void> added = std::visit(planner, directive);
    if (!added) return tl::unexpected(std::move(added.error()).Within("IGVM file for SEV-SNP"));
  }
  SnpIgvmPlan plan;
  plan.mask = platform->mask;
  plan.vmsa_count = planner.vmsa_count();
  plan.runs = std::move(planner).TakeRuns();
  plan.guest_policy = file.PolicyFor(platform->mask);
  plan.id_block = FindIdBlock(file, platform->mask);
  return plan;
}

Digest384 MeasureSnpIgvm(const SnpIgvmPlan& plan) { return DigestPages({}, plan.runs); }

Digest384 MeasureSnpIgvm(const SnpIgvmPlan& plan, const Executor& executor, std::size_t parts) {
  return DigestPages({}, plan.runs, executor, parts);
}

}  // namespace cocos::attestation::launch
