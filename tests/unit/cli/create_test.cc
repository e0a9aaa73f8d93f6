// What `cvmctl create` sends.
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <fstream>

#include "gmock/gmock.h"
#include "proto/manager.grpc.pb.h"
#include "support/manager_fixture.h"
#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {
namespace {

class RecordingManager final : public ::manager::ManagerService::Service {
 public:
  grpc::Status CreateVm(grpc::ServerContext*, const ::manager::CreateReq* request,
                        ::manager::CreateRes*) override {
    received = *request;
    return grpc::Status::OK;
  }

  ::manager::CreateReq received;
};

class CvmctlCreate : public ::testing::Test {
 protected:
  CvmctlCreate() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&manager_);
    server_ = builder.BuildAndStart();
  }
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // Runs it with more options and gives what the manager got.
  ::manager::CreateReq Create(const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {"--manager", "127.0.0.1:" + std::to_string(port_),
                                          "create", "--server-url", "192.0.2.1:7001"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = RunForTest(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return manager_.received;
  }

  testing::TempDir dir_;
  RecordingManager manager_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(CvmctlCreate, TakesTheLineBreakAtTheEndOfASecretForTheFiles) {
  const auto token = [this](const std::string& content) {
    return Create({"--certs-token-file", Write("token", content)}).agent_certs_token();
  };

  EXPECT_EQ(token("s3cret"), "s3cret");
  EXPECT_EQ(token("s3cret\n"), "s3cret");
  EXPECT_EQ(token("s3cret\r\n"), "s3cret");
}

TEST_F(CvmctlCreate, TakesAllElseForTheSecrets) {
  const auto key = [this](const std::string& content) {
    return Create({"--aws-secret-access-key-file", Write("key", content)}).aws_secret_access_key();
  };

  EXPECT_EQ(key("a\n\n"), "a\n");
  EXPECT_EQ(key("a\r\n\r\n"), "a\r\n");
  EXPECT_EQ(key("a\r"), "a\r");
  EXPECT_EQ(key(" a \n"), " a ");
  EXPECT_EQ(key("a\nb\n"), "a\nb");
}

TEST_F(CvmctlCreate, SendsPemFilesAsTheyAre) {
  EXPECT_EQ(Create({"--server-ca", Write("ca.pem", "pem\n")}).agent_cvm_server_ca_cert(), "pem\n");
}

TEST_F(CvmctlCreate, TakesTheAgentsCertificateUnderBothNames) {
  const std::string path = Write("cert.pem", "pem");

  EXPECT_EQ(Create({"--client-cert", path}).agent_cvm_client_cert(), "pem");
  EXPECT_EQ(Create({"--client-crt", path}).agent_cvm_client_cert(), "pem");
}

TEST_F(CvmctlCreate, SendsATtlAsItWasWritten) {
  EXPECT_EQ(Create({"--ttl", "90m"}).ttl(), "90m");
  EXPECT_EQ(Create({"--ttl", "0"}).ttl(), "0");
}

}  // namespace
}  // namespace cocos::cli
