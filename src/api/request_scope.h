// What every handler does around its work: take the time, log, count, and make the status.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <string>
#include <string_view>

#include "api/request_observer.h"
#include "base/logger.h"
#include "base/result.h"

namespace cocos::api {

// One request, from construction to Finish.
class RequestScope {
 public:
  // The two names are those of RequestRecord and must be literals.
  RequestScope(std::string_view method, std::string_view operation, Logger& logger,
               RequestObserver& observer)
      : method_(method), operation_(operation), logger_(logger), observer_(observer) {}

  // Logs "<text> took <duration> to complete", after a failure with its cause and at WARN; tells
  // the observer; gives the status for the client. A null `error` is success. `success_level` is
  // the level of the line otherwise. `cvm` is the CVM that the request is about; empty: none.
  grpc::Status Finish(const std::string& text, const Error* error,
                      LogLevel success_level = LogLevel::kInfo, std::string_view cvm = {}) const;

 private:
  const std::string_view method_;
  const std::string_view operation_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Logger& logger_;
  RequestObserver& observer_;
};

// The error of a result, or null. Borrowed.
template <typename T>
const Error* ErrorOf(const Result<T>& result) {
  return result ? nullptr : &result.error();
}

}  // namespace cocos::api
