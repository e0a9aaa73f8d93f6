// Why a report of a guest that an IGVM file describes carries another launch digest than expected.
// There is little to vary: the file fixes the pages and the state of the processor. What differs is
// who read it, for which hardware, and which file it was.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "attestation/igvm/file.h"
#include "attestation/launch/digest384.h"
#include "attestation/launch/offered_file.h"
#include "attestation/launch/snp_igvm.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// Which of the digests that one file gives.
struct IgvmReading {
  IgvmMode mode = IgvmMode::kLoader;
  bool native_zero = false;
  bool tdx = false;  // MRTD; the fields above are then not looked at

  friend bool operator==(const IgvmReading&, const IgvmReading&) = default;
};

// What is different about `found`, for people. None: nothing that counts.
Differences DifferencesBetween(const IgvmReading& described, const IgvmReading& found);

// The reading that gives the digest, nearest to `described` first. What KVM or the firmware would
// refuse (a VMSA elsewhere, two pages at one address) is measured all the same: somebody may have
// published it. None: no reading does.
std::optional<IgvmReading> FindIgvmReading(const igvm::File& file, const IgvmReading& described,
                                           const Digest384& observed);

struct IgvmLaunchDescription {
  std::string name;
  const igvm::File* file = nullptr;  // must outlive the search
  IgvmReading reading;
};

// Looks at the other readings of the file, then at what IdentifyLaunch knows of the files offered.
// None: no launch that is near. Errors, when nothing gives the digest and the launch described
// cannot be measured: those of PlanSnpIgvm and MeasureTdxIgvm.
Result<std::optional<Differences>> ExplainIgvmLaunch(const IgvmLaunchDescription& described,
                                                     std::span<const OfferedFile> offered,
                                                     const Digest384& observed);

}  // namespace cocos::attestation::launch
