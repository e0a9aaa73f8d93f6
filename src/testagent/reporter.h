// How the agent tells the computation service what happens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/logger.h"
#include "testagent/outbox.h"

namespace cocos::testagent {

inline constexpr std::size_t kLogPieceBytes = 500;

// Cuts a text into pieces of at most kLogPieceBytes between characters; bytes that are not UTF-8
// become U+FFFD first.
std::vector<std::string> LogPieces(std::string_view text);

// Thread-safe.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void Event(const std::string& computation_id, std::string_view type,
                     std::string_view status) = 0;
  virtual void Log(const std::string& computation_id, LogLevel level, std::string_view text) = 0;
};

// Makes messages for an outbox, which is borrowed.
class OutboxReporter final : public Reporter {
 public:
  OutboxReporter(Outbox& outbox, LogLevel minimum) : outbox_(outbox), minimum_(minimum) {}

  void Event(const std::string& computation_id, std::string_view type,
             std::string_view status) override;
  void Log(const std::string& computation_id, LogLevel level, std::string_view text) override;

 private:
  Outbox& outbox_;
  LogLevel minimum_;
};

}  // namespace cocos::testagent
