#include "cli/activity.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <sstream>
#include <thread>

namespace cocos::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick(200);
constexpr const char* kEraseLine = "\r\033[K";  // ECMA-48 EL

// Keeps the line until it is told to stop; only this thread writes meanwhile.
void KeepLine(const std::stop_token& stop, const std::string& what, std::ostream& err,
              std::chrono::milliseconds patience) {
  const Clock::time_point begin = Clock::now();
  std::mutex mutex;
  std::condition_variable_any wakeup;
  std::unique_lock lock(mutex);
  const auto stopped = [&stop] { return stop.stop_requested(); };
  if (wakeup.wait_for(lock, stop, patience, stopped)) return;
  do {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
    err << fmt::format("\r{}... {} s", what, seconds.count()) << std::flush;
  } while (!wakeup.wait_for(lock, stop, kTick, stopped));
  err << kEraseLine << std::flush;
}

}  // namespace

Result<ExitStatus> ShowingActivity(const std::string& what, const Streams& streams,
                                   const std::function<Result<ExitStatus>(const Streams&)>& command,
                                   std::chrono::milliseconds patience) {
  if (!streams.err_is_terminal) return command(streams);
  std::ostringstream out;
  std::ostringstream err;
  const Streams held = {.out = out,
                        .err = err,
                        .err_is_terminal = streams.err_is_terminal,
                        .out_columns = streams.out_columns};
  Result<ExitStatus> result = [&] {
    const std::jthread line(
        [&](const std::stop_token& stop) { KeepLine(stop, what, streams.err, patience); });
    return command(held);
  }();
  streams.err << err.str() << std::flush;
  streams.out << out.str() << std::flush;
  return result;
}

}  // namespace cocos::cli
