// One id that follows a matter through the log, from the request that began it to its end.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace cocos {

// A trace id of W3C Trace Context: 16 random bytes as 32 lower-case hexadecimal digits, not all
// zero.
std::string NewTraceId();
bool IsTraceId(std::string_view text);

// The trace ids of the subjects that log lines are about. Thread-safe; no call blocks longer than
// another holds the mutex.
class TraceIds {
 public:
  // Repeating it changes nothing; another id replaces the first. An empty one is not kept.
  void Set(std::string_view subject, std::string_view trace_id);

  // The subject is over. Lines about its end may still come: the last kForgottenKept subjects that
  // were forgotten are found all the same.
  void Forget(std::string_view subject);

  // Empty for a subject that is not known.
  std::string Find(std::string_view subject) const;

  static constexpr std::size_t kForgottenKept = 1024;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> ids_;
  std::deque<std::string> forgotten_;  // oldest first; each is in `ids_`
};

}  // namespace cocos
