// An HTTP server on 127.0.0.1 that behaves as each test tells it.
#pragma once

#include <fmt/format.h>
#include <httplib.h>

#include <memory>
#include <string>
#include <thread>

#include "support/openssl_certificates.h"

namespace cocos::collateral::testing {

class BadServer {
 public:
  BadServer() : BadServer(std::make_unique<httplib::Server>(), "http") {}
  // With TLS; the certificate is `name` of `certificates`.
  BadServer(const cocos::testing::OpensslCertificates& certificates, const std::string& name)
      : BadServer(std::make_unique<httplib::SSLServer>(certificates.Cert(name).c_str(),
                                                       certificates.Key(name).c_str()),
                  "https") {}
  ~BadServer() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  BadServer(const BadServer&) = delete;
  BadServer& operator=(const BadServer&) = delete;

  // Routes must be there before the start.
  httplib::Server& routes() { return *server_; }
  void Start() {
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }
  std::string Url(const std::string& path = "") const {
    return fmt::format("{}://127.0.0.1:{}{}", scheme_, port_, path);
  }

 private:
  BadServer(std::unique_ptr<httplib::Server> server, std::string scheme)
      : server_(std::move(server)), scheme_(std::move(scheme)) {
    server_->set_keep_alive_timeout(1);
    port_ = server_->bind_to_any_port("127.0.0.1");
  }

  std::unique_ptr<httplib::Server> server_;
  std::string scheme_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace cocos::collateral::testing
