#include "attestation/evidence/tdx_raw.h"

#include <algorithm>
#include <cstdint>

#include "attestation/evidence/limits.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation {
namespace {

constexpr std::size_t kHeaderSize = 48;
constexpr std::size_t kTd10BodySize = 584;
constexpr std::size_t kTd15BodySize = 648;
constexpr std::uint32_t kTeeTypeTdx = 0x81;
constexpr std::string_view kQuotingEnclaveVendor = "939a7233f79c4ca9940a0db3957f0607";

// Version 5 says what its body is: type 2 and 3 are TD reports 1.0 and 1.5.
Result<std::size_t> BodySize(std::uint16_t version, ByteReader& reader) {
  if (version == 4) return kTd10BodySize;
  const auto type = reader.Le<std::uint16_t>();
  const auto size = reader.Le<std::uint32_t>();
  if (type == 2 && size == kTd10BodySize) return kTd10BodySize;
  if (type == 3 && size == kTd15BodySize) return kTd15BodySize;
  return Fail(ErrorCode::kMalformed, "TDX quote: body of type {} and {} bytes", type, size);
}

}  // namespace

Result<void> CheckTdxQuoteHeader(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto version = reader.Le<std::uint16_t>();
  const auto key_type = reader.Le<std::uint16_t>();
  const auto tee_type = reader.Le<std::uint32_t>();
  reader.Skip(4);
  const auto vendor = reader.Array<16>();
  COCOS_TRY(reader.FinishPrefix("TDX quote"));
  if (version != 4 && version != 5) {
    return Fail(ErrorCode::kMalformed, "TDX quote: version {}, want 4 or 5", version);
  }
  if (key_type != 2 && key_type != 3) {
    return Fail(ErrorCode::kMalformed, "TDX quote: key type {}, want 2 or 3", key_type);
  }
  if (tee_type != kTeeTypeTdx) {
    return Fail(ErrorCode::kMalformed, "TDX quote: TEE type {:#x}, want {:#x}", tee_type,
                kTeeTypeTdx);
  }
  if (crypto::HexEncode(vendor) != kQuotingEnclaveVendor) {
    return Fail(ErrorCode::kMalformed, "TDX quote: quoting enclave of another vendor");
  }
  return {};
}

Result<TdxEvidence> DecodeTdxRaw(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxTdxQuoteSize) {
    return Fail(ErrorCode::kMalformed, "TDX quote: {} bytes, want up to {}", bytes.size(),
                kMaxTdxQuoteSize);
  }
  COCOS_TRY(CheckTdxQuoteHeader(bytes));
  ByteReader reader(bytes);
  const auto version = reader.Le<std::uint16_t>();
  reader.Skip(kHeaderSize - 2);
  const std::size_t body_size = COCOS_TRY(BodySize(version, reader));
  reader.Skip(body_size);
  const auto signature_size = reader.Le<std::uint32_t>();
  reader.Skip(signature_size);
  COCOS_TRY(reader.FinishPrefix("TDX quote"));
  // Real quotes have zeros or text behind them: what is there is neither signed nor read.
  return TdxEvidence{{bytes.begin(), bytes.end()}};
}

}  // namespace cocos::attestation
