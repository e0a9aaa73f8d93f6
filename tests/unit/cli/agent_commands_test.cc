// The agent commands against a recording AgentService on loopback.
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "crypto/public_key.h"
#include "proto/agent.grpc.pb.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"
#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {
namespace {

using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class RecordingAgent final : public agent::AgentService::Service {
 public:
  grpc::Status Algo(grpc::ServerContext* context, grpc::ServerReader<agent::AlgoRequest>* reader,
                    agent::AlgoResponse*) override {
    Record(*context);
    agent::AlgoRequest request;
    while (reader->Read(&request)) {
      ++pieces;
      received += request.algorithm();
      requirements += request.requirements();
    }
    return grpc::Status::OK;
  }
  grpc::Status Data(grpc::ServerContext* context, grpc::ServerReader<agent::DataRequest>* reader,
                    agent::DataResponse*) override {
    Record(*context);
    agent::DataRequest request;
    std::string filename;
    std::string content;
    while (reader->Read(&request)) {
      ++pieces;
      content += request.dataset();
      filename = request.filename();
    }
    data.emplace_back(filename, content);
    if (filename == refused) return {grpc::StatusCode::INVALID_ARGUMENT, "not in the manifest"};
    return grpc::Status::OK;
  }
  grpc::Status Result(grpc::ServerContext* context, const agent::ResultRequest*,
                      grpc::ServerWriter<agent::ResultResponse>* writer) override {
    Record(*context);
    agent::ResultResponse response;
    response.set_file("first ");
    writer->Write(response);
    if (fail_result) return {grpc::StatusCode::INTERNAL, "lost it"};
    response.set_file("second");
    writer->Write(response);
    return grpc::Status::OK;
  }

  int pieces = 0;
  std::string received;
  std::string requirements;
  std::vector<std::pair<std::string, std::string>> data;  // name and content, in order
  std::string refused;                                    // name of a data set
  bool fail_result = false;
  std::multimap<std::string, std::string> metadata;

 private:
  void Record(const grpc::ServerContext& context) {
    for (const auto& [name, value] : context.client_metadata()) {
      metadata.emplace(std::string(name.data(), name.size()),
                       std::string(value.data(), value.size()));
    }
  }
};

class AgentCommands : public ::testing::Test {
 protected:
  AgentCommands() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&agent_);
    server_ = builder.BuildAndStart();
    EXPECT_EQ(RunForTest({"agent", "keys", "--type", "ecdsa", "--dir", dir_.path()}).status, 0);
  }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  Outcome Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"agent", "--agent", Address()});
    arguments.insert(arguments.end(), {"--user-key", dir_.path() + "/private.pem"});
    return RunForTest(arguments);
  }
  void ExpectSignedAs(const std::string& role) {
    ASSERT_EQ(agent_.metadata.count("signature"), 1u);
    EXPECT_EQ(agent_.metadata.find("user-id")->second, role);
    const auto key = crypto::PublicKeyDer(Read(dir_.path() + "/public.pem"));
    EXPECT_THAT(crypto::VerifyTextSignature(*key, role, agent_.metadata.find("signature")->second),
                Succeeds());
  }

  TempDir dir_;
  RecordingAgent agent_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(AgentCommands, UploadAnAlgorithmInPiecesSignedByItsProvider) {
  const std::string content(2'500'000, 'x');

  const Outcome outcome = Run({"algo", Write("algo", content), "--type", "python", "--arg", "a",
                               "--arg", "b", "--requirements", Write("requirements.txt", "numpy")});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(agent_.pieces, 3);
  EXPECT_EQ(agent_.received, content);
  EXPECT_EQ(agent_.requirements, "numpy");
  EXPECT_EQ(agent_.metadata.find("algo_type")->second, "python");
  EXPECT_EQ(agent_.metadata.count("algo_args"), 2u);
  ExpectSignedAs("algorithm-provider");
}

TEST_F(AgentCommands, UploadDataUnderItsFileName) {
  const Outcome outcome = Run({"data", Write("set.csv", "1,2")});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(agent_.data, ElementsAre(Pair("set.csv", "1,2")));
  ExpectSignedAs("data-provider");
}

TEST_F(AgentCommands, UploadSeveralDataSetsInACallEach) {
  const Outcome outcome = Run({"data", Write("a.csv", "1"), Write("b.csv", "2")});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(agent_.data, ElementsAre(Pair("a.csv", "1"), Pair("b.csv", "2")));
  EXPECT_EQ(agent_.metadata.count("signature"), 2u);
}

TEST_F(AgentCommands, EndAtTheDataSetThatIsRefusedAndNameIt) {
  agent_.refused = "b.csv";

  const Outcome outcome =
      Run({"data", Write("a.csv", "1"), Write("b.csv", "2"), Write("c.csv", "3")});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/b.csv: not in the manifest (INVALID_ARGUMENT)"));
  EXPECT_THAT(agent_.data, SizeIs(2));
}

TEST_F(AgentCommands, SendNoDataSetWhenOneIsMissing) {
  const Outcome outcome = Run({"data", Write("a.csv", "1"), dir_.path() + "/none.csv"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/none.csv"));
  EXPECT_THAT(agent_.data, IsEmpty());
}

TEST_F(AgentCommands, RefuseTwoDataSetsOfOneName) {
  std::filesystem::create_directory(dir_.path() + "/other");

  const Outcome outcome = Run({"data", Write("a.csv", "1"), Write("other/a.csv", "2")});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("want data sets with different names"));
  EXPECT_THAT(agent_.data, IsEmpty());
}

TEST_F(AgentCommands, TakeTheAddressFromTheEnvironmentAsTheOtherCliDoes) {
  const Outcome outcome =
      RunForTest({"agent", "data", Write("d", "x"), "--user-key", dir_.path() + "/private.pem"},
                 {{"AGENT_GRPC_URL", Address()}});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(agent_.data, SizeIs(1));
}

TEST_F(AgentCommands, TakeArgumentsUnderTheOtherClisNameAndWithADash) {
  EXPECT_EQ(Run({"algo", Write("algo", "x"), "--args", "a", "--arg=-b"}).status, 0);

  std::vector<std::string> arguments;
  const auto [begin, end] = agent_.metadata.equal_range("algo_args");
  for (auto each = begin; each != end; ++each) arguments.push_back(each->second);
  EXPECT_THAT(arguments, ElementsAre("a", "-b"));
}

TEST_F(AgentCommands, UploadAnEmptyFileAsOnePiece) {
  EXPECT_EQ(Run({"data", Write("empty", "")}).status, 0);
  EXPECT_EQ(agent_.pieces, 1);
}

TEST_F(AgentCommands, DownloadAResultWhole) {
  const std::string out = dir_.path() + "/results.zip";

  const Outcome outcome = Run({"result", "--out", out});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Read(out), "first second");
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
  ExpectSignedAs("consumer");
}

TEST_F(AgentCommands, LeaveNoHalfAResult) {
  agent_.fail_result = true;
  const std::string out = dir_.path() + "/results.zip";

  const Outcome outcome = Run({"result", "--out", out});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("lost it (INTERNAL)"));
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
}

TEST_F(AgentCommands, DoNotReplaceAFileUnasked) {
  const std::string out = Write("results.zip", "precious");

  EXPECT_EQ(Run({"result", "--out", out}).status, 1);
  EXPECT_EQ(Read(out), "precious");
  EXPECT_EQ(Run({"result", "--out", out, "--force"}).status, 0);
  EXPECT_EQ(Read(out), "first second");
}

TEST_F(AgentCommands, WaitForAnAgentThatIsNotThereYet) {
  server_->Shutdown();
  server_.reset();
  const auto begin = std::chrono::steady_clock::now();

  const Outcome outcome = Run({"data", Write("d", "x"), "--wait", "1s"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("(UNAVAILABLE)"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(700));
}

TEST_F(AgentCommands, MakeKeysThatOnlyTheirOwnerReadsAndNeverReplaceThem) {
  const auto mode = std::filesystem::status(dir_.path() + "/private.pem").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::string before = Read(dir_.path() + "/private.pem");

  const Outcome again = RunForTest({"agent", "keys", "--type", "ed25519", "--dir", dir_.path()});

  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_EQ(Read(dir_.path() + "/private.pem"), before);
  EXPECT_EQ(RunForTest({"agent", "keys", "--type", "dsa", "--dir", dir_.path()}).status, 1);
}

TEST_F(AgentCommands, MakeAPublicKeyThatAllMayReadAndAPrivateKeyThatTheyMayNot) {
  const mode_t old_mask = ::umask(0);
  const Outcome outcome =
      RunForTest({"agent", "keys", "--type", "ed25519", "--dir", dir_.path(), "--force"});
  ::umask(old_mask);

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(std::filesystem::status(dir_.path() + "/private.pem").permissions(),
            std::filesystem::perms{0600});
  EXPECT_EQ(std::filesystem::status(dir_.path() + "/public.pem").permissions(),
            std::filesystem::perms{0644});
}

TEST_F(AgentCommands, MakeNoKeyWhenOnlyTheOtherFileOfThePairExists) {
  std::filesystem::remove(dir_.path() + "/private.pem");

  EXPECT_EQ(RunForTest({"agent", "keys", "--type", "ecdsa", "--dir", dir_.path()}).status, 1);

  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/private.pem"));
}

TEST_F(AgentCommands, NameAKeyFileThatIsNone) {
  std::ofstream(dir_.path() + "/private.pem") << "nonsense";

  const Outcome outcome = Run({"data", Write("d", "x")});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/private.pem: want a private key"));
}

}  // namespace
}  // namespace cocos::cli
