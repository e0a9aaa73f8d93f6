#include "collateral/fetcher.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "collateral/retry_after.h"

namespace cocos::collateral {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr std::array<int, 6> kPassing = {408, 429, 500, 502, 503, 504};

bool MayPass(int status) { return std::ranges::find(kPassing, status) != kPassing.end(); }

bool MayPass(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded;
}

// What a status other than 200 means to whoever asked.
Error ErrorOf(int status, const std::string& url) {
  switch (status) {
    case kNotFound:
      return {ErrorCode::kNotFound,
              fmt::format("GET {}: status 404; the service does not have it: check product, chip "
                          "id, TCB or FMSPC, and the base URL",
                          url)};
    case kUnauthorized:
    case kForbidden:
      return {ErrorCode::kFailedPrecondition,
              fmt::format("GET {}: status {}; the service wants credentials, which are not sent: "
                          "check the base URL or a proxy on the way",
                          url, status)};
    default:
      return {ErrorCode::kFailedPrecondition,
              fmt::format("GET {}: status {}, want 200; check the base URL", url, status)};
  }
}

// An attempt that failed in a way that may pass.
struct Setback {
  Error error;
  std::optional<seconds> asked_pause;  // by the server
};

Setback SetbackOf(const HttpResponse& response, const std::string& url, crypto::TimePoint now) {
  return {.error = {ErrorCode::kUnavailable,
                    fmt::format("GET {}: status {}; the service is busy or broken", url,
                                response.status)},
          .asked_pause = ParseRetryAfter(response.Header("retry-after"), now)};
}

Error TooLong(const Setback& setback, seconds asked, milliseconds patience) {
  return {ErrorCode::kUnavailable,
          fmt::format("{}: it asks to wait {} s, of a patience of {} s; try again then, or with "
                      "more patience",
                      setback.error.message(), asked.count(),
                      std::chrono::duration_cast<seconds>(patience).count())};
}

Error InVain(Setback setback, int attempts) {
  return {setback.error.code(),
          fmt::format("{}: tried {} times; try again later", setback.error.message(), attempts)};
}

}  // namespace

Result<HttpResponse> Fetcher::Get(const HttpRequest& request, std::stop_token stop) {
  milliseconds backoff = options_.first_backoff;
  milliseconds waited{0};
  for (int attempt = 1;; ++attempt) {
    Result<HttpResponse> response = client_.Get(request, stop);
    if (response && response->status == kOk) return response;
    if (response && !MayPass(response->status)) {
      return tl::unexpected(ErrorOf(response->status, request.url));
    }
    if (!response && !MayPass(response.error())) return response;

    const Setback setback = response ? SetbackOf(*response, request.url, clock_.Now())
                                     : Setback{response.error(), std::nullopt};
    const bool asked = setback.asked_pause.value_or(seconds(0)) > seconds(0);
    const milliseconds pause = asked ? milliseconds(*setback.asked_pause) : backoff;
    if (attempt >= options_.max_attempts) return tl::unexpected(InVain(setback, attempt));
    if (waited + pause > options_.patience) {
      if (asked) {
        return tl::unexpected(TooLong(setback, *setback.asked_pause, options_.patience));
      }
      return tl::unexpected(InVain(setback, attempt));
    }
    options_.before_wait({.problem = setback.error.message(),
                          .pause = pause,
                          .asked_by_service = asked,
                          .next_attempt = attempt + 1,
                          .max_attempts = options_.max_attempts});
    if (!clock_.Wait(pause, stop)) {
      return Fail(ErrorCode::kCancelled, "GET {}: cancelled", request.url);
    }
    waited += pause;
    backoff *= 2;
  }
}

}  // namespace cocos::collateral
