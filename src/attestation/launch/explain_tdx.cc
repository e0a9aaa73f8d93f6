#include "attestation/launch/explain_tdx.h"

#include <fmt/format.h>

#include <array>

#include "attestation/launch/rtmr.h"

namespace cocos::attestation::launch {
namespace {

constexpr std::array kOrders = {PageAddOrder::kSinglePass, PageAddOrder::kTwoPass};

struct InitrdForm {
  InitrdArgument argument;
  std::string_view text;
};
constexpr std::array kInitrdForms = {
    InitrdForm{InitrdArgument::kInFront, "initrd=initrd in front of the command line"},
    InitrdForm{InitrdArgument::kBehind, "initrd=initrd behind the command line"},
    InitrdForm{InitrdArgument::kNone, "the command line alone"}};

std::optional<std::string> FindRtmr1(const DescribedTdxKernel& described,
                                     const Digest384& observed) {
  if (!described.kernel) return std::nullopt;
  for (const bool has_separator : {true, false}) {
    if (MeasureRtmr1({.kernel = *described.kernel, .has_separator = has_separator}) != observed) {
      continue;
    }
    return fmt::format("RTMR1 of this kernel{} instead of MRTD",
                       has_separator ? "" : " under older firmware");
  }
  return std::nullopt;
}

std::optional<std::string> FindRtmr2(const DescribedTdxKernel& described,
                                     const Digest384& observed) {
  for (const InitrdForm& form : kInitrdForms) {
    // An error is for a command line of which no firmware's form is known.
    const Result<Digest384> value = MeasureRtmr2({.command_line = described.command_line,
                                                  .initrd = described.initrd,
                                                  .initrd_argument = form.argument});
    if (!value || *value != observed) continue;
    if (!described.initrd) return "RTMR2 of this command line instead of MRTD";
    return fmt::format("RTMR2 of this initrd with {} instead of MRTD", form.text);
  }
  return std::nullopt;
}

// What the digest is if it is no MRTD at all.
std::optional<std::string> FindOtherRegister(const TdxLaunchDescription& described,
                                             const Digest384& observed) {
  if (observed == Digest384{}) {
    return "all zero, which is no MRTD: a register that nobody extended, as RTMR3 is at first";
  }
  if (!described.kernel) return std::nullopt;
  if (auto found = FindRtmr1(*described.kernel, observed)) return found;
  return FindRtmr2(*described.kernel, observed);
}

}  // namespace

std::string_view OrderName(PageAddOrder order) {
  return order == PageAddOrder::kSinglePass ? "in a single pass" : "in two passes";
}

std::optional<PageAddOrder> FindPageAddOrder(const Tdvf& firmware, PageAddOrder first,
                                             const Digest384& observed) {
  const bool reversed = first != kOrders.front();
  for (std::size_t i = 0; i < kOrders.size(); ++i) {
    const PageAddOrder order = kOrders[reversed ? kOrders.size() - 1 - i : i];
    const Result<Digest384> mrtd = MeasureTdvf(firmware, order);
    if (mrtd && *mrtd == observed) return order;
  }
  return std::nullopt;
}

Result<std::optional<Differences>> ExplainTdxLaunch(const TdxLaunchDescription& described,
                                                    std::span<const OfferedFile> offered,
                                                    const Digest384& observed) {
  if (const auto order = FindPageAddOrder(*described.firmware, described.order, observed)) {
    if (*order == described.order) return Differences{};
    return Differences{
        fmt::format("pages added {} instead of {}", OrderName(*order), OrderName(described.order))};
  }
  if (auto other = FindOtherRegister(described, observed)) return Differences{*std::move(other)};
  if (auto found = IdentifyLaunch(offered, described.name, observed)) return found;
  COCOS_TRY(MeasureTdvf(*described.firmware, described.order));
  return std::nullopt;
}

}  // namespace cocos::attestation::launch
