#include "computation/run_chunks.h"

namespace cocos::computation {
namespace {

template <typename ServerStreamMessage>
ServerStreamMessage ChunkMessage(const std::string& id, std::string_view data, bool is_last) {
  ServerStreamMessage message;
  auto& chunk = *message.mutable_runreqchunks();
  chunk.set_id(id);
  chunk.set_data(std::string(data));
  chunk.set_is_last(is_last);
  return message;
}

}  // namespace

template <typename ServerStreamMessage>
std::vector<ServerStreamMessage> SplitRunRequest(const std::string& id, std::string_view bytes) {
  std::vector<ServerStreamMessage> messages;
  for (std::size_t offset = 0; offset < bytes.size(); offset += kChunkBytes) {
    messages.push_back(
        ChunkMessage<ServerStreamMessage>(id, bytes.substr(offset, kChunkBytes), false));
  }
  messages.push_back(ChunkMessage<ServerStreamMessage>(id, {}, true));
  return messages;
}

template std::vector<cvms::ServerStreamMessage> SplitRunRequest(const std::string& id,
                                                                std::string_view bytes);
template std::vector<manager::ServerStreamMessage> SplitRunRequest(const std::string& id,
                                                                   std::string_view bytes);

}  // namespace cocos::computation
