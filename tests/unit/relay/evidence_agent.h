// An agent's service of which nothing works but its evidence.
#pragma once

#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/agent.grpc.pb.h"

namespace cocos::testing {

class EvidenceAgent final : public agent::AgentService::Service {
 public:
  using Answer = std::function<grpc::Status(const agent::AttestationRequest& request,
                                            std::vector<std::string>& pieces)>;

  // Listens on a free port of 127.0.0.1.
  explicit EvidenceAgent(Answer answer) : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~EvidenceAgent() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::uint16_t port() const { return static_cast<std::uint16_t>(port_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status Attestation(grpc::ServerContext* context, const agent::AttestationRequest* request,
                           grpc::ServerWriter<agent::AttestationResponse>* writer) override {
    std::vector<std::string> pieces;
    grpc::Status status = answer_(*request, pieces);
    if (!announced.empty()) context->AddInitialMetadata("file-size", announced);
    for (std::string& each : pieces) {
      agent::AttestationResponse response;
      response.set_file(std::move(each));
      writer->Write(response);
    }
    return status;
  }

  std::string announced;  // size; empty: none

 private:
  const Answer answer_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace cocos::testing
