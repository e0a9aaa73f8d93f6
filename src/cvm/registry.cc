#include "cvm/registry.h"

#include <algorithm>
#include <utility>

namespace cocos::cvm {
namespace {

// Notes of CVMs that ended by themselves, kept until somebody removes them or newer ones push them
// out.
constexpr std::size_t kMaxFailedNotes = 256;

constexpr std::chrono::seconds kRemovalRetry(10);

std::string DescribeEnd(const Ended& ended) {
  std::string text(StopReasonName(ended.reason));
  if (!ended.detail.empty()) text += ": " + ended.detail;
  return text;
}

}  // namespace

Registry::Record& Registry::Get(const CvmId& id) {
  const auto found = records_.find(id);
  COCOS_CHECK(found != records_.end());  // only claimed CVMs are looked up here, and they stay
  return found->second;
}

void Registry::SetState(Record& record, State state, std::string cause,
                        const std::optional<Ended>& event) {
  const State previous = std::exchange(record.snapshot.state, state);
  record.snapshot.changed = clock_.Now();
  if (state == State::kRunning && !record.running_cause.empty()) cause = record.running_cause;
  record.snapshot.cause = std::move(cause);
  Change change{.time = record.snapshot.changed, .previous = previous, .cvm = record.snapshot};
  if (event && event->event_received) {
    change.event_latency = std::chrono::steady_clock::now() - *event->event_received;
  }
  NoteTrace(record.snapshot);
  feed_.Publish(std::move(change));
}

// Before the change is published: whoever reacts to it writes lines that belong to the trace.
void Registry::NoteTrace(const Snapshot& cvm) {
  if (traces_ == nullptr) return;
  if (cvm.state == State::kRemoved) return traces_->Forget(cvm.id.text());
  traces_->Set(cvm.id.text(), cvm.trace_id);
}

void Registry::AddRequested(Snapshot snapshot) {
  const std::lock_guard lock(mutex_);
  const CvmId id = snapshot.id;
  Record& record = records_.emplace(id, Record{.snapshot = std::move(snapshot)}).first->second;
  record.operation = Operation::kCreate;
  SetState(record, State::kRequested, "");
}

void Registry::AddFound(Snapshot snapshot, Reservation reservation) {
  const std::lock_guard lock(mutex_);
  const CvmId id = snapshot.id;
  const State state = snapshot.state;
  Record& record = records_.emplace(id, Record{.snapshot = std::move(snapshot)}).first->second;
  record.reservation = std::move(reservation);
  SetState(record, state, record.snapshot.cause);
}

void Registry::SetReservation(const CvmId& id, Reservation reservation) {
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  record.reservation = std::move(reservation);
  record.snapshot.agent_port = record.reservation.port();
  record.snapshot.vsock_cid = record.reservation.vsock_cid();
}

Result<std::uint16_t> Registry::MoveToNextPort(const CvmId& id, ReservationBook& book) {
  Reservation reservation;
  {
    const std::lock_guard lock(mutex_);
    reservation = std::move(Get(id).reservation);
  }
  // Without the lock: the book probes ports.
  const Result<void> moved = book.MoveToNextPort(reservation);
  const std::uint16_t port = reservation.port();
  SetReservation(id, std::move(reservation));
  if (!moved) return tl::unexpected(moved.error());
  return port;
}

Result<void> Registry::Advance(const CvmId& id, State state) {
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  if (record.removal_wanted) {
    return Fail(ErrorCode::kCancelled, "CVM {}: {} while it was being created", id.text(),
                record.removal_cause);
  }
  if (state == State::kStarting) record.start_asked = std::chrono::steady_clock::now();
  SetState(record, state, "");
  return {};
}

void Registry::SetReferenceValues(const CvmId& id, std::map<std::string, std::string> values) {
  const std::lock_guard lock(mutex_);
  Get(id).snapshot.reference_values = std::move(values);
}

Result<std::optional<Ended>> Registry::SettleRunning(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  if (record.removal_wanted) {
    return Fail(ErrorCode::kCancelled, "CVM {}: {} while it was being created", id.text(),
                record.removal_cause);
  }
  if (record.ended) return record.ended;
  record.operation = Operation::kNone;
  SetState(record, State::kRunning, "");
  settled_.notify_all();
  return std::optional<Ended>();
}

Result<bool> Registry::ClaimForRemoval(const CvmId& id, std::string cause) {
  std::unique_lock lock(mutex_);
  auto found = records_.find(id);
  if (found == records_.end()) return Fail(ErrorCode::kNotFound, "entity not found");
  if (found->second.operation == Operation::kCreate) {
    found->second.removal_wanted = true;
    found->second.removal_cause = cause;
  }
  settled_.wait(lock, [&] {
    found = records_.find(id);
    return found == records_.end() || found->second.operation == Operation::kNone;
  });
  if (found == records_.end()) return false;
  Record& record = found->second;
  record.operation = Operation::kRemove;
  record.removal_cause = cause;
  SetState(record, State::kStopping, std::move(cause));
  return true;
}

void Registry::ForgetEnded(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  Get(id).ended.reset();
}

bool Registry::NoteEnded(const CvmId& id, const Ended& ended, std::string console_tail) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return false;
  Record& record = found->second;
  if (ended.event_received && *ended.event_received < record.start_asked) return false;
  if (!record.ended) record.ended = ended;
  if (record.operation != Operation::kNone) {
    settled_.notify_all();
    return false;
  }
  // Already cleaned and seen again by a resync, or about to be removed and not kept as a note.
  if (record.snapshot.state == State::kFailed || record.removal_wanted) return false;
  record.operation = Operation::kClean;
  record.snapshot.console_tail = std::move(console_tail);
  SetState(record, State::kFailed, DescribeEnd(ended), ended);
  return true;
}

void Registry::SettleCleaned(const CvmId& id) {
  Reservation released;  // given back after the lock is
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  released = std::move(record.reservation);
  record.operation = Operation::kNone;
  record.cleaning_wanted = false;
  record.removal_wanted = false;
  ForgetOldestFailed();
  settled_.notify_all();
}

void Registry::ForgetOldestFailed() {
  while (true) {
    std::size_t notes = 0;
    auto oldest = records_.end();
    for (auto record = records_.begin(); record != records_.end(); ++record) {
      if (record->second.snapshot.state != State::kFailed ||
          record->second.operation != Operation::kNone) {
        continue;
      }
      ++notes;
      if (oldest == records_.end() ||
          record->second.snapshot.changed < oldest->second.snapshot.changed) {
        oldest = record;
      }
    }
    if (notes <= kMaxFailedNotes) return;
    SetState(oldest->second, State::kRemoved, "forgotten: newer failures need the place");
    Erase(oldest);
  }
}

void Registry::SettleUncleaned(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  record.operation = Operation::kNone;
  record.cleaning_wanted = true;
  record.removal_taken = false;
  record.retry_after = clock_.Now() + kRemovalRetry;
  settled_.notify_all();
}

bool Registry::ClaimForCleaning(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end() || found->second.operation != Operation::kNone) return false;
  found->second.operation = Operation::kClean;
  return true;
}

void Registry::SettleUnreachable(const CvmId& id, const std::string& cause) {
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  record.removal_wanted = true;
  record.removal_taken = false;
  record.retry_after = clock_.Now() + kRemovalRetry;
  if (record.removal_cause.empty()) record.removal_cause = cause;
  record.operation = Operation::kNone;
  SetState(record, State::kUnknown, cause);
  settled_.notify_all();
}

void Registry::Drop(const CvmId& id, const std::string& cause) {
  Reservation released;
  const std::lock_guard lock(mutex_);
  Record& record = Get(id);
  released = std::move(record.reservation);
  SetState(record, State::kRemoved, cause);
  Erase(records_.find(id));
  settled_.notify_all();
}

void Registry::Erase(const std::map<CvmId, Record>::iterator& record) {
  record->second.log->Close();
  records_.erase(record);
}

bool Registry::WaitEnded(const CvmId& id, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return settled_.wait_for(lock, timeout, [&] { return Get(id).ended.has_value(); });
}

void Registry::MarkAllUnknown(const std::string& cause) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, record] : records_) {
    if (record.operation == Operation::kNone && record.snapshot.state == State::kRunning) {
      SetState(record, State::kUnknown, cause);
    }
  }
}

void Registry::MarkRunning(const CvmId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return;
  Record& record = found->second;
  if (record.operation == Operation::kNone && record.snapshot.state == State::kUnknown &&
      !record.removal_wanted) {
    SetState(record, State::kRunning, "");
  }
}

bool Registry::SetRunningCause(const CvmId& id, std::string cause) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return false;
  Record& record = found->second;
  record.running_cause = std::move(cause);
  // Whoever works on it settles its state later, and then this counts.
  if (record.operation == Operation::kNone && record.snapshot.state == State::kRunning) {
    SetState(record, State::kRunning, "");
  }
  return true;
}

bool Registry::Note(const CvmId& id, ChangeKind kind, const Edit& edit) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return false;
  Record& record = found->second;
  std::string text = edit(record.snapshot);
  if (text.empty()) return false;
  if (kind == ChangeKind::kAttestation) record.unrecorded = true;
  feed_.Publish({.time = clock_.Now(),
                 .kind = kind,
                 .previous = record.snapshot.state,
                 .text = std::move(text),
                 .cvm = record.snapshot});
  return true;
}

std::vector<CvmId> Registry::TakeUnrecorded() {
  const std::lock_guard lock(mutex_);
  std::vector<CvmId> ids;
  for (auto& [id, record] : records_) {
    const bool runs =
        record.operation == Operation::kNone && record.snapshot.state == State::kRunning;
    if (!runs || !record.unrecorded || record.recording) continue;
    record.unrecorded = false;
    record.recording = true;
    ids.push_back(id);
  }
  return ids;
}

bool Registry::SettleRecorded(const CvmId& id, bool written) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return false;
  Record& record = found->second;
  const bool again = written && record.unrecorded && record.snapshot.state == State::kRunning;
  record.unrecorded = !written || (record.unrecorded && !again);
  record.recording = again;
  return again;
}

std::shared_ptr<LogRing> Registry::LogOf(const CvmId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : found->second.log;
}

std::optional<TimePoint> Registry::DueTime(const Record& record) {
  if (record.operation != Operation::kNone || record.removal_taken) return std::nullopt;
  if (record.removal_wanted || record.cleaning_wanted) return record.retry_after;
  if (record.snapshot.state != State::kRunning) return std::nullopt;
  return record.snapshot.expires;
}

std::vector<Registry::Due> Registry::TakeDue(TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::vector<Due> due;
  for (auto& [id, record] : records_) {
    const std::optional<TimePoint> time = DueTime(record);
    if (!time || *time > now) continue;
    record.removal_taken = true;
    due.push_back({id, record.removal_wanted ? record.removal_cause : "its TTL is over",
                   record.cleaning_wanted && !record.removal_wanted});
  }
  return due;
}

std::optional<TimePoint> Registry::NextDue() const {
  const std::lock_guard lock(mutex_);
  std::optional<TimePoint> next;
  for (const auto& [id, record] : records_) {
    const std::optional<TimePoint> time = DueTime(record);
    if (time && (!next || *time < *next)) next = time;
  }
  return next;
}

bool Registry::Contains(const CvmId& id) const {
  const std::lock_guard lock(mutex_);
  return records_.contains(id);
}

std::optional<Operation> Registry::OperationOn(const CvmId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return std::nullopt;
  return found->second.operation;
}

std::optional<Snapshot> Registry::Find(const CvmId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return std::nullopt;
  return found->second.snapshot;
}

std::vector<Snapshot> Registry::All() const { return AllWithRevision().first; }

std::pair<std::vector<Snapshot>, std::uint64_t> Registry::AllWithRevision() const {
  std::vector<Snapshot> all;
  std::uint64_t revision = 0;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(records_.size());
    for (const auto& [id, record] : records_) all.push_back(record.snapshot);
    revision =
        feed_.last_revision();  // changes are published under our mutex, so this fits the list
  }
  std::ranges::sort(all, {}, [](const Snapshot& cvm) { return std::pair(cvm.created, cvm.id); });
  return {std::move(all), revision};
}

}  // namespace cocos::cvm
