// All CVMs of this manager in memory, and who is working on which.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/trace_ids.h"
#include "cvm/change_feed.h"
#include "cvm/clock.h"
#include "cvm/cvm.h"
#include "cvm/hypervisor.h"
#include "cvm/log_ring.h"
#include "cvm/reservation.h"

namespace cocos::cvm {

// What a thread does with a CVM. Only the thread that claimed it changes the CVM's state; events of
// the hypervisor that come meanwhile are noted in the record and met when the claim is settled.
enum class Operation { kNone, kCreate, kRemove, kClean };

// How a domain ended, as noted from an event or a listing.
struct Ended {
  StopReason reason = StopReason::kUnknown;
  std::string detail;
  std::optional<std::chrono::steady_clock::time_point> event_received;
};

// Every change of state goes to the change feed before the call returns. Thread-safe; no call
// blocks longer than another holds the mutex, except ClaimForRemoval and WaitEnded.
class Registry {
 public:
  // `traces`, if any, is told the trace ids of CVMs as they come and go. All must outlive this.
  Registry(const Clock& clock, ChangeFeed& feed, TraceIds* traces = nullptr)
      : clock_(clock), feed_(feed), traces_(traces) {}

  // Adds a CVM that is being created: state kRequested, claimed by kCreate.
  void AddRequested(Snapshot snapshot);
  // Adds one found at the hypervisor, unclaimed, in the snapshot's state.
  void AddFound(Snapshot snapshot, Reservation reservation);

  // The creating thread hands over what it reserved.
  void SetReservation(const CvmId& id, Reservation reservation);
  // Asks for another port after the present one turned out to be taken; returns the new one.
  Result<std::uint16_t> MoveToNextPort(const CvmId& id, ReservationBook& book);

  // Next state of a CVM that the caller claimed. kCancelled once somebody wants it removed.
  Result<void> Advance(const CvmId& id, State state);
  void SetReferenceValues(const CvmId& id, std::map<std::string, std::string> values);

  // Ends the creation in state kRunning. Returns how the domain ended if an event said so: then the
  // claim is kept, and the caller asks the hypervisor, undoes the creation or calls ForgetEnded and
  // settles again (the event may be about an earlier attempt to start). kCancelled as Advance.
  Result<std::optional<Ended>> SettleRunning(const CvmId& id);
  void ForgetEnded(const CvmId& id);

  // Takes over a CVM to remove it. A creation under way is asked to stop and waited for; a removal
  // or cleaning under way is waited for. Returns false when it is gone by then (removed by the
  // other). kNotFound for an unknown id.
  Result<bool> ClaimForRemoval(const CvmId& id, std::string cause);

  // Notes that the domain ended. If nobody works on the CVM, it becomes kFailed, claimed by kClean,
  // and true is returned: the caller has it cleaned.
  bool NoteEnded(const CvmId& id, const Ended& ended, std::string console_tail);
  // Ends kClean: resources are given back, the record stays as a note.
  void SettleCleaned(const CvmId& id);
  // Ends kClean without success: the note stays, and TakeDue returns the CVM for cleaning later.
  void SettleUncleaned(const CvmId& id);
  // Takes a failed CVM for another try at cleaning; false if somebody else has it or it is gone.
  bool ClaimForCleaning(const CvmId& id);
  // Ends any claim on a CVM that could not be removed: kUnknown, and TakeDue returns it again
  // later.
  void SettleUnreachable(const CvmId& id, const std::string& cause);
  // Ends any claim: the CVM is gone. Gives the reservation back and publishes kRemoved.
  void Drop(const CvmId& id, const std::string& cause);

  // Waits until the domain of a claimed CVM has been noted as ended; false on timeout.
  bool WaitEnded(const CvmId& id, std::chrono::milliseconds timeout);

  // The hypervisor cannot be asked: running CVMs become kUnknown.
  void MarkAllUnknown(const std::string& cause);
  // The hypervisor says it runs: kUnknown becomes kRunning.
  void MarkRunning(const CvmId& id);

  // A cause that the CVM shows whenever it runs, also after it could not be asked for a while.
  // Published at once for one that runs. False for an unknown id.
  bool SetRunningCause(const CvmId& id, std::string cause);
  // Notes what was learned of a CVM besides its state. `edit` changes the snapshot, under the lock:
  // it must not call back; it returns what is published as a change of this kind, empty for
  // nothing. What is noted of its attestation is due for the domain's metadata. False: nothing
  // published.
  using Edit = std::function<std::string(Snapshot&)>;
  bool Note(const CvmId& id, ChangeKind kind, const Edit& edit);
  // Running CVMs with something to write into their metadata. Each is returned once, until its
  // recording is settled.
  std::vector<CvmId> TakeUnrecorded();
  // Ends a recording. True: more was noted meanwhile, record again. After a failure TakeUnrecorded
  // returns the CVM again.
  bool SettleRecorded(const CvmId& id, bool written);
  // Null for an unknown CVM. Closed when the CVM leaves the registry.
  std::shared_ptr<LogRing> LogOf(const CvmId& id) const;

  // CVMs nobody works on that must be removed: interrupted removals, and those whose TTL is over.
  // Each is returned once, until a removal of it fails again.
  struct Due {
    CvmId id;
    std::string cause;
    bool clean_only = false;  // it failed, its note stays
  };
  std::vector<Due> TakeDue(TimePoint now);
  // When TakeDue will next have something.
  std::optional<TimePoint> NextDue() const;

  bool Contains(const CvmId& id) const;
  std::optional<Operation> OperationOn(const CvmId& id) const;
  std::optional<Snapshot> Find(const CvmId& id) const;
  std::vector<Snapshot> All() const;
  // A consistent pair: the revision is that of the list.
  std::pair<std::vector<Snapshot>, std::uint64_t> AllWithRevision() const;

 private:
  struct Record {
    Snapshot snapshot;
    Reservation reservation;
    Operation operation = Operation::kNone;
    bool removal_wanted = false;  // by a caller while another operation runs, or left over
    std::string removal_cause;
    std::string running_cause;     // SetRunningCause
    bool cleaning_wanted = false;  // of a CVM that failed
    bool removal_taken = false;    // TakeDue returned it
    TimePoint retry_after;         // of a removal that failed
    std::optional<Ended> ended;
    // When the domain was last asked to start: an event from before is about an earlier attempt.
    std::chrono::steady_clock::time_point start_asked;
    bool unrecorded = false;  // the domain's metadata lacks something
    bool recording = false;   // somebody writes it
    std::shared_ptr<LogRing> log = std::make_shared<LogRing>();
  };

  static std::optional<TimePoint> DueTime(const Record& record);

  Record& Get(const CvmId& id);
  void SetState(Record& record, State state, std::string cause,
                const std::optional<Ended>& event = std::nullopt);
  void NoteTrace(const Snapshot& cvm);
  void ForgetOldestFailed();
  void Erase(const std::map<CvmId, Record>::iterator& record);

  const Clock& clock_;
  ChangeFeed& feed_;
  TraceIds* const traces_;
  mutable std::mutex mutex_;
  mutable std::condition_variable settled_;
  std::map<CvmId, Record> records_;
};

}  // namespace cocos::cvm
