// What became of the evidence of a CVM's agent, in the words that metadata, API and people read.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cocos::domain {

enum class AttestationResult {
  kNone,  // no evidence was appraised
  kPassed,
  kFailed,
};
std::string_view AttestationResultName(AttestationResult result);  // "none", "passed", "failed"
std::optional<AttestationResult> AttestationResultFromName(std::string_view name);

// What the manager did with the computation.
enum class Release {
  kWaiting,   // it is still here
  kReleased,  // it was sent to the agent
  kRefused,   // it never will be
};
std::string_view ReleaseName(Release release);  // "waiting", "released", "refused"
std::optional<Release> ReleaseFromName(std::string_view name);

struct AttestationNote {
  std::string mode;  // of the CVM's class: "off", "report", "enforce"
  AttestationResult result = AttestationResult::kNone;
  Release release = Release::kWaiting;
  std::chrono::system_clock::time_point time;  // of the last change of any of these
  std::string summary;                         // one line: what was verified, or why not

  friend bool operator==(const AttestationNote&, const AttestationNote&) = default;
};

}  // namespace cocos::domain
