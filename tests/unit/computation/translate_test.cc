#include "computation/translate.h"

#include <gmock/gmock.h>

#include "computation/run_chunks.h"
#include "support/result_matchers.h"

namespace cocos::computation {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;

manager::ComputationRunReq Request() {
  manager::ComputationRunReq request;
  request.set_id("7");
  request.set_name("name");
  request.set_description("description");
  auto& dataset = *request.add_datasets();
  dataset.set_hash(std::string(32, 'd'));
  dataset.set_userkey("dk");
  dataset.set_filename("d1.csv");
  request.mutable_algorithm()->set_hash(std::string(32, 'a'));
  request.mutable_algorithm()->set_userkey("ak");
  request.add_result_consumers()->set_userkey("ck");
  auto& config = *request.mutable_agent_config();
  config.set_port("9000");
  config.set_host("host");
  config.set_cert_file("cert");
  config.set_key_file("key");
  config.set_client_ca_file("client ca");
  config.set_server_ca_file("server ca");
  config.set_log_level("debug");
  config.set_attested_tls(true);
  return request;
}

TEST(ToAgent, KeepsWhatBothProtocolsHave) {
  const auto manifest = ToAgent(Request(), 7002);

  ASSERT_THAT(manifest, Succeeds());
  EXPECT_EQ(manifest->id(), "7");
  EXPECT_EQ(manifest->name(), "name");
  EXPECT_EQ(manifest->description(), "description");
  ASSERT_EQ(manifest->datasets_size(), 1);
  EXPECT_EQ(manifest->datasets(0).hash(), std::string(32, 'd'));
  EXPECT_EQ(manifest->datasets(0).userkey(), "dk");
  EXPECT_EQ(manifest->datasets(0).filename(), "d1.csv");
  EXPECT_EQ(manifest->algorithm().hash(), std::string(32, 'a'));
  EXPECT_EQ(manifest->algorithm().userkey(), "ak");
  ASSERT_EQ(manifest->result_consumers_size(), 1);
  EXPECT_EQ(manifest->result_consumers(0).userkey(), "ck");
}

TEST(ToAgent, RenumbersTheAgentConfigAndFixesItsPort) {
  const auto manifest = ToAgent(Request(), 7002);

  ASSERT_THAT(manifest, Succeeds());
  const cvms::AgentConfig& config = manifest->agent_config();
  EXPECT_EQ(config.port(), "7002");
  EXPECT_EQ(config.cert_file(), "cert");
  EXPECT_EQ(config.key_file(), "key");
  EXPECT_EQ(config.client_ca_file(), "client ca");
  EXPECT_EQ(config.server_ca_file(), "server ca");
  EXPECT_EQ(config.log_level(), "debug");
  EXPECT_TRUE(config.attested_tls());
}

TEST(ToAgent, GivesAConfigToOneWithout) {
  manager::ComputationRunReq request = Request();
  request.clear_agent_config();

  const auto manifest = ToAgent(request, 7002);

  ASSERT_THAT(manifest, Succeeds());
  EXPECT_EQ(manifest->agent_config().port(), "7002");
}

TEST(ToAgent, KeepsAnAbsentAlgorithmAbsent) {
  manager::ComputationRunReq request = Request();
  request.clear_algorithm();

  EXPECT_FALSE(ToAgent(request, 7002)->has_algorithm());
}

// A service of a later release sends what v0.4.0 had no fields for.
TEST(ToAgent, FindsTheFieldsOfLaterReleases) {
  cvms::ComputationRunReq later;
  later.set_id("7");
  later.add_datasets()->mutable_source()->set_url("https://data");
  later.mutable_datasets(0)->set_decompress(true);
  later.mutable_algorithm()->set_algo_type("python");
  later.mutable_algorithm()->add_algo_args("--x");
  later.mutable_kbs()->set_url("https://kbs");
  manager::ComputationRunReq request;
  ASSERT_TRUE(request.ParseFromString(later.SerializeAsString()));

  const auto manifest = ToAgent(request, 7002);

  ASSERT_THAT(manifest, Succeeds());
  EXPECT_EQ(manifest->datasets(0).source().url(), "https://data");
  EXPECT_TRUE(manifest->datasets(0).decompress());
  EXPECT_EQ(manifest->algorithm().algo_type(), "python");
  EXPECT_THAT(manifest->algorithm().algo_args(), ::testing::ElementsAre("--x"));
  EXPECT_EQ(manifest->kbs().url(), "https://kbs");
}

TEST(ToAgent, PassesOnFieldsThatNobodyKnows) {
  manager::ComputationRunReq request;
  ASSERT_TRUE(request.ParseFromString(std::string("\x0a\x01\x37\xa2\x06\x02hi", 8)));  // 1 and 100

  const auto manifest = ToAgent(request, 7002);

  ASSERT_THAT(manifest, Succeeds());
  EXPECT_THAT(manifest->SerializeAsString(), ::testing::HasSubstr(std::string("\xa2\x06\x02hi")));
}

TEST(ToAgent, RefusesUnknownFieldsThatAreOfAnotherTypeToAgents) {
  manager::ComputationRunReq request;
  // Field 8, to agents a message: not one.
  ASSERT_TRUE(request.ParseFromString(std::string("\x42\x01\x0a", 3)));

  EXPECT_THAT(ToAgent(request, 7002), FailsWith(ErrorCode::kMalformed));
}

TEST(ToService, GivesALogTheIdOfItsCvm) {
  cvms::AgentLog log;
  log.set_message("text");
  log.set_computation_id("somebody else's");
  log.set_level("WARN");
  log.mutable_timestamp()->set_seconds(5);

  const manager::ClientStreamMessage message = ToService(log, "7");

  EXPECT_EQ(message.agent_log().message(), "text");
  EXPECT_EQ(message.agent_log().computation_id(), "7");
  EXPECT_EQ(message.agent_log().level(), "WARN");
  EXPECT_EQ(message.agent_log().timestamp().seconds(), 5);
}

TEST(ToService, GivesAnEventTheIdOfItsCvm) {
  cvms::AgentEvent event;
  event.set_event_type("Running");
  event.set_status("Completed");
  event.set_originator("agent");
  event.set_details(std::string("\x00\xff", 2));
  event.set_computation_id("8");
  event.mutable_timestamp()->set_nanos(9);

  const manager::ClientStreamMessage message = ToService(event, "7");

  EXPECT_EQ(message.agent_event().event_type(), "Running");
  EXPECT_EQ(message.agent_event().status(), "Completed");
  EXPECT_EQ(message.agent_event().originator(), "agent");
  EXPECT_EQ(message.agent_event().details(), std::string("\x00\xff", 2));
  EXPECT_EQ(message.agent_event().computation_id(), "7");
  EXPECT_EQ(message.agent_event().timestamp().nanos(), 9);
}

TEST(SplitRunRequest, EndsWithAnEmptyChunkMarkedLast) {
  const auto messages = SplitRunRequest<cvms::ServerStreamMessage>("7", std::string(1000, 'x'));

  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].runreqchunks().data().size(), 1000u);
  EXPECT_FALSE(messages[0].runreqchunks().is_last());
  EXPECT_TRUE(messages[1].runreqchunks().data().empty());
  EXPECT_TRUE(messages[1].runreqchunks().is_last());
  for (const auto& message : messages) EXPECT_EQ(message.runreqchunks().id(), "7");
}

TEST(SplitRunRequest, FillsAChunkBeforeItBeginsAnother) {
  const auto count = [](std::size_t size) {
    return SplitRunRequest<manager::ServerStreamMessage>("7", std::string(size, 'x')).size();
  };

  EXPECT_EQ(count(0), 1u);
  EXPECT_EQ(count(kChunkBytes), 2u);
  EXPECT_EQ(count(kChunkBytes + 1), 3u);
}

TEST(SplitRunRequest, LosesNothing) {
  std::string bytes(2 * kChunkBytes + 5, 'x');
  bytes[kChunkBytes] = 'y';
  std::string joined;

  for (const auto& message : SplitRunRequest<manager::ServerStreamMessage>("7", bytes)) {
    joined += message.runreqchunks().data();
  }

  EXPECT_EQ(joined, bytes);
}

}  // namespace
}  // namespace cocos::computation
