// cvmctl against the real services, over a manager on the fake hypervisor.
#include <future>
#include <nlohmann/json.hpp>

#include "unit/api/api_fixture.h"
#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Cvmctl : public api::ApiFixture {
 protected:
  void SetUp() override { StartServer(); }

  Outcome Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--manager", Address()});
    return RunForTest(arguments);
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  std::string CreateOne() {
    const Outcome created = Run({"--output", "json", "create", "--server-url", "192.0.2.1:7001"});
    EXPECT_EQ(created.status, 0) << created.err;
    return nlohmann::json::parse(created.out)["id"];
  }
};

TEST_F(Cvmctl, CreatesAndSaysIdAndPort) {
  const Outcome outcome = Run({"create", "--server-url", "192.0.2.1:7001", "--ttl", "1h"});

  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("created CVM "));
  EXPECT_THAT(outcome.out, HasSubstr(", agent port 6100\n"));
  EXPECT_TRUE(manager_->List().cvms[0].expires.has_value());
}

TEST_F(Cvmctl, ReportsARefusalOnOneLineWithItsCode) {
  const Outcome outcome = Run({"create", "--server-url", "nowhere"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("cvmctl: create: agent_cvm_server_url \"nowhere\""));
  EXPECT_THAT(outcome.err, HasSubstr("(INVALID_ARGUMENT)\n"));
}

TEST_F(Cvmctl, SendsNothingWithATtlThatIsNone) {
  for (const char* ttl : {"5d", "90", "-1h", "soon"}) {
    const Outcome outcome = Run({"create", "--server-url", "192.0.2.1:7001", "--ttl", ttl});

    EXPECT_EQ(outcome.status, 2) << ttl;
    EXPECT_THAT(outcome.err,
                HasSubstr("cvmctl: create: --ttl \"" + std::string(ttl) + "\": want 0 or numbers"));
  }
  EXPECT_THAT(observer_.records(), IsEmpty());
}

TEST_F(Cvmctl, NamesALocalFileThatIsMissing) {
  const Outcome outcome =
      Run({"create", "--server-url", "192.0.2.1:7001", "--server-ca", "/none.pem"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/none.pem"));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
}

TEST_F(Cvmctl, ListsAndShows) {
  const std::string id = CreateOne();

  EXPECT_THAT(Run({"list"}).out, HasSubstr(id + "  running  default  none"));
  EXPECT_THAT(Run({"info", id}).out, HasSubstr("domain               cvm-" + id));
  EXPECT_EQ(nlohmann::json::parse(Run({"--output", "json", "list"}).out)["cvms"][0]["id"], id);
}

TEST_F(Cvmctl, RemovesSeveralAndReportsThoseThatFailed) {
  const std::string id = CreateOne();

  const Outcome outcome = Run({"remove", "nobody", id});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("removed CVM " + id));
  EXPECT_THAT(outcome.err, HasSubstr("nobody: entity not found (NOT_FOUND)"));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
}

TEST_F(Cvmctl, WatchesTheWantedNumberOfChanges) {
  CreateOne();

  const Outcome outcome = Run({"--output", "json", "watch", "--after", "0", "--count", "6"});

  EXPECT_EQ(outcome.status, 0);
  std::istringstream lines(outcome.out);
  std::string line;
  std::uint64_t expected = 0;
  while (std::getline(lines, line)) EXPECT_EQ(nlohmann::json::parse(line)["revision"], ++expected);
  EXPECT_EQ(expected, 6u);
}

TEST_F(Cvmctl, ListsAgainWhenItsRevisionIsGone) {
  CreateOne();
  auto watching = std::async(std::launch::async, [this] {
    return Run({"watch", "--after", "999999", "--count", "1"});
  });
  // Something to see after the list, again and again until the watcher is there to see it.
  while (watching.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) CreateOne();

  const Outcome outcome = watching.get();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("list again"));
  EXPECT_THAT(outcome.out, HasSubstr("ID "));
}

TEST_F(Cvmctl, TakesTheAddressFromTheEnvironmentAsTheOtherCliDoes) {
  EXPECT_EQ(RunForTest({"list"}, {{"MANAGER_GRPC_URL", Address()}}).status, 0);
}

TEST_F(Cvmctl, FailsWhenNobodyListens) {
  server_->Shutdown(std::chrono::milliseconds(100));

  const Outcome outcome = Run({"list"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("(UNAVAILABLE)"));
}

TEST(CvmctlUsage, IsWrongWithoutACommandOrWithAnUnknownOne) {
  EXPECT_EQ(RunForTest({}).status, 2);
  EXPECT_EQ(RunForTest({"destroy"}).status, 2);
  EXPECT_EQ(RunForTest({"--output", "xml", "list"}).status, 2);
  EXPECT_EQ(RunForTest({"--timeout", "5x", "list"}).status, 2);
  EXPECT_EQ(RunForTest({"--timeout", "0", "list"}).status, 2);
}

TEST(CvmctlUsage, WantsTheAddressOfAnAgentAndSaysWhereItIsFound) {
  const Outcome outcome = RunForTest({"agent", "data", "/none", "--user-key", "/none"});

  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("cvmctl: data: --agent: not given"),
                                 HasSubstr("AGENT_GRPC_URL"), HasSubstr("cvmctl list")));
}

TEST(CvmctlUsage, TakesNoOptionOfTheManagerForAnAgent) {
  for (const char* option : {"--key", "--cert", "--ca", "--timeout"}) {
    const Outcome outcome = RunForTest(
        {"agent", "--agent", "127.0.0.1:1", "data", "/none", option, "1s", "--user-key", "/none"});

    EXPECT_EQ(outcome.status, 2) << option;
    EXPECT_THAT(outcome.err, HasSubstr(std::string(option) + ": is for commands to the manager"));
  }
}

TEST(CvmctlUsage, NamesTheDurationAnOptionDoesNotTake) {
  for (const char* text : {"5x", "-1s", "10"}) {
    const Outcome outcome = RunForTest({"agent", "--agent", "127.0.0.1:1", "--wait", text, "data",
                                        "/none", "--user-key", "/none"});

    EXPECT_EQ(outcome.status, 2) << text;
    EXPECT_THAT(outcome.err, HasSubstr("--wait \"" + std::string(text) + "\": want 0 or"));
  }
}

TEST(CvmctlPlainText, IsPointedOutOnTheWayToAnotherHost) {
  // Both fail before anything is sent.
  const Outcome create = RunForTest({"--manager", "192.0.2.1:7002", "create", "--server-url",
                                     "192.0.2.1:7001", "--server-ca", "/none.pem"});
  const Outcome data =
      RunForTest({"agent", "--agent", "192.0.2.1:6100", "data", "/none", "--user-key", "/none"});

  EXPECT_THAT(create.err, HasSubstr("cvmctl: 192.0.2.1:7002: plain text"));
  EXPECT_THAT(create.err, HasSubstr("--ca turns TLS on\n"));
  EXPECT_THAT(data.err, HasSubstr("cvmctl: 192.0.2.1:6100: plain text"));
  EXPECT_THAT(data.err, HasSubstr("--agent-ca turns TLS on\n"));
}

TEST(CvmctlPlainText, IsFineOnTheSameHostAndNotWhatTlsIs) {
  const std::vector<std::string> command = {"create", "--server-url", "192.0.2.1:7001",
                                            "--server-ca", "/none.pem"};
  std::vector<std::string> local = {"--manager", "localhost:7002"};
  std::vector<std::string> encrypted = {"--manager", "192.0.2.1:7002", "--ca", "/none.pem"};
  local.insert(local.end(), command.begin(), command.end());
  encrypted.insert(encrypted.end(), command.begin(), command.end());

  EXPECT_THAT(RunForTest(local).err, Not(HasSubstr("plain text")));
  EXPECT_THAT(RunForTest(encrypted).err, Not(HasSubstr("plain text")));
}

TEST(CvmctlUsage, HelpsAndNamesItsVersion) {
  EXPECT_EQ(RunForTest({"--help"}).status, 0);
  EXPECT_THAT(RunForTest({"--help"}).out, HasSubstr("watch"));
  EXPECT_THAT(RunForTest({"--version"}).out, HasSubstr("cvmctl "));
}

}  // namespace
}  // namespace cocos::cli
