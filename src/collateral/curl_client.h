// HTTP with libcurl.
#pragma once

#include <chrono>
#include <string>

#include "collateral/http_client.h"

namespace cocos::collateral {

struct CurlOptions {
  std::chrono::milliseconds connect_timeout{10'000};  // name, TCP and TLS
  std::chrono::milliseconds total_timeout{30'000};    // of one Get, with its redirects
  // PEM certificates that sign servers instead of the system's: for a mirror of one's own.
  std::string ca_file;
};

// Verifies TLS servers against the system's certificates, follows up to three redirects within the
// scheme of the URL, and sends "cocos-manager/<version>" as user agent. The proxy variables of the
// environment count. Each Get has a connection of its own; thread-safe.
class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(CurlOptions options = {});
  ~CurlClient() override;
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop) override;

 private:
  CurlOptions options_;
};

}  // namespace cocos::collateral
