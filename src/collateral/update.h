// Carrying out a plan: fetch, check, keep.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "collateral/cache.h"
#include "collateral/fetcher.h"
#include "collateral/plan.h"

namespace cocos::collateral {

struct ItemOutcome {
  FetchItem item;
  Result<StoreOutcome> result;
};

// Told when an item begins and when it is done; for progress.
struct UpdateObserver {
  std::function<void(const FetchItem&)> begins = [](const FetchItem&) {};
  std::function<void(const ItemOutcome&)> done = [](const ItemOutcome&) {};
};

// Fetches every item, also behind one that failed, until `stop` is requested; then the rest is
// kCancelled. What is wrong is not kept and leaves what was there (CollateralCache::Store).
// One outcome for each item, in the order of the plan. Errors of an item: those of Fetcher::Get and
// CollateralCache::Store; kMalformed for a missing or broken header with the issuer chain.
std::vector<ItemOutcome> Update(const CollateralCache& cache, const FetchPlan& plan,
                                Fetcher& fetcher, const TrustAnchors& anchors, const Clock& clock,
                                std::stop_token stop, const UpdateObserver& observer = {});

}  // namespace cocos::collateral
