// MRTD, the launch measurement of a TDX guest: one running SHA-384 over the pages the VMM adds
// before the guest runs. Intel TDX Module Base Architecture Specification, "Measurement of the TD
// build process" (TDH.MEM.PAGE.ADD, TDH.MR.EXTEND).
//
// Nothing else goes in: not the number of processors, not the amount of memory, not the attributes.
// The chain cannot be computed in parallel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/igvm/file.h"
#include "attestation/launch/digest384.h"
#include "attestation/launch/tdvf.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace cocos::attestation::launch {

// How a host feeds the pages of a section.
enum class PageAddOrder {
  kSinglePass,  // add a page, extend it, then the next: KVM in Linux 6.16 and later
  kTwoPass,     // add all pages of a section, then extend all: an older host outside of Linux
};

// MRTD while pages are added.
class MrtdChain {
 public:
  MrtdChain();

  void Add(std::uint64_t gpa);
  // `page` is one page.
  void Extend(std::uint64_t gpa, std::span<const std::byte> page);
  Digest384 Finish();

 private:
  crypto::Digest digest_;
};

// Errors: kFailedPrecondition for a measured section with less data than memory, for which hosts
// differ in what they put into the rest.
Result<Digest384> MeasureTdvf(const Tdvf& tdvf, PageAddOrder order = PageAddOrder::kSinglePass);

// For a file with a TDX platform, in the order of the file.
// Errors: kMalformed, with the reason "incompatible" for a file without one and
// "unsupported_2mb_data" for 2 MiB pages; kResourceExhausted, "limit".
Result<Digest384> MeasureTdxIgvm(const igvm::File& file,
                                 std::uint64_t max_pages = std::uint64_t{1} << 20);

}  // namespace cocos::attestation::launch
