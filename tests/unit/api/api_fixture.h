// The real services on a real listener, over a manager on the fake hypervisor.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/grpc_server.h"
#include "proto/manager.grpc.pb.h"
#include "proto/operator.grpc.pb.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::api {

// Keeps what is reported.
class MemoryObserver final : public RequestObserver {
 public:
  void OnRequest(const RequestRecord& record) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(std::string(record.operation) +
                       (record.error == nullptr ? " ok" : " failed"));
  }
  std::vector<std::string> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
};

class ApiFixture : public testing::ManagerFixture {
 protected:
  ~ApiFixture() override {
    hypervisor_.SetHook({});
    StopServer();
  }

  void StartServer(ListenerTls tls = {}) {
    StartManager();
    manager_service_ =
        std::make_unique<ManagerService>(*manager_,
                                         HostInfo{.ovmf_version = "edk2",
                                                  .cpu_num = 4,
                                                  .cpu_type = "EPYC",
                                                  .kernel_cmd = "quiet",
                                                  .eos_version = "eos"},
                                         cvm::PolicyFormOptions{}, logger_, observer_);
    operator_service_ = std::make_unique<OperatorService>(*manager_, logger_, observer_, attest_);
    auto started = GrpcServer::Start({.host = "127.0.0.1", .port = 0, .tls = std::move(tls)},
                                     *manager_service_, *operator_service_, logger_);
    ASSERT_THAT(started, testing::Succeeds());
    server_ = *std::move(started);
    Connect(grpc::InsecureChannelCredentials());
  }
  void StopServer() {
    if (manager_) manager_->Close();
    server_.reset();
  }

  void Connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
               const std::string& host = "127.0.0.1") {
    channel_ = grpc::CreateChannel(host + ":" + std::to_string(server_->port()), credentials);
    manager_stub_ = manager::ManagerService::NewStub(channel_);
    operator_stub_ = operators::v1::Operator::NewStub(channel_);
  }

  grpc::Status Create(const manager::CreateReq& request = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return manager_stub_->CreateVm(&context, request, &created_);
  }
  grpc::Status Remove(const std::string& id) {
    grpc::ClientContext context;
    manager::RemoveReq request;
    request.set_cvm_id(id);
    google::protobuf::Empty response;
    return manager_stub_->RemoveVm(&context, request, &response);
  }

  MemoryObserver observer_;
  Attest attest_;  // none: nothing is attested
  std::unique_ptr<ManagerService> manager_service_;
  std::unique_ptr<OperatorService> operator_service_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<manager::ManagerService::Stub> manager_stub_;
  std::unique_ptr<operators::v1::Operator::Stub> operator_stub_;
  manager::CreateRes created_;
};

}  // namespace cocos::api
