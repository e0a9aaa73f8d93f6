// A server with the paths of AMD's and Intel's services. What it gives may be changed.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "collateral/plan.h"
#include "unit/collateral/bad_server.h"
#include "unit/collateral/material.h"

namespace cocos::collateral::testing {

// As the services write a chain into a header.
inline std::string UrlEncoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

class KdsPcsServer {
 public:
  KdsPcsServer() {
    server_.routes().Get(".*",
                         [this](const httplib::Request& request, httplib::Response& response) {
                           Answer(request.target, response);
                         });
    server_.Start();
    services.kds = services.pcs = BaseUrl::Parse(server_.Url()).value();
    services.root_crl = BaseUrl::Parse(server_.Url("/IntelSGXRootCA.der")).value();
  }

  // Serves the piece at the path its plan names.
  void Serve(const FetchItem& item, const Content& content) {
    const std::lock_guard lock(mutex_);
    answers_[item.url.substr(server_.Url().size())] = {content, item.chain_header};
  }
  void Forget(const FetchItem& item) {
    const std::lock_guard lock(mutex_);
    answers_.erase(item.url.substr(server_.Url().size()));
  }
  // The next answers have these statuses.
  void FailNext(int status, int times, const std::string& retry_after = "") {
    const std::lock_guard lock(mutex_);
    failing_ = {status, times, retry_after};
  }

  Services services;

 private:
  struct Failing {
    int status = 0;
    int times = 0;
    std::string retry_after;
  };

  void Answer(const std::string& target, httplib::Response& response) {
    const std::lock_guard lock(mutex_);
    if (failing_.times > 0) {
      --failing_.times;
      response.status = failing_.status;
      if (!failing_.retry_after.empty()) response.set_header("Retry-After", failing_.retry_after);
      return;
    }
    const auto found = answers_.find(target);
    if (found == answers_.end()) {
      response.status = 404;
      return;
    }
    const auto& [content, chain_header] = found->second;
    if (!chain_header.empty()) response.set_header(chain_header, UrlEncoded(content.issuer_chain));
    response.set_content(content.body, "application/octet-stream");
  }

  std::mutex mutex_;
  std::map<std::string, std::pair<Content, std::string>> answers_;
  Failing failing_;
  BadServer server_;  // last: its threads use what is above
};

}  // namespace cocos::collateral::testing
