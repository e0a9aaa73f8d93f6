// The shape of a TPMT_PUBLIC. Structures of TPM 2.0 Library, part 2.
#include <cstdint>

#include "attestation/evidence/attest_message.h"
#include "base/byte_reader.h"

namespace cocos::attestation {
namespace {

constexpr std::uint16_t kAlgRsa = 0x0001;
constexpr std::uint16_t kAlgNull = 0x0010;
constexpr std::uint16_t kAlgEcc = 0x0023;

void SkipSized(ByteReader& reader) { reader.Skip(reader.Be<std::uint16_t>()); }

// TPMT_SYM_DEF_OBJECT: nothing, or an algorithm with key bits and mode.
void SkipSymmetric(ByteReader& reader) {
  if (reader.Be<std::uint16_t>() != kAlgNull) reader.Skip(4);
}

// TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME: nothing, or an algorithm with its hash.
void SkipScheme(ByteReader& reader) {
  if (reader.Be<std::uint16_t>() != kAlgNull) reader.Skip(2);
}

void SkipRsa(ByteReader& reader) {
  SkipSymmetric(reader);
  SkipScheme(reader);
  reader.Skip(2 + 4);  // key bits, exponent
  SkipSized(reader);   // modulus
}

void SkipEcc(ByteReader& reader) {
  SkipSymmetric(reader);
  SkipScheme(reader);
  reader.Skip(2);  // curve
  SkipScheme(reader);
  SkipSized(reader);  // x
  SkipSized(reader);  // y
}

}  // namespace

Result<void> CheckTpmPublicShape(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto type = reader.Be<std::uint16_t>();
  reader.Skip(2 + 4);  // name algorithm, attributes
  SkipSized(reader);   // policy
  if (type == kAlgRsa) {
    SkipRsa(reader);
  } else if (type == kAlgEcc) {
    SkipEcc(reader);
  } else {
    return Fail(ErrorCode::kMalformed, "TPM public key: type {:#06x}, want RSA or ECC", type);
  }
  return reader.Finish("TPM public key");
}

}  // namespace cocos::attestation
