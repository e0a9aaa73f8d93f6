#include "computation/chunk_assembler.h"

#include <utility>

namespace cocos::computation {

Result<std::optional<std::string>> ChunkAssembler::Add(const Chunk& chunk, TimePoint now) {
  DropStale(now);
  auto found = pending_.find(chunk.id);
  if (found == pending_.end()) {
    if (chunk.data.empty()) return std::nullopt;
    if (pending_.size() == kMaxRequests) {
      return Fail(ErrorCode::kResourceExhausted, "run request {:?}: {} others are incomplete",
                  chunk.id, kMaxRequests);
    }
    found = pending_.emplace(chunk.id, Pending{}).first;
  }
  Pending& pending = found->second;
  pending.last_chunk = now;
  Result<void> appended = Append(pending, chunk);
  const bool complete = chunk.is_last || chunk.data.empty();
  if (!complete && appended) return std::nullopt;
  if (!complete) return tl::unexpected(std::move(appended).error());

  Pending whole = std::move(pending);
  pending_.erase(found);
  total_bytes_ -= whole.bytes.size();
  COCOS_TRY(std::move(appended));
  if (whole.refused) return std::nullopt;
  return std::move(whole.bytes);
}

Result<void> ChunkAssembler::Append(Pending& pending, const Chunk& chunk) {
  if (pending.refused) return {};
  if (chunk.data.size() > max_bytes_ - total_bytes_) {
    pending.refused = true;
    total_bytes_ -= std::exchange(pending.bytes, {}).size();
    return Fail(ErrorCode::kResourceExhausted, "run request {:?}: more than {} bytes", chunk.id,
                max_bytes_);
  }
  pending.bytes += chunk.data;
  total_bytes_ += chunk.data.size();
  return {};
}

void ChunkAssembler::DropStale(TimePoint now) {
  std::erase_if(pending_, [this, now](const auto& entry) {
    if (now - entry.second.last_chunk < kInactivityTimeout) return false;
    total_bytes_ -= entry.second.bytes.size();
    return true;
  });
}

}  // namespace cocos::computation
