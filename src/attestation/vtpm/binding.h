// How a vTPM's key is tied to the report of the hardware: what REPORT_DATA must be in each scheme.
// Pure arithmetic. The caller has verified the hardware report and compares; a TPM quote whose key
// is not bound is a statement of some software.
//
// "Public area" is a TPMT_PUBLIC without size prefix, so that attributes are bound too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attestation/vtpm/tpm_types.h"
#include "base/result.h"

namespace cocos::attestation::vtpm {

inline constexpr std::size_t kReportDataSize = 64;
using ReportData = std::array<std::byte, kReportDataSize>;

// A GUID as it stands in memory: the first three fields little-endian.
using Guid = std::array<std::byte, 16>;

// c476f1eb-0123-45a5-9641-b4e7dde5bfe3, the vTPM service of an SVSM.
inline constexpr Guid kVtpmServiceGuid = {
    std::byte{0xeb}, std::byte{0xf1}, std::byte{0x76}, std::byte{0xc4},
    std::byte{0x23}, std::byte{0x01}, std::byte{0xa5}, std::byte{0x45},
    std::byte{0x96}, std::byte{0x41}, std::byte{0xb4}, std::byte{0xe7},
    std::byte{0xdd}, std::byte{0xe5}, std::byte{0xbf}, std::byte{0xe3}};

// SVSM attestation protocol (AMD 58019 section 7): SHA-512 over the nonce and the manifest. For the
// vTPM service alone the manifest is the endorsement key's public area; for all services it is the
// table below. The report must also come from VMPL 0, of which the caller makes sure.
// Errors: kInvalidArgument for a nonce of other than 64 bytes.
Result<ReportData> SvsmReportData(std::span<const std::byte> nonce,
                                  std::span<const std::byte> manifest);

struct ServiceManifest {
  Guid service{};
  std::vector<std::byte> data;
};

// The manifest of all services: a header, a row for each service, then their data. Strict: at most
// 64 KiB and 16 services, no service twice, the data in the order of the rows without gaps and
// nothing behind. Errors: kMalformed, reason malformed.
Result<std::vector<ServiceManifest>> ParseServicesManifest(std::span<const std::byte> bytes);
std::vector<std::byte> WriteServicesManifest(std::span<const ServiceManifest> services);

// An endorsement key cannot sign; it proves itself by decrypting a credential (credential.h). Its
// attributes must say restricted, decrypt, fixedTPM, fixedParent and sensitiveDataOrigin, and not
// sign. Errors: kUntrusted, reason ak-not-restricted.
Result<void> CheckEndorsementKey(const PublicArea& area);

// The agent's scheme. Without a public area (its first releases, and TDX) REPORT_DATA is the nonce
// padded with zeros to 64 bytes; with one it is SHA3-512 over the padded nonce and the area.
// Errors: kInvalidArgument for a nonce above 64 bytes or an empty public area.
Result<ReportData> AgentReportData(std::span<const std::byte> tee_nonce);
Result<ReportData> AgentReportData(std::span<const std::byte> tee_nonce,
                                   std::span<const std::byte> ak_public);

// The project's own scheme: SHA-512 over a label, the nonce, the size of the public area (u32,
// big-endian), the area and, where there is one, the SubjectPublicKeyInfo of the TLS key. The fixed
// size of the nonce leaves only one way to read the bytes back.
// Errors: kInvalidArgument for a nonce of other than 64 bytes or an empty public area.
Result<ReportData> BoundKeyReportData(std::span<const std::byte> nonce,
                                      std::span<const std::byte> ak_public,
                                      std::span<const std::byte> tls_spki);

// The REPORT_DATA of a verified hardware report is the expected one. Errors: kUntrusted, reason
// binding-mismatch.
Result<void> CheckReportData(const ReportData& expected, std::span<const std::byte> verified);

}  // namespace cocos::attestation::vtpm
