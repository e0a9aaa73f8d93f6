#include "cms/commands.h"

#include <algorithm>

#include "computation/run_chunks.h"
#include "support/result_matchers.h"
#include "unit/cms/run_fixture.h"

namespace cocos::cms {
namespace {

using ::cocos::testing::Eventually;
using ::cocos::testing::RunFixture;
using ::cocos::testing::RunRequest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CmsCommands : public RunFixture {
 protected:
  Commands& StartCommands(std::size_t max_request_bytes = computation::kDefaultMaxRequestBytes) {
    StartRuns();
    const HostInfo host{.ovmf_version = "ovmf",
                        .cpu_num = 4,
                        .cpu_type = "EPYC",
                        .kernel_cmd = "quiet",
                        .eos_version = "eos"};
    const auto policy_of = [](const cvm::Snapshot& cvm) -> Result<std::string> {
      if (cvm.computation_id == "7") return std::string("policy");
      return Fail(ErrorCode::kFailedPrecondition, "no TEE");
    };
    commands_ = std::make_unique<Commands>(
        Commands::Options{
            .host = host, .max_request_bytes = max_request_bytes, .on_terminate = on_terminate_},
        *runs_, policy_of, outbox_, logger_);
    return *commands_;
  }

  // Sends a run as a service does, in chunks.
  void SendRun(const std::string& id) {
    const std::string bytes = RunRequest(id).SerializeAsString();
    for (const auto& message :
         computation::SplitRunRequest<manager::ServerStreamMessage>(id, bytes)) {
      EXPECT_TRUE(commands_->OnMessage(message));
    }
  }

  bool EventuallySent(const std::string& text) {
    return Eventually([this, &text] {
      for (std::string& each : Sent()) sent_.push_back(std::move(each));
      return std::ranges::any_of(
          sent_, [&text](const std::string& each) { return each.starts_with(text); });
    });
  }

  std::function<void(const std::string&)> on_terminate_;
  std::vector<std::string> sent_;
  std::unique_ptr<Commands> commands_;
};

manager::ServerStreamMessage StopOf(const std::string& id) {
  manager::ServerStreamMessage message;
  message.mutable_stopcomputation()->set_computation_id(id);
  return message;
}

TEST_F(CmsCommands, RunsWhatCameInChunks) {
  StartCommands();

  SendRun("7");

  EXPECT_TRUE(EventuallySent("run 7 6100"));
}

TEST_F(CmsCommands, RunsWhatCameWhole) {
  manager::ServerStreamMessage message;
  *message.mutable_runreq() = RunRequest("7");

  EXPECT_TRUE(StartCommands().OnMessage(message));

  EXPECT_TRUE(EventuallySent("run 7 6100"));
}

TEST_F(CmsCommands, DoesWhatConcernsOneComputationInOrder) {
  StartCommands();

  SendRun("7");
  commands_->OnMessage(StopOf("7"));

  ASSERT_TRUE(EventuallySent("stop 7"));
  EXPECT_THAT(sent_, Contains("run 7 6100"));
  EXPECT_THAT(sent_, Contains("stop 7 "));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
}

// Fifty at once with ten slots: each is answered, and ten have their CVM.
TEST_F(CmsCommands, AnswersEveryRunOfMany) {
  StartCommands();
  for (int i = 0; i < 50; ++i) SendRun("c" + std::to_string(i));

  int runs = 0;
  int refusals = 0;
  ASSERT_TRUE(Eventually([&] {
    for (const std::string& each : Sent()) {
      runs += each.starts_with("run ") ? 1 : 0;
      refusals += each.starts_with("stop ") ? 1 : 0;
    }
    return runs + refusals == 50;
  })) << runs
      << " and " << refusals;
  EXPECT_EQ(runs, 10);
  EXPECT_EQ(refusals, 40);
  EXPECT_THAT(manager_->List().cvms, SizeIs(10));
  EXPECT_THAT(gateway_.admitted(), SizeIs(10));
}

TEST_F(CmsCommands, RefusesARequestThatIsTooLargeOnce) {
  StartCommands(1000);
  manager::ServerStreamMessage chunk;
  chunk.mutable_runreqchunks()->set_id("7");
  chunk.mutable_runreqchunks()->set_data(std::string(600, 'x'));

  for (int i = 0; i < 5; ++i) commands_->OnMessage(chunk);

  const auto sent = Sent();
  EXPECT_THAT(sent, Contains(StartsWith("stop 7 run request \"7\": more than 1000 bytes")));
  EXPECT_EQ(std::ranges::count_if(sent, [](const auto& each) { return each.starts_with("stop"); }),
            1);
}

TEST_F(CmsCommands, IgnoresGarbage) {
  StartCommands();
  manager::ServerStreamMessage chunk;
  chunk.mutable_runreqchunks()->set_data("\xff\xff");
  chunk.mutable_runreqchunks()->set_is_last(true);

  EXPECT_TRUE(commands_->OnMessage(chunk));
  EXPECT_TRUE(commands_->OnMessage({}));

  EXPECT_THAT(logger_.text(), HasSubstr("does not parse"));
  EXPECT_THAT(logger_.text(), HasSubstr("Unknown message"));
}

TEST_F(CmsCommands, SendsThePolicyOfAComputation) {
  StartCommands();
  SendRun("7");
  ASSERT_TRUE(EventuallySent("run 7"));
  manager::ServerStreamMessage message;
  message.mutable_attestationpolicyreq()->set_id("7");

  commands_->OnMessage(message);

  EXPECT_TRUE(EventuallySent("policy 7"));
}

TEST_F(CmsCommands, SaysWhyThereIsNoPolicy) {
  StartCommands();
  manager::ServerStreamMessage message;
  message.mutable_attestationpolicyreq()->set_id("8");

  commands_->OnMessage(message);

  EXPECT_TRUE(EventuallySent("log no attestation policy: computation \"8\""));
}

TEST_F(CmsCommands, DescribesTheHost) {
  manager::ServerStreamMessage message;
  message.mutable_svminforeq()->set_id("any");

  StartCommands().OnMessage(message);

  const auto answer = outbox_.Pop({});
  EXPECT_EQ(answer->svm_info().id(), "any");
  EXPECT_EQ(answer->svm_info().ovmf_version(), "ovmf");
  EXPECT_EQ(answer->svm_info().cpu_num(), 4);
  EXPECT_EQ(answer->svm_info().cpu_type(), "EPYC");
  EXPECT_EQ(answer->svm_info().kernel_cmd(), "quiet");
  EXPECT_EQ(answer->svm_info().eos_version(), "eos");
}

TEST_F(CmsCommands, EndsTheConnectionWhenTheServiceSaysSo) {
  manager::ServerStreamMessage message;
  message.mutable_terminatereq()->set_message("maintenance");

  EXPECT_FALSE(StartCommands().OnMessage(message));

  EXPECT_THAT(logger_.text(), HasSubstr("maintenance"));
}

TEST_F(CmsCommands, PassesOnThatTheServiceWantsTheEndAndEndsTheConnectionToo) {
  std::string heard;
  on_terminate_ = [&heard](const std::string& message) { heard = message; };
  manager::ServerStreamMessage message;
  message.mutable_terminatereq()->set_message("maintenance");

  EXPECT_FALSE(StartCommands().OnMessage(message));

  EXPECT_EQ(heard, "maintenance");
}

}  // namespace
}  // namespace cocos::cms
