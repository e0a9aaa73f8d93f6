// A log sink that cannot stop the process: neither a reader that went away nor one that does not
// read makes a writer fail or wait for long.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace cocos {

// Writes lines to a descriptor it does not own (stdout). When the reader does not take them, the
// first line waits `patience` and later ones do not wait at all; lines that do not fit are dropped
// and counted, and the count is logged once there is room again. A line is never torn: the rest of
// one that was cut short goes out first.
class LogFdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogFdSink(int fd, std::chrono::milliseconds patience = std::chrono::milliseconds(100));

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  enum class Progress {
    kDone,     // everything was written
    kStalled,  // the reader takes nothing now; the rest is kept
    kLost,     // writing failed for good (reader gone, disk full); the rest is thrown away
  };
  Progress Send(std::string_view line);
  Progress Drain();
  bool WaitForRoom();
  // False if a line about the dropped ones must go out first and could not.
  bool ReportDropped();

  const int fd_;
  const bool is_socket_;
  const std::chrono::milliseconds patience_;
  bool stalled_ = false;  // the reader used up our patience
  std::string unsent_;
  std::uint64_t dropped_lines_ = 0;
};

}  // namespace cocos
