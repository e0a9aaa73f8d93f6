// `cvmctl logs`, `console` and `events` against a manager that answers as each case says.
#include <google/protobuf/util/time_util.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "cli/console_text.h"
#include "gmock/gmock.h"
#include "proto/operator.grpc.pb.h"
#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {
namespace {

namespace pb = operators::v1;
using google::protobuf::util::TimeUtil;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ScriptedOperator final : public pb::Operator::Service {
 public:
  grpc::Status StreamLogs(grpc::ServerContext*, const pb::StreamLogsRequest* request,
                          grpc::ServerWriter<pb::StreamLogsResponse>* writer) override {
    logs_request = *request;
    for (const pb::StreamLogsResponse& entry : entries) writer->Write(entry);
    return ending;
  }
  grpc::Status StreamConsole(grpc::ServerContext*, const pb::StreamConsoleRequest* request,
                             grpc::ServerWriter<pb::StreamConsoleResponse>* writer) override {
    console_request = *request;
    for (const pb::StreamConsoleResponse& piece : pieces) writer->Write(piece);
    return ending;
  }
  grpc::Status ListCvms(grpc::ServerContext*, const pb::ListCvmsRequest*,
                        pb::ListCvmsResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status WatchCvms(grpc::ServerContext*, const pb::WatchCvmsRequest* request,
                         grpc::ServerWriter<pb::WatchCvmsResponse>* writer) override {
    watch_request = *request;
    for (const pb::WatchCvmsResponse& change : changes) writer->Write(change);
    return ending;
  }

  void AddEntry(pb::LogSource source, const std::string& text, std::uint64_t lost = 0) {
    pb::StreamLogsResponse entry;
    entry.set_source(source);
    entry.set_text(text);
    entry.set_lost(lost);
    if (source == pb::LOG_SOURCE_AGENT) {
      entry.set_level("INFO");
      *entry.mutable_time() = TimeUtil::SecondsToTimestamp(1'800'000'000);
    }
    entries.push_back(entry);
  }
  void AddPiece(const std::string& data, bool lost = false) {
    pb::StreamConsoleResponse piece;
    piece.set_data(data);
    piece.set_lost(lost);
    pieces.push_back(piece);
  }
  void AddNote(std::int64_t seconds, pb::ChangeKind kind, const std::string& text) {
    pb::WatchCvmsResponse change;
    change.set_revision(changes.size() + 1);
    *change.mutable_time() = TimeUtil::SecondsToTimestamp(seconds);
    change.mutable_cvm()->set_id("some-id");
    change.set_kind(kind);
    change.set_text(text);
    changes.push_back(change);
  }

  std::vector<pb::StreamLogsResponse> entries;
  std::vector<pb::StreamConsoleResponse> pieces;
  std::vector<pb::WatchCvmsResponse> changes;
  grpc::Status ending;
  pb::StreamLogsRequest logs_request;
  pb::StreamConsoleRequest console_request;
  pb::WatchCvmsRequest watch_request;
};

class CvmctlStreams : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&operator_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  std::vector<std::string> WithAddress(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--manager", "127.0.0.1:" + std::to_string(port_)});
    return arguments;
  }
  Outcome Run(const std::vector<std::string>& arguments) {
    return RunForTest(WithAddress(arguments));
  }
  std::string RunOnATerminal(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    RunCvmctl(WithAddress(arguments), {}, {.out = out, .err = err, .out_is_terminal = true});
    return out.str();
  }

  ScriptedOperator operator_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(CvmctlStreams, LogsAreALineEachWithoutControlCharactersOfGuests) {
  operator_.AddEntry(pb::LOG_SOURCE_CONSOLE, "boot\x1b[31m");
  operator_.AddEntry(pb::LOG_SOURCE_AGENT, "two\nlines");

  EXPECT_EQ(Run({"logs", "x"}).out,
            "-  console  boot\\x1b[31m\n"
            "2027-01-15T08:00:00Z  agent  INFO  two\\x0alines\n");
}

TEST_F(CvmctlStreams, LogsSayWhatIsMissing) {
  operator_.AddEntry(pb::LOG_SOURCE_AGENT, "a", 12);
  operator_.AddEntry(pb::LOG_SOURCE_CONSOLE, "b", 1);

  EXPECT_THAT(Run({"logs", "x"}).out,
              AllOf(HasSubstr("-- 12 entries of the agent are missing --\n2027"),
                    HasSubstr("-- output of the console is missing --\n-  console  b")));
}

TEST_F(CvmctlStreams, LogsAskForWhatTheOptionsSay) {
  EXPECT_EQ(Run({"logs", "-f", "--tail", "0", "--source", "agent", "--since",
                 "2027-01-15T09:00:00+01:00", "x"})
                .status,
            0);

  EXPECT_EQ(operator_.logs_request.id(), "x");
  EXPECT_TRUE(operator_.logs_request.follow());
  EXPECT_TRUE(operator_.logs_request.has_tail());
  EXPECT_EQ(operator_.logs_request.tail(), 0u);
  EXPECT_EQ(operator_.logs_request.source(), pb::LOG_SOURCE_AGENT);
  EXPECT_EQ(operator_.logs_request.since().seconds(), 1'800'000'000);
}

TEST_F(CvmctlStreams, LogsOfEverythingAreTheDefault) {
  EXPECT_EQ(Run({"logs", "x"}).status, 0);

  EXPECT_FALSE(operator_.logs_request.follow());
  EXPECT_FALSE(operator_.logs_request.has_tail());
  EXPECT_FALSE(operator_.logs_request.has_since());
  EXPECT_EQ(operator_.logs_request.source(), pb::LOG_SOURCE_UNSPECIFIED);
}

TEST_F(CvmctlStreams, SinceADurationIsSoLongAgo) {
  const std::int64_t now = TimeUtil::GetCurrentTime().seconds();

  EXPECT_EQ(Run({"logs", "--since", "10m", "x"}).status, 0);

  EXPECT_NEAR(static_cast<double>(operator_.logs_request.since().seconds()),
              static_cast<double>(now - 600), 20);
}

TEST_F(CvmctlStreams, SinceMustBeADurationOrATime) {
  for (const char* command : {"logs", "events"}) {
    std::vector<std::string> arguments = {command, "--since", "yesterday"};
    if (std::string(command) == "logs") arguments.push_back("x");
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("--since \"yesterday\": want how long ago"));
  }
  EXPECT_EQ(Run({"logs", "--since", "-5m", "x"}).status, 2);
  EXPECT_EQ(Run({"logs", "--source", "kernel", "x"}).status, 2);
}

TEST_F(CvmctlStreams, LogsAsJsonAreAnObjectALine) {
  operator_.AddEntry(pb::LOG_SOURCE_CONSOLE, "a\tb");

  EXPECT_EQ(Run({"--output", "json", "logs", "x"}).out,
            R"({"time":null,"source":"console","level":"","text":"a\tb","lost":0})"
            "\n");
}

TEST_F(CvmctlStreams, AStreamThatIsLostIsAnError) {
  operator_.ending = grpc::Status(grpc::StatusCode::CANCELLED, "the manager is shutting down");

  for (const char* command : {"logs", "console"}) {
    const Outcome outcome = Run({command, "-f", "x"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("the manager is shutting down (CANCELLED)"));
  }
}

TEST_F(CvmctlStreams, TheConsoleIsRawWhereNoTerminalIs) {
  operator_.AddPiece(std::string("\x1b[31m\0\xff\r\n", 9));

  EXPECT_EQ(Run({"console", "x"}).out, std::string("\x1b[31m\0\xff\r\n", 9));
  EXPECT_FALSE(operator_.console_request.follow());
}

TEST_F(CvmctlStreams, TheConsoleIsPrintableOnATerminalUnlessAskedOtherwise) {
  operator_.AddPiece("\x1b[31mred\r");
  operator_.AddPiece("\ncaf\xc3");
  operator_.AddPiece("\xa9\n\xff");

  EXPECT_EQ(RunOnATerminal({"console", "x"}), "\\x1b[31mred\r\ncaf\xc3\xa9\n\\xff");
  EXPECT_EQ(RunOnATerminal({"console", "--raw", "x"}), "\x1b[31mred\r\ncaf\xc3\xa9\n\xff");
}

TEST_F(CvmctlStreams, TheConsoleSaysWhereOutputIsMissing) {
  operator_.AddPiece("b", true);

  const Outcome outcome = Run({"console", "-f", "x"});

  EXPECT_EQ(outcome.out, "b");
  EXPECT_THAT(outcome.err, HasSubstr("output is missing here"));
  EXPECT_TRUE(operator_.console_request.follow());
}

TEST_F(CvmctlStreams, EventsAreThoseThereAreOfEveryKind) {
  operator_.AddNote(1, pb::CHANGE_KIND_AGENT, "connected");
  operator_.AddNote(2, pb::CHANGE_KIND_ATTESTATION, "failed: \x1b[31m");
  operator_.changes.back().set_skipped(3);

  EXPECT_EQ(Run({"events"}).out,
            "1970-01-01T00:00:01Z  some-id  agent: connected\n"
            "1970-01-01T00:00:02Z  some-id  attestation: failed: \\x1b[31m"
            "  (3 of agents before it are not kept any more)\n");
  EXPECT_TRUE(operator_.watch_request.until_now());
  EXPECT_EQ(operator_.watch_request.after_revision(), 0u);
  EXPECT_THAT(
      operator_.watch_request.kinds(),
      ElementsAre(pb::CHANGE_KIND_LIFE_CYCLE, pb::CHANGE_KIND_AGENT, pb::CHANGE_KIND_ATTESTATION));
}

TEST_F(CvmctlStreams, EventsBeginAfterARevisionOrATime) {
  operator_.AddNote(1'800'000'000, pb::CHANGE_KIND_AGENT, "too old");
  operator_.AddNote(1'800'000'001, pb::CHANGE_KIND_AGENT, "new");

  EXPECT_THAT(Run({"events", "--since", "2027-01-15T08:00:01Z"}).out,
              AllOf(HasSubstr("new"), Not(HasSubstr("too old"))));
  EXPECT_EQ(Run({"events", "--since", "41"}).status, 0);
  EXPECT_EQ(operator_.watch_request.after_revision(), 41u);
}

TEST_F(CvmctlStreams, EventsOfAnUnknownRevisionAreAnError) {
  operator_.ending = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "list again");

  const Outcome outcome = Run({"events", "--since", "5"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cvmctl: events: list again"));
}

TEST_F(CvmctlStreams, EventsAsJsonHaveKindAndText) {
  operator_.AddNote(1, pb::CHANGE_KIND_AGENT, "connected");

  const auto json = nlohmann::json::parse(Run({"--output", "json", "events"}).out);

  EXPECT_EQ(json["kind"], "agent");
  EXPECT_EQ(json["text"], "connected");
  EXPECT_EQ(json["skipped"], 0);
}

TEST(ConsoleText, KeepsAtMostAnUnfinishedCharacterBack) {
  ConsoleText text;

  EXPECT_EQ(text.Take("login: "), "login: ");
  EXPECT_EQ(text.Take("\xf0\x9f\x98"), "");
  EXPECT_EQ(text.Take("\x80!"), "\xf0\x9f\x98\x80!");
  EXPECT_EQ(text.Take("\xe2\x82"), "");
  EXPECT_EQ(text.TakeRest(), "\\xe2\\x82");
}

TEST(ConsoleText, EscapesOnlyTheLinesThatAreNoUtf8) {
  ConsoleText text;

  EXPECT_EQ(text.Take("\xc3\xa9\n\xc3\xa9\x9b!\n"), "\xc3\xa9\n\\xc3\\xa9\\x9b!\n");
}

}  // namespace
}  // namespace cocos::cli
