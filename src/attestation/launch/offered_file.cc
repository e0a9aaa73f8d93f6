#include "attestation/launch/offered_file.h"

#include <fmt/format.h>

#include "attestation/launch/explain.h"
#include "attestation/launch/explain_igvm.h"
#include "attestation/launch/explain_tdx.h"

namespace cocos::attestation::launch {
namespace {

std::optional<Differences> IdentifyIgvm(const OfferedFile& file, std::string_view described,
                                        const Digest384& observed) {
  if (file.igvm == nullptr) return std::nullopt;
  const auto found = FindIgvmReading(*file.igvm, {}, observed);
  if (!found) return std::nullopt;
  Differences differences = {fmt::format("IGVM file {} instead of {}", file.name, described)};
  for (std::string& each : DifferencesBetween({}, *found)) differences.push_back(std::move(each));
  return differences;
}

std::optional<Differences> IdentifySnp(const OfferedFile& file, std::string_view described,
                                       const Digest384& observed) {
  if (file.snp_firmware == nullptr) return std::nullopt;
  auto found = FindSnpLaunch(file.AsSnpFirmware(), observed);
  if (!found) return std::nullopt;
  return Differences{fmt::format("SEV-SNP firmware {} instead of {}", file.name, described),
                     *std::move(found)};
}

std::optional<Differences> IdentifyTdx(const OfferedFile& file, std::string_view described,
                                       const Digest384& observed) {
  if (file.tdvf == nullptr) return std::nullopt;
  const auto found = FindPageAddOrder(*file.tdvf, PageAddOrder::kSinglePass, observed);
  if (!found) return std::nullopt;
  return Differences{fmt::format("TDX firmware {} instead of {}", file.name, described),
                     fmt::format("pages added {}", OrderName(*found))};
}

}  // namespace

std::optional<Differences> IdentifyLaunch(std::span<const OfferedFile> offered,
                                          std::string_view described, const Digest384& observed) {
  for (const OfferedFile& file : offered) {
    for (const auto identify : {IdentifyIgvm, IdentifySnp, IdentifyTdx}) {
      if (auto found = identify(file, described, observed)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace cocos::attestation::launch
