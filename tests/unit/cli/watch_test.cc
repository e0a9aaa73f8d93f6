// `cvmctl watch` and the tables against a manager that answers as each case says.
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "proto/manager.grpc.pb.h"
#include "proto/operator.grpc.pb.h"
#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ScriptedOperator final : public operators::v1::Operator::Service {
 public:
  grpc::Status ListCvms(grpc::ServerContext*, const operators::v1::ListCvmsRequest*,
                        operators::v1::ListCvmsResponse* response) override {
    ++lists;
    response->set_revision(list_revision);
    response->add_cvms()->set_class_name("red\x1b[31m\nclass");
    return grpc::Status::OK;
  }
  grpc::Status GetCvm(grpc::ServerContext*, const operators::v1::GetCvmRequest*,
                      operators::v1::GetCvmResponse* response) override {
    response->mutable_cvm()->set_console_tail("line 1\nline 2\x1b]0;title\x07");
    return grpc::Status::OK;
  }
  // Each call gives one change, the one that follows, and then ends with the next of `endings`.
  grpc::Status WatchCvms(grpc::ServerContext*, const operators::v1::WatchCvmsRequest* request,
                         grpc::ServerWriter<operators::v1::WatchCvmsResponse>* writer) override {
    const std::lock_guard lock(mutex_);
    asked_after.push_back(request->after_revision());
    const bool last = asked_after.size() > endings.size();
    if (last || gives_change_before_ending) {
      operators::v1::WatchCvmsResponse change;
      change.set_revision(request->after_revision() + 1);
      writer->Write(change);
    }
    return last ? grpc::Status::OK : endings[asked_after.size() - 1];
  }

  std::uint64_t list_revision = 7;
  bool gives_change_before_ending = false;
  std::vector<grpc::Status> endings;
  std::atomic<int> lists = 0;
  std::vector<std::uint64_t> asked_after;

 private:
  std::mutex mutex_;
};

class RemovesAll final : public ::manager::ManagerService::Service {
  grpc::Status RemoveVm(grpc::ServerContext*, const ::manager::RemoveReq*,
                        google::protobuf::Empty*) override {
    return grpc::Status::OK;
  }
};

class CvmctlWatch : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&operator_);
    builder.RegisterService(&manager_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  Outcome Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--manager", Address()});
    return RunForTest(arguments);
  }

  ScriptedOperator operator_;
  RemovesAll manager_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(CvmctlWatch, ResumesFromTheLastRevisionItPrinted) {
  operator_.gives_change_before_ending = true;
  operator_.endings = {{grpc::StatusCode::UNAVAILABLE, "connection reset"}};

  const Outcome outcome = Run({"watch", "--count", "2"});

  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(operator_.asked_after, ElementsAre(7, 8));
}

TEST_F(CvmctlWatch, SaysFromWhenOnItWatches) {
  EXPECT_THAT(Run({"watch", "--count", "1"}).err, HasSubstr("changes after revision 7\n"));
}

TEST_F(CvmctlWatch, MissesNothingWhenTheConnectionIsLostBeforeTheFirstChange) {
  operator_.endings = {{grpc::StatusCode::UNAVAILABLE, "connection reset"}};

  EXPECT_EQ(Run({"watch", "--count", "1"}).status, 0);

  EXPECT_THAT(operator_.asked_after, ElementsAre(7, 7));
}

TEST_F(CvmctlWatch, GoesOnWhenTheManagerEndsTheStreamInOrder) {
  operator_.endings = {grpc::Status::OK};

  EXPECT_EQ(Run({"watch", "--count", "1"}).status, 0);
}

TEST_F(CvmctlWatch, PausesBetweenRefusals) {
  const grpc::Status refusal(grpc::StatusCode::FAILED_PRECONDITION, "list again");
  operator_.endings = {refusal, refusal};
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(Run({"watch", "--count", "1"}).status, 0);

  EXPECT_EQ(operator_.lists, 3);  // the first and one for each refusal
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(700));
}

TEST_F(CvmctlWatch, FailsAtOnceWhenNobodyListens) {
  server_->Shutdown();

  const Outcome outcome = Run({"watch"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("(UNAVAILABLE)"));
}

TEST_F(CvmctlWatch, EndsWhenNobodyReadsItsOutput) {
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);

  EXPECT_EQ(RunCvmctl({"--manager", Address(), "watch"}, {}, {out, err, false}), 1);
}

TEST_F(CvmctlWatch, GivesTerminalsNoControlCharactersOfOthers) {
  EXPECT_THAT(Run({"list"}).out, HasSubstr("red\\x1b[31m\\x0aclass"));
  EXPECT_THAT(Run({"info", "x"}).out, HasSubstr("line 1\nline 2\\x1b]0;title\\x07"));
}

TEST_F(CvmctlWatch, RemoveSaysInJsonWhatItRemoved) {
  const Outcome outcome = Run({"--output", "json", "remove", "a", "b"});

  EXPECT_EQ(outcome.out, "{\"removed\":[\"a\",\"b\"]}\n");
}

}  // namespace
}  // namespace cocos::cli
