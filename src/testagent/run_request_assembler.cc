#include "testagent/run_request_assembler.h"

namespace cocos::testagent {

Result<std::optional<cvms::ComputationRunReq>> RunRequestAssembler::Add(
    const cvms::RunReqChunks& chunk, TimePoint now) {
  DropStale(now);
  if (TotalBytes() + chunk.data().size() > max_bytes_) {
    pending_.erase(chunk.id());
    return Fail(ErrorCode::kResourceExhausted, "run request \"{}\": more than {} bytes", chunk.id(),
                max_bytes_);
  }
  if (!chunk.data().empty()) {
    Pending& pending = pending_[chunk.id()];
    pending.bytes += chunk.data();
    pending.last_chunk = now;
  }
  if (!chunk.is_last() && !chunk.data().empty()) return std::nullopt;

  const auto complete = pending_.extract(chunk.id());
  if (complete.empty()) return std::nullopt;
  cvms::ComputationRunReq request;
  if (!request.ParseFromString(complete.mapped().bytes)) {
    return Fail(ErrorCode::kMalformed, "run request \"{}\": {} bytes that do not parse", chunk.id(),
                complete.mapped().bytes.size());
  }
  return request;
}

void RunRequestAssembler::DropStale(TimePoint now) {
  std::erase_if(pending_, [now](const auto& entry) {
    return now - entry.second.last_chunk >= kInactivityTimeout;
  });
}

std::size_t RunRequestAssembler::TotalBytes() const {
  std::size_t total = 0;
  for (const auto& [id, pending] : pending_) total += pending.bytes.size();
  return total;
}

}  // namespace cocos::testagent
