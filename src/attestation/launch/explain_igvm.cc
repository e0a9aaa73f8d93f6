#include "attestation/launch/explain_igvm.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "attestation/launch/mrtd.h"
#include "attestation/launch/snp_pages.h"

namespace cocos::attestation::launch {
namespace {

// The digests of one file in its readings. Pages are hashed once: readings share most of them, and
// a page is where it lies in the file.
class IgvmDigests {
 public:
  explicit IgvmDigests(const igvm::File& file) : file_(file) {}

  // None: the file has no such reading.
  std::optional<Digest384> Of(const IgvmReading& reading) {
    if (reading.tdx) {
      const Result<Digest384> mrtd = MeasureTdxIgvm(file_);
      return mrtd ? std::optional(*mrtd) : std::nullopt;
    }
    SnpIgvmOptions options = SnpIgvmOptions::Igvmmeasure();  // lets everything pass
    options.mode = reading.mode;
    options.native_zero = reading.native_zero;
    const Result<SnpIgvmPlan> plan = PlanSnpIgvm(file_, options);
    if (!plan) return std::nullopt;
    return DigestOf(plan->runs);
  }

 private:
  Digest384 DigestOf(std::span<const PageRun> runs) {
    std::vector<Digest384> digests;
    for (const PageRun& run : runs) {
      if (HashedPages({&run, 1}) == 0) continue;
      const auto [page, is_new] = pages_.try_emplace(run.data.data());
      // Runs with data are single pages: the file format has no larger ones.
      if (is_new) HashPages({&run, 1}, 0, {&page->second, 1});
      digests.push_back(page->second);
    }
    return ChainPages({}, runs, digests);
  }

  const igvm::File& file_;
  std::unordered_map<const std::byte*, Digest384> pages_;
};

IgvmMode OtherMode(IgvmMode mode) {
  return mode == IgvmMode::kLoader ? IgvmMode::kIgvmmeasure : IgvmMode::kLoader;
}

// All readings, with the fewest differences first.
std::vector<IgvmReading> ReadingsFrom(const IgvmReading& described) {
  const IgvmMode other_mode = OtherMode(described.mode);
  const bool other_zero = !described.native_zero;
  const IgvmReading mrtd = {
      .mode = described.mode, .native_zero = described.native_zero, .tdx = true};
  std::vector<IgvmReading> readings = {
      {.mode = described.mode, .native_zero = described.native_zero},
      {.mode = other_mode, .native_zero = described.native_zero},
      {.mode = described.mode, .native_zero = other_zero},
      {.mode = other_mode, .native_zero = other_zero}};
  readings.insert(described.tdx ? readings.begin() : readings.end(), mrtd);
  return readings;
}

Result<void> CheckMeasurable(const IgvmLaunchDescription& described) {
  if (described.reading.tdx) {
    COCOS_TRY(MeasureTdxIgvm(*described.file));
    return {};
  }
  SnpIgvmOptions options;
  options.mode = described.reading.mode;
  options.check_kvm = false;
  options.allow_repeated_pages = true;
  COCOS_TRY(PlanSnpIgvm(*described.file, options));
  return {};
}

}  // namespace

Differences DifferencesBetween(const IgvmReading& described, const IgvmReading& found) {
  Differences differences;
  if (found.tdx != described.tdx) {
    differences.emplace_back(found.tdx ? "MRTD of a TDX guest instead of an SEV-SNP launch digest"
                                       : "SEV-SNP launch digest instead of MRTD of a TDX guest");
  }
  if (found.tdx) return differences;
  if (found.mode != described.mode) {
    differences.emplace_back(found.mode == IgvmMode::kLoader
                                 ? "measured as by a loader instead of igvmmeasure"
                                 : "measured as by igvmmeasure instead of a loader");
  }
  if (found.native_zero != described.native_zero) {
    differences.emplace_back(found.native_zero
                                 ? "pages without data as ZERO pages instead of normal ones"
                                 : "pages without data as normal pages instead of ZERO ones");
  }
  return differences;
}

std::optional<IgvmReading> FindIgvmReading(const igvm::File& file, const IgvmReading& described,
                                           const Digest384& observed) {
  IgvmDigests digests(file);
  for (const IgvmReading& reading : ReadingsFrom(described)) {
    if (digests.Of(reading) == observed) return reading;
  }
  return std::nullopt;
}

Result<std::optional<Differences>> ExplainIgvmLaunch(const IgvmLaunchDescription& described,
                                                     std::span<const OfferedFile> offered,
                                                     const Digest384& observed) {
  if (const auto found = FindIgvmReading(*described.file, described.reading, observed)) {
    return DifferencesBetween(described.reading, *found);
  }
  if (auto found = IdentifyLaunch(offered, described.name, observed)) return found;
  COCOS_TRY(CheckMeasurable(described));
  return std::nullopt;
}

}  // namespace cocos::attestation::launch
