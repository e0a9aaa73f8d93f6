#include "api/guest_streams.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/convert.h"
#include "cvm/console_lines.h"

namespace cocos::api {
namespace {

namespace pb = operators::v1;

// Consoles are files: nobody tells when something was written.
constexpr std::chrono::milliseconds kConsolePoll{100};
constexpr std::chrono::milliseconds kCancelPoll{250};
constexpr std::size_t kPieceBytes = 64u << 10;
constexpr std::size_t kBatchEntries = 256;
// What a guest may add to its console while the present content is read.
constexpr std::size_t kMaxHistoryBytes = 16u << 20;

tl::unexpected<Error> ClientGone() { return Fail(ErrorCode::kCancelled, "the client went away"); }

// Nothing will follow: it is gone, or what is left of it is a note.
bool HasEnded(const GuestStream& stream) {
  const Result<cvm::Snapshot> cvm = stream.manager.Get(stream.id);
  return !cvm || cvm->state == cvm::State::kFailed;
}

Result<void> CheckWanted(const GuestStream& stream) {
  if (stream.stopping) return Fail(ErrorCode::kCancelled, "the manager is shutting down");
  if (stream.context.IsCancelled()) return ClientGone();
  return {};
}

// Until a change of any CVM or the end of the interval. Errors: kCancelled at shutdown.
Result<void> WaitForChange(const GuestStream& stream, std::chrono::milliseconds interval) {
  const cvm::ChangeFeed& changes = stream.manager.changes();
  const auto changed = changes.Next(changes.last_revision(), interval, 1);
  if (!changed && changed.error().code() == ErrorCode::kCancelled) {
    return tl::unexpected(changed.error());
  }
  return {};
}

Result<std::optional<cvm::TimePoint>> SinceOf(const pb::StreamLogsRequest& request) {
  if (!request.has_since()) return std::optional<cvm::TimePoint>();
  using std::chrono::seconds;
  constexpr auto kLast = std::chrono::floor<seconds>(cvm::TimePoint::max()).time_since_epoch();
  const seconds since(request.since().seconds());
  if (since < seconds(0) || since >= kLast) {
    return Fail(ErrorCode::kInvalidArgument, "since: {} s after 1970, want 0 to {}", since.count(),
                kLast.count());
  }
  return cvm::TimePoint(since) + std::chrono::nanoseconds(request.since().nanos());
}

class LogStream {
 public:
  using Writer = grpc::ServerWriter<pb::StreamLogsResponse>;

  LogStream(const GuestStream& stream, const pb::StreamLogsRequest& request, Writer& writer)
      : stream_(stream),
        writer_(writer),
        tail_(request.has_tail() ? request.tail() : std::numeric_limits<std::uint64_t>::max()) {}

  Result<void> Run(const pb::StreamLogsRequest& request);

 private:
  Result<void> Open(pb::LogSource source);
  Result<void> WriteHistory();
  Result<void> WriteAgentHistory();
  Result<void> WriteConsoleHistory();
  Result<void> Follow();
  Result<bool> StepAgent(std::chrono::milliseconds timeout);
  Result<bool> StepConsole();
  Result<void> WriteRest();
  Result<void> WriteAgent(const cvm::LogEntry& entry, std::uint64_t lost);
  Result<void> WriteConsole(std::string line, bool has_time);

  const GuestStream& stream_;
  Writer& writer_;
  const std::uint64_t tail_;
  std::optional<cvm::TimePoint> since_;
  std::shared_ptr<const cvm::LogRing> ring_;   // null: not wanted
  std::optional<cvm::ConsoleReader> console_;  // none: not wanted
  cvm::ConsoleLines lines_;
  std::uint64_t next_ = 0;     // of the ring
  bool console_lost_ = false;  // to be told with the next line
};

Result<void> LogStream::Open(pb::LogSource source) {
  const bool all = source == pb::LOG_SOURCE_UNSPECIFIED;
  if (!all && source != pb::LOG_SOURCE_AGENT && source != pb::LOG_SOURCE_CONSOLE) {
    return Fail(ErrorCode::kInvalidArgument, "source {}: unknown, want {} to {}",
                static_cast<int>(source), static_cast<int>(pb::LOG_SOURCE_UNSPECIFIED),
                static_cast<int>(pb::LOG_SOURCE_CONSOLE));
  }
  if (all || source == pb::LOG_SOURCE_AGENT) ring_ = stream_.manager.agents().LogOf(stream_.id);
  cvm::ConsoleReader console = COCOS_TRY(stream_.manager.ReadConsole(stream_.id));
  if (all || source == pb::LOG_SOURCE_CONSOLE) console_.emplace(std::move(console));
  return {};
}

Result<void> LogStream::Run(const pb::StreamLogsRequest& request) {
  since_ = COCOS_TRY(SinceOf(request));
  COCOS_TRY(Open(request.source()));
  COCOS_TRY(WriteHistory());
  return request.follow() ? Follow() : WriteRest();
}

Result<void> LogStream::WriteHistory() {
  if (console_) COCOS_TRY(WriteConsoleHistory());
  if (ring_) COCOS_TRY(WriteAgentHistory());
  return {};
}

Result<void> LogStream::WriteAgentHistory() {
  cvm::LogRing::Batch batch =
      ring_->Read(0, std::chrono::milliseconds(0), std::numeric_limits<std::size_t>::max());
  next_ = batch.next;
  const std::size_t kept = batch.entries.size();
  std::erase_if(batch.entries,
                [this](const auto& entry) { return since_ && entry->time < *since_; });
  const std::size_t left_out = batch.entries.size() - std::min(tail_, batch.entries.size());
  // What was pushed out is missing only where nothing else was left out by request.
  std::uint64_t lost = left_out == 0 && batch.entries.size() == kept ? batch.lost : 0;
  for (std::size_t i = left_out; i < batch.entries.size(); ++i) {
    COCOS_TRY(WriteAgent(*batch.entries[i], std::exchange(lost, 0)));
  }
  return {};
}

Result<void> LogStream::WriteConsoleHistory() {
  std::deque<std::string> last;
  for (std::size_t read = 0; read < kMaxHistoryBytes;) {
    const cvm::ConsoleReader::Piece piece = COCOS_TRY(console_->Next(kPieceBytes));
    if (piece.bytes.empty()) break;
    read += piece.bytes.size();
    for (std::string& line : lines_.Add(piece.bytes)) {
      last.push_back(std::move(line));
      if (last.size() > tail_) last.pop_front();
    }
  }
  if (since_) return {};  // when they were printed, nobody knows
  for (std::string& line : last) COCOS_TRY(WriteConsole(std::move(line), false));
  return {};
}

Result<void> LogStream::Follow() {
  while (true) {
    COCOS_TRY(CheckWanted(stream_));
    const bool has_ended = HasEnded(stream_);  // before reading: what it said last is read
    bool had_news = false;
    if (console_) had_news = COCOS_TRY(StepConsole());
    const std::chrono::milliseconds patience = console_ ? kConsolePoll : kCancelPoll;
    if (ring_) {
      const auto timeout = has_ended || had_news ? std::chrono::milliseconds(0) : patience;
      const bool agent_had_news = COCOS_TRY(StepAgent(timeout));
      had_news = had_news || agent_had_news;
    } else if (!has_ended && !had_news) {
      COCOS_TRY(WaitForChange(stream_, patience));
    }
    if (has_ended && !had_news) return WriteRest();
  }
}

// True if there was something.
Result<bool> LogStream::StepAgent(std::chrono::milliseconds timeout) {
  const cvm::LogRing::Batch batch = ring_->Read(next_, timeout, kBatchEntries);
  next_ = batch.next;
  std::uint64_t lost = batch.lost;
  for (const auto& entry : batch.entries) COCOS_TRY(WriteAgent(*entry, std::exchange(lost, 0)));
  return !batch.entries.empty();
}

Result<bool> LogStream::StepConsole() {
  const cvm::ConsoleReader::Piece piece = COCOS_TRY(console_->Next(kPieceBytes));
  console_lost_ = console_lost_ || piece.lost;
  for (std::string& line : lines_.Add(piece.bytes)) {
    COCOS_TRY(WriteConsole(std::move(line), true));
  }
  return !piece.bytes.empty();
}

// A line without its end: the guest prompts, or did not come to it.
Result<void> LogStream::WriteRest() {
  std::optional<std::string> rest = lines_.TakeRest();
  if (!rest || since_) return {};
  return WriteConsole(*std::move(rest), false);
}

Result<void> LogStream::WriteAgent(const cvm::LogEntry& entry, std::uint64_t lost) {
  pb::StreamLogsResponse response;
  *response.mutable_time() = ToProto(entry.time);
  response.set_source(pb::LOG_SOURCE_AGENT);
  response.set_level(entry.level);
  response.set_text(ToUtf8(entry.text));
  response.set_lost(lost);
  return writer_.Write(response) ? Result<void>() : ClientGone();
}

Result<void> LogStream::WriteConsole(std::string line, bool has_time) {
  pb::StreamLogsResponse response;
  if (has_time) *response.mutable_time() = ToProto(std::chrono::system_clock::now());
  response.set_source(pb::LOG_SOURCE_CONSOLE);
  response.set_text(ToUtf8(line));
  response.set_lost(std::exchange(console_lost_, false) ? 1 : 0);
  return writer_.Write(response) ? Result<void>() : ClientGone();
}

}  // namespace

Result<void> StreamLogs(const GuestStream& stream, const pb::StreamLogsRequest& request,
                        grpc::ServerWriter<pb::StreamLogsResponse>& writer) {
  return LogStream(stream, request, writer).Run(request);
}

Result<void> StreamConsole(const GuestStream& stream, const pb::StreamConsoleRequest& request,
                           grpc::ServerWriter<pb::StreamConsoleResponse>& writer) {
  cvm::ConsoleReader console = COCOS_TRY(stream.manager.ReadConsole(stream.id));
  std::size_t written = 0;
  while (true) {
    COCOS_TRY(CheckWanted(stream));
    const bool is_last = !request.follow() || HasEnded(stream);  // before the reading
    cvm::ConsoleReader::Piece piece = COCOS_TRY(console.Next(kPieceBytes));
    if (piece.bytes.empty()) {
      if (is_last) return {};
      COCOS_TRY(WaitForChange(stream, kConsolePoll));
      continue;
    }
    written += piece.bytes.size();
    pb::StreamConsoleResponse response;
    response.set_lost(piece.lost);
    response.set_data(std::move(piece.bytes));
    if (!writer.Write(response)) return ClientGone();
    if (!request.follow() && written >= kMaxHistoryBytes) return {};
  }
}

}  // namespace cocos::api
