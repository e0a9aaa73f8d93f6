// Run-time measurement registers of TDX guests, as far as the host can know them beforehand.
//
// For a kernel that QEMU hands over itself (direct kernel boot) to current OVMF:
//   RTMR1  kernel image and constants: computed here, for kernels that reach the firmware
//   unchanged.
//          QEMU 10 and later offer the file as it is (etc/boot/kernel), and current OVMF takes
//          that. Earlier ones patch the kernel's setup header with addresses that depend on the
//          amount of memory; for them this is NOT the value.
//   RTMR2  command line and initrd: computed here, for a named form of the load options.
//   RTMR3  zero until the guest extends it.
//   RTMR0  not computed: see kRtmr0NotComputed. Its first event is: see td_hob.h.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/launch/digest384.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// For users who ask for it.
inline constexpr std::string_view kRtmr0NotComputed =
    "RTMR0 is not computed: it contains the ACPI tables that the host generates, the firmware's "
    "variables and boot options, and fw_cfg items, which the launch description does not fix; "
    "take it from the event log of a known-good launch";

// SHA-384(register || digest), from a register of zeros.
Digest384 ExtendRtmr(const Digest384& value, const Digest384& digest);
Digest384 ReplayRtmr(std::span<const Digest384> digests);

struct Rtmr1Input {
  Digest384 kernel{};  // AuthenticodeSha384 of the file
  // Where the separator before the operating system goes: RTMR1 in current OVMF, RTMR0 in older.
  bool has_separator = true;
};

Digest384 MeasureRtmr1(const Rtmr1Input& input);

// What OVMF makes of the command line when there is an initrd.
enum class InitrdArgument {
  kInFront,  // "initrd=initrd <command line>": current
  kBehind,   // "<command line> initrd=initrd": older
  kNone,     // the command line alone
};

struct Rtmr2Input {
  std::string command_line;
  std::optional<Digest384> initrd;  // SHA-384 of the file; absent when there is none
  InitrdArgument initrd_argument = InitrdArgument::kInFront;
  bool through_shim = false;  // a shim is booted, which gets the kernel's name as first word
};

// The text that becomes the load options.
std::string LoadOptionsText(const Rtmr2Input& input);
// As UTF-16LE with a closing NUL. Errors: kInvalidArgument for anything but ASCII, or a NUL inside:
// how firmware widens other bytes is not fixed.
Result<std::vector<std::byte>> EncodeLoadOptions(std::string_view text);

// Errors: those of EncodeLoadOptions.
Result<Digest384> MeasureRtmr2(const Rtmr2Input& input);

}  // namespace cocos::attestation::launch
