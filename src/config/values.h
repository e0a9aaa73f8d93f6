// Texts of variables and class files to values. Errors are kInvalidArgument and say what is
// accepted; the caller adds where the text came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace cocos::config {

inline constexpr std::uint64_t kMaxCpus = 4096;
inline constexpr std::uint64_t kMaxMemorySlots = 256;  // QEMU's limit

// Go's strconv.ParseBool: 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False; and QEMU's on,
// off.
Result<bool> ParseBool(std::string_view text);

// Decimal, or hexadecimal behind 0x, up to `max`.
Result<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max);

// A decimal that may be negative, as upstream's limits are.
Result<std::int64_t> ParseSigned(std::string_view text);

Result<double> ParseRatio(std::string_view text);  // 0 to 1

// 1 to 65535. Port 0, any free port, only where `allow_any`.
Result<std::uint16_t> ParsePort(std::string_view text, bool allow_any = false);

// QEMU's -m: a number with K, M, G or T, a bare number being MiB. It may have a fraction ("1.5G");
// the result must be whole MiB above zero.
Result<std::uint64_t> ParseMemoryMib(std::string_view text);

// "<first>-<last>", with upstream's error texts.
Result<std::pair<std::uint16_t, std::uint16_t>> ParsePortRange(std::string_view text);

// QEMU's PCI device property `addr`: a slot of bus 0 in hexadecimal, with or without 0x, behind
// which ".0" may name the function. 0x1 to 0x1e: slot 0 is the host bridge, 0x1f the chipset's.
Result<unsigned> ParsePciSlot(std::string_view text);

// "auto" or the address of a PCI function as lspci writes it: [<domain>:]<bus>:<slot>.<function>.
Result<std::string> ParseGpuAddress(std::string_view text);

// "<host>:<port>", an IPv6 address in brackets; empty is accepted as "not set".
Result<std::string> ParseHostPort(std::string_view text);

// An http or https URL with host and optional port and path, without user, query and fragment.
Result<std::string> ParseHttpUrl(std::string_view text);

// SEV-SNP guest policy, AMD 56860 (SEV-SNP Firmware ABI), section "Guest Policy": bit 17 must be
// one, bits 63 to 26 zero. Whether DEBUG is wanted is the caller's question.
Result<std::uint64_t> ParseSnpPolicy(std::string_view text);

// Standard base64 of exactly `bytes` bytes, in its one canonical form (the bits beyond the last
// byte are zero); empty is accepted as "not set".
Result<std::string> ParseBase64(std::string_view text, std::size_t bytes);

// Level names of Go's slog with an optional offset, e.g. "info", "WARN", "INFO+2".
Result<std::string> ParseLogLevel(std::string_view text);

// An IPv4 or IPv6 address in numbers.
Result<std::string> ParseAddress(std::string_view text);

// The known name that is closest to a misspelt one, empty if none is near.
template <typename Names>
std::string_view NearestName(std::string_view name, const Names& known);

// Number of insertions, deletions and replacements between two texts.
std::size_t EditDistance(std::string_view a, std::string_view b);

template <typename Names>
std::string_view NearestName(std::string_view name, const Names& known) {
  std::string_view best;
  std::size_t best_distance = name.size() / 3 + 1;  // farther than this is another word
  for (const std::string_view candidate : known) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace cocos::config
