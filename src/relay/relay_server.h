// The listener that agents dial: cvms.Service over mutual TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/logger.h"
#include "base/result.h"
#include "cvm/cvm_id.h"
#include "relay/relay.h"

namespace cocos::relay {

class RelayService;

class RelayServer {
 public:
  struct Options {
    std::string host;        // address to listen on
    std::uint16_t port = 0;  // 0: any
    std::string certificate_pem;
    std::string key_pem;
    std::string client_cas_pem;
  };
  // The CVM that a client certificate (PEM, as it came) was minted for.
  using CvmOfCertificate = std::function<Result<cvm::CvmId>(const std::string& pem)>;

  // `relay` and `logger` must outlive the server. Errors: kUnavailable when the address cannot be
  // bound.
  static Result<std::unique_ptr<RelayServer>> Start(const Options& options, Relay& relay,
                                                    CvmOfCertificate cvm_of, Logger& logger);
  // Ends all streams.
  ~RelayServer();

  std::uint16_t port() const { return port_; }

 private:
  RelayServer();

  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::uint16_t port_ = 0;
};

}  // namespace cocos::relay
