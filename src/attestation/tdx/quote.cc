#include "attestation/tdx/quote.h"

#include <algorithm>
#include <utility>

#include "attestation/tdx/quote_error.h"
#include "base/byte_reader.h"

namespace cocos::attestation::tdx {
namespace {

constexpr std::size_t kTdReport10Size = 584;
constexpr std::size_t kTdReport15Size = 648;
constexpr std::uint16_t kEcdsaP256 = 2;
constexpr std::uint32_t kTeeTdx = 0x81;
constexpr std::array<std::uint8_t, 16> kIntelQeVendor = {
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

template <typename... Args>
tl::unexpected<Error> Unsupported(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(QuoteError::kUnsupportedQuote, format, std::forward<Args>(args)...);
}

template <typename Enum>
constexpr unsigned Number(Enum value) {
  return static_cast<unsigned>(value);
}

QuoteHeader ReadHeader(ByteReader& reader) {
  QuoteHeader header;
  header.version = reader.Le<std::uint16_t>();
  header.attestation_key_type = reader.Le<std::uint16_t>();
  header.tee_type = reader.Le<std::uint32_t>();
  header.qe_svn = reader.Le<std::uint16_t>();
  header.pce_svn = reader.Le<std::uint16_t>();
  header.qe_vendor_id = reader.Array<16>();
  header.user_data = reader.Array<20>();
  return header;
}

Result<void> CheckHeader(const QuoteHeader& header) {
  if (header.version != 4 && header.version != 5) {
    return Unsupported("TDX quote: version {}, want 4 or 5", header.version);
  }
  if (header.attestation_key_type != kEcdsaP256) {
    return Unsupported("TDX quote: attestation key type {}, want {} (ECDSA P-256)",
                       header.attestation_key_type, kEcdsaP256);
  }
  if (header.tee_type != kTeeTdx) {
    return Unsupported("TDX quote: TEE type {:#x}, want {:#x}", header.tee_type, kTeeTdx);
  }
  if (!std::ranges::equal(header.qe_vendor_id, std::as_bytes(std::span(kIntelQeVendor)))) {
    return Unsupported("TDX quote: the vendor of its quoting enclave is not Intel");
  }
  return {};
}

std::size_t BodySize(BodyType type) {
  return type == BodyType::kTdReport15 ? kTdReport15Size : kTdReport10Size;
}

// Version 4 has no descriptor: its TDX body is always a TD report 1.0.
Result<BodyType> ReadBodyType(std::uint16_t version, ByteReader& reader) {
  if (version == 4) return BodyType::kTdReport10;
  const auto type = static_cast<BodyType>(reader.Le<std::uint16_t>());
  const auto size = reader.Le<std::uint32_t>();
  if (type != BodyType::kTdReport10 && type != BodyType::kTdReport15) {
    return Unsupported("TDX quote: body type {}, want 2 or 3", Number(type));
  }
  if (size != BodySize(type)) {
    return Unsupported("TDX quote: body of {} bytes, want {} for type {}", size, BodySize(type),
                       Number(type));
  }
  return type;
}

TeeTcbSvn ReadTeeTcbSvn(ByteReader& reader) {
  TeeTcbSvn svn{};
  for (std::uint8_t& component : svn) component = reader.Le<std::uint8_t>();
  return svn;
}

TdReport ReadTdReport(BodyType type, ByteReader& reader) {
  TdReport report;
  report.tee_tcb_svn = ReadTeeTcbSvn(reader);
  report.mr_seam = reader.Array<48>();
  report.mr_signer_seam = reader.Array<48>();
  report.seam_attributes = reader.Array<8>();
  report.td_attributes = reader.Array<8>();
  report.xfam = reader.Array<8>();
  report.mr_td = reader.Array<48>();
  report.mr_config_id = reader.Array<48>();
  report.mr_owner = reader.Array<48>();
  report.mr_owner_config = reader.Array<48>();
  for (Digest384& rtmr : report.rtmrs) rtmr = reader.Array<48>();
  report.report_data = reader.Array<64>();
  if (type == BodyType::kTdReport15) {
    const TeeTcbSvn svn = ReadTeeTcbSvn(reader);
    report.v15 = TdReport15{.tee_tcb_svn_2 = svn, .mr_service_td = reader.Array<48>()};
  }
  return report;
}

// The bytes that SGX reserves are zero in every enclave that does not use key separation, and the
// attributes of Intel's QE do not.
Result<EnclaveReport> ReadEnclaveReport(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  EnclaveReport report;
  bool reserved_zero = true;
  const auto reserved = [&](std::size_t count) { reserved_zero &= reader.Zeros(count); };
  report.cpu_svn = reader.Array<16>();
  report.misc_select = reader.Array<4>();
  reserved(28);
  report.attributes = reader.Array<16>();
  report.mr_enclave = reader.Array<32>();
  reserved(32);
  report.mr_signer = reader.Array<32>();
  reserved(96);
  report.isv_prod_id = reader.Le<std::uint16_t>();
  report.isv_svn = reader.Le<std::uint16_t>();
  reserved(60);
  report.report_data = reader.Array<64>();
  COCOS_TRY(RefusedAs(QuoteError::kUnsupportedQuote, reader.Finish("QE report")));
  if (!reserved_zero) return Unsupported("QE report: a reserved byte is not zero");
  return report;
}

std::vector<std::byte> Copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

// Certification data type 6: who vouches for the attestation key.
Result<void> ReadQeCertification(ByteReader reader, Quote& quote) {
  quote.qe_report_bytes = reader.Array<kEnclaveReportSize>();
  quote.qe_report_signature = reader.Array<64>();
  quote.qe_authentication_data = Copy(reader.Bytes(reader.Le<std::uint16_t>()));
  quote.certification_type = static_cast<CertificationType>(reader.Le<std::uint16_t>());
  quote.certification_data = Copy(reader.Bytes(reader.Le<std::uint32_t>()));
  COCOS_TRY(RefusedAs(QuoteError::kUnsupportedQuote,
                      reader.Finish("QE report certification data of a TDX quote")));
  quote.qe_report = COCOS_TRY(ReadEnclaveReport(quote.qe_report_bytes));
  if (quote.certification_type < CertificationType::kPpidPlain ||
      quote.certification_type > CertificationType::kPckChain) {
    return Unsupported("TDX quote: inner certification data type {}, want 1 to 5",
                       Number(quote.certification_type));
  }
  return {};
}

Result<void> ReadSignatureData(ByteReader reader, Quote& quote) {
  quote.signature = reader.Array<64>();
  quote.attestation_key = reader.Array<64>();
  const auto type = static_cast<CertificationType>(reader.Le<std::uint16_t>());
  const auto size = reader.Le<std::uint32_t>();
  const ByteReader certification = reader.Sub(size);
  COCOS_TRY(
      RefusedAs(QuoteError::kUnsupportedQuote, reader.Finish("signature data of a TDX quote")));
  if (type != CertificationType::kQeReport) {
    return Unsupported("TDX quote: certification data type {}, want 6", Number(type));
  }
  return ReadQeCertification(certification, quote);
}

}  // namespace

Result<Quote> ParseQuote(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxQuoteSize) {
    return Unsupported("TDX quote: {} bytes, want at most {}", bytes.size(), kMaxQuoteSize);
  }
  ByteReader reader(bytes);
  Quote quote;
  quote.header = ReadHeader(reader);
  COCOS_TRY(CheckHeader(quote.header));
  quote.body_type = COCOS_TRY(ReadBodyType(quote.header.version, reader));
  quote.report = ReadTdReport(quote.body_type, reader);
  const std::size_t signed_size = bytes.size() - reader.remaining();
  const ByteReader signature_data = reader.Sub(reader.Le<std::uint32_t>());
  COCOS_TRY(RefusedAs(QuoteError::kUnsupportedQuote, reader.FinishPrefix("TDX quote")));
  quote.signed_bytes = Copy(bytes.first(signed_size));
  quote.trailing_bytes = reader.remaining();
  COCOS_TRY(ReadSignatureData(signature_data, quote));
  return quote;
}

}  // namespace cocos::attestation::tdx
