#include "attestation/vtpm/binding.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "attestation/vtpm/refusal.h"
#include "base/byte_reader.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;

constexpr std::string_view kOwnLabel{"cocos-manager vTPM binding 1\0", 29};
constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 10;
constexpr std::uint32_t kMaxServices = 16;
constexpr std::size_t kManifestHeadBytes = 24;
constexpr std::size_t kManifestRowBytes = 24;

// 63849ebb-3d92-4670-a1ff-58f9c94b87bb
constexpr Guid kManifestGuid = {std::byte{0xbb}, std::byte{0x9e}, std::byte{0x84}, std::byte{0x63},
                                std::byte{0x92}, std::byte{0x3d}, std::byte{0x70}, std::byte{0x46},
                                std::byte{0xa1}, std::byte{0xff}, std::byte{0x58}, std::byte{0xf9},
                                std::byte{0xc9}, std::byte{0x4b}, std::byte{0x87}, std::byte{0xbb}};

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(reason::kMalformed, format, std::forward<Args>(args)...);
}

ReportData Sum(crypto::Digest digest) {
  ReportData report_data{};
  digest.FinishInto(report_data);
  return report_data;
}

Result<void> WantFullNonce(std::span<const std::byte> nonce) {
  if (nonce.size() == kReportDataSize) return {};
  return Fail(ErrorCode::kInvalidArgument, "nonce: {} bytes, want {}", nonce.size(),
              kReportDataSize);
}

Result<void> WantPublicArea(std::span<const std::byte> area) {
  if (!area.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument, "public area: empty");
}

struct ManifestRow {
  Guid service{};
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

Result<std::uint32_t> ReadManifestHead(ByteReader& reader, std::size_t total) {
  const Guid guid = reader.Array<16>();
  const auto size = reader.Le<std::uint32_t>();
  const auto count = reader.Le<std::uint32_t>();
  if (guid != kManifestGuid) return Malformed("services manifest: no table of services");
  if (size != total) return Malformed("services manifest: says {} bytes, has {}", size, total);
  if (count > kMaxServices)
    return Malformed("services manifest: {} services, want at most {}", count, kMaxServices);
  return count;
}

Result<std::vector<ManifestRow>> ReadManifestRows(ByteReader& reader, std::uint32_t count) {
  std::vector<ManifestRow> rows;
  std::set<Guid> seen;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    ManifestRow row;
    row.service = reader.Array<16>();
    row.offset = reader.Le<std::uint32_t>();
    row.size = reader.Le<std::uint32_t>();
    if (!seen.insert(row.service).second) return Malformed("services manifest: service twice");
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

Result<ReportData> SvsmReportData(std::span<const std::byte> nonce,
                                  std::span<const std::byte> manifest) {
  COCOS_TRY(WantFullNonce(nonce));
  crypto::Digest digest(DigestAlgorithm::kSha512);
  digest.Update(nonce);
  digest.Update(manifest);
  return Sum(std::move(digest));
}

Result<std::vector<ServiceManifest>> ParseServicesManifest(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxManifestBytes) {
    return Malformed("services manifest: {} bytes, want at most {}", bytes.size(),
                     kMaxManifestBytes);
  }
  ByteReader reader(bytes);
  const auto count = COCOS_TRY(ReadManifestHead(reader, bytes.size()));
  const auto rows = COCOS_TRY(ReadManifestRows(reader, count));
  std::vector<ServiceManifest> services;
  for (const ManifestRow& row : rows) {
    // Neighbours without gaps: no byte is hashed that belongs to no service, or to two.
    if (row.offset != bytes.size() - reader.remaining()) {
      return Malformed("services manifest: data at {}, want {}", row.offset,
                       bytes.size() - reader.remaining());
    }
    const auto data = reader.Bytes(row.size);
    services.push_back({row.service, {data.begin(), data.end()}});
  }
  const auto finished = reader.Finish("services manifest");
  if (!finished) return Malformed("{}", finished.error().message());
  return services;
}

std::vector<std::byte> WriteServicesManifest(std::span<const ServiceManifest> services) {
  std::size_t offset = kManifestHeadBytes + kManifestRowBytes * services.size();
  ByteWriter rows;
  ByteWriter data;
  for (const ServiceManifest& service : services) {
    rows.Bytes(service.service);
    rows.Le(static_cast<std::uint32_t>(offset));
    rows.Le(static_cast<std::uint32_t>(service.data.size()));
    data.Bytes(service.data);
    offset += service.data.size();
  }
  ByteWriter manifest;
  manifest.Bytes(kManifestGuid);
  manifest.Le(static_cast<std::uint32_t>(offset));
  manifest.Le(static_cast<std::uint32_t>(services.size()));
  manifest.Bytes(rows.view()).Bytes(data.view());
  return std::move(manifest).Take();
}

Result<void> CheckEndorsementKey(const PublicArea& area) {
  const ObjectAttributes attributes = area.attributes;
  const bool endorsement_key = attributes.restricted() && attributes.decrypt() &&
                               attributes.fixed_tpm() && attributes.fixed_parent() &&
                               attributes.sensitive_data_origin() && !attributes.sign();
  if (endorsement_key) return {};
  return Refuse(reason::kKeyNotRestricted,
                "endorsement key: attributes 0x{:08x}, want restricted, decrypt, fixedTPM, "
                "fixedParent and sensitiveDataOrigin without sign",
                attributes.bits());
}

Result<ReportData> AgentReportData(std::span<const std::byte> tee_nonce) {
  if (tee_nonce.size() > kReportDataSize) {
    return Fail(ErrorCode::kInvalidArgument, "nonce: {} bytes, want at most {}", tee_nonce.size(),
                kReportDataSize);
  }
  ReportData report_data{};
  std::ranges::copy(tee_nonce, report_data.begin());
  return report_data;
}

Result<ReportData> AgentReportData(std::span<const std::byte> tee_nonce,
                                   std::span<const std::byte> ak_public) {
  COCOS_TRY(WantPublicArea(ak_public));
  const ReportData padded = COCOS_TRY(AgentReportData(tee_nonce));
  crypto::Digest digest(DigestAlgorithm::kSha3_512);
  digest.Update(padded);
  digest.Update(ak_public);
  return Sum(std::move(digest));
}

Result<ReportData> BoundKeyReportData(std::span<const std::byte> nonce,
                                      std::span<const std::byte> ak_public,
                                      std::span<const std::byte> tls_spki) {
  COCOS_TRY(WantFullNonce(nonce));
  COCOS_TRY(WantPublicArea(ak_public));
  ByteWriter message;
  message.Text(kOwnLabel).Bytes(nonce).Be(static_cast<std::uint32_t>(ak_public.size()));
  message.Bytes(ak_public).Bytes(tls_spki);
  crypto::Digest digest(DigestAlgorithm::kSha512);
  digest.Update(message.view());
  return Sum(std::move(digest));
}

Result<void> CheckReportData(const ReportData& expected, std::span<const std::byte> verified) {
  if (crypto::EqualInConstantTime(expected, verified)) return {};
  return Refuse(reason::kBindingMismatch, "report data: {}, want {}", crypto::HexEncode(verified),
                crypto::HexEncode(expected));
}

}  // namespace cocos::attestation::vtpm
