// StreamLogs and StreamConsole, and what WatchCvms says of agents.
#include <google/protobuf/util/time_util.h>

#include <fstream>
#include <thread>

#include "api/convert.h"
#include "unit/api/api_fixture.h"

namespace cocos::api {
namespace {

namespace pb = operators::v1;
using namespace std::chrono_literals;
using cocos::testing::Eventually;
using google::protobuf::util::TimeUtil;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GuestStreamsTest : public ApiFixture {
 protected:
  // A call with its answers so far.
  template <typename Response>
  struct Call {
    explicit Call(std::chrono::seconds limit = 20s) {
      context.set_deadline(std::chrono::system_clock::now() + limit);
    }
    ~Call() { context.TryCancel(); }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<Response>> reader;
    Response last;
    bool Read() { return reader->Read(&last); }
    // To the end of the stream; gives the texts in the words of `text`.
    template <typename Text>
    std::vector<std::string> ReadAll(const Text& text) {
      std::vector<std::string> all;
      while (Read()) all.push_back(text(last));
      return all;
    }
  };
  using LogCall = Call<pb::StreamLogsResponse>;
  using ConsoleCall = Call<pb::StreamConsoleResponse>;
  using WatchCall = Call<pb::WatchCvmsResponse>;

  void SetUp() override {
    StartServer();
    ASSERT_TRUE(Create().ok());
    id_ = cvm::CvmId::Parse(created_.cvm_id()).value();
    request_.set_id(created_.cvm_id());
  }

  void Log(const std::string& text) { manager_->agents().NoteLog(id_, "INFO", text); }
  void PrintOnConsole(const std::string& text) {
    std::ofstream(options_.console_dir + "/test-instance/" + id_.text() + ".log",
                  std::ios::app | std::ios::binary)
        << text;
  }

  std::unique_ptr<LogCall> Logs() {
    auto call = std::make_unique<LogCall>();
    call->reader = operator_stub_->StreamLogs(&call->context, request_);
    return call;
  }
  std::vector<std::string> LogTexts() {
    return Logs()->ReadAll([](const pb::StreamLogsResponse& entry) { return entry.text(); });
  }
  std::unique_ptr<ConsoleCall> Console(bool follow) {
    auto call = std::make_unique<ConsoleCall>();
    pb::StreamConsoleRequest request;
    request.set_id(id_.text());
    request.set_follow(follow);
    call->reader = operator_stub_->StreamConsole(&call->context, request);
    return call;
  }

  cvm::CvmId id_ = cvm::CvmId::Random();
  pb::StreamLogsRequest request_;
};

TEST_F(GuestStreamsTest, GivesTheLogsThatAreKeptAndEnds) {
  Log("one");
  Log("two");
  PrintOnConsole("boot\r\nlogin: ");
  const auto call = Logs();

  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.source(), pb::LOG_SOURCE_CONSOLE);
  EXPECT_EQ(call->last.text(), "boot");
  EXPECT_FALSE(call->last.has_time());
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.source(), pb::LOG_SOURCE_AGENT);
  EXPECT_EQ(call->last.level(), "INFO");
  EXPECT_EQ(call->last.text(), "one");
  EXPECT_EQ(call->last.time().seconds(), ToProto(clock_.Now()).seconds());
  EXPECT_THAT(call->ReadAll([](const auto& entry) { return entry.text(); }),
              ElementsAre("two", "login: "));
  EXPECT_TRUE(call->reader->Finish().ok());
}

TEST_F(GuestStreamsTest, GivesOneSourceAlone) {
  Log("one");
  PrintOnConsole("boot\n");

  request_.set_source(pb::LOG_SOURCE_AGENT);
  EXPECT_THAT(LogTexts(), ElementsAre("one"));
  request_.set_source(pb::LOG_SOURCE_CONSOLE);
  EXPECT_THAT(LogTexts(), ElementsAre("boot"));
}

TEST_F(GuestStreamsTest, GivesTheLastEntriesOfEachSource) {
  for (const char* text : {"a", "b", "c"}) Log(text);
  PrintOnConsole("1\n2\n3\n");

  request_.set_tail(2);
  EXPECT_THAT(LogTexts(), ElementsAre("2", "3", "b", "c"));
  request_.set_tail(0);
  EXPECT_THAT(LogTexts(), IsEmpty());
}

TEST_F(GuestStreamsTest, LeavesOutWhatIsOlderThanAskedFor) {
  Log("old");
  PrintOnConsole("nobody knows when\n");
  clock_.Advance(60s);
  Log("new");

  *request_.mutable_since() = ToProto(clock_.Now());

  EXPECT_THAT(LogTexts(), ElementsAre("new"));
}

TEST_F(GuestStreamsTest, RefusesATimeThatCannotBe) {
  request_.mutable_since()->set_seconds(-1);
  EXPECT_EQ(Logs()->reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request_.mutable_since()->set_seconds(std::int64_t{1} << 62);
  EXPECT_EQ(Logs()->reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GuestStreamsTest, SaysHowManyEntriesWerePushedOut) {
  const auto kept = cvm::LogRing::Limits{}.entries;
  for (std::size_t i = 0; i < kept + 3; ++i) Log(std::to_string(i));
  const auto call = Logs();

  ASSERT_TRUE(call->Read());

  EXPECT_EQ(call->last.lost(), 3u);
  EXPECT_EQ(call->last.text(), "3");
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.lost(), 0u);
}

TEST_F(GuestStreamsTest, FollowsBothSourcesUntilTheCvmIsGone) {
  request_.set_follow(true);
  Log("before");
  const auto call = Logs();
  ASSERT_TRUE(call->Read());

  Log("after");
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.text(), "after");
  PrintOnConsole("printed\n");
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.text(), "printed");
  EXPECT_TRUE(call->last.has_time());
  ASSERT_TRUE(Remove(created_.cvm_id()).ok());

  EXPECT_FALSE(call->Read());
  EXPECT_TRUE(call->reader->Finish().ok());
}

TEST_F(GuestStreamsTest, EndsWhenTheCvmFailedWithItsLastWords) {
  request_.set_follow(true);
  request_.set_source(pb::LOG_SOURCE_CONSOLE);
  PrintOnConsole("hello\n");
  const auto call = Logs();
  ASSERT_TRUE(call->Read());
  PrintOnConsole("Kernel panic");

  hypervisor_.Kill(created_.cvm_id());

  EXPECT_THAT(call->ReadAll([](const auto& entry) { return entry.text(); }),
              ElementsAre("Kernel panic"));
  EXPECT_TRUE(call->reader->Finish().ok());
}

TEST_F(GuestStreamsTest, RepairsTextsThatAreNoUtf8) {
  PrintOnConsole("caf\xe9\n\x1b[31m\n");

  EXPECT_THAT(LogTexts(), ElementsAre("caf?", "\x1b[31m"));
}

TEST_F(GuestStreamsTest, SaysNotFoundForAnUnknownCvm) {
  request_.set_id("nobody");
  const grpc::Status status = Logs()->reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "CVM nobody: not found");

  id_ = cvm::CvmId::Random();
  EXPECT_EQ(Console(false)->reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(GuestStreamsTest, RefusesAnUnknownSource) {
  request_.set_source(static_cast<pb::LogSource>(9));

  EXPECT_EQ(Logs()->reader->Finish().error_message(), "source 9: unknown, want 0 to 2");
}

TEST_F(GuestStreamsTest, GivesTheConsoleAsTheGuestWroteIt) {
  const std::string bytes("\x1b[31m\0\xff\r\n", 9);
  PrintOnConsole(bytes);
  const auto call = Console(false);

  ASSERT_TRUE(call->Read());

  EXPECT_EQ(call->last.data(), bytes);
  EXPECT_FALSE(call->last.lost());
  EXPECT_FALSE(call->Read());
  EXPECT_TRUE(call->reader->Finish().ok());
}

TEST_F(GuestStreamsTest, FollowsTheConsoleUntilTheCvmIsGone) {
  const auto call = Console(true);
  call->reader->WaitForInitialMetadata();
  PrintOnConsole("a");
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.data(), "a");
  PrintOnConsole("b");
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.data(), "b");

  ASSERT_TRUE(Remove(created_.cvm_id()).ok());

  EXPECT_FALSE(call->Read());
  EXPECT_TRUE(call->reader->Finish().ok());
}

TEST_F(GuestStreamsTest, BoundsTheNumberOfStreamsAndGivesPlacesBack) {
  request_.set_follow(true);
  std::vector<std::unique_ptr<LogCall>> calls;
  for (int i = 0; i < OperatorService::kMaxGuestStreams; ++i) {
    calls.push_back(Logs());
    calls.back()->reader->WaitForInitialMetadata();
  }

  const grpc::Status refused = Console(true)->reader->Finish();
  calls.front()->context.TryCancel();

  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(), HasSubstr("64 streams of logs and consoles"));
  EXPECT_TRUE(Eventually([&] { return Console(false)->reader->Finish().ok(); }));
}

TEST_F(GuestStreamsTest, EndsStreamsWhenTheServerShutsDown) {
  request_.set_follow(true);
  const auto logs = Logs();
  const auto console = Console(true);
  logs->reader->WaitForInitialMetadata();
  console->reader->WaitForInitialMetadata();
  const auto begin = std::chrono::steady_clock::now();

  server_->Shutdown(10s);

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
  EXPECT_FALSE(logs->reader->Finish().ok());
  EXPECT_FALSE(console->reader->Finish().ok());
}

TEST_F(GuestStreamsTest, AFloodOfLogsTellsASlowReaderWhatItMissed) {
  request_.set_follow(true);
  request_.set_source(pb::LOG_SOURCE_AGENT);
  const auto call = Logs();
  call->reader->WaitForInitialMetadata();
  constexpr std::uint64_t kEntries = 50'000;

  for (std::uint64_t i = 0; i < kEntries; ++i) Log(std::string(1000, 'x'));
  std::uint64_t seen = 0;
  while (seen < kEntries && call->Read()) seen += 1 + call->last.lost();

  EXPECT_EQ(seen, kEntries);
}

class WatchNotesTest : public GuestStreamsTest {
 protected:
  std::unique_ptr<WatchCall> Watch(const std::vector<pb::ChangeKind>& kinds) {
    pb::WatchCvmsRequest request;
    request.set_until_now(true);
    for (const pb::ChangeKind kind : kinds) request.add_kinds(kind);
    auto call = std::make_unique<WatchCall>();
    call->reader = operator_stub_->WatchCvms(&call->context, request);
    return call;
  }
};

TEST_F(WatchNotesTest, GivesTheKindsAskedForAndEndsAtPresent) {
  manager_->agents().NoteConnected(id_, true);
  manager_->agents().NoteAppraisal(id_, "report", false, "it is bad");
  const auto call = Watch({pb::CHANGE_KIND_AGENT, pb::CHANGE_KIND_ATTESTATION});

  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.kind(), pb::CHANGE_KIND_AGENT);
  EXPECT_EQ(call->last.text(), "connected");
  EXPECT_TRUE(call->last.cvm().agent().connected());
  ASSERT_TRUE(call->Read());
  EXPECT_EQ(call->last.kind(), pb::CHANGE_KIND_ATTESTATION);
  EXPECT_EQ(call->last.text(), "failed: it is bad");
  EXPECT_EQ(call->last.cvm().attestation().outcome(), pb::ATTESTATION_OUTCOME_FAILED);
  EXPECT_EQ(call->last.cvm().attestation().release(), pb::COMPUTATION_RELEASE_WAITING);
  EXPECT_EQ(call->last.cvm().attestation().mode(), "report");
  EXPECT_FALSE(call->Read());
  EXPECT_TRUE(call->reader->Finish().ok());
}

TEST_F(WatchNotesTest, GivesClientsThatKnowNoKindsOnlyChangesOfState) {
  manager_->agents().NoteConnected(id_, true);

  const auto texts = Watch({})->ReadAll(
      [](const auto& change) { return pb::CvmState_Name(change.cvm().state()); });

  EXPECT_EQ(texts.size(), 6u);
  EXPECT_THAT(texts, Contains("CVM_STATE_RUNNING"));
}

TEST_F(WatchNotesTest, SaysHowManyNotesAreNotKeptAnyMore) {
  const std::size_t kept = cvm::ChangeFeed::kMaxNotesOfCvm;
  for (std::size_t i = 0; i < kept + 5; ++i) {
    manager_->agents().NoteState(id_, "Running", std::to_string(i));
  }
  const auto call = Watch({pb::CHANGE_KIND_LIFE_CYCLE, pb::CHANGE_KIND_AGENT});

  std::uint64_t skipped = 0;
  while (call->Read()) skipped += call->last.skipped();

  EXPECT_EQ(skipped, 5u);
}

TEST_F(WatchNotesTest, RefusesWhatContradictsItself) {
  WatchCall both;
  pb::WatchCvmsRequest request;
  request.set_from_now(true);
  request.set_until_now(true);
  EXPECT_EQ(operator_stub_->WatchCvms(&both.context, request)->Finish().error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);

  EXPECT_EQ(Watch({static_cast<pb::ChangeKind>(7)})->reader->Finish().error_message(),
            "kind 7: unknown, want 1 to 3");
}

}  // namespace
}  // namespace cocos::api
