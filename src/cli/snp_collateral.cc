#include "cli/snp_collateral.h"

#include <optional>
#include <utility>
#include <vector>

#include "attestation/snp/product.h"
#include "collateral/cache.h"

namespace cocos::cli {
namespace {

namespace snp = attestation::snp;
using snp::CertificateTable;

constexpr auto kPlaces = {&CertificateTable::vcek, &CertificateTable::vlek, &CertificateTable::ask,
                          &CertificateTable::ark, &CertificateTable::crl};

tl::unexpected<Error> Unusable(Error error) {
  return tl::unexpected<Error>(std::move(error).WithReason(kUnusableCollateral));
}

Result<snp::Product> ProductFor(const snp::Report& report, const std::string& name) {
  const std::optional<snp::Product> told = COCOS_TRY(snp::ProductOf(report));
  const std::optional<snp::Product> named = snp::ProductOfName(name);
  if (!told && !named) {
    return Unusable({ErrorCode::kInvalidArgument,
                     "SNP report: version 2 does not say which product it is of; want --product "
                     "Milan or Genoa beside --collateral"});
  }
  if (told && named && *told != *named) {
    return Unusable(
        {ErrorCode::kInvalidArgument,
         fmt::format("--product {}: the SNP report is of {}", name, snp::ProductName(*told))});
  }
  return told ? *told : *named;
}

// What a report says is the verifier's to refuse; a folder that is wrong is the user's.
bool IsAboutFiles(const Error& error) {
  return error.code() != ErrorCode::kMalformed && error.code() != ErrorCode::kUntrusted;
}

void FillEmpty(CertificateTable& table, const CertificateTable& from) {
  for (const auto place : kPlaces) {
    if ((table.*place).empty()) table.*place = from.*place;
  }
}

// Of the errors only that something is missing: what does not parse, the verifier refuses.
Result<void> CheckComplete(const collateral::CollateralCache& cache, const CertificateTable& all,
                           const snp::Report& report, snp::Product product) {
  const Result<snp::Endorsements> collected = cache.SnpEndorsements(report, product, all);
  if (!collected && collected.error().reason() == collateral::kMissingCollateral) {
    return tl::unexpected(collected.error());
  }
  return {};
}

}  // namespace

Result<CertificateTable> CompleteFromDirectory(CertificateTable own, const CertificateTable& sent,
                                               const snp::Report& report,
                                               const SnpCollateralOptions& options) {
  if (options.directory.empty()) return own;
  const snp::Product product = COCOS_TRY(ProductFor(report, options.product));
  const collateral::CollateralCache cache(options.directory);
  const Result<CertificateTable> kept = cache.SnpTable(report, product);
  if (!kept && IsAboutFiles(kept.error())) return Unusable(kept.error());
  if (!kept) return tl::unexpected(kept.error());
  FillEmpty(own, *kept);
  CertificateTable all = own;
  FillEmpty(all, sent);
  COCOS_TRY(CheckComplete(cache, all, report, product));
  return own;
}

}  // namespace cocos::cli
