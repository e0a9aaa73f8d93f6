#include "attestation/snp/report.h"

#include <algorithm>
#include <vector>

#include "attestation/snp/product.h"
#include "base/byte_reader.h"

namespace cocos::attestation::snp {
namespace {

constexpr std::uint32_t kEcdsaP384Sha384 = 1;
constexpr std::size_t kFieldBytes = 48;
constexpr std::size_t kPaddedFieldBytes = 72;

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(
      Error(ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...))
          .Within("SNP report"));
}

// Collects the reserved fields on the way through a structure, so that the parser stays one line a
// row; the first one that is not zero is named.
class ReservedFields {
 public:
  void Expect(bool zero, std::string_view where) {
    if (!zero && bad_.empty()) bad_ = where;
  }
  Result<void> Check() const {
    if (bad_.empty()) return {};
    return Malformed("{} is reserved and not zero", bad_);
  }

 private:
  std::string_view bad_;
};

bool AllZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

Result<std::uint32_t> ReadVersion(ByteReader& reader) {
  const auto version = reader.Le<std::uint32_t>();
  if (version < kMinReportVersion || version > kMaxReportVersion) {
    return Malformed("version {}, want {} to {}", version, kMinReportVersion, kMaxReportVersion);
  }
  return version;
}

Result<std::uint32_t> ReadVmpl(ByteReader& reader) {
  const auto vmpl = reader.Le<std::uint32_t>();
  if (vmpl > 3 && vmpl != kHostVmpl) return Malformed("VMPL {}, want 0 to 3", vmpl);
  return vmpl;
}

Result<void> ReadSignatureAlgorithm(ByteReader& reader) {
  const auto algorithm = reader.Le<std::uint32_t>();
  if (algorithm != kEcdsaP384Sha384) {
    return Malformed("signature algorithm {}, want {} (ECDSA P-384 with SHA-384)", algorithm,
                     kEcdsaP384Sha384);
  }
  return {};
}

Result<void> ReadKeyInfo(ByteReader& reader, Report& report) {
  const auto key_info = reader.Le<std::uint32_t>();
  const std::uint32_t signing_key = key_info >> 2 & 7;
  if (key_info >> 5 != 0) return Malformed("key info {:#x}: a reserved bit is set", key_info);
  if (signing_key > 1 && signing_key != 7) return Malformed("signing key {}", signing_key);
  report.author_key_enabled = (key_info & 1) != 0;
  report.chip_key_masked = (key_info & 2) != 0;
  report.signing_key = static_cast<SigningKey>(signing_key);
  return {};
}

std::optional<CpuId> ReadCpuId(ByteReader& reader, const Report& report, ReservedFields& reserved) {
  if (report.version < 3) {
    reserved.Expect(reader.Zeros(3), "CPUID (of version 2)");
    return std::nullopt;
  }
  CpuId cpu;
  cpu.family = reader.Le<std::uint8_t>();
  cpu.model = reader.Le<std::uint8_t>();
  cpu.stepping = reader.Le<std::uint8_t>();
  return cpu;
}

FirmwareVersion ReadFirmwareVersion(ByteReader& reader) {
  FirmwareVersion version;
  version.build = reader.Le<std::uint8_t>();
  version.minor = reader.Le<std::uint8_t>();
  version.major = reader.Le<std::uint8_t>();
  return version;
}

std::optional<MitigationVectors> ReadMitigations(ByteReader& reader, const Report& report,
                                                 ReservedFields& reserved) {
  if (report.version < 5) {
    reserved.Expect(reader.Zeros(16), "the mitigation vectors (before version 5)");
    return std::nullopt;
  }
  MitigationVectors vectors;
  vectors.launch = reader.Le<std::uint64_t>();
  vectors.current = reader.Le<std::uint64_t>();
  return vectors;
}

// AMD 56860, ECDSA P-384 signature format: little-endian numbers in wider fields.
std::vector<std::byte> ReadField(ByteReader& reader, ReservedFields& reserved) {
  const std::span<const std::byte> little_endian = reader.Bytes(kFieldBytes);
  reserved.Expect(reader.Zeros(kPaddedFieldBytes - kFieldBytes), "the upper part of r or s");
  return {little_endian.rbegin(), little_endian.rend()};
}

Result<void> ReadSignature(ByteReader& reader, Report& report) {
  ReservedFields reserved;
  report.signature.r = ReadField(reader, reserved);
  report.signature.s = ReadField(reader, reserved);
  reserved.Expect(reader.Zeros(512 - 2 * kPaddedFieldBytes), "the rest of the signature");
  return reserved.Check();
}

// Everything behind KEY_INFO up to the signature.
Result<void> ReadBody(ByteReader& reader, Report& report) {
  ReservedFields reserved;
  reserved.Expect(reader.Zeros(4), "0x04c");
  report.report_data = reader.Array<64>();
  report.measurement = reader.Array<48>();
  report.host_data = reader.Array<32>();
  report.id_key_digest = reader.Array<48>();
  report.author_key_digest = reader.Array<48>();
  report.report_id = reader.Array<32>();
  report.report_id_ma = reader.Array<32>();
  report.reported_tcb = reader.Array<8>();
  report.cpu = ReadCpuId(reader, report, reserved);
  reserved.Expect(reader.Zeros(21), "0x18b to 0x1a0");
  report.chip_id = reader.Array<64>();
  report.committed_tcb = reader.Array<8>();
  report.current_version = ReadFirmwareVersion(reader);
  reserved.Expect(reader.Zeros(1), "0x1eb");
  report.committed_version = ReadFirmwareVersion(reader);
  reserved.Expect(reader.Zeros(1), "0x1ef");
  report.launch_tcb = reader.Array<8>();
  report.mitigations = ReadMitigations(reader, report, reserved);
  reserved.Expect(reader.Zeros(152), "0x208 to 0x2a0");
  return reserved.Check();
}

}  // namespace

std::string_view SigningKeyName(SigningKey key) {
  switch (key) {
    case SigningKey::kVcek:
      return "VCEK";
    case SigningKey::kVlek:
      return "VLEK";
    case SigningKey::kNone:
      return "none";
  }
  return "";
}

Result<Report> ParseReport(std::span<const std::byte> bytes) {
  if (bytes.size() != kReportBytes) {
    return Malformed("{} bytes, want {}", bytes.size(), kReportBytes);
  }
  ByteReader reader(bytes);
  const std::uint32_t version = COCOS_TRY(ReadVersion(reader));
  const auto guest_svn = reader.Le<std::uint32_t>();
  const GuestPolicy policy = COCOS_TRY(GuestPolicy::FromBits(reader.Le<std::uint64_t>()));
  Report report = {.version = version,
                   .guest_svn = guest_svn,
                   .policy = policy,
                   .platform_info = PlatformInfo(0)};
  report.family_id = reader.Array<16>();
  report.image_id = reader.Array<16>();
  report.vmpl = COCOS_TRY(ReadVmpl(reader));
  COCOS_TRY(ReadSignatureAlgorithm(reader));
  report.current_tcb = reader.Array<8>();
  report.platform_info = PlatformInfo(reader.Le<std::uint64_t>());
  COCOS_TRY(ReadKeyInfo(reader, report));
  COCOS_TRY(ReadBody(reader, report));
  COCOS_TRY(ReadSignature(reader, report));
  COCOS_TRY(reader.Finish("SNP report"));
  return report;
}

Result<std::optional<Product>> ProductOf(const Report& report) {
  if (report.cpu) return COCOS_TRY(ProductOfCpu(report.cpu->family, report.cpu->model));
  // Only Turin fills just the first eight bytes.
  const bool like_turin =
      !ChipIdMasked(report) && AllZero(std::span(report.chip_id).subspan(kTurinHardwareIdBytes));
  return like_turin ? std::optional(Product::kTurin) : std::nullopt;
}

bool ChipIdMasked(const Report& report) { return AllZero(report.chip_id); }

}  // namespace cocos::attestation::snp
