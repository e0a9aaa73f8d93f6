// Fetching one URL from a service that may be busy.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "collateral/clock.h"
#include "collateral/http_client.h"

namespace cocos::collateral {

// An attempt that failed in a way that may pass, and what follows.
struct RetryNotice {
  std::string problem;  // as an error's message: URL and status
  std::chrono::milliseconds pause{0};
  bool asked_by_service = false;  // the pause is that of Retry-After
  int next_attempt = 2;
  int max_attempts = 2;
};

struct RetryOptions {
  int max_attempts = 5;
  std::chrono::milliseconds first_backoff{1'000};  // doubles with each attempt
  // All waiting between the attempts for one URL together.
  std::chrono::milliseconds patience{60'000};
  // Told before each wait; for progress.
  std::function<void(const RetryNotice&)> before_wait = [](const RetryNotice&) {};
};

// Keeps references: client and clock must live longer.
class Fetcher {
 public:
  Fetcher(HttpClient& client, Clock& clock, RetryOptions options = {})
      : client_(client), clock_(clock), options_(options) {}

  // The answer with status 200. Tries again after 408, 429, 500, 502, 503, 504 and after what
  // HttpClient calls kUnavailable or kDeadlineExceeded: when Retry-After says so, or else after a
  // growing pause.
  // Errors, naming URL, status and what can be done: kNotFound (404), kFailedPrecondition (401, 403
  // and other answers that will not change by themselves), kUnavailable (tried in vain, or asked to
  // stay away for longer than the patience), kCancelled, and those of HttpClient.
  Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop);

 private:
  HttpClient& client_;
  Clock& clock_;
  RetryOptions options_;
};

}  // namespace cocos::collateral
