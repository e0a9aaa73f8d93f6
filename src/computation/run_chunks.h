// A run request cut into the messages of a stream, for either protocol.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proto/cvms.pb.h"
#include "proto/manager.pb.h"

namespace cocos::computation {

inline constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

// The serialized request as messages: data chunks of at most kChunkBytes with the request's id,
// then an empty chunk marked as the last. Agents up to v0.9.0 accept it in no other form.
template <typename ServerStreamMessage>
std::vector<ServerStreamMessage> SplitRunRequest(const std::string& id, std::string_view bytes);

extern template std::vector<cvms::ServerStreamMessage> SplitRunRequest(const std::string& id,
                                                                       std::string_view bytes);
extern template std::vector<manager::ServerStreamMessage> SplitRunRequest(const std::string& id,
                                                                          std::string_view bytes);

}  // namespace cocos::computation
