#include "testserver/options.h"

#include <gmock/gmock.h>

namespace cocos::testserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kRequired = {"--algo-path", "a", "--public-key-path", "k"};

std::vector<std::string> Plus(std::vector<std::string> more) {
  more.insert(more.end(), kRequired.begin(), kRequired.end());
  return more;
}

TEST(ParseOptions, TakesUpstreamsSingleDashSpelling) {
  const auto parsed =
      ParseOptions({"-algo-path", "algo.sh", "-public-key-path=key.pem", "-data-paths", "one,two",
                    "-attested-tls-bool", "-cvm-id", "7"});

  ASSERT_TRUE(std::holds_alternative<Options>(parsed));
  const auto& options = std::get<Options>(parsed);
  EXPECT_EQ(options.computation.algorithm_path, "algo.sh");
  EXPECT_EQ(options.computation.public_key_path, "key.pem");
  EXPECT_THAT(options.computation.data_paths, ElementsAre("one", "two"));
  EXPECT_TRUE(options.computation.attested_tls);
  EXPECT_EQ(options.cvm_id, "7");
}

TEST(ParseOptions, HasUpstreamsDefaults) {
  const auto parsed = ParseOptions(kRequired);

  ASSERT_TRUE(std::holds_alternative<Options>(parsed));
  EXPECT_EQ(std::get<Options>(parsed).port, 7001);
  EXPECT_EQ(std::get<Options>(parsed).computation.agent_port, "7002");
  EXPECT_FALSE(std::get<Options>(parsed).computation.attested_tls);
}

TEST(ParseOptions, RefusesACertificateWithoutItsKey) {
  const auto parsed = ParseOptions(Plus({"--server-cert", "c"}));

  ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
  EXPECT_EQ(std::get<EarlyExit>(parsed).status, 2);
  EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("--server-key"));
}

TEST(ParseOptions, RefusesAClientCaWithoutACertificate) {
  EXPECT_TRUE(std::holds_alternative<EarlyExit>(ParseOptions(Plus({"--client-ca", "c"}))));
}

TEST(ParseOptions, RefusesAPortThatIsNone) {
  EXPECT_TRUE(std::holds_alternative<EarlyExit>(ParseOptions(Plus({"--port", "65536"}))));
  EXPECT_TRUE(std::holds_alternative<Options>(ParseOptions(Plus({"--port", "65535"}))));
}

TEST(ParseOptions, NamesWhatIsMissing) {
  const auto parsed = ParseOptions({"--algo-path", "a"});

  ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
  EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("--public-key-path"));
}

TEST(ParseOptions, HelpIsASuccess) {
  const auto parsed = ParseOptions({"--help"});

  ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
  EXPECT_EQ(std::get<EarlyExit>(parsed).status, 0);
  EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("--algo-path"));
}

}  // namespace
}  // namespace cocos::testserver
