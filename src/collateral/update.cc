#include "collateral/update.h"

#include <utility>

#include "attestation/tdx/pcs_urls.h"

namespace cocos::collateral {
namespace {

Result<Content> FetchContent(const FetchItem& item, Fetcher& fetcher, std::stop_token stop) {
  const HttpRequest request{.url = item.url,
                            .allow_plain_http = item.plain_http,
                            .max_body_bytes = MaxBodyBytes(item.piece)};
  HttpResponse response = COCOS_TRY(fetcher.Get(request, std::move(stop)));
  Content content{.body = std::move(response.body), .issuer_chain = ""};
  if (item.chain_header.empty()) return content;
  const std::string_view header = response.Header(item.chain_header);
  if (header.empty()) {
    return Fail(ErrorCode::kMalformed, "GET {}: no header {} in the answer; check the base URL",
                item.url, item.chain_header);
  }
  Result<std::string> chain = tdx::DecodeIssuerChain(header);
  if (!chain) {
    return tl::unexpected(std::move(chain).error().Within(fmt::format("GET {}", item.url)));
  }
  content.issuer_chain = *std::move(chain);
  return content;
}

Result<StoreOutcome> UpdateOne(const CollateralCache& cache, const FetchItem& item,
                               Fetcher& fetcher, const TrustAnchors& anchors, const Clock& clock,
                               std::stop_token stop) {
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "GET {}: cancelled", item.url);
  const Content content = COCOS_TRY(FetchContent(item, fetcher, std::move(stop)));
  Result<StoreOutcome> stored = cache.Store(item.piece, content, anchors, clock.Now());
  if (stored) return stored;
  return tl::unexpected(
      std::move(stored).error().Within(fmt::format("keep what {} gave", item.url)));
}

}  // namespace

std::vector<ItemOutcome> Update(const CollateralCache& cache, const FetchPlan& plan,
                                Fetcher& fetcher, const TrustAnchors& anchors, const Clock& clock,
                                std::stop_token stop, const UpdateObserver& observer) {
  std::vector<ItemOutcome> outcomes;
  for (const FetchItem& item : plan) {
    observer.begins(item);
    outcomes.push_back({item, UpdateOne(cache, item, fetcher, anchors, clock, stop)});
    observer.done(outcomes.back());
  }
  return outcomes;
}

}  // namespace cocos::collateral
