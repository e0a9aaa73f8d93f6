#include "testagent/environment.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ParseEnvironment, TakesValuesAsTheyStand) {
  const auto environment = ParseEnvironment("A=1\nB_2= x=\"y\" \nC=\n");

  ASSERT_THAT(environment, Succeeds());
  EXPECT_THAT(*environment,
              UnorderedElementsAre(Pair("A", "1"), Pair("B_2", " x=\"y\" "), Pair("C", "")));
}

TEST(ParseEnvironment, SkipsEmptyLinesAndComments) {
  const auto environment = ParseEnvironment("\n# A=1\n; B=2\nC=3");

  ASSERT_THAT(environment, Succeeds());
  EXPECT_THAT(*environment, UnorderedElementsAre(Pair("C", "3")));
}

TEST(ParseEnvironment, NamesTheLineWithoutAnEqualsSignAndNotItsText) {
  EXPECT_THAT(
      ParseEnvironment("A=1\nsecret\n"),
      FailsWith(ErrorCode::kMalformed, AllOf(HasSubstr("line 2"), Not(HasSubstr("secret")))));
}

TEST(ParseEnvironment, RefusesNamesThatAreNone) {
  EXPECT_THAT(ParseEnvironment("=1"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseEnvironment("1A=1"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseEnvironment("A B=1"), FailsWith(ErrorCode::kMalformed));
}

TEST(SettingsFrom, AnEmptyValueCountsAsUnset) {
  const auto settings = SettingsFrom({{"AGENT_CVM_GRPC_URL", ""}, {"AGENT_LOG_LEVEL", ""}});

  ASSERT_THAT(settings, Succeeds());
  EXPECT_EQ(settings->cvms_url, "localhost:7001");
  EXPECT_EQ(settings->log_level, LogLevel::kDebug);
}

TEST(SettingsFrom, TakesWhatTheManagerWrites) {
  const auto settings = SettingsFrom({{"AGENT_CVM_GRPC_URL", "10.0.2.2:7001"},
                                      {"AGENT_CVM_ID", "cvm"},
                                      {"AGENT_CVM_GRPC_CLIENT_CERT", "/c"},
                                      {"AGENT_CVM_GRPC_CLIENT_KEY", "/k"},
                                      {"AGENT_CVM_GRPC_SERVER_CA_CERTS", "/ca"},
                                      {"AGENT_LOG_LEVEL", "Warn"}});

  ASSERT_THAT(settings, Succeeds());
  EXPECT_EQ(settings->cvms_url, "10.0.2.2:7001");
  EXPECT_EQ(settings->cvm_id, "cvm");
  EXPECT_EQ(settings->client_cert_path, "/c");
  EXPECT_EQ(settings->client_key_path, "/k");
  EXPECT_EQ(settings->server_ca_path, "/ca");
  EXPECT_EQ(settings->log_level, LogLevel::kWarn);
}

TEST(SettingsFrom, RefusesACertificateWithoutItsKey) {
  EXPECT_THAT(SettingsFrom({{"AGENT_CVM_GRPC_CLIENT_CERT", "/c"}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("AGENT_CVM_GRPC_CLIENT_KEY")));
}

TEST(SettingsFrom, RefusesALogLevelItDoesNotKnow) {
  EXPECT_THAT(SettingsFrom({{"AGENT_LOG_LEVEL", "loud"}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("loud")));
}

}  // namespace
}  // namespace cocos::testagent
