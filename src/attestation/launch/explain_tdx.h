// Why a quote carries another MRTD than TDX firmware should give.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attestation/launch/digest384.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/offered_file.h"
#include "attestation/launch/tdvf.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// A kernel that QEMU hands over, as far as registers contain it.
struct DescribedTdxKernel {
  std::optional<Digest384> kernel;  // AuthenticodeSha384; none: not known, then RTMR1 is not either
  std::optional<Digest384> initrd;  // SHA-384; none: there is none
  std::string command_line;
};

struct TdxLaunchDescription {
  std::string name;
  const Tdvf* firmware = nullptr;  // must outlive the search
  PageAddOrder order = PageAddOrder::kSinglePass;
  std::optional<DescribedTdxKernel> kernel;
};

// "in a single pass", "in two passes".
std::string_view OrderName(PageAddOrder order);

// The order in which this firmware gives the MRTD, `first` tried first. None: in neither.
std::optional<PageAddOrder> FindPageAddOrder(const Tdvf& firmware, PageAddOrder first,
                                             const Digest384& observed);

// Looks at the other order of adding pages; at values that are no MRTD but stand near it in a quote
// (zeros, RTMR1 and RTMR2 of the kernel in all known forms); then at what IdentifyLaunch knows of
// the files offered. None: no launch that is near. Errors, when nothing gives the digest and the
// launch described cannot be measured: those of MeasureTdvf.
Result<std::optional<Differences>> ExplainTdxLaunch(const TdxLaunchDescription& described,
                                                    std::span<const OfferedFile> offered,
                                                    const Digest384& observed);

}  // namespace cocos::attestation::launch
