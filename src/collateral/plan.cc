#include "collateral/plan.h"

#include <algorithm>
#include <utility>

#include "attestation/snp/kds_url.h"
#include "attestation/snp/product.h"
#include "attestation/snp/tcb.h"
#include "attestation/tdx/pcs_urls.h"

namespace cocos::collateral {
namespace {

FetchItem KdsItem(const Services& services, Piece piece, const std::string& path) {
  return {.piece = std::move(piece),
          .url = services.kds.text() + path,
          .plain_http = services.kds.plain_http(),
          .chain_header = ""};
}

FetchItem PcsItem(const Services& services, Piece piece, std::string url,
                  std::string_view chain_header) {
  std::string lower(chain_header);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return {.piece = std::move(piece),
          .url = std::move(url),
          .plain_http = services.pcs.plain_http(),
          .chain_header = std::move(lower)};
}

FetchItem PckCrlItem(const Services& services, tdx::PckCa ca) {
  return PcsItem(services, TdxPckCrl{ca}, tdx::PckCrlUrl(services.pcs.text(), ca),
                 tdx::kPckCrlChainHeader);
}

Result<snp::Product> ResolveProduct(const snp::Report& report,
                                    std::optional<snp::Product> product) {
  const std::optional<snp::Product> told = COCOS_TRY(snp::ProductOf(report));
  if (!told && !product) {
    return Fail(ErrorCode::kInvalidArgument,
                "SNP report: version 2 does not say which product it is of; name it");
  }
  if (told && product && *told != *product) {
    return Fail(ErrorCode::kInvalidArgument, "SNP report: of {}, not of {}",
                snp::ProductName(*told), snp::ProductName(*product));
  }
  return told ? *told : *product;
}

}  // namespace

Result<BaseUrl> BaseUrl::Parse(std::string_view text) {
  const std::string_view given = text;
  const std::size_t scheme_size = text.starts_with("https://")  ? 8
                                  : text.starts_with("http://") ? 7
                                                                : 0;
  while (text.ends_with('/')) text.remove_suffix(1);
  const bool clean = std::ranges::all_of(text, [](char c) {
    return c > ' ' && c <= '~' && std::string_view("@?#\\\"<>").find(c) == std::string_view::npos;
  });
  if (scheme_size == 0 || text.size() <= scheme_size || text[scheme_size] == '/' || !clean) {
    return Fail(ErrorCode::kInvalidArgument,
                "base URL \"{}\": want https://<host>[:<port>][/<path>], or http", given);
  }
  return BaseUrl(std::string(text));
}

Services::Services()
    : kds(std::string(snp::kKdsBaseUrl)), pcs(tdx::kIntelPcsUrl), root_crl(tdx::kIntelRootCrlUrl) {}

FetchPlan PlanSnp(const Services& services, snp::Product product, snp::SigningKey key) {
  return {KdsItem(services, SnpChain{.product = product, .key = key}, snp::ChainPath(product, key)),
          KdsItem(services, SnpCrl{.product = product, .key = key}, snp::CrlPath(product, key))};
}

Result<FetchPlan> PlanSnpChip(const Services& services, const SnpVcek& vcek) {
  const std::string path = COCOS_TRY(snp::VcekPath(vcek.product, vcek.chip_id, vcek.tcb));
  FetchPlan plan = PlanSnp(services, vcek.product, snp::SigningKey::kVcek);
  plan.push_back(KdsItem(services, vcek, path));
  return plan;
}

Result<FetchPlan> PlanSnpReport(const Services& services, const snp::Report& report,
                                std::optional<snp::Product> product) {
  const snp::Product resolved = COCOS_TRY(ResolveProduct(report, product));
  if (report.signing_key == snp::SigningKey::kVlek) {
    return PlanSnp(services, resolved, snp::SigningKey::kVlek);
  }
  // Refuses an unsigned report, too.
  COCOS_TRY(snp::VcekPathFor(report, resolved));
  const snp::TcbVersion tcb = COCOS_TRY(snp::DecodeTcb(resolved, report.reported_tcb));
  return PlanSnpChip(services, SnpVcek{.product = resolved, .chip_id = report.chip_id, .tcb = tcb});
}

FetchPlan PlanTdx(const Services& services, std::optional<tdx::PckCa> ca) {
  FetchPlan plan = {PcsItem(services, TdxQeIdentity{}, tdx::QeIdentityUrl(services.pcs.text()),
                            tdx::kQeIdentityChainHeader)};
  for (const tdx::PckCa each : {tdx::PckCa::kPlatform, tdx::PckCa::kProcessor}) {
    if (!ca || *ca == each) plan.push_back(PckCrlItem(services, each));
  }
  plan.push_back({.piece = TdxRootCrl{},
                  .url = services.root_crl.text(),
                  .plain_http = services.root_crl.plain_http(),
                  .chain_header = ""});
  return plan;
}

FetchPlan PlanTdxPlatform(const Services& services, const Fmspc& fmspc,
                          std::optional<tdx::PckCa> ca) {
  FetchPlan plan = {PcsItem(services, TdxTcbInfo{fmspc},
                            tdx::TcbInfoUrl(services.pcs.text(), fmspc), tdx::kTcbInfoChainHeader)};
  for (FetchItem& item : PlanTdx(services, ca)) plan.push_back(std::move(item));
  return plan;
}

Result<FetchPlan> PlanTdxQuote(const Services& services, std::span<const std::byte> quote) {
  const tdx::CollateralRequest request = COCOS_TRY(tdx::CollateralFor(quote));
  return PlanTdxPlatform(services, request.fmspc, request.pck_ca);
}

}  // namespace cocos::collateral
