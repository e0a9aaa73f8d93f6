// The attestation report of SEV-SNP firmware.
// AMD 56860 (SEV-SNP firmware ABI), structure ATTESTATION_REPORT; all integers little-endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "attestation/snp/guest_policy.h"
#include "attestation/snp/policy.h"
#include "attestation/snp/tcb.h"
#include "base/result.h"
#include "crypto/key.h"

namespace cocos::attestation::snp {

inline constexpr std::size_t kReportBytes = 1184;
inline constexpr std::size_t kSignedReportBytes = 672;
inline constexpr std::uint32_t kMinReportVersion = 2;
inline constexpr std::uint32_t kMaxReportVersion = 5;
// Turin's hardware id; the chip id of a report is zero behind it. Other products use all 64 bytes.
inline constexpr std::size_t kTurinHardwareIdBytes = 8;
// The VMPL of a report that the host asked for.
inline constexpr std::uint32_t kHostVmpl = 0xFFFFFFFF;

// Which key signs. Other values of SIGNING_KEY are reserved.
enum class SigningKey : std::uint8_t { kVcek = 0, kVlek = 1, kNone = 7 };

std::string_view SigningKeyName(SigningKey key);  // "VCEK", "VLEK", "none"

struct FirmwareVersion {
  std::uint8_t build = 0;
  std::uint8_t minor = 0;
  std::uint8_t major = 0;

  friend bool operator==(const FirmwareVersion&, const FirmwareVersion&) = default;
};

// Combined values, as CPUID_FAM_ID and its neighbours give them. Version 3 and later.
struct CpuId {
  std::uint8_t family = 0;
  std::uint8_t model = 0;
  std::uint8_t stepping = 0;
};

// Version 5 and later.
struct MitigationVectors {
  std::uint64_t launch = 0;
  std::uint64_t current = 0;
};

// A report that parses. Nothing in it is verified. TCBs stay raw, because their layout depends on
// the product, which a version 2 report does not name.
struct Report {
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  GuestPolicy policy;
  std::array<std::byte, 16> family_id{};
  std::array<std::byte, 16> image_id{};
  std::uint32_t vmpl = 0;  // 0 to 3, or kHostVmpl
  RawTcb current_tcb{};
  PlatformInfo platform_info;
  bool author_key_enabled = false;
  bool chip_key_masked = false;
  SigningKey signing_key = SigningKey::kNone;
  std::array<std::byte, 64> report_data{};
  Digest384 measurement{};
  std::array<std::byte, 32> host_data{};
  Digest384 id_key_digest{};
  Digest384 author_key_digest{};  // means something only with author_key_enabled
  std::array<std::byte, 32> report_id{};
  std::array<std::byte, 32> report_id_ma{};
  RawTcb reported_tcb{};
  std::optional<CpuId> cpu;
  std::array<std::byte, 64> chip_id{};
  RawTcb committed_tcb{};
  FirmwareVersion current_version;
  FirmwareVersion committed_version;
  RawTcb launch_tcb{};
  std::optional<MitigationVectors> mitigations;
  crypto::EcdsaSignature signature;  // big-endian, 48 bytes each
};

// Errors: kMalformed for a size other than kReportBytes, a version, signature algorithm, signing
// key or VMPL that is not known, a guest policy that GuestPolicy refuses, a reserved field that is
// not zero, or a signature whose r or s is longer than 48 bytes.
Result<Report> ParseReport(std::span<const std::byte> bytes);

// The product as far as the report tells it: from the CPUID bytes, or, in version 2, from a chip id
// that only Turin has. None when a version 2 report leaves Milan and Genoa open.
// Errors: kUntrusted for a processor whose root key is not known.
Result<std::optional<Product>> ProductOf(const Report& report);

// Whether the firmware wrote zeros in place of the chip id, as it does when the host masks it or
// when a VLEK signs.
bool ChipIdMasked(const Report& report);

}  // namespace cocos::attestation::snp
