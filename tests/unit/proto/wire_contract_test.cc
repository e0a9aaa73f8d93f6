// Compares the compiled protocol with the table of the documented contract (releases v0.3.1 to
// v0.10.x), written down here a second time on purpose: a slip in a .proto file must not pass.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/agent.pb.h"
#include "proto/cvms.pb.h"
#include "proto/manager.pb.h"

namespace cocos {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

struct Message {
  std::string name;
  // "number name type" each, in order of the numbers; "*" after the type: repeated.
  std::vector<std::string> fields;
};

std::string TypeText(const FieldDescriptor& field) {
  std::string type = field.type() == FieldDescriptor::TYPE_MESSAGE
                         ? std::string(field.message_type()->full_name())
                         : std::string(field.type_name());
  return field.is_repeated() ? type + "*" : type;
}

std::vector<std::string> FieldsOf(const Descriptor& message) {
  std::vector<std::string> fields;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    fields.push_back(std::to_string(field.number()) + " " + std::string(field.name()) + " " +
                     TypeText(field));
  }
  return fields;
}

class WireContract : public ::testing::TestWithParam<Message> {
 public:
  // Keeps the files linked in, so that the pool knows them.
  static void SetUpTestSuite() {
    static_cast<void>(manager::CreateReq::descriptor());
    static_cast<void>(cvms::RunResponse::descriptor());
    static_cast<void>(agent::AlgoRequest::descriptor());
  }
};

TEST_P(WireContract, HasExactlyTheDocumentedFields) {
  const Descriptor* message =
      DescriptorPool::generated_pool()->FindMessageTypeByName(GetParam().name);

  ASSERT_NE(message, nullptr);
  EXPECT_EQ(FieldsOf(*message), GetParam().fields);
}

const std::vector<Message> kManager = {
    {"manager.CreateReq",
     {"1 agent_log_level string", "2 agent_cvm_server_ca_cert bytes",
      "3 agent_cvm_client_key bytes", "4 agent_cvm_client_cert bytes",
      "5 agent_cvm_server_url string", "6 agent_cvm_ca_url string", "7 ttl string",
      "8 agent_certs_token string", "9 aws_access_key_id string", "10 aws_secret_access_key string",
      "11 aws_endpoint_url string", "12 aws_region string", "13 aa_kbs_params string",
      // Ours, far from what upstream numbers.
      "1000 computation_class string"}},
    {"manager.CreateRes", {"1 forwarded_port string", "2 cvm_id string"}},
    {"manager.RemoveReq", {"1 cvm_id string"}},
    {"manager.CVMInfoReq", {"1 id string"}},
    {"manager.CVMInfoRes",
     {"1 id string", "2 ovmf_version string", "3 cpu_num int32", "4 cpu_type string",
      "5 kernel_cmd string", "6 eos_version string"}},
    {"manager.AttestationPolicyReq", {"1 id string"}},
    {"manager.AttestationPolicyRes", {"1 info bytes", "2 id string"}},
    {"manager.ClientStreamMessage",
     {"1 agent_log manager.AgentLog", "2 agent_event manager.AgentEvent",
      "3 run_res manager.RunResponse", "4 attestationPolicy manager.AttestationPolicy",
      "5 stopComputationRes manager.StopComputationResponse", "6 svm_info manager.SVMInfo"}},
    {"manager.ServerStreamMessage",
     {"1 runReqChunks manager.RunReqChunks", "2 runReq manager.ComputationRunReq",
      "3 terminateReq manager.Terminate", "4 stopComputation manager.StopComputation",
      "5 attestationPolicyReq manager.AttestationPolicyReq", "6 svmInfoReq manager.SVMInfoReq"}},
    {"manager.Terminate", {"1 message string"}},
    {"manager.StopComputation", {"1 computation_id string"}},
    {"manager.StopComputationResponse", {"1 computation_id string", "2 message string"}},
    {"manager.RunResponse", {"1 agent_port string", "2 computation_id string"}},
    {"manager.AttestationPolicy", {"1 info bytes", "2 id string"}},
    {"manager.SVMInfoReq", {"1 id string"}},
    {"manager.SVMInfo",
     {"1 id string", "2 ovmf_version string", "3 cpu_num int32", "4 cpu_type string",
      "5 kernel_cmd string", "6 eos_version string"}},
    {"manager.AgentEvent",
     {"1 event_type string", "2 timestamp google.protobuf.Timestamp", "3 computation_id string",
      "4 details bytes", "5 originator string", "6 status string"}},
    {"manager.AgentLog",
     {"1 message string", "2 computation_id string", "3 level string",
      "4 timestamp google.protobuf.Timestamp"}},
    {"manager.RunReqChunks", {"1 data bytes", "2 id string", "3 is_last bool"}},
    {"manager.ComputationRunReq",
     {"1 id string", "2 name string", "3 description string", "4 datasets manager.Dataset*",
      "5 algorithm manager.Algorithm", "6 result_consumers manager.ResultConsumer*",
      "7 agent_config manager.AgentConfig"}},
    {"manager.Dataset", {"1 hash bytes", "2 userKey bytes", "3 filename string"}},
    {"manager.Algorithm", {"1 hash bytes", "2 userKey bytes"}},
    {"manager.ResultConsumer", {"1 userKey bytes"}},
    {"manager.AgentConfig",
     {"1 port string", "2 host string", "3 cert_file string", "4 key_file string",
      "5 client_ca_file string", "6 server_ca_file string", "7 log_level string",
      "8 attested_tls bool"}},
};

const std::vector<Message> kCvms = {
    {"cvms.ClientStreamMessage",
     {"1 agent_log cvms.AgentLog", "2 agent_event cvms.AgentEvent", "3 run_res cvms.RunResponse",
      "4 stopComputationRes cvms.StopComputationResponse", "5 agentStateRes cvms.AgentStateRes",
      "6 vTPMattestationReport cvms.AttestationResponse",
      "7 azureAttestationToken cvms.azureAttestationToken"}},
    {"cvms.ServerStreamMessage",
     {"1 runReqChunks cvms.RunReqChunks", "2 runReq cvms.ComputationRunReq",
      "3 stopComputation cvms.StopComputation", "4 agentStateReq cvms.AgentStateReq",
      "5 disconnectReq cvms.DisconnectReq"}},
    {"cvms.DisconnectReq", {"1 id string"}},
    {"cvms.AgentStateReq", {"1 id string"}},
    {"cvms.AgentStateRes", {"1 id string", "2 state string"}},
    {"cvms.StopComputation", {"1 computation_id string"}},
    {"cvms.StopComputationResponse", {"1 computation_id string", "2 message string"}},
    {"cvms.RunResponse", {"1 computation_id string", "2 error string"}},
    {"cvms.AttestationResponse", {"1 file bytes", "2 certSerialNumber string"}},
    {"cvms.azureAttestationToken", {"1 file bytes", "2 certSerialNumber string"}},
    {"cvms.AgentEvent",
     {"1 event_type string", "2 timestamp google.protobuf.Timestamp", "3 computation_id string",
      "4 details bytes", "5 originator string", "6 status string"}},
    {"cvms.AgentLog",
     {"1 message string", "2 computation_id string", "3 level string",
      "4 timestamp google.protobuf.Timestamp"}},
    {"cvms.RunReqChunks", {"1 data bytes", "2 id string", "3 is_last bool"}},
    {"cvms.ComputationRunReq",
     {"1 id string", "2 name string", "3 description string", "4 datasets cvms.Dataset*",
      "5 algorithm cvms.Algorithm", "6 result_consumers cvms.ResultConsumer*",
      "7 agent_config cvms.AgentConfig", "8 kbs cvms.KBSConfig"}},
    {"cvms.Dataset",
     {"1 hash bytes", "2 userKey bytes", "3 filename string", "4 source cvms.Source",
      "5 decompress bool", "6 kbs cvms.KBSConfig"}},
    {"cvms.Algorithm",
     {"1 hash bytes", "2 userKey bytes", "3 source cvms.Source", "4 algo_type string",
      "5 algo_args string*", "6 kbs cvms.KBSConfig"}},
    {"cvms.ResultConsumer", {"1 userKey bytes"}},
    {"cvms.Source",
     {"1 type string", "2 url string", "3 kbs_resource_path string", "4 encrypted bool"}},
    {"cvms.KBSConfig", {"1 url string", "2 enabled bool"}},
    {"cvms.AgentConfig",
     {"1 port string", "2 cert_file string", "3 key_file string", "4 client_ca_file string",
      "5 server_ca_file string", "6 log_level string", "7 attested_tls bool"}},
};

const std::vector<Message> kAgent = {
    {"agent.AlgoRequest", {"1 algorithm bytes", "2 requirements bytes"}},
    {"agent.DataRequest", {"1 dataset bytes", "2 filename string"}},
    {"agent.ResultRequest", {}},
    {"agent.ResultResponse", {"1 file bytes"}},
    {"agent.AttestationRequest", {"1 teeNonce bytes", "2 vtpmNonce bytes", "3 type int32"}},
    {"agent.AttestationResponse", {"1 file bytes"}},
};

std::string NameOf(const ::testing::TestParamInfo<Message>& tested) {
  return tested.param.name.substr(tested.param.name.find('.') + 1);
}

INSTANTIATE_TEST_SUITE_P(Manager, WireContract, ::testing::ValuesIn(kManager), NameOf);
INSTANTIATE_TEST_SUITE_P(Cvms, WireContract, ::testing::ValuesIn(kCvms), NameOf);
INSTANTIATE_TEST_SUITE_P(Agent, WireContract, ::testing::ValuesIn(kAgent), NameOf);

struct Method {
  std::string name;
  std::string input;
  std::string output;
  bool client_streams = false;
  bool server_streams = false;
};

class WirePath : public ::testing::TestWithParam<Method> {};

TEST_P(WirePath, IsTheDocumentedMethod) {
  const MethodDescriptor* method =
      DescriptorPool::generated_pool()->FindMethodByName(GetParam().name);

  ASSERT_NE(method, nullptr);
  EXPECT_EQ(method->input_type()->full_name(), GetParam().input);
  EXPECT_EQ(method->output_type()->full_name(), GetParam().output);
  EXPECT_EQ(method->client_streaming(), GetParam().client_streams);
  EXPECT_EQ(method->server_streaming(), GetParam().server_streams);
}

INSTANTIATE_TEST_SUITE_P(
    All, WirePath,
    ::testing::Values(
        Method{"manager.ManagerService.CreateVm", "manager.CreateReq", "manager.CreateRes"},
        Method{"manager.ManagerService.RemoveVm", "manager.RemoveReq", "google.protobuf.Empty"},
        Method{"manager.ManagerService.CVMInfo", "manager.CVMInfoReq", "manager.CVMInfoRes"},
        // v0.5.0 and v0.5.1; the same fields under other names.
        Method{"manager.ManagerService.SVMInfo", "manager.CVMInfoReq", "manager.CVMInfoRes"},
        Method{"manager.ManagerService.AttestationPolicy", "manager.AttestationPolicyReq",
               "manager.AttestationPolicyRes"},
        Method{"manager.ManagerService.Process", "manager.ClientStreamMessage",
               "manager.ServerStreamMessage", true, true},
        Method{"cvms.Service.Process", "cvms.ClientStreamMessage", "cvms.ServerStreamMessage", true,
               true},
        Method{"agent.AgentService.Algo", "agent.AlgoRequest", "agent.AlgoResponse", true, false},
        Method{"agent.AgentService.Data", "agent.DataRequest", "agent.DataResponse", true, false},
        Method{"agent.AgentService.Result", "agent.ResultRequest", "agent.ResultResponse", false,
               true},
        Method{"agent.AgentService.Attestation", "agent.AttestationRequest",
               "agent.AttestationResponse", false, true}));

}  // namespace
}  // namespace cocos
