// Puts a chunked run request together again.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "proto/cvms.pb.h"

namespace cocos::testagent {

// Tolerant of every sender so far: a request is complete with the chunk marked last or with an
// empty one; chunks of several requests may mix; chunks without id make up one request of their
// own. Not thread-safe.
class RunRequestAssembler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kInactivityTimeout{30};
  static constexpr std::size_t kDefaultMaxBytes = 64u << 20;

  // `max_bytes` bounds the sum over all requests under way.
  explicit RunRequestAssembler(std::size_t max_bytes = kDefaultMaxBytes) : max_bytes_(max_bytes) {}

  // Takes a chunk that came at `now`: the request when it is complete, else nothing. A terminator
  // without chunks before it is ignored. Requests without a chunk for kInactivityTimeout are
  // dropped. Errors: kResourceExhausted (too large), kMalformed (does not parse); that request is
  // dropped.
  Result<std::optional<cvms::ComputationRunReq>> Add(const cvms::RunReqChunks& chunk,
                                                     TimePoint now);

 private:
  struct Pending {
    std::string bytes;
    TimePoint last_chunk;
  };

  void DropStale(TimePoint now);
  std::size_t TotalBytes() const;

  std::size_t max_bytes_;
  std::map<std::string, Pending> pending_;
};

}  // namespace cocos::testagent
