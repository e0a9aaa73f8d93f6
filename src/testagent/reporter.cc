#include "testagent/reporter.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace cocos::testagent {
namespace {

constexpr std::string_view kOriginator = "agent";

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "";
}

google::protobuf::Timestamp Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// The JSON library repairs texts while it writes them.
std::string ValidUtf8(std::string_view text) {
  const std::string json =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(json).get<std::string>();
}

bool StartsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u; }

}  // namespace

std::vector<std::string> LogPieces(std::string_view text) {
  const std::string valid = ValidUtf8(text);
  std::vector<std::string> pieces;
  for (std::size_t begin = 0; begin < valid.size();) {
    std::size_t end = std::min(begin + kLogPieceBytes, valid.size());
    while (end < valid.size() && !StartsCharacter(valid[end])) --end;
    pieces.push_back(valid.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

void OutboxReporter::Event(const std::string& computation_id, std::string_view type,
                           std::string_view status) {
  cvms::ClientStreamMessage message;
  cvms::AgentEvent& event = *message.mutable_agent_event();
  event.set_event_type(std::string(type));
  event.set_status(std::string(status));
  event.set_originator(std::string(kOriginator));
  event.set_computation_id(computation_id);
  *event.mutable_timestamp() = Now();
  outbox_.Push(std::move(message));
}

void OutboxReporter::Log(const std::string& computation_id, LogLevel level, std::string_view text) {
  if (level < minimum_) return;
  for (std::string& piece : LogPieces(text)) {
    cvms::ClientStreamMessage message;
    cvms::AgentLog& log = *message.mutable_agent_log();
    log.set_message(std::move(piece));
    log.set_level(std::string(LevelName(level)));
    log.set_computation_id(computation_id);
    *log.mutable_timestamp() = Now();
    outbox_.Push(std::move(message));
  }
}

}  // namespace cocos::testagent
