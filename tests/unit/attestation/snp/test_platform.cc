#include "unit/attestation/snp/test_platform.h"

#include <algorithm>

#include "attestation/snp/product.h"
#include "attestation/snp/tcb.h"
#include "base/byte_reader.h"
#include "crypto/key.h"

namespace cocos::attestation::snp::testing {
namespace {

using crypto::testing::CertificateSpec;
using crypto::testing::NameParts;
using crypto::testing::SigningStyle;

NameParts AmdName(const std::string& common_name) {
  return {{"OU", "Engineering"},           {"C", "US"},        {"L", "Santa Clara"}, {"ST", "CA"},
          {"O", "Advanced Micro Devices"}, {"CN", common_name}};
}

std::string ArkName(Product product) { return "ARK-" + std::string(ProductName(product)); }

std::string IcaName(Product product, SigningKey key) {
  return (key == SigningKey::kVlek ? "SEV-VLEK-" : "SEV-") + std::string(ProductName(product));
}

// `count` bytes that start at `first` and go up, so that no two fields look alike.
void AppendPattern(ByteWriter& writer, std::uint8_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) writer.Le(static_cast<std::uint8_t>(first + i));
}

void AppendChipId(ByteWriter& writer, Product product, SigningKey key) {
  const std::size_t used =
      key == SigningKey::kVlek ? 0 : (product == Product::kTurin ? kTurinHardwareIdBytes : 64);
  AppendPattern(writer, 1, used);
  writer.Zeros(64 - used);
}

void AppendCpuId(ByteWriter& writer, Product product, std::uint32_t version) {
  if (version < 3) {
    writer.Zeros(3);
    return;
  }
  writer.Le<std::uint8_t>(product == Product::kTurin ? 0x1A : 0x19);
  writer.Le<std::uint8_t>(product == Product::kGenoa ? 0x11 : 0x01);
  writer.Le<std::uint8_t>(2);
}

Bytes HardwareId(Product product) {
  ByteWriter writer;
  AppendPattern(writer, 1, product == Product::kTurin ? kTurinHardwareIdBytes : 64);
  return std::move(writer).Take();
}

std::vector<crypto::testing::RawExtension> VekExtensions(Product product, SigningKey key) {
  const TcbVersion tcb = PlatformTcb(product);
  const bool turin = product == Product::kTurin;
  std::vector<crypto::testing::RawExtension> list = {
      {AmdOid("1"), DerInteger(turin ? 1 : 0)},
      {AmdOid("2"), DerIa5(std::string(ProductName(product)))},
      {AmdOid("3.1"), DerInteger(tcb.boot_loader)},
      {AmdOid("3.2"), DerInteger(tcb.tee)},
      {AmdOid("3.3"), DerInteger(tcb.snp)},
      turin ? crypto::testing::RawExtension{AmdOid("3.9"), DerInteger(tcb.fmc)}
            : crypto::testing::RawExtension{AmdOid("3.4"), DerInteger(0)},
      {AmdOid("3.5"), DerInteger(0)},
      {AmdOid("3.6"), DerInteger(0)},
      {AmdOid("3.7"), DerInteger(0)},
      {AmdOid("3.8"), DerInteger(tcb.microcode)},
  };
  if (key == SigningKey::kVlek) {
    list.push_back({AmdOid("5"), DerIa5("CN=cloud.example")});
  } else {
    list.push_back({AmdOid("4"), HardwareId(product)});
  }
  return list;
}

CertificateSpec Base(const std::string& subject, const std::string& issuer) {
  CertificateSpec spec;
  spec.subject = AmdName(subject);
  spec.issuer = AmdName(issuer);
  spec.style = SigningStyle::kPssSha384;
  return spec;
}

}  // namespace

void Put(Bytes& bytes, std::size_t offset, const Bytes& value) {
  COCOS_CHECK(offset + value.size() <= bytes.size());
  std::ranges::copy(value, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

void PutU32(Bytes& bytes, std::size_t offset, std::uint32_t value) {
  ByteWriter writer;
  writer.Le(value);
  Put(bytes, offset, std::move(writer).Take());
}

void PutU64(Bytes& bytes, std::size_t offset, std::uint64_t value) {
  ByteWriter writer;
  writer.Le(value);
  Put(bytes, offset, std::move(writer).Take());
}

Bytes MakeReport(Product product, SigningKey key, std::uint32_t version) {
  const RawTcb tcb = EncodeTcb(product, PlatformTcb(product));
  ByteWriter writer;
  writer.Le(version).Le(std::uint32_t{7}).Le(std::uint64_t{0x30000});
  AppendPattern(writer, 0x10, 16);  // family id
  AppendPattern(writer, 0x20, 16);  // image id
  writer.Le(std::uint32_t{1}).Le(std::uint32_t{1}).Bytes(tcb).Le(std::uint64_t{0x25});
  writer.Le(static_cast<std::uint32_t>(key) << 2).Zeros(4);
  AppendPattern(writer, 0x30, 64);  // report data
  AppendPattern(writer, 0x80, 48);  // measurement
  AppendPattern(writer, 0xB0, 32);  // host data
  AppendPattern(writer, 0xC0, 48);  // id key digest
  AppendPattern(writer, 0xD0, 48);  // author key digest
  AppendPattern(writer, 0x70, 32);  // report id
  AppendPattern(writer, 0x90, 32);  // report id of the migration agent
  writer.Bytes(tcb);
  AppendCpuId(writer, product, version);
  writer.Zeros(21);
  AppendChipId(writer, product, key);
  writer.Bytes(tcb);
  for (int i = 0; i < 2; ++i) {
    writer.Le(std::uint8_t{29}).Le(std::uint8_t{55}).Le(std::uint8_t{1}).Zeros(1);
  }
  writer.Bytes(tcb);
  if (version >= 5) {
    writer.Le(std::uint64_t{0b011}).Le(std::uint64_t{0b111});
  }
  writer.PadTo(kReportBytes);
  return std::move(writer).Take();
}

TcbVersion PlatformTcb(Product product) {
  const std::uint8_t fmc = product == Product::kTurin ? 5 : 0;
  return {.fmc = fmc, .boot_loader = 4, .tee = 1, .snp = 24, .microcode = 219};
}

Bytes DerInteger(std::uint8_t value) {
  Bytes der = {std::byte{0x02}, std::byte{0x01}};
  if (value > 0x7F) {
    der.back() = std::byte{0x02};
    der.push_back(std::byte{0});
  }
  der.push_back(std::byte{value});
  return der;
}

Bytes DerIa5(const std::string& text) {
  ByteWriter writer;
  writer.Le(std::uint8_t{0x16}).Le(static_cast<std::uint8_t>(text.size())).Text(text);
  return std::move(writer).Take();
}

std::string AmdOid(const std::string& suffix) { return "1.3.6.1.4.1.3704.1." + suffix; }

TestPlatform::TestPlatform(Product platform_product, SigningKey signing_key)
    : product(platform_product),
      key(signing_key),
      ark(Base(ArkName(product), ArkName(product))),
      ica(Base(IcaName(product, key), ArkName(product))),
      vek(Base(key == SigningKey::kVlek ? "SEV-VLEK" : "SEV-VCEK", IcaName(product, key))),
      report(MakeReport(product, key)) {
  ark.key = crypto::testing::RsaKeyOne();
  ark.serial = {1, 0, 0};
  ark.text_extensions = {{"keyUsage", "critical,keyCertSign,cRLSign"},
                         {"basicConstraints", "critical,CA:TRUE"}};
  ica.key = crypto::testing::RsaKeyTwo();
  ica.signer = ark.key;
  ica.serial = {1, 0, 1};
  ica.text_extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
                         {"keyUsage", "critical,keyCertSign"}};
  vek.key = crypto::testing::NewEcKey("P-384");
  vek.signer = ica.key;
  vek.serial = {};
  vek.raw_extensions = VekExtensions(product, key);
}

Bytes& TestPlatform::Extension(const std::string& suffix) {
  const auto found = std::ranges::find(vek.raw_extensions, AmdOid(suffix),
                                       &crypto::testing::RawExtension::object_id);
  COCOS_CHECK(found != vek.raw_extensions.end());
  return found->value;
}

void TestPlatform::RemoveExtension(const std::string& suffix) {
  COCOS_CHECK(std::erase_if(vek.raw_extensions, [&suffix](const auto& extension) {
                return extension.object_id == AmdOid(suffix);
              }) == 1);
}

void TestPlatform::AddExtension(const std::string& suffix, Bytes value) {
  vek.raw_extensions.push_back({AmdOid(suffix), std::move(value)});
}

crypto::testing::CrlSpec TestPlatform::EmptyCrl() const {
  crypto::testing::CrlSpec spec;
  spec.issuer = ark.subject;
  spec.signer = ark.key;
  spec.style = SigningStyle::kPssSha384;
  return spec;
}

Endorsements TestPlatform::MakeEndorsements() const {
  const auto parse = [](const CertificateSpec& spec) {
    return crypto::Certificate::FromDer(crypto::testing::MakeCertificate(spec)).value();
  };
  Endorsements endorsements{parse(vek), parse(ica), parse(ark), std::nullopt};
  if (crl) endorsements.crl = crypto::Crl::FromDerOrPem(crypto::testing::MakeCrl(*crl)).value();
  return endorsements;
}

TrustAnchors TestPlatform::AnchorsOf(const Endorsements& endorsements) const {
  TrustAnchors anchors;
  anchors.AddUnofficialRoot(product, endorsements.ark);
  return anchors;
}

TrustAnchors TestPlatform::Anchors() const { return AnchorsOf(MakeEndorsements()); }

Bytes TestPlatform::SignedReport() const {
  const auto signer = crypto::SigningKey::FromPem(crypto::testing::PrivatePem(vek.key)).value();
  const crypto::EcdsaSignature signature =
      signer
          .SignEcdsa(crypto::DigestAlgorithm::kSha384, std::span(report).first(kSignedReportBytes))
          .value();
  Bytes bytes = report;
  Put(bytes, kSignatureRAt, {signature.r.rbegin(), signature.r.rend()});
  Put(bytes, kSignatureSAt, {signature.s.rbegin(), signature.s.rend()});
  return bytes;
}

Result<VerifiedReport> TestPlatform::VerifyAll() const {
  const Endorsements endorsements = MakeEndorsements();
  return Verify(SignedReport(), endorsements, AnchorsOf(endorsements), kNow);
}

Result<RootKind> TestPlatform::CheckChainOnly() const {
  const Endorsements endorsements = MakeEndorsements();
  return CheckChain(endorsements, {product, key}, AnchorsOf(endorsements), kNow);
}

}  // namespace cocos::attestation::snp::testing
