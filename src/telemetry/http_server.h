// The HTTP listener: GET or HEAD of /health, /ready and /metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/logger.h"
#include "base/result.h"
#include "crypto/listener_tls.h"
#include "telemetry/cms_status.h"

namespace cocos {

struct HttpOptions {
  std::string host = "localhost";  // name or address; the first address it resolves to is used
  std::uint16_t port = 7003;       // 0: any free port, see HttpServer::port()
  crypto::ListenerTls tls;
  unsigned threads = 4;
};

// The fields of /health, in upstream's order.
struct HealthInfo {
  std::string version;
  std::string commit;
  std::string build_time;
  std::string instance_id;
};

struct HttpContent {
  // What keeps the manager from serving, for people; none: ready.
  std::function<std::vector<std::string>()> missing;
  std::function<std::string()> metrics;  // Prometheus' text format 0.0.4
  // Shown with /ready and no reason to be unready; not set, or nothing: no service is configured.
  std::function<std::optional<CmsStatus>()> cms;
};

// Serves from Start until destruction, which stops accepting, finishes requests in progress and
// joins the threads. The functions of `content` are called on the server's threads and must be
// thread-safe.
class HttpServer {
 public:
  // Logs where it listens. `logger` must outlive the server. Errors: kInvalidArgument (TLS values),
  // kFailedPrecondition naming host and port (in use, not allowed, no such address).
  static Result<std::unique_ptr<HttpServer>> Start(const HttpOptions& options,
                                                   const HealthInfo& health, HttpContent content,
                                                   Logger& logger);
  ~HttpServer();

  std::uint16_t port() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cocos
