#include "telemetry/http_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include <cerrno>
#include <future>
#include <string_view>
#include <thread>
#include <utility>

#include "base/file.h"
#include "telemetry/http_tls.h"
#include "telemetry/http_workers.h"
#include "telemetry/json_line.h"

namespace cocos {
namespace {

constexpr std::chrono::seconds kReadTimeout{5};
constexpr std::chrono::seconds kWriteTimeout{5};
constexpr std::chrono::seconds kIdleTimeout{2};
constexpr std::size_t kMaxBodyBytes = 4096;  // no request here has a body

// {"name":"text",...} in the order given.
std::string JsonObject(std::initializer_list<LogAttribute> members) {
  std::string json = "{";
  for (const auto& [name, value] : members) {
    if (json.size() > 1) json += ',';
    AppendJsonString(name, json);
    json += ':';
    AppendJsonString(value, json);
  }
  return json + '}';
}

std::string HealthJson(const HealthInfo& health) {
  return JsonObject({{"status", "pass"},
                     {"version", health.version},
                     {"commit", health.commit},
                     {"description", "manager service"},
                     {"build_time", health.build_time},
                     {"instance_id", health.instance_id}});
}

std::string ReadyJson(const std::vector<std::string>& missing,
                      const std::optional<CmsStatus>& cms) {
  std::string json =
      fmt::format(R"({{"status":"{}","missing":[)", missing.empty() ? "ready" : "not ready");
  for (const std::string& item : missing) {
    if (json.back() != '[') json += ',';
    AppendJsonString(item, json);
  }
  json += ']';
  if (cms) json += R"(,"cms":)" + CmsStatusJson(*cms);
  return json + '}';
}

// The library's default is SO_REUSEPORT, with which a second manager would silently share the port.
void SetSocketOptions(int socket) {
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

std::string HostPort(const std::string& host, unsigned port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<std::unique_ptr<httplib::Server>> MakeServer(const crypto::ListenerTls& tls) {
  const crypto::ListenerPem pem = COCOS_TRY(crypto::LoadListenerPem(tls, "MANAGER_HTTP_"));
  if (pem.cert.empty()) return std::make_unique<httplib::Server>();
  Result<void> configured;
  auto server = std::make_unique<httplib::SSLServer>([&](SSL_CTX& context) {
    configured = ConfigureTls(pem, context);
    return configured.has_value();
  });
  COCOS_TRY(std::move(configured));
  if (!server->is_valid()) return Fail(ErrorCode::kInternal, "http server: no TLS context");
  return server;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(std::unique_ptr<httplib::Server> server, const HttpOptions& options,
       const HealthInfo& health, HttpContent content);
  ~Impl();

  Result<void> Listen(const HttpOptions& options);
  std::uint16_t port() const { return port_; }

 private:
  void Route(const httplib::Request& request, httplib::Response& response) const;
  void Answer(const std::string& path, httplib::Response& response) const;
  Result<std::uint16_t> Bind(const HttpOptions& options);

  const std::string health_json_;
  const HttpContent content_;
  std::unique_ptr<httplib::Server> server_;
  std::uint16_t port_ = 0;
  std::jthread acceptor_;
};

HttpServer::Impl::Impl(std::unique_ptr<httplib::Server> server, const HttpOptions& options,
                       const HealthInfo& health, HttpContent content)
    : health_json_(HealthJson(health)), content_(std::move(content)), server_(std::move(server)) {
  server_->set_socket_options(SetSocketOptions);
  server_->set_read_timeout(kReadTimeout);
  server_->set_write_timeout(kWriteTimeout);
  server_->set_keep_alive_timeout(kIdleTimeout.count());
  // A connection that is kept alive holds a thread, and scrapers come seconds apart.
  server_->set_keep_alive_max_count(1);
  server_->set_payload_max_length(kMaxBodyBytes);
  // Before the library's own routing, which would answer a wrong method with 404 or 400.
  server_->set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        Route(request, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  server_->new_task_queue = [threads = options.threads]() -> httplib::TaskQueue* {
    return new HttpWorkers(threads);  // the library deletes it
  };
}

HttpServer::Impl::~Impl() {
  server_->stop();
  if (acceptor_.joinable()) acceptor_.join();
}

void HttpServer::Impl::Route(const httplib::Request& request, httplib::Response& response) const {
  Answer(request.path, response);
  if (response.status != 404 && request.method != "GET" && request.method != "HEAD") {
    response.status = 405;
    response.set_header("Allow", "GET, HEAD");
    response.set_content("method not allowed\n", "text/plain");
  }
}

void HttpServer::Impl::Answer(const std::string& path, httplib::Response& response) const {
  response.status = 200;
  if (path == "/health") {
    response.set_content(health_json_, "application/health+json");
  } else if (path == "/ready") {
    const std::vector<std::string> missing = content_.missing();
    if (!missing.empty()) response.status = 503;
    response.set_content(ReadyJson(missing, content_.cms ? content_.cms() : std::nullopt),
                         "application/json");
  } else if (path == "/metrics") {
    response.set_content(content_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
  } else {
    response.status = 404;
    response.set_content("not found, want /health, /ready or /metrics\n", "text/plain");
  }
}

Result<std::uint16_t> HttpServer::Impl::Bind(const HttpOptions& options) {
  errno = 0;
  int port = options.port;
  if (port == 0) {
    port = server_->bind_to_any_port(options.host);
  } else if (!server_->bind_to_port(options.host, port)) {
    port = -1;
  }
  if (port > 0) return static_cast<std::uint16_t>(port);
  const int error = errno;
  return Fail(ErrorCode::kFailedPrecondition, "http server: cannot listen at {}: {}",
              HostPort(options.host, options.port),
              error == 0 ? "the host name does not resolve" : ErrnoText(error));
}

Result<void> HttpServer::Impl::Listen(const HttpOptions& options) {
  port_ = COCOS_TRY(Bind(options));
  // stop() does nothing until the library's loop runs; it makes its task queue right after that.
  const auto running = std::make_shared<std::promise<void>>();
  server_->new_task_queue = [make = std::move(server_->new_task_queue), running] {
    httplib::TaskQueue* const queue = make();
    running->set_value();
    return queue;
  };
  acceptor_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), "http-accept");
    server_->listen_after_bind();
  });
  running->get_future().wait();
  return {};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options,
                                                      const HealthInfo& health, HttpContent content,
                                                      Logger& logger) {
  auto impl = std::make_unique<Impl>(COCOS_TRY(MakeServer(options.tls)), options, health,
                                     std::move(content));
  COCOS_TRY(impl->Listen(options));
  logger.Info(fmt::format("manager service http server listening at {} {}",
                          HostPort(options.host, impl->port()), crypto::SecurityText(options.tls)));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace cocos
