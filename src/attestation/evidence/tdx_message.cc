#include "attestation/evidence/tdx_message.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "attestation/evidence/flat_message.h"
#include "attestation/evidence/protobuf.h"
#include "attestation/evidence/tdx_raw.h"
#include "base/byte_reader.h"

namespace cocos::attestation {
namespace {

using protobuf::FieldRule;
using protobuf::Fields;
using protobuf::WireType;
using Bytes = std::vector<std::byte>;

constexpr auto kInteger = FlatField::Kind::kInteger;
constexpr auto kBytes = FlatField::Kind::kBytes;

constexpr std::size_t kHeaderSize = 48;
constexpr std::size_t kBodySize = 584;
constexpr std::size_t kEnclaveReportSize = 384;
constexpr std::size_t kSignatureSize = 64;  // and that of a P-256 public key

constexpr std::array<FlatField, 7> kHeaderFields = {{
    {1, kInteger, 0, 2},  // version
    {2, kInteger, 2, 2},  // attestation_key_type
    {3, kInteger, 4, 4},  // tee_type
    {5, kBytes, 8, 2},    // pce_svn: before qe_svn, against the order of the numbers
    {4, kBytes, 10, 2},   // qe_svn
    {6, kBytes, 12, 16},  // qe_vendor_id
    {7, kBytes, 28, 20},  // user_data
}};

constexpr std::array<FlatField, 12> kBodyFields = {{
    {1, kBytes, 0, 16},        // tee_tcb_svn
    {2, kBytes, 16, 48},       // mr_seam
    {3, kBytes, 64, 48},       // mr_signer_seam
    {4, kBytes, 112, 8},       // seam_attributes
    {5, kBytes, 120, 8},       // td_attributes
    {6, kBytes, 128, 8},       // xfam
    {7, kBytes, 136, 48},      // mr_td
    {8, kBytes, 184, 48},      // mr_config_id
    {9, kBytes, 232, 48},      // mr_owner
    {10, kBytes, 280, 48},     // mr_owner_config
    {11, kBytes, 328, 48, 4},  // rtmrs
    {12, kBytes, 520, 64},     // report_data
}};

// The report of the quoting enclave: SGX structure REPORTBODY.
constexpr std::array<FlatField, 12> kEnclaveReportFields = {{
    {1, kBytes, 0, 16},      // cpu_svn
    {2, kInteger, 16, 4},    // misc_select
    {3, kBytes, 20, 28},     // reserved1
    {4, kBytes, 48, 16},     // attributes
    {5, kBytes, 64, 32},     // mr_enclave
    {6, kBytes, 96, 32},     // reserved2
    {7, kBytes, 128, 32},    // mr_signer
    {8, kBytes, 160, 96},    // reserved3
    {9, kInteger, 256, 2},   // isv_prod_id
    {10, kInteger, 258, 2},  // isv_svn
    {11, kBytes, 260, 60},   // reserved4
    {12, kBytes, 320, 64},   // report_data
}};

constexpr FieldRule Varint(std::uint32_t number) { return {number, WireType::kVarint}; }

constexpr std::array<FieldRule, 5> kQuoteRules = {{{1}, {2}, Varint(3), {4}, {5}}};
constexpr std::array<FieldRule, 3> kSignedDataRules = {{{1}, {2}, {3}}};
// Both messages of certification data: type, size, data.
constexpr std::array<FieldRule, 3> kCertificationRules = {{Varint(1), Varint(2), {3}}};
constexpr std::array<FieldRule, 4> kQeCertificationRules = {{{1}, {2}, {3}, {4}}};
constexpr std::array<FieldRule, 2> kQeAuthenticationRules = {{Varint(1), {2}}};

// No member may vanish in the rebuilding, hence no unknown field either.
Result<Fields> ReadAll(std::span<const std::byte> message, std::span<const FieldRule> rules,
                       std::string_view what) {
  return Fields::Read(message, rules, what, protobuf::UnknownFields::kRefuse);
}

Result<Bytes> Structure(std::span<const std::byte> message, std::span<const FlatField> fields,
                        std::size_t size, std::string_view what) {
  Bytes structure(size);
  COCOS_TRY(RebuildStructure(message, fields, what, structure));
  return structure;
}

Result<std::span<const std::byte>> Sized(std::span<const std::byte> bytes, std::uint64_t size,
                                         std::string_view what) {
  if (bytes.size() == size) return bytes;
  return Fail(ErrorCode::kMalformed, "{}: {} bytes, want {}", what, bytes.size(), size);
}

template <typename T>
Result<T> Narrow(std::uint64_t value, std::string_view what) {
  if (value == static_cast<T>(value)) return static_cast<T>(value);
  return Fail(ErrorCode::kMalformed, "{}: {} does not fit {} bytes", what, value, sizeof(T));
}

// type u16, size u32, data: the frame of both levels of certification data.
Result<Bytes> Certification(std::uint64_t type, std::uint64_t size,
                            std::span<const std::byte> data) {
  constexpr std::string_view kWhat = "tdx certification data";
  const auto narrow_type = COCOS_TRY(Narrow<std::uint16_t>(type, kWhat));
  const auto narrow_size = COCOS_TRY(Narrow<std::uint32_t>(size, kWhat));
  COCOS_TRY(Sized(data, size, kWhat));
  ByteWriter writer;
  writer.Le(narrow_type).Le(narrow_size).Bytes(data);
  return std::move(writer).Take();
}

Result<Bytes> QeAuthentication(std::span<const std::byte> message) {
  constexpr std::string_view kWhat = "tdx.QeAuthData";
  const Fields fields = COCOS_TRY(ReadAll(message, kQeAuthenticationRules, kWhat));
  const auto size = COCOS_TRY(Narrow<std::uint16_t>(fields.Value(1), kWhat));
  const auto data = COCOS_TRY(Sized(fields.Bytes(2), size, kWhat));
  ByteWriter writer;
  writer.Le(size).Bytes(data);
  return std::move(writer).Take();
}

Result<Bytes> QeCertification(std::span<const std::byte> message) {
  constexpr std::string_view kWhat = "tdx.QEReportCertificationData";
  const Fields fields = COCOS_TRY(ReadAll(message, kQeCertificationRules, kWhat));
  const Bytes report = COCOS_TRY(
      Structure(fields.Bytes(1), kEnclaveReportFields, kEnclaveReportSize, "tdx.EnclaveReport"));
  const auto signature = COCOS_TRY(Sized(fields.Bytes(2), kSignatureSize, kWhat));
  const Bytes authentication = COCOS_TRY(QeAuthentication(fields.Bytes(3)));
  const Fields chain =
      COCOS_TRY(ReadAll(fields.Bytes(4), kCertificationRules, "tdx.PCKCertificateChainData"));
  const Bytes certification =
      COCOS_TRY(Certification(chain.Value(1), chain.Value(2), chain.Bytes(3)));
  ByteWriter writer;
  writer.Bytes(report).Bytes(signature).Bytes(authentication).Bytes(certification);
  return std::move(writer).Take();
}

Result<Bytes> SignedData(std::span<const std::byte> message) {
  constexpr std::string_view kWhat = "tdx.Ecdsa256BitQuoteV4AuthData";
  const Fields fields = COCOS_TRY(ReadAll(message, kSignedDataRules, kWhat));
  const auto signature = COCOS_TRY(Sized(fields.Bytes(1), kSignatureSize, kWhat));
  const auto key = COCOS_TRY(Sized(fields.Bytes(2), kSignatureSize, kWhat));
  const Fields outer =
      COCOS_TRY(ReadAll(fields.Bytes(3), kCertificationRules, "tdx.CertificationData"));
  const Bytes inner = COCOS_TRY(QeCertification(outer.Bytes(3)));
  const Bytes certification = COCOS_TRY(Certification(outer.Value(1), outer.Value(2), inner));
  ByteWriter writer;
  writer.Bytes(signature).Bytes(key).Bytes(certification);
  return std::move(writer).Take();
}

}  // namespace

Result<TdxEvidence> DecodeTdxQuoteMessage(std::span<const std::byte> bytes) {
  const Fields quote = COCOS_TRY(ReadAll(bytes, kQuoteRules, "tdx.QuoteV4"));
  const Bytes header =
      COCOS_TRY(Structure(quote.Bytes(1), kHeaderFields, kHeaderSize, "tdx.Header"));
  const Bytes body =
      COCOS_TRY(Structure(quote.Bytes(2), kBodyFields, kBodySize, "tdx.TDQuoteBody"));
  const auto size = COCOS_TRY(Narrow<std::uint32_t>(quote.Value(3), "tdx.QuoteV4"));
  const Bytes signed_data = COCOS_TRY(SignedData(quote.Bytes(4)));
  COCOS_TRY(Sized(signed_data, size, "tdx.QuoteV4 signed data"));
  ByteWriter writer;
  writer.Bytes(header).Bytes(body).Le(size).Bytes(signed_data).Bytes(quote.Bytes(5));
  return DecodeTdxRaw(writer.view());
}

}  // namespace cocos::attestation
