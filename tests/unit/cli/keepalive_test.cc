// `cvmctl watch` when the manager's host is gone without a word.
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <future>
#include <sstream>

#include "cli/cvm_commands.h"
#include "gmock/gmock.h"
#include "proto/operator.grpc.pb.h"
#include "support/manager_fixture.h"
#include "unit/cli/silent_relay.h"

namespace cocos::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Its first watch is quiet until its client goes; the others have a change to tell.
class QuietOperator final : public operators::v1::Operator::Service {
 public:
  grpc::Status ListCvms(grpc::ServerContext*, const operators::v1::ListCvmsRequest*,
                        operators::v1::ListCvmsResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status WatchCvms(grpc::ServerContext* context, const operators::v1::WatchCvmsRequest*,
                         grpc::ServerWriter<operators::v1::WatchCvmsResponse>* writer) override {
    if (++watches == 1) {
      std::unique_lock lock(mutex_);
      ended_.wait(lock, [&] { return is_ended_; });
      return {grpc::StatusCode::CANCELLED, context->IsCancelled() ? "gone" : "ended"};
    }
    operators::v1::WatchCvmsResponse change;
    change.set_revision(1);
    writer->Write(change);
    return grpc::Status::OK;
  }
  void EndFirstWatch() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    ended_.notify_all();
  }

  std::atomic<int> watches = 0;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_ended_ = false;
};

class CvmctlWatchKeepalive : public ::testing::Test {
 protected:
  CvmctlWatchKeepalive() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1);
    builder.RegisterService(&operator_);
    server_ = builder.BuildAndStart();
    relay_ = std::make_unique<SilentRelay>(port_);
  }
  ~CvmctlWatchKeepalive() override { operator_.EndFirstWatch(); }

  // Until one change was printed.
  std::future<Result<void>> Watch() {
    return std::async(std::launch::async, [this] {
      ManagerOptions manager;
      manager.connection.address = "127.0.0.1:" + std::to_string(relay_->port());
      const Streams streams{.out = out_, .err = err_};
      return WatchCvms(manager, {.count = 1, .keepalive = {200ms, 300ms}}, streams);
    });
  }
  // More than gRPC by default sends without data. It sends one a second at most.
  void WaitForThreePings() {
    ASSERT_TRUE(testing::Eventually([&] { return operator_.watches == 1; }));
    for (int ping = 0; ping < 3; ++ping) {
      const int before = relay_->client_writes();
      ASSERT_TRUE(testing::Eventually([&] { return relay_->client_writes() > before; }));
    }
  }

  QuietOperator operator_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<SilentRelay> relay_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CvmctlWatchKeepalive, ConnectsAgainWhenTheHostFallsSilent) {
  std::future<Result<void>> watching = Watch();
  WaitForThreePings();
  EXPECT_EQ(operator_.watches, 1) << "a quiet connection is not given up";

  relay_->Silence();

  EXPECT_EQ(watching.wait_for(10s), std::future_status::ready);
  relay_->Close();  // without keepalive this is what ends it
  EXPECT_TRUE(watching.get().has_value());
  EXPECT_THAT(err_.str(), HasSubstr("connecting again"));
}

TEST(WatchOptions, NoticeADeadHostWithinHalfAMinute) {
  const Keepalive keepalive = WatchOptions().keepalive;

  EXPECT_LE(keepalive.interval + keepalive.timeout, 30s);
  EXPECT_GT(keepalive.interval, 10s);  // what the manager's listener allows
}

}  // namespace
}  // namespace cocos::cli
