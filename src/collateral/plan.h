// What to fetch, from where.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/snp/report.h"
#include "attestation/tdx/verify.h"
#include "base/result.h"
#include "collateral/piece.h"

namespace cocos::collateral {

// Where a service is: "https://kds.example.org/mirror". Plain http only because a user wrote it.
class BaseUrl {
 public:
  // http or https, a host, and maybe a port and a path; closing slashes are dropped.
  // Errors: kInvalidArgument, also for a user name, a query, a fragment, white space and control
  // characters.
  static Result<BaseUrl> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  bool plain_http() const { return text_.starts_with("http://"); }

 private:
  friend struct Services;
  explicit BaseUrl(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

// AMD's and Intel's own, unless a user has mirrors.
struct Services {
  Services();

  BaseUrl kds;       // AMD's key distribution service: --kds-url
  BaseUrl pcs;       // Intel's provisioning certification service: --pcs-url
  BaseUrl root_crl;  // the whole URL of Intel's root CRL: --root-crl-url
};

struct FetchItem {
  Piece piece;
  std::string url;
  bool plain_http = false;
  std::string chain_header;  // the header with the issuer chain, URL-encoded; empty: none
};

// In the order in which pieces can be checked.
using FetchPlan = std::vector<FetchItem>;

// ASK or ASVK with the ARK, and the CRL. `key` is kVcek or kVlek.
FetchPlan PlanSnp(const Services& services, snp::Product product, snp::SigningKey key);
// The same and the VCEK of a chip. Errors: kInvalidArgument for a chip id that is masked (zero) or
// not one of the product.
Result<FetchPlan> PlanSnpChip(const Services& services, const SnpVcek& vcek);
// What this report is verified with. `product` is needed for version 2 reports alone, which do not
// tell Milan from Genoa. A VLEK's own certificate is not in the plan: AMD gives it to its provider.
// Errors: kInvalidArgument, also for a report without signature, a product other than the report's
// and one that is needed and not given; kMalformed, kUntrusted from the report.
Result<FetchPlan> PlanSnpReport(const Services& services, const snp::Report& report,
                                std::optional<snp::Product> product);

// The QE identity, the PCK CRL of this CA (none: of both) and the root CRL.
FetchPlan PlanTdx(const Services& services, std::optional<tdx::PckCa> ca);
// The same and the TCB info.
FetchPlan PlanTdxPlatform(const Services& services, const Fmspc& fmspc,
                          std::optional<tdx::PckCa> ca);
// What this quote is verified with. Errors: those of tdx::CollateralFor.
Result<FetchPlan> PlanTdxQuote(const Services& services, std::span<const std::byte> quote);

}  // namespace cocos::collateral
