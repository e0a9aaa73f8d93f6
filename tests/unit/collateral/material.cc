#include "unit/collateral/material.h"

#include "attestation/snp/tcb.h"

namespace cocos::collateral::testing {
namespace {

std::string PemOf(const crypto::testing::CertificateSpec& spec) {
  return crypto::Certificate::FromDer(crypto::testing::MakeCertificate(spec)).value().Pem();
}

}  // namespace

std::string Text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SnpMaterial::SnpMaterial(snp::Product product, snp::SigningKey key)
    : platform(product, key),
      chain{.product = product, .key = key},
      crl{.product = product, .key = key},
      vcek{.product = product},
      chain_content{PemOf(platform.ica) + PemOf(platform.ark), ""},
      crl_content{Text(crypto::testing::MakeCrl(platform.EmptyCrl())), ""},
      vcek_content{Text(crypto::testing::MakeCertificate(platform.vek)), ""},
      report(snp::ParseReport(platform.SignedReport()).value()) {
  vcek.chip_id = report.chip_id;
  vcek.tcb = snp::DecodeTcb(product, report.reported_tcb).value();
}

std::string SnpMaterial::Crl(TimePoint this_update, TimePoint next_update) const {
  crypto::testing::CrlSpec spec = platform.EmptyCrl();
  spec.this_update = this_update;
  spec.next_update = next_update;
  return Text(crypto::testing::MakeCrl(spec));
}

TdxMaterial::TdxMaterial() : quote(platform.Quote()) {
  tcb_info.fmspc = platform.pck_info.fmspc;
  const tdx::Collateral all = platform.Collateral();
  tcb_info_content = {Text(all.tcb_info), Text(all.tcb_info_issuer_chain)};
  qe_identity_content = {Text(all.qe_identity), Text(all.qe_identity_issuer_chain)};
  pck_crl_content = {Text(all.pck_crl), platform.Intermediate().Pem() + platform.Root().Pem()};
  root_crl_content = {Text(all.root_crl), ""};
}

Content TdxMaterial::TcbInfoOf(const std::string& issue_date, const std::string& next_update) {
  nlohmann::json info = platform.tcb_info;
  info["issueDate"] = issue_date;
  info["nextUpdate"] = next_update;
  return {Text(platform.SignedJson("tcbInfo", info)), tcb_info_content.issuer_chain};
}

std::vector<std::pair<Piece, Content>> TdxMaterial::All() const {
  return {{tcb_info, tcb_info_content},
          {qe_identity, qe_identity_content},
          {pck_crl, pck_crl_content},
          {root_crl, root_crl_content}};
}

TrustAnchors AnchorsOf(const SnpMaterial& material) {
  return {.amd = material.platform.Anchors(), .intel = {}};
}

TrustAnchors AnchorsOf(const TdxMaterial& material) {
  return {.amd = {}, .intel = material.platform.Anchors()};
}

TrustAnchors AnchorsOf(const SnpMaterial& snp_material, const TdxMaterial& tdx_material) {
  return {.amd = snp_material.platform.Anchors(), .intel = tdx_material.platform.Anchors()};
}

}  // namespace cocos::collateral::testing
