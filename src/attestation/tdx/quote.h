// TDX quotes, version 4 and 5, as a TD gets them from its host. Intel TDX DCAP Quoting Library API,
// appendix A.3 and A.4. All integers are little-endian but for signatures and keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attestation/tdx/policy.h"
#include "base/result.h"

namespace cocos::attestation::tdx {

// Guests hand out quotes in padded buffers; nothing that is larger is looked at.
inline constexpr std::size_t kMaxQuoteSize = 64UL * 1024;

// TEE_TCB_SVN: 0 is the SVN of the SEAM module, 1 its major version, 2 the SVN of the SEAM loader.
using TeeTcbSvn = std::array<std::uint8_t, 16>;

struct QuoteHeader {
  std::uint16_t version = 0;               // 4 or 5
  std::uint16_t attestation_key_type = 0;  // 2: ECDSA P-256 with SHA-256
  std::uint32_t tee_type = 0;              // 0x81: TDX
  std::uint16_t qe_svn = 0;                // reserved since version 4, 0 in practice; not judged
  std::uint16_t pce_svn = 0;               // the same
  std::array<std::byte, 16> qe_vendor_id{};
  std::array<std::byte, 20> user_data{};
};

// The values of the body descriptor of version 5.
enum class BodyType : std::uint16_t { kTdReport10 = 2, kTdReport15 = 3 };

// What only a TD report 1.5 has.
struct TdReport15 {
  TeeTcbSvn tee_tcb_svn_2{};  // of the SEAM module now on the platform, which may be newer
  Digest384 mr_service_td{};  // zero: no service TD is bound
};

// What the hardware says of a TD.
struct TdReport {
  TeeTcbSvn tee_tcb_svn{};
  Digest384 mr_seam{};
  Digest384 mr_signer_seam{};  // zero: Intel
  std::array<std::byte, 8> seam_attributes{};
  std::array<std::byte, 8> td_attributes{};
  std::array<std::byte, 8> xfam{};
  Digest384 mr_td{};
  Digest384 mr_config_id{};
  Digest384 mr_owner{};
  Digest384 mr_owner_config{};
  std::array<Digest384, 4> rtmrs{};
  std::array<std::byte, 64> report_data{};
  std::optional<TdReport15> v15;
};

inline constexpr std::size_t kEnclaveReportSize = 384;

// SGX REPORT body of the quoting enclave (QE). Intel SDM, volume 3D, structure REPORT.
struct EnclaveReport {
  std::array<std::byte, 16> cpu_svn{};
  std::array<std::byte, 4> misc_select{};  // in memory order, as in the QE identity
  std::array<std::byte, 16> attributes{};
  std::array<std::byte, 32> mr_enclave{};
  std::array<std::byte, 32> mr_signer{};
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  std::array<std::byte, 64> report_data{};
};

// r then s, or x then y: 32 bytes each, big-endian.
using P256Pair = std::array<std::byte, 64>;

// How the quote names the certificate of its platform.
enum class CertificationType : std::uint16_t {
  kPpidPlain = 1,
  kPpidRsa2048 = 2,
  kPpidRsa3072 = 3,
  kPckLeaf = 4,
  kPckChain = 5,  // PEM: leaf, intermediate CA, root CA
  kQeReport = 6,
  kPlatformManifest = 7,
};

struct Quote {
  QuoteHeader header;
  BodyType body_type = BodyType::kTdReport10;
  TdReport report;

  std::vector<std::byte> signed_bytes;  // header, body descriptor and body
  P256Pair signature{};                 // over them, by the attestation key
  P256Pair attestation_key{};

  EnclaveReport qe_report;
  std::array<std::byte, kEnclaveReportSize> qe_report_bytes{};
  P256Pair qe_report_signature{};  // over these, by the PCK
  std::vector<std::byte> qe_authentication_data;

  CertificationType certification_type = CertificationType::kPckChain;
  std::vector<std::byte> certification_data;

  std::size_t trailing_bytes = 0;  // behind the quote; never looked at
};

// The quote at the front of `bytes`; nothing of it is verified. Padding behind it is common and
// ignored. Refused: other versions, TEE types, key types, bodies and vendors; sizes that do not
// agree; a certification type other than 6 around the QE report, or an unknown one inside; reserved
// bytes of the QE report that are not zero.
// Errors: kMalformed with the reason UnsupportedQuote.
Result<Quote> ParseQuote(std::span<const std::byte> bytes);

}  // namespace cocos::attestation::tdx
