// The listener: credentials, service, shutdown.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "testserver/cms_service.h"
#include "testserver/cvms_service.h"
#include "testserver/options.h"

namespace cocos::testserver {

class Server {
 public:
  // Reads all files, then listens. Errors: those of BuildRunRequest and ReadFile; kUnavailable when
  // the address cannot be bound or the certificates are refused. `lines` is borrowed.
  static Result<std::unique_ptr<Server>> Start(const Options& options, JsonLines& lines);
  // Ends all streams.
  ~Server();

  std::uint16_t port() const { return port_; }
  // Runs one command on all streams and returns how many there are: "stop", "state" or "disconnect"
  // on those of agents, "cms ..." on those of managers. Errors: kInvalidArgument for another word.
  Result<std::size_t> Command(const std::string& word);

 private:
  Server(const cvms::ComputationRunReq& request, const Options& options, JsonLines& lines);
  Result<void> Listen(const Options& options);

  const std::string computation_id_;
  CvmsService service_;
  CmsService cms_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace cocos::testserver
