// The blob a cloud's paravisor leaves in the vTPM: the report of the hardware, and the runtime data
// it is over, which names the vTPM's attestation key. Integers little-endian.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "attestation/vtpm/quote.h"
#include "base/result.h"

namespace cocos::attestation::vtpm {

enum class HclHardware { kSnp, kTdx };

// Parsed, not verified.
struct HclReport {
  HclHardware hardware = HclHardware::kSnp;
  // SNP: the attestation report, 1,184 bytes. TDX: a TDREPORT, 1,024 bytes, which is local and must
  // be turned into a quote before anybody else can verify it.
  std::vector<std::byte> hardware_report;
  std::string runtime_json;
};

// Strict: magic, both headers and their sizes, SHA-256 alone, zeros where nothing is defined and
// behind the runtime data; at most 64 KiB. Errors: kMalformed, reason malformed.
Result<HclReport> ParseHclReport(std::span<const std::byte> bytes);

// The key "HCLAkPub" of the runtime data, after checking that the first half of REPORT_DATA is the
// SHA-256 of these data and the second is zero. `verified_report_data` are the 64 bytes of a
// hardware report that the caller has verified; the paravisor measured in it vouches for the key's
// attributes. Errors: kUntrusted, reason binding-mismatch or weak-key; kMalformed.
Result<AttestationKey> HclAttestationKey(const HclReport& report,
                                         std::span<const std::byte> verified_report_data);

}  // namespace cocos::attestation::vtpm
