#include "cvm/host_data.h"

#include <gmock/gmock.h>

#include "crypto/digest.h"
#include "support/manager_fixture.h"

namespace cocos::cvm {
namespace {

using ::cocos::testing::MinimalClass;

const CvmId kId = *CvmId::Parse("00000000-0000-4000-8000-000000000001");

CreateRequest Request() {
  CreateRequest request;
  request.server_ca_pem = "ca";
  request.client_cert_pem = "cert";
  request.client_key_pem = "key";
  request.agent_log_level = "info";
  return request;
}

ComputationClass SnpClass() {
  ComputationClass snp = MinimalClass();
  snp.tee = domain::Tee::kSevSnp;
  snp.launch_security = domain::SevSnp{};
  snp.bind_host_data = true;
  return snp;
}

std::string HostDataOf(const ComputationClass& computation_class) {
  return std::get<domain::SevSnp>(computation_class.launch_security).host_data_base64;
}

TEST(HostDataInput, IsTheDocumentOfTheSharesWithoutAComputation) {
  EXPECT_EQ(HostDataInput(kId, Request()),
            "cocos-shares-1\n"
            "certs/ca.pem 2\nca\n"
            "certs/cert.pem 4\ncert\n"
            "certs/key.pem 3\nkey\n"
            "env/environment 269\n"
            "AGENT_LOG_LEVEL=info\n"
            "AGENT_CVM_GRPC_URL=\n"
            "AGENT_CVM_ID=00000000-0000-4000-8000-000000000001\n"
            "AGENT_CVM_CA_URL=\n"
            "AGENT_CERTS_TOKEN=\n"
            "AGENT_CVM_GRPC_CLIENT_CERT=/etc/certs/cert.pem\n"
            "AGENT_CVM_GRPC_CLIENT_KEY=/etc/certs/key.pem\n"
            "AGENT_CVM_GRPC_SERVER_CA_CERTS=/etc/certs/ca.pem\n"
            "\n");
}

TEST(HostDataInput, TellsContentsThatImitateFilesApart) {
  CreateRequest one = Request();
  one.server_ca_pem = "";
  one.client_cert_pem = "x\ncerts/key.pem 3";
  CreateRequest other = Request();
  other.server_ca_pem = "";
  other.client_cert_pem = "x";

  EXPECT_NE(HostDataInput(kId, one), HostDataInput(kId, other));
}

TEST(HostDataInput, IsTheComputationWhereItIsKnown) {
  CreateRequest request = Request();
  request.computation_json = R"({"id":"7"})";

  EXPECT_EQ(HostDataInput(kId, request), R"({"id":"7"})");
}

TEST(BindHostData, PutsSha3IntoTheHostDataOfAnSnpGuest) {
  CreateRequest request = Request();
  request.computation_json = R"({"id":"7"})";

  // printf '{"id":"7"}' | openssl dgst -sha3-256 -binary | base64
  EXPECT_EQ(HostDataOf(BindHostData(SnpClass(), kId, request)),
            "PGBiYFeniNHvzJSfwMf3nwcB3w7hoTKVFaOJBki2WkM=");
}

TEST(BindHostData, PutsSha384IntoTheConfigIdOfATdxGuest) {
  ComputationClass tdx = SnpClass();
  tdx.tee = domain::Tee::kTdx;
  tdx.launch_security = domain::Tdx{};
  CreateRequest request = Request();
  request.computation_json = R"({"id":"7"})";

  const ComputationClass bound = BindHostData(tdx, kId, request);

  EXPECT_EQ(std::get<domain::Tdx>(bound.launch_security).mr_config_id_base64,
            "sg225EFyDD52TsRxsdOjCH8WI3k55eUPwusK4fQThFIZe5IvEQz7IRus60c72flh");
}

TEST(BindHostData, DependsOnTheCvm) {
  const CvmId other = *CvmId::Parse("00000000-0000-4000-8000-000000000002");

  EXPECT_NE(HostDataOf(BindHostData(SnpClass(), kId, Request())),
            HostDataOf(BindHostData(SnpClass(), other, Request())));
}

TEST(BindHostData, KeepsWhatAnOperatorFixed) {
  ComputationClass fixed = SnpClass();
  std::get<domain::SevSnp>(fixed.launch_security).host_data_base64 = "fixed";

  EXPECT_EQ(HostDataOf(BindHostData(fixed, kId, Request())), "fixed");
}

TEST(BindHostData, DoesNothingUnlessAsked) {
  ComputationClass snp = SnpClass();
  snp.bind_host_data = false;

  EXPECT_EQ(HostDataOf(BindHostData(snp, kId, Request())), "");
}

TEST(BindHostData, LeavesAGuestWithoutTeeAlone) {
  ComputationClass plain = MinimalClass();
  plain.bind_host_data = true;

  EXPECT_TRUE(
      std::holds_alternative<std::monostate>(BindHostData(plain, kId, Request()).launch_security));
}

}  // namespace
}  // namespace cocos::cvm
