// One HTTP GET, as far as fetching collateral needs it.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cocos::collateral {

struct HttpRequest {
  std::string url;
  // Without this only https is spoken. For a base URL that a user gave as http://.
  bool allow_plain_http = false;
  std::size_t max_body_bytes = 0;
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // of the last hop; names in lower case

  // The first value of this header (name in lower case); empty: not there.
  std::string_view Header(std::string_view name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // The answer, whatever its status. Redirects have been followed within one scheme.
  // Errors, all naming the URL: kUnavailable (no connection, or one that broke) and
  // kDeadlineExceeded (too slow), where another try may help; kUntrusted (the server's TLS
  // certificate); kResourceExhausted (a larger body than asked for); kFailedPrecondition (a
  // redirect that is not followed); kInvalidArgument (the URL); kCancelled, soon after `stop`.
  virtual Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop) = 0;
};

}  // namespace cocos::collateral
