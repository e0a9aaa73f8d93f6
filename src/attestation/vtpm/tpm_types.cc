#include "attestation/vtpm/tpm_types.h"

#include <tss2/tss2_mu.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "attestation/vtpm/refusal.h"
#include "base/byte_reader.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;

constexpr std::size_t kMaxStructureBytes = 4096;  // the largest of the three has about 1,100
constexpr std::uint32_t kDefaultRsaExponent = 65537;
constexpr std::size_t kMinSelectBytes = kPcrCount / 8;  // Part 2, PCR_SELECT_MIN

constexpr std::array kDigestIds = {
    std::pair{DigestAlgorithm::kSha1, TPM2_ALG_SHA1},
    std::pair{DigestAlgorithm::kSha256, TPM2_ALG_SHA256},
    std::pair{DigestAlgorithm::kSha384, TPM2_ALG_SHA384},
    std::pair{DigestAlgorithm::kSha512, TPM2_ALG_SHA512},
    std::pair{DigestAlgorithm::kSha3_256, TPM2_ALG_SHA3_256},
    std::pair{DigestAlgorithm::kSha3_384, TPM2_ALG_SHA3_384},
    std::pair{DigestAlgorithm::kSha3_512, TPM2_ALG_SHA3_512},
};

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(reason::kMalformed, format, std::forward<Args>(args)...);
}

// Runs one of the library's functions over all of the bytes.
template <typename Structure, auto Unmarshal>
Result<Structure> UnmarshalAll(std::string_view what, std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.size() > kMaxStructureBytes) {
    return Malformed("{}: {} bytes, want 1 to {}", what, bytes.size(), kMaxStructureBytes);
  }
  Structure structure{};
  std::size_t offset = 0;
  const TSS2_RC code = Unmarshal(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                 &offset, &structure);
  if (code != TSS2_RC_SUCCESS) return Malformed("{}: does not unmarshal (0x{:x})", what, code);
  if (offset != bytes.size()) {
    return Malformed("{}: {} bytes more than expected", what, bytes.size() - offset);
  }
  return structure;
}

std::vector<std::byte> Octets(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  return {bytes.begin(), bytes.end()};
}

Result<DigestAlgorithm> KnownDigest(std::string_view what, std::uint16_t id) {
  const auto known = DigestOfAlgorithmId(id);
  if (!known) return Malformed("{}: unknown digest algorithm 0x{:04x}", what, id);
  return *known;
}

// Magic and type, read before the rest: the rest has another shape in other types.
Result<void> CheckAttestHead(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto magic = reader.Be<std::uint32_t>();
  const auto type = reader.Be<std::uint16_t>();
  if (!reader.ok()) return Malformed("TPM quote: ends too early");
  if (magic != TPM2_GENERATED_VALUE) {
    return Refuse(reason::kBadMagic, "TPM quote: magic 0x{:08x}, want 0x{:08x}", magic,
                  TPM2_GENERATED_VALUE);
  }
  if (type != TPM2_ST_ATTEST_QUOTE) {
    return Refuse(reason::kWrongType, "TPM quote: attestation type 0x{:04x}, want 0x{:04x}", type,
                  TPM2_ST_ATTEST_QUOTE);
  }
  return {};
}

// The library refuses lists and bitmaps that are too long as well, but prints a line on stderr for
// each. Whoever sends evidence must not be able to write there.
Result<void> CheckSelectionBounds(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  reader.Skip(sizeof(TPM2_GENERATED) + sizeof(TPMI_ST_ATTEST));
  reader.Skip(reader.Be<std::uint16_t>());  // qualifiedSigner
  reader.Skip(reader.Be<std::uint16_t>());  // extraData
  reader.Skip(17 + 8);                      // clockInfo, firmwareVersion
  const auto count = reader.Be<std::uint32_t>();
  if (count > TPM2_NUM_PCR_BANKS)
    return Malformed("TPM quote: {} PCR selections, want at most {}", count, TPM2_NUM_PCR_BANKS);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    reader.Skip(sizeof(TPMI_ALG_HASH));
    const auto size = reader.Be<std::uint8_t>();
    if (size > TPM2_PCR_SELECT_MAX)
      return Malformed("TPM quote: PCR bitmap of {} bytes, want at most {}", size,
                       TPM2_PCR_SELECT_MAX);
    reader.Skip(size);
  }
  if (!reader.ok()) return Malformed("TPM quote: ends too early");
  return {};
}

Result<PcrSelection> ToSelection(const TPMS_PCR_SELECTION& raw) {
  if (raw.sizeofSelect < kMinSelectBytes) {
    return Malformed("TPM quote: PCR bitmap of {} bytes, want {} or more", raw.sizeofSelect,
                     kMinSelectBytes);
  }
  PcrSelection selection;
  selection.bank = COCOS_TRY(KnownDigest("TPM quote: PCR bank", raw.hash));
  for (unsigned pcr = 0; pcr < 8U * raw.sizeofSelect; ++pcr) {
    if (((raw.pcrSelect[pcr / 8] >> (pcr % 8)) & 1) == 0) continue;
    if (pcr >= kPcrCount)
      return Malformed("TPM quote: selects PCR {}, want at most {}", pcr, kPcrCount - 1);
    selection.pcrs.push_back(pcr);
  }
  return selection;
}

Result<std::vector<PcrSelection>> ToSelections(const TPML_PCR_SELECTION& raw) {
  std::vector<PcrSelection> selections;
  std::set<DigestAlgorithm> seen;
  for (std::uint32_t i = 0; i < raw.count; ++i) {
    selections.push_back(COCOS_TRY(ToSelection(raw.pcrSelections[i])));
    if (!seen.insert(selections.back().bank).second) {
      return Malformed("TPM quote: selects bank {} twice",
                       crypto::DigestName(selections.back().bank));
    }
  }
  return selections;
}

Result<ClockInfo> ToClock(const TPMS_CLOCK_INFO& raw) {
  if (raw.safe > 1) return Malformed("TPM quote: clock info: safe is {}, want 0 or 1", raw.safe);
  return ClockInfo{raw.clock, raw.resetCount, raw.restartCount, raw.safe == 1};
}

Result<Signature> ToRsa(SignatureScheme scheme, const TPMS_SIGNATURE_RSA& raw) {
  Signature signature{.scheme = scheme};
  signature.digest = COCOS_TRY(KnownDigest("TPM signature", raw.hash));
  signature.rsa = Octets(raw.sig.buffer, raw.sig.size);
  return signature;
}

Result<Signature> ToEcdsa(const TPMS_SIGNATURE_ECC& raw) {
  Signature signature{.scheme = SignatureScheme::kEcdsa};
  signature.digest = COCOS_TRY(KnownDigest("TPM signature", raw.hash));
  signature.ecdsa.r = Octets(raw.signatureR.buffer, raw.signatureR.size);
  signature.ecdsa.s = Octets(raw.signatureS.buffer, raw.signatureS.size);
  return signature;
}

// Part 2, section 8.3: bits of TPMA_OBJECT without a meaning in the revision read here.
constexpr std::uint32_t kReservedAttributes =
    ~(std::uint32_t{1} << 1 | std::uint32_t{1} << 2 | std::uint32_t{0xf} << 4 |
      std::uint32_t{0x3} << 10 | std::uint32_t{0xf} << 16);

Result<unsigned> AesBits(const TPMT_SYM_DEF_OBJECT& raw) {
  if (raw.algorithm == TPM2_ALG_NULL) return 0U;
  if (raw.algorithm != TPM2_ALG_AES || raw.mode.aes != TPM2_ALG_CFB) {
    return Malformed("TPM public area: symmetric algorithm 0x{:04x}, want AES in CFB mode",
                     raw.algorithm);
  }
  if (raw.keyBits.aes != 128 && raw.keyBits.aes != 256) {
    return Malformed("TPM public area: AES with {} bits, want 128 or 256", raw.keyBits.aes);
  }
  return raw.keyBits.aes;
}

// The scheme and its digest; no other scheme can sign a quote that the verifier accepts.
Result<void> SetScheme(PublicArea& area, TPM2_ALG_ID scheme, TPM2_ALG_ID digest) {
  switch (scheme) {
    case TPM2_ALG_NULL:
      return {};
    case TPM2_ALG_RSASSA:
      area.scheme = SignatureScheme::kRsassa;
      break;
    case TPM2_ALG_RSAPSS:
      area.scheme = SignatureScheme::kRsapss;
      break;
    case TPM2_ALG_ECDSA:
      area.scheme = SignatureScheme::kEcdsa;
      break;
    default:
      return Malformed("TPM public area: scheme 0x{:04x}, want RSASSA, RSAPSS, ECDSA or none",
                       scheme);
  }
  area.scheme_digest = COCOS_TRY(KnownDigest("TPM public area: scheme", digest));
  return {};
}

Result<void> ReadRsa(PublicArea& area, const TPMT_PUBLIC& raw) {
  const TPMS_RSA_PARMS& parameters = raw.parameters.rsaDetail;
  const TPM2B_PUBLIC_KEY_RSA& modulus = raw.unique.rsa;
  area.aes_bits = COCOS_TRY(AesBits(parameters.symmetric));
  COCOS_TRY(SetScheme(area, parameters.scheme.scheme, parameters.scheme.details.anySig.hashAlg));
  if (area.scheme == SignatureScheme::kEcdsa) return Malformed("TPM public area: ECDSA with RSA");
  if (modulus.size * 8U != parameters.keyBits) {
    return Malformed("TPM public area: modulus of {} bytes, want {} bits", modulus.size,
                     parameters.keyBits);
  }
  area.key =
      RsaPublic{.bits = parameters.keyBits,
                .exponent = parameters.exponent == 0 ? kDefaultRsaExponent : parameters.exponent,
                .modulus = Octets(modulus.buffer, modulus.size)};
  return {};
}

Result<crypto::Curve> KnownCurve(TPM2_ECC_CURVE id) {
  if (id == TPM2_ECC_NIST_P256) return crypto::Curve::kP256;
  if (id == TPM2_ECC_NIST_P384) return crypto::Curve::kP384;
  if (id == TPM2_ECC_NIST_P521) return crypto::Curve::kP521;
  return Malformed("TPM public area: curve 0x{:04x}, want P-256, P-384 or P-521", id);
}

// A coordinate in full length: some TPMs leave leading zeros out.
Result<std::vector<std::byte>> Coordinate(crypto::Curve curve, const TPM2B_ECC_PARAMETER& raw) {
  const std::size_t size = crypto::FieldSize(curve);
  if (raw.size > size)
    return Malformed("TPM public area: coordinate of {} bytes, want at most {}", raw.size, size);
  std::vector<std::byte> coordinate(size - raw.size);
  const auto octets = std::as_bytes(std::span(raw.buffer, raw.size));
  coordinate.insert(coordinate.end(), octets.begin(), octets.end());
  return coordinate;
}

Result<void> ReadEcc(PublicArea& area, const TPMT_PUBLIC& raw) {
  const TPMS_ECC_PARMS& parameters = raw.parameters.eccDetail;
  area.aes_bits = COCOS_TRY(AesBits(parameters.symmetric));
  COCOS_TRY(SetScheme(area, parameters.scheme.scheme, parameters.scheme.details.anySig.hashAlg));
  if (area.scheme && area.scheme != SignatureScheme::kEcdsa) {
    return Malformed("TPM public area: RSA scheme with an elliptic key");
  }
  // Part 2, TPMS_ECC_PARMS: no command uses it, and it is to be NULL.
  if (parameters.kdf.scheme != TPM2_ALG_NULL) return Malformed("TPM public area: KDF is not NULL");
  EccPublic key;
  key.curve = COCOS_TRY(KnownCurve(parameters.curveID));
  key.x = COCOS_TRY(Coordinate(key.curve, raw.unique.ecc.x));
  key.y = COCOS_TRY(Coordinate(key.curve, raw.unique.ecc.y));
  area.key = std::move(key);
  return {};
}

std::vector<std::byte> NameOf(DigestAlgorithm algorithm, std::span<const std::byte> area) {
  ByteWriter name;
  name.Be(AlgorithmId(algorithm)).Bytes(crypto::DigestOf(algorithm, area));
  return std::move(name).Take();
}

}  // namespace

std::uint16_t AlgorithmId(DigestAlgorithm algorithm) {
  for (const auto& [digest, id] : kDigestIds) {
    if (digest == algorithm) return id;
  }
  COCOS_CHECK(false);
  return 0;  // not every compiler sees that the line above does not return
}

std::optional<DigestAlgorithm> DigestOfAlgorithmId(std::uint16_t id) {
  for (const auto& [digest, known] : kDigestIds) {
    if (known == id) return digest;
  }
  return std::nullopt;
}

Result<Attest> ParseAttest(std::span<const std::byte> bytes) {
  COCOS_TRY(CheckAttestHead(bytes));
  COCOS_TRY(CheckSelectionBounds(bytes));
  const auto raw =
      COCOS_TRY((UnmarshalAll<TPMS_ATTEST, Tss2_MU_TPMS_ATTEST_Unmarshal>("TPM quote", bytes)));
  Attest attest;
  attest.qualified_signer = Octets(raw.qualifiedSigner.name, raw.qualifiedSigner.size);
  attest.extra_data = Octets(raw.extraData.buffer, raw.extraData.size);
  attest.clock = COCOS_TRY(ToClock(raw.clockInfo));
  attest.firmware_version = raw.firmwareVersion;
  attest.selections = COCOS_TRY(ToSelections(raw.attested.quote.pcrSelect));
  attest.pcr_digest =
      Octets(raw.attested.quote.pcrDigest.buffer, raw.attested.quote.pcrDigest.size);
  return attest;
}

Result<Signature> ParseSignature(std::span<const std::byte> bytes) {
  const auto raw = COCOS_TRY(
      (UnmarshalAll<TPMT_SIGNATURE, Tss2_MU_TPMT_SIGNATURE_Unmarshal>("TPM signature", bytes)));
  switch (raw.sigAlg) {
    case TPM2_ALG_RSASSA:
      return ToRsa(SignatureScheme::kRsassa, raw.signature.rsassa);
    case TPM2_ALG_RSAPSS:
      return ToRsa(SignatureScheme::kRsapss, raw.signature.rsapss);
    case TPM2_ALG_ECDSA:
      return ToEcdsa(raw.signature.ecdsa);
    default:
      return Malformed("TPM signature: scheme 0x{:04x}, want RSASSA, RSAPSS or ECDSA", raw.sigAlg);
  }
}

Signature BareRsassaSignature(DigestAlgorithm digest, std::span<const std::byte> octets) {
  return {
      .scheme = SignatureScheme::kRsassa, .digest = digest, .rsa = {octets.begin(), octets.end()}};
}

Result<PublicArea> ParsePublicArea(std::span<const std::byte> bytes) {
  const auto raw = COCOS_TRY(
      (UnmarshalAll<TPMT_PUBLIC, Tss2_MU_TPMT_PUBLIC_Unmarshal>("TPM public area", bytes)));
  PublicArea area;
  area.name_digest = COCOS_TRY(KnownDigest("TPM public area: name", raw.nameAlg));
  if ((raw.objectAttributes & kReservedAttributes) != 0) {
    return Malformed("TPM public area: reserved attributes 0x{:08x}",
                     raw.objectAttributes & kReservedAttributes);
  }
  area.attributes = ObjectAttributes(raw.objectAttributes);
  area.auth_policy = Octets(raw.authPolicy.buffer, raw.authPolicy.size);
  if (raw.type == TPM2_ALG_RSA) {
    COCOS_TRY(ReadRsa(area, raw));
  } else if (raw.type == TPM2_ALG_ECC) {
    COCOS_TRY(ReadEcc(area, raw));
  } else {
    return Malformed("TPM public area: key type 0x{:04x}, want RSA or ECC", raw.type);
  }
  area.name = NameOf(area.name_digest, bytes);
  return area;
}

Result<std::span<const std::byte>> PublicAreaInside(std::span<const std::byte> sized) {
  ByteReader reader(sized);
  const auto size = reader.Be<std::uint16_t>();
  const auto area = reader.Bytes(size);
  if (!reader.ok() || !reader.empty()) {
    return Malformed("TPM public area: {} bytes do not hold just the {} announced", sized.size(),
                     size);
  }
  return area;
}

Result<PublicArea> ParseSizedPublicArea(std::span<const std::byte> bytes) {
  return ParsePublicArea(COCOS_TRY(PublicAreaInside(bytes)));
}

Result<crypto::VerifyingKey> VerifyingKeyOf(const PublicArea& area) {
  if (const auto* rsa = std::get_if<RsaPublic>(&area.key)) {
    return crypto::VerifyingKey::FromRsa(rsa->modulus, rsa->exponent);
  }
  const auto& ecc = std::get<EccPublic>(area.key);
  return crypto::VerifyingKey::FromEcPoint(ecc.curve, ecc.x, ecc.y);
}

}  // namespace cocos::attestation::vtpm
