#include "test_platform.h"

#include "base/byte_reader.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::Curve;
using crypto::SigningKey;
using nlohmann::json;

constexpr char kZero48[] =
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00";
constexpr char kDate[] = "2025-06-01T00:00:00Z";
constexpr char kQeSigner[] = "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5";

der::CertificateSpec Spec(std::string_view subject, std::string_view issuer, std::uint64_t serial,
                          bool ca) {
  return {.subject = std::string(subject),
          .issuer = std::string(issuer),
          .serial = serial,
          .not_before = At("2025-01-01T00:00:00Z"),
          .not_after = At("2045-01-01T00:00:00Z"),
          .ca = ca};
}

der::CrlSpec CrlOf(std::string_view issuer) {
  return {.issuer = std::string(issuer),
          .this_update = At("2026-01-01T00:00:00Z"),
          .next_update = At("2026-12-01T00:00:00Z")};
}

std::vector<std::byte> RawSignature(const SigningKey& key, std::span<const std::byte> message) {
  const crypto::EcdsaSignature signature =
      key.SignEcdsa(crypto::DigestAlgorithm::kSha256, message).value();
  return der::Join({signature.r, signature.s});
}

void WriteSvn(ByteWriter& writer, const TeeTcbSvn& svn) {
  for (const std::uint8_t component : svn) writer.Le(component);
}

void WriteTdReport(ByteWriter& writer, const TdReport& report) {
  WriteSvn(writer, report.tee_tcb_svn);
  writer.Bytes(report.mr_seam).Bytes(report.mr_signer_seam).Bytes(report.seam_attributes);
  writer.Bytes(report.td_attributes).Bytes(report.xfam).Bytes(report.mr_td);
  writer.Bytes(report.mr_config_id).Bytes(report.mr_owner).Bytes(report.mr_owner_config);
  for (const Digest384& rtmr : report.rtmrs) writer.Bytes(rtmr);
  writer.Bytes(report.report_data);
  if (!report.v15) return;
  WriteSvn(writer, report.v15->tee_tcb_svn_2);
  writer.Bytes(report.v15->mr_service_td);
}

std::vector<std::byte> QeReportBytes(const EnclaveReport& report) {
  ByteWriter writer;
  writer.Bytes(report.cpu_svn).Bytes(report.misc_select).Zeros(28).Bytes(report.attributes);
  writer.Bytes(report.mr_enclave).Zeros(32).Bytes(report.mr_signer).Zeros(96);
  writer.Le(report.isv_prod_id).Le(report.isv_svn).Zeros(60).Bytes(report.report_data);
  return std::move(writer).Take();
}

std::vector<std::byte> QuoteHead(const TestPlatform& platform) {
  const std::vector<std::byte> vendor =
      crypto::HexDecode("939a7233f79c4ca9940a0db3957f0607").value();
  ByteWriter writer;
  writer.Le(platform.quote_version).Le(std::uint16_t{2}).Le(std::uint32_t{0x81});
  writer.Le(std::uint16_t{0}).Le(std::uint16_t{0}).Bytes(vendor).Zeros(20);
  if (platform.quote_version == 5) {
    const bool v15 = platform.report.v15.has_value();
    writer.Le(static_cast<std::uint16_t>(v15 ? 3 : 2));
    writer.Le(static_cast<std::uint32_t>(v15 ? 648 : 584));
  }
  WriteTdReport(writer, platform.report);
  return std::move(writer).Take();
}

}  // namespace

json Components(const std::vector<unsigned>& svns) {
  json list = json::array();
  for (std::size_t i = 0; i < 16; ++i) list.push_back({{"svn", i < svns.size() ? svns[i] : 0}});
  return list;
}

json EnclaveLevel(unsigned isv_svn, std::string_view status,
                  const std::vector<std::string>& advisories) {
  json level = {{"tcb", {{"isvsvn", isv_svn}}}, {"tcbDate", kDate}, {"tcbStatus", status}};
  if (!advisories.empty()) level["advisoryIDs"] = advisories;
  return level;
}

json PlatformLevel(const std::vector<unsigned>& sgx, unsigned pce_svn,
                   const std::vector<unsigned>& tdx, std::string_view status,
                   const std::vector<std::string>& advisories) {
  json level = {{"tcb",
                 {{"sgxtcbcomponents", Components(sgx)},
                  {"pcesvn", pce_svn},
                  {"tdxtcbcomponents", Components(tdx)}}},
                {"tcbDate", kDate},
                {"tcbStatus", status}};
  if (!advisories.empty()) level["advisoryIDs"] = advisories;
  return level;
}

json GoodTcbInfo() {
  const json module = {{"mrsigner", kZero48},
                       {"attributes", "0000000000000000"},
                       {"attributesMask", "FFFFFFFFFFFFFFFF"}};
  json identity = module;
  identity["id"] = "TDX_01";
  identity["tcbLevels"] = {EnclaveLevel(4, "UpToDate"), EnclaveLevel(2, "OutOfDate", {"SA-M2"}),
                           EnclaveLevel(1, "Revoked", {"SA-M1"})};
  return {{"id", "TDX"},
          {"version", 3},
          {"issueDate", "2026-01-01T00:00:00Z"},
          {"nextUpdate", "2026-07-01T00:00:00Z"},
          {"fmspc", "50806F000000"},
          {"pceId", "0000"},
          {"tcbType", 0},
          {"tcbEvaluationDataNumber", 17},
          {"tdxModule", module},
          {"tdxModuleIdentities", {identity}},
          {"tcbLevels",
           {PlatformLevel({5, 5}, 11, {5, 0, 2}, "UpToDate"),
            PlatformLevel({3, 3}, 5, {3, 0, 2}, "OutOfDate", {"SA-P2"})}}};
}

json GoodQeIdentity() {
  return {{"id", "TD_QE"},
          {"version", 2},
          {"issueDate", "2026-01-01T00:00:00Z"},
          {"nextUpdate", "2026-08-01T00:00:00Z"},
          {"tcbEvaluationDataNumber", 16},
          {"miscselect", "00000000"},
          {"miscselectMask", "FFFFFFFF"},
          {"attributes", "11000000000000000000000000000000"},
          {"attributesMask", "FBFFFFFFFFFFFFFF0000000000000000"},
          {"mrsigner", kQeSigner},
          {"isvprodid", 2},
          {"tcbLevels",
           {EnclaveLevel(4, "UpToDate"), EnclaveLevel(2, "OutOfDate", {"SA-Q2"}),
            EnclaveLevel(1, "Revoked")}}};
}

TdReport GoodTdReport() {
  TdReport report;
  report.tee_tcb_svn = {5, 1, 2};
  report.mr_seam.fill(std::byte{0x11});
  report.td_attributes[3] = std::byte{0x10};  // SEPT_VE_DISABLE
  report.xfam = {std::byte{0xe7}, std::byte{0x02}, std::byte{0x06}};
  report.mr_td.fill(std::byte{0x22});
  report.mr_config_id.fill(std::byte{0x33});
  report.mr_owner.fill(std::byte{0x44});
  report.mr_owner_config.fill(std::byte{0x55});
  for (std::size_t i = 0; i < 4; ++i) report.rtmrs[i].fill(static_cast<std::byte>(0x60 + i));
  report.report_data.fill(std::byte{0x77});
  return report;
}

EnclaveReport GoodQeReport() {
  EnclaveReport report;
  report.attributes[0] = std::byte{0x15};  // the bit 0x04 lies outside of the mask
  report.attributes[8] = std::byte{0xe7};  // XFRM, which the mask leaves free
  const std::vector<std::byte> signer = crypto::HexDecode(kQeSigner).value();
  std::copy(signer.begin(), signer.end(), report.mr_signer.begin());
  report.isv_prod_id = 2;
  report.isv_svn = 4;
  return report;
}

PckInfo GoodPckInfo() {
  PckInfo info;
  info.sgx_svns = {5, 200};
  info.pce_svn = 11;
  info.fmspc = {std::byte{0x50}, std::byte{0x80}, std::byte{0x6f}};
  info.sgx_type = SgxType::kScalable;
  return info;
}

der::Bytes SgxEntry(std::string_view number, const der::Bytes& value) {
  return der::Sequence({der::ObjectId(fmt::format("{}.{}", kSgxExtensionId, number)), value});
}

der::Bytes SgxExtension(const PckInfo& info,
                        const std::function<void(std::vector<der::Bytes>&)>& change) {
  const auto octets = [](std::span<const std::byte> bytes) {
    return der::OctetString({bytes.begin(), bytes.end()});
  };
  std::vector<der::Bytes> tcb;
  for (unsigned i = 0; i < 16; ++i) {
    tcb.push_back(SgxEntry(fmt::format("2.{}", i + 1), der::Integer(info.sgx_svns[i])));
  }
  tcb.push_back(SgxEntry("2.17", der::Integer(info.pce_svn)));
  tcb.push_back(SgxEntry("2.18", octets(info.cpu_svn)));
  std::vector<der::Bytes> entries = {
      SgxEntry("1", octets(info.ppid)), SgxEntry("2", der::Sequence(tcb)),
      SgxEntry("3", octets(info.pce_id)), SgxEntry("4", octets(info.fmspc)),
      SgxEntry("5", der::Enumerated(static_cast<std::uint8_t>(info.sgx_type)))};
  if (change) change(entries);
  return der::Sequence(entries);
}

std::vector<std::byte> Pem(const std::vector<crypto::Certificate>& chain) {
  std::string text;
  for (const crypto::Certificate& certificate : chain) text += certificate.Pem();
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

TestPlatform::TestPlatform()
    : root_key(SigningKey::Generate(Curve::kP256)),
      intermediate_key(SigningKey::Generate(Curve::kP256)),
      pck_key(SigningKey::Generate(Curve::kP256)),
      signer_key(SigningKey::Generate(Curve::kP256)),
      attestation_key(SigningKey::Generate(Curve::kP256)),
      root(Spec("Intel SGX Root CA", "Intel SGX Root CA", 1, true)),
      intermediate(Spec("Intel SGX PCK Platform CA", "Intel SGX Root CA", 2, true)),
      pck(Spec("Intel SGX PCK Certificate", "Intel SGX PCK Platform CA", 3, false)),
      signer(Spec("Intel SGX TCB Signing", "Intel SGX Root CA", 4, false)),
      root_crl(CrlOf("Intel SGX Root CA")),
      pck_crl(CrlOf("Intel SGX PCK Platform CA")) {}

crypto::Certificate TestPlatform::Root() const {
  return der::MakeCertificate(root, root_key.public_key(), root_key);
}

crypto::Certificate TestPlatform::Intermediate() const {
  return der::MakeCertificate(intermediate, intermediate_key.public_key(), root_key);
}

crypto::Certificate TestPlatform::Pck() const {
  der::CertificateSpec spec = pck;
  spec.extensions.push_back(der::Extension(kSgxExtensionId, false, SgxExtension(pck_info)));
  return der::MakeCertificate(spec, pck_key.public_key(), intermediate_key);
}

crypto::Certificate TestPlatform::Signer() const {
  return der::MakeCertificate(signer, signer_key.public_key(), root_key);
}

std::vector<std::byte> TestPlatform::Quote() const {
  const std::vector<std::byte> head = QuoteHead(*this);
  const std::vector<std::byte> key = attestation_key.public_key().EcPoint().value();
  EnclaveReport qe = qe_report;
  const std::vector<std::byte> digest = crypto::Sha256(der::Join({key, authentication_data}));
  std::copy(digest.begin(), digest.end(), qe.report_data.begin());
  const std::vector<std::byte> qe_bytes = QeReportBytes(qe);
  const std::vector<std::byte> pem = Pem({Pck(), Intermediate(), Root()});

  ByteWriter inner;
  inner.Bytes(qe_bytes).Bytes(RawSignature(pck_key, qe_bytes));
  inner.Le(static_cast<std::uint16_t>(authentication_data.size())).Bytes(authentication_data);
  inner.Le(certification_type).Le(static_cast<std::uint32_t>(pem.size())).Bytes(pem);
  ByteWriter outer;
  outer.Bytes(RawSignature(attestation_key, head)).Bytes(key).Le(std::uint16_t{6});
  outer.Le(static_cast<std::uint32_t>(inner.size())).Bytes(inner.view());
  ByteWriter quote;
  quote.Bytes(head).Le(static_cast<std::uint32_t>(outer.size())).Bytes(outer.view());
  return std::move(quote).Take();
}

std::vector<std::byte> TestPlatform::SignedJson(const char* member, const json& object) const {
  const std::string text = object.dump();
  const std::string signature = crypto::HexEncode(RawSignature(signer_key, crypto::BytesOf(text)));
  const std::string envelope =
      fmt::format("{{\"{}\":{},\"signature\":\"{}\"}}", member, text, signature);
  const auto bytes = crypto::BytesOf(envelope);
  return {bytes.begin(), bytes.end()};
}

tdx::Collateral TestPlatform::Collateral() const {
  const std::vector<std::byte> chain = Pem({Signer(), Root()});
  return {.tcb_info = SignedJson("tcbInfo", tcb_info),
          .tcb_info_issuer_chain = chain,
          .qe_identity = SignedJson("enclaveIdentity", qe_identity),
          .qe_identity_issuer_chain = chain,
          .root_crl = der::MakeCrl(root_crl, root_key),
          .pck_crl = der::MakeCrl(pck_crl, intermediate_key)};
}

TrustAnchors TestPlatform::Anchors() const {
  TrustAnchors anchors;
  anchors.Add(Root());
  return anchors;
}

}  // namespace cocos::attestation::tdx
