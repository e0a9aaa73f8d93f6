// The error type of the whole project and how functions return it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace cocos {

// What went wrong, as far as a caller may want to act on it. api/status.cc maps these to gRPC.
enum class ErrorCode {
  kInvalidArgument,     // the caller's input is wrong and will stay wrong
  kNotFound,            // no such thing
  kAlreadyExists,       // the name or id is taken
  kFailedPrecondition,  // right request, wrong state of the system; somebody must change something
  kResourceExhausted,   // a limit or quota is reached
  kMalformed,           // bytes that do not parse
  kUntrusted,           // parses, but does not verify
  kUnavailable,         // a peer cannot be asked now; retrying may help
  kCancelled,           // the caller went away or another call took over
  kDeadlineExceeded,    // did not finish in the time given
  kInternal,            // everything else
};

// Stable lower-case name of a code, for logs and metric labels: "invalid-argument".
std::string_view ErrorCodeName(ErrorCode code);

// A code and a text for people: lower case, no full stop, the operand first, then what is wrong and
// what is accepted: "port range \"a-b\": want <first>-<last>". Never contains a secret.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // Stable short name of the cause where one is known ("port-in-use"), else empty. A metric label.
  const std::string& reason() const { return reason_; }
  Error&& WithReason(std::string reason) && {
    reason_ = std::move(reason);
    return std::move(*this);
  }

  // The same error seen from one level up: "<context>: <message>".
  Error Within(std::string_view context) && {
    message_.insert(0, fmt::format("{}: ", context));
    return std::move(*this);
  }

  friend bool operator==(const Error&, const Error&) = default;

 private:
  ErrorCode code_;
  std::string message_;
  std::string reason_;
};

// The value or the error. Same interface as std::expected.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}
};

// Makes the error side of a Result from a format string and its arguments.
template <typename... Args>
tl::unexpected<Error> Fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

// Reports a broken invariant of our own on stderr and ends the process. Use COCOS_CHECK.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace cocos

// Yields the value of a Result, or returns its error from the enclosing function. One a statement,
// and not within braces or arguments that build other objects: gcc 12 does not destroy what was
// built before the return.
// A GNU statement expression: the one construct that can both yield a value and return.
#define COCOS_TRY(call)                                                           \
  __extension__({                                                                 \
    auto&& cocos_try_result = (call);                                             \
    if (!cocos_try_result) {                                                      \
      return tl::unexpected<::cocos::Error>(std::move(cocos_try_result).error()); \
    }                                                                             \
    ::cocos::internal::TakeValue(std::move(cocos_try_result));                    \
  })

// For our own mistakes only: never sees input.
#define COCOS_CHECK(condition)                                              \
  do {                                                                      \
    if (!(condition)) ::cocos::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

namespace cocos::internal {

template <typename T>
T TakeValue(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace cocos::internal
