// What a cache holds and for how long.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collateral/cache.h"
#include "collateral/check.h"
#include "collateral/piece.h"

namespace cocos::collateral {

enum class PieceState {
  kGood,
  kExpiresSoon,
  kExpired,
  kNotYetValid,
  kMissing,  // asked for and not there
  kBroken,   // does not parse or verify, or its file cannot be read
};

// "good", "expires-soon", "expired", "not-yet-valid", "missing", "broken".
std::string_view PieceStateName(PieceState state);

struct PieceStatus {
  Piece piece;
  std::string file;  // below the directory
  PieceState state = PieceState::kBroken;
  std::optional<Validity> validity;  // none: missing or broken
  std::optional<TimePoint> issued;   // of lists and signed JSON
  std::string problem;               // why it is missing or broken
  std::string fetch_command;         // what renews it in this directory
};

// Good, or expires soon.
bool Usable(const PieceStatus& status);

struct CacheStatus {
  std::vector<PieceStatus> pieces;         // AMD's by product, then Intel's
  std::vector<std::string> unknown_files;  // below the directory; never read
  std::optional<TimePoint> good_until;     // when the first good piece expires

  // Every piece is.
  bool AllUsable() const;
};

// Looks at everything that is there, as Store would judge it at `now`.
// Errors: kFailedPrecondition for a folder that CollateralCache would not use.
Result<CacheStatus> DescribeCache(const CollateralCache& cache, const TrustAnchors& anchors,
                                  TimePoint now, std::chrono::days soon);
// Looks at these pieces alone, in their order, also at those that are not there.
// Errors: as DescribeCache.
Result<CacheStatus> DescribePieces(const CollateralCache& cache, std::span<const Piece> pieces,
                                   const TrustAnchors& anchors, TimePoint now,
                                   std::chrono::days soon);

}  // namespace cocos::collateral
