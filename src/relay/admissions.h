// The computations that wait for their agents, and how far each has come. Kept in files, so that a
// manager that starts anew neither forgets a manifest nor releases one that it had refused.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "cvm/cvm_id.h"

namespace cocos::relay {

// When a manifest leaves the manager.
enum class ReleaseMode {
  kOff,      // to any agent that shows the CVM's certificate
  kReport,   // the same; its evidence is appraised and reported
  kEnforce,  // only after its evidence was appraised and passed
};
std::string_view ReleaseModeName(ReleaseMode mode);  // "off", "report", "enforce"
std::optional<ReleaseMode> ReleaseModeNamed(std::string_view name);

enum class Standing {
  kWaiting,   // no evidence yet
  kPassed,    // evidence passed
  kFailed,    // evidence was appraised and did not pass; with kEnforce: refused for good
  kAccepted,  // the agent took the manifest: it is never sent again
};

// Under what terms computations of a class leave the manager.
struct ReleaseTerms {
  ReleaseMode mode = ReleaseMode::kOff;
  bool keep_refused = false;  // once refused its CVM is kept for inspection, not destroyed
  // With kEnforce: from the admission to evidence that passed, the boot included.
  std::chrono::seconds deadline{600};

  friend bool operator==(const ReleaseTerms&, const ReleaseTerms&) = default;
};

// What was admitted; does not change.
struct Admission {
  std::string computation_id;
  std::string manifest;         // serialized cvms.ComputationRunReq
  std::string certificate_pem;  // exactly the file that the guest was given
  ReleaseTerms terms;
};

// Thread-safe. Files are written before a call returns, and read by none but this process.
class Admissions {
 public:
  // `directory` belongs to one manager instance alone. Reads what an earlier process left; an entry
  // that is not whole is removed: its CVM gets no manifest.
  static Result<std::unique_ptr<Admissions>> Open(const std::string& directory);

  // Errors: kAlreadyExists, and those of SecureDir; nothing is left after an error.
  Result<void> Add(const cvm::CvmId& id, Admission admission);
  void Remove(const cvm::CvmId& id);
  // Of those that an earlier process left, removes all but these.
  void RetainInherited(const std::set<cvm::CvmId>& ids);

  std::shared_ptr<const Admission> Find(const cvm::CvmId& id) const;  // null: none
  std::optional<Standing> StandingOf(const cvm::CvmId& id) const;
  // kPassed and kFailed only replace kWaiting or each other, kAccepted replaces all; with kEnforce
  // kFailed is for good, and kAccepted only replaces kPassed. False if that forbids it, it could
  // not be kept, or there is no such CVM: then nothing may be done that relies on it. `why` is kept
  // with it, for people.
  bool SetStanding(const cvm::CvmId& id, Standing standing, const std::string& why = "");

  // kFailed in place of kWaiting, and of nothing else. False as of SetStanding.
  bool FailIfWaiting(const cvm::CvmId& id, const std::string& why);

  // Why a CVM with kEnforce never gets its manifest; none: it may still get it, or did. Empty: an
  // earlier release kept no reason.
  std::optional<std::string> RefusalOf(const cvm::CvmId& id) const;

  std::set<cvm::CvmId> List() const;

 private:
  struct Entry {
    std::shared_ptr<const Admission> admission;
    Standing standing = Standing::kWaiting;
    std::string why;
  };

  explicit Admissions(SecureDir directory) : directory_(std::move(directory)) {}
  Result<void> Load();
  Result<Entry> LoadEntry(const std::string& name) const;
  // Under the lock.
  bool Keep(const cvm::CvmId& id, Entry& entry, Standing standing, const std::string& why);
  Result<void> Write(const cvm::CvmId& id, const Admission& admission) const;

  const SecureDir directory_;
  std::set<cvm::CvmId> inherited_;  // filled by Open
  mutable std::mutex mutex_;
  std::map<cvm::CvmId, Entry> entries_;
};

}  // namespace cocos::relay
