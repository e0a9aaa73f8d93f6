#include "telemetry/log_fd_sink.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include "telemetry/json_line.h"

namespace cocos {
namespace {

bool IsSocket(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

// Keeps SIGPIPE from this thread for one write and takes back the one that write may have caused,
// so that the process's own disposition of the signal does not matter.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &previous_mask_);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard() {
    const int write_error = errno;  // the caller has yet to look at it
    if (!was_pending_) {
      const timespec no_wait{};
      while (sigtimedwait(&sigpipe_, nullptr, &no_wait) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
    errno = write_error;
  }

 private:
  bool was_pending_ = false;
  sigset_t sigpipe_{};
  sigset_t previous_mask_{};
};

// At most one pipe's worth: poll() promises room for PIPE_BUF bytes of a pipe, and a longer write
// could block. -1 with errno on failure.
ssize_t WriteSome(int fd, bool is_socket, std::string_view bytes) {
  const std::size_t size = std::min<std::size_t>(bytes.size(), PIPE_BUF);
  if (is_socket) return ::send(fd, bytes.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  const SigpipeGuard guard;
  return ::write(fd, bytes.data(), size);
}

}  // namespace

LogFdSink::LogFdSink(int fd, std::chrono::milliseconds patience)
    : fd_(fd), is_socket_(IsSocket(fd)), patience_(patience) {}

void LogFdSink::sink_it_(const spdlog::details::log_msg& message) {
  const Progress previous = Drain();
  if (previous == Progress::kLost) ++dropped_lines_;
  if (previous == Progress::kStalled || !ReportDropped()) {
    ++dropped_lines_;
    return;
  }
  if (Send({message.payload.data(), message.payload.size()}) == Progress::kLost) ++dropped_lines_;
}

bool LogFdSink::ReportDropped() {
  if (dropped_lines_ == 0) return true;
  const std::string count = fmt::format("{}", dropped_lines_);
  const Progress progress =
      Send(FormatJsonLine(std::chrono::system_clock::now(), LogLevel::kWarn,
                          "log lines were dropped, the log was not read", {{"dropped", count}}));
  if (progress != Progress::kLost) dropped_lines_ = 0;
  return progress == Progress::kDone;
}

LogFdSink::Progress LogFdSink::Send(std::string_view line) {
  unsent_.assign(line);
  unsent_ += '\n';
  return Drain();
}

LogFdSink::Progress LogFdSink::Drain() {
  while (!unsent_.empty()) {
    if (!WaitForRoom()) return Progress::kStalled;
    const ssize_t written = WriteSome(fd_, is_socket_, unsent_);
    if (written > 0) {
      unsent_.erase(0, static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      stalled_ = true;
      return Progress::kStalled;
    } else if (written < 0 && errno != EINTR) {
      unsent_.clear();
      return Progress::kLost;
    }
  }
  return Progress::kDone;
}

bool LogFdSink::WaitForRoom() {
  pollfd poll_fd{fd_, POLLOUT, 0};
  const int timeout = stalled_ ? 0 : static_cast<int>(patience_.count());
  // An error counts as room: the write that follows says what it is.
  stalled_ = ::poll(&poll_fd, 1, timeout) == 0;
  return !stalled_;
}

}  // namespace cocos
