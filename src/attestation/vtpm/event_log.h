// Event logs of the firmware and what replaying them gives. TCG PC Client Platform Firmware
// Profile, section "Event Logging" (crypto-agile and SHA-1 form); UEFI 2.10 section 38.4 for the
// log of confidential computing guests. All integers little-endian.
//
// A log is untrusted. Replay proves its digests, once the result equals quoted values; event data
// is proven only where a digest covers it (event_data.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attestation/vtpm/policy.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace cocos::attestation::vtpm {

inline constexpr std::uint32_t kEventNoAction = 3;

struct EventDigest {
  crypto::DigestAlgorithm bank = crypto::DigestAlgorithm::kSha256;
  std::vector<std::byte> value;
};

struct Event {
  std::uint32_t index = 0;  // PCR, or measurement register of the log of a confidential guest
  std::uint32_t type = 0;
  std::vector<EventDigest> digests;  // of the banks known here, in the order of the log
  std::vector<std::byte> data;
};

struct EventLog {
  std::vector<crypto::DigestAlgorithm> banks;
  std::vector<Event> events;   // the first record of a crypto-agile log included
  std::size_t size_bytes = 0;  // up to the padding, which is no part of the log
  std::uint8_t startup_locality = 0;
};

// The log of a TPM: at most 4 MiB, PCRs 0 to 23, a digest of every bank in every record, nothing
// behind the last one. A StartupLocality record counts once, before PCR 0 is extended.
// Errors: kMalformed with the reason malformed-event-log.
Result<EventLog> ParseEventLog(std::span<const std::byte> bytes);

// The log of a confidential computing guest, as the CCEL table's area holds it: crypto-agile with
// SHA-384 alone, measurement registers 0 to 4, padded with zeros or 0xff.
Result<EventLog> ParseCcEventLog(std::span<const std::byte> bytes);

// What a PCR holds after a reset: zeros, in PCR 17 to 22 ones.
std::vector<std::byte> PcrResetValue(crypto::DigestAlgorithm bank, unsigned pcr);

// The values of the PCRs that the log extends, for each of its banks.
PcrValues ReplayPcrs(const EventLog& log);

inline constexpr std::size_t kRtmrCount = 4;
using Rtmrs = std::array<std::array<std::byte, 48>, kRtmrCount>;

// RTMR0 to RTMR3 of a TD, from a log of ParseCcEventLog.
Rtmrs ReplayRtmrs(const EventLog& log);

}  // namespace cocos::attestation::vtpm
