// Puts a run request that came in chunks together again.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::computation {

inline constexpr std::size_t kDefaultMaxRequestBytes = std::size_t{64} << 20;

// The fields of RunReqChunks, of either protocol. Borrowed.
struct Chunk {
  std::string_view id;
  std::string_view data;
  bool is_last = false;
};

// Tolerant of every sender so far (cocos-compat.md section 3.3): a request is complete with the
// chunk marked last or with an empty one; chunks of several requests may mix; chunks without id
// make up one request of their own. Not thread-safe.
class ChunkAssembler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kInactivityTimeout{30};
  static constexpr std::size_t kMaxRequests = 256;

  // `max_bytes` bounds the sum over all requests under way.
  explicit ChunkAssembler(std::size_t max_bytes = kDefaultMaxRequestBytes)
      : max_bytes_(max_bytes) {}

  // Takes a chunk that came at `now`: the request's bytes when it is complete, else nothing. A
  // terminator without chunks before it is ignored. Requests without a chunk for
  // kInactivityTimeout are dropped. Errors: kResourceExhausted (too large, or kMaxRequests are
  // under way); what follows of that request is swallowed up to its end.
  Result<std::optional<std::string>> Add(const Chunk& chunk, TimePoint now);

 private:
  struct Pending {
    std::string bytes;
    TimePoint last_chunk;
    bool refused = false;
  };

  void DropStale(TimePoint now);
  Result<void> Append(Pending& pending, const Chunk& chunk);

  std::size_t max_bytes_;
  std::size_t total_bytes_ = 0;
  std::map<std::string, Pending, std::less<>> pending_;
};

}  // namespace cocos::computation
