// A platform of our own: a root, an intermediate and an endorsement key with AMD's names, and a
// report signed by it. Tests change one thing and see it refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attestation/snp/chain.h"
#include "attestation/snp/report.h"
#include "attestation/snp/trust_anchors.h"
#include "attestation/snp/verify.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::attestation::snp::testing {

// Offsets of the fields that tests change. AMD 56860, ATTESTATION_REPORT.
enum Offset : std::size_t {
  kVersionAt = 0x000,
  kGuestSvnAt = 0x004,
  kPolicyAt = 0x008,
  kVmplAt = 0x030,
  kSignatureAlgorithmAt = 0x034,
  kCurrentTcbAt = 0x038,
  kPlatformInfoAt = 0x040,
  kKeyInfoAt = 0x048,
  kReportDataAt = 0x050,
  kMeasurementAt = 0x090,
  kHostDataAt = 0x0C0,
  kIdKeyDigestAt = 0x0E0,
  kAuthorKeyDigestAt = 0x110,
  kReportIdAt = 0x140,
  kReportedTcbAt = 0x180,
  kCpuIdAt = 0x188,
  kChipIdAt = 0x1A0,
  kCommittedTcbAt = 0x1E0,
  kCurrentBuildAt = 0x1E8,
  kCommittedBuildAt = 0x1EC,
  kLaunchTcbAt = 0x1F0,
  kLaunchMitigationsAt = 0x1F8,
  kCurrentMitigationsAt = 0x200,
  kSignatureRAt = 0x2A0,
  kSignatureSAt = 0x2E8,
  kSignaturePaddingAt = 0x330,
};

using Bytes = std::vector<std::byte>;

// Overwrites bytes; the field must lie inside.
void Put(Bytes& bytes, std::size_t offset, const Bytes& value);
void PutU32(Bytes& bytes, std::size_t offset, std::uint32_t value);
void PutU64(Bytes& bytes, std::size_t offset, std::uint64_t value);

// A consistent report of the product with `version`: no debug, chip id 0x01 0x02 ..., every digest
// of its own pattern. Not signed: r and s are zero.
Bytes MakeReport(Product product, SigningKey key = SigningKey::kVcek, std::uint32_t version = 5);

// All TCBs of such a report, and of the key made for it.
TcbVersion PlatformTcb(Product product);

// DER of the extension values.
Bytes DerInteger(std::uint8_t value);
Bytes DerIa5(const std::string& text);
std::string AmdOid(const std::string& suffix);

struct TestPlatform {
  explicit TestPlatform(Product platform_product, SigningKey signing_key = SigningKey::kVcek);

  Product product;
  SigningKey key;
  crypto::testing::CertificateSpec ark;
  crypto::testing::CertificateSpec ica;
  crypto::testing::CertificateSpec vek;
  std::optional<crypto::testing::CrlSpec> crl;
  Bytes report;

  // An AMD extension of the VEK, to be changed; it must be there.
  Bytes& Extension(const std::string& suffix);
  void RemoveExtension(const std::string& suffix);
  void AddExtension(const std::string& suffix, Bytes value);
  // A list of the ARK without entries.
  crypto::testing::CrlSpec EmptyCrl() const;

  Endorsements MakeEndorsements() const;
  // The root key, trusted for the product.
  TrustAnchors Anchors() const;
  TrustAnchors AnchorsOf(const Endorsements& endorsements) const;
  // The report with a signature by the VEK.
  Bytes SignedReport() const;
  // All of it at kNow.
  Result<VerifiedReport> VerifyAll() const;
  Result<RootKind> CheckChainOnly() const;
};

// Within the validity of every certificate that a platform makes.
inline constexpr crypto::TimePoint kNow{std::chrono::sys_days(std::chrono::year(2030) / 1 / 1)};

}  // namespace cocos::attestation::snp::testing
