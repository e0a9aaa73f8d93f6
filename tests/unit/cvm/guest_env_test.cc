#include "cvm/guest_env.h"

#include <gmock/gmock.h>

namespace cocos::cvm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GuestEnvironment, OfAnEmptyRequestHasTheFiveKeysThatAreAlwaysThere) {
  const CvmId id = CvmId::Random();

  EXPECT_EQ(RenderGuestEnvironment(id, {}),
            "AGENT_LOG_LEVEL=\nAGENT_CVM_GRPC_URL=\nAGENT_CVM_ID=" + id.text() +
                "\nAGENT_CVM_CA_URL=\nAGENT_CERTS_TOKEN=\n");
}

TEST(GuestEnvironment, OfAFullRequestHasEveryKey) {
  CreateRequest request;
  request.agent_log_level = "debug";
  request.agent_cvm_server_url = "192.0.2.1:7001";
  request.agent_cvm_ca_url = "https://ca.example";
  request.agent_certs_token = "token";
  request.server_ca_pem = "CA";
  request.client_cert_pem = "CERT";
  request.client_key_pem = "KEY";
  request.aws_access_key_id = "AK";
  request.aws_secret_access_key = "SK";
  request.aws_endpoint_url = "http://s3.example";
  request.aws_region = "eu-west-1";
  const CvmId id = CvmId::Random();

  EXPECT_EQ(RenderGuestEnvironment(id, request),
            "AGENT_LOG_LEVEL=debug\n"
            "AGENT_CVM_GRPC_URL=192.0.2.1:7001\n"
            "AGENT_CVM_ID=" +
                id.text() +
                "\n"
                "AGENT_CVM_CA_URL=https://ca.example\n"
                "AGENT_CERTS_TOKEN=token\n"
                "AGENT_CVM_GRPC_CLIENT_CERT=/etc/certs/cert.pem\n"
                "AGENT_CVM_GRPC_CLIENT_KEY=/etc/certs/key.pem\n"
                "AGENT_CVM_GRPC_SERVER_CA_CERTS=/etc/certs/ca.pem\n"
                "AWS_ACCESS_KEY_ID=AK\n"
                "AWS_SECRET_ACCESS_KEY=SK\n"
                "AWS_ENDPOINT_URL=http://s3.example\n"
                "AWS_REGION=eu-west-1\n");
}

TEST(GuestEnvironment, NamesTlsFilesOnlyWhenTheyHoldSomething) {
  CreateRequest request;
  request.server_ca_pem = "CA";

  const std::string text = RenderGuestEnvironment(CvmId::Random(), request);

  EXPECT_THAT(text, HasSubstr("AGENT_CVM_GRPC_SERVER_CA_CERTS="));
  EXPECT_THAT(text, Not(HasSubstr("AGENT_CVM_GRPC_CLIENT_CERT=")));
}

}  // namespace
}  // namespace cocos::cvm
