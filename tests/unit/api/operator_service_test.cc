#include <thread>

#include "unit/api/api_fixture.h"

namespace cocos::api {
namespace {

using namespace std::chrono_literals;
using cocos::testing::Eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OperatorServiceTest : public ApiFixture {
 protected:
  using Reader = grpc::ClientReader<operators::v1::WatchCvmsResponse>;

  std::unique_ptr<Reader> WatchAfter(std::uint64_t revision, grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    operators::v1::WatchCvmsRequest request;
    request.set_after_revision(revision);
    return operator_stub_->WatchCvms(&context, request);
  }

  // A watch that has its place, until it goes.
  class Watcher {
   public:
    explicit Watcher(OperatorServiceTest& test) : reader_(test.WatchAfter(0, context_)) {
      reader_->WaitForInitialMetadata();
    }
    ~Watcher() { Cancel(); }
    void Cancel() { context_.TryCancel(); }

   private:
    grpc::ClientContext context_;
    std::unique_ptr<Reader> reader_;
  };

  std::vector<std::unique_ptr<Watcher>> WatchToTheLimit() {
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (int i = 0; i < OperatorService::kMaxWatchers; ++i) {
      watchers.push_back(std::make_unique<Watcher>(*this));
    }
    return watchers;
  }
};

TEST_F(OperatorServiceTest, ListsCvmsWithTheRevisionOfTheList) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  grpc::ClientContext context;
  operators::v1::ListCvmsResponse list;

  ASSERT_TRUE(operator_stub_->ListCvms(&context, {}, &list).ok());

  ASSERT_EQ(list.cvms_size(), 1);
  EXPECT_EQ(list.cvms(0).id(), created_.cvm_id());
  EXPECT_EQ(list.cvms(0).domain_name(), "cvm-" + created_.cvm_id());
  EXPECT_EQ(list.cvms(0).state(), operators::v1::CVM_STATE_RUNNING);
  EXPECT_EQ(list.cvms(0).tee(), operators::v1::TEE_NONE);
  EXPECT_THAT(list.cvms(0).agent_address(), HasSubstr(":6100"));
  EXPECT_EQ(list.revision(), manager_->changes().last_revision());
}

TEST_F(OperatorServiceTest, TellsTheWholeVerdictOfAnAttestation) {
  const attestation::Claim claim{.name = "snp.measurement",
                                 .expected = "aa",
                                 .actual = "bb",
                                 .outcome = attestation::Outcome::kFailed,
                                 .source = "AMD 56860",
                                 .detail = "\xff"};
  attest_ = [claim](const cvm::CvmId&, auto) -> Result<AttestOutcome> {
    AttestOutcome outcome{.summary = "snp.measurement", .parts = {}};
    outcome.parts.push_back({.policy = "as captured", .verdict = {{claim}}, .missing = ""});
    return outcome;
  };
  StartServer();
  ASSERT_TRUE(Create().ok());
  operators::v1::AttestRequest request;
  request.set_id(created_.cvm_id());
  operators::v1::AttestResponse response;
  grpc::ClientContext context;

  ASSERT_TRUE(operator_stub_->Attest(&context, request, &response).ok());

  EXPECT_EQ(response.verdict(), operators::v1::ATTEST_VERDICT_REFUSED);
  EXPECT_EQ(response.summary(), "snp.measurement");
  ASSERT_EQ(response.appraisals_size(), 1);
  EXPECT_EQ(response.appraisals(0).policy(), "as captured");
  ASSERT_EQ(response.appraisals(0).claims_size(), 1);
  EXPECT_EQ(response.appraisals(0).claims(0).outcome(), operators::v1::CLAIM_OUTCOME_FAILED);
  EXPECT_EQ(response.appraisals(0).claims(0).detail(), "?");
}

TEST_F(OperatorServiceTest, SaysWhyThereIsNoVerdict) {
  attest_ = [](const cvm::CvmId&, auto) -> Result<AttestOutcome> {
    return Fail(ErrorCode::kUnavailable, "no agent answers");
  };
  StartServer();
  const auto attest = [this](const std::string& id) {
    operators::v1::AttestRequest request;
    request.set_id(id);
    operators::v1::AttestResponse response;
    grpc::ClientContext context;
    return operator_stub_->Attest(&context, request, &response);
  };

  EXPECT_EQ(attest("nonsense").error_code(), grpc::StatusCode::NOT_FOUND);
  const grpc::Status status = attest(cvm::CvmId::Random().text());

  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.error_message(), HasSubstr("no agent answers"));
}

TEST_F(OperatorServiceTest, BoundsTheTimeOfAnAttestation) {
  std::chrono::system_clock::time_point deadline;
  attest_ = [&deadline](const cvm::CvmId&, auto until) -> Result<AttestOutcome> {
    deadline = until;
    return AttestOutcome{};
  };
  StartServer();
  operators::v1::AttestRequest request;
  request.set_id(cvm::CvmId::Random().text());
  operators::v1::AttestResponse response;
  grpc::ClientContext context;

  ASSERT_TRUE(operator_stub_->Attest(&context, request, &response).ok());

  EXPECT_LE(deadline, std::chrono::system_clock::now() + 30s);
  EXPECT_EQ(response.verdict(), operators::v1::ATTEST_VERDICT_REFUSED);
}

TEST_F(OperatorServiceTest, TellsWhatALaunchWasMadeOfToThoseWhoAskForOneCvm) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  operators::v1::GetCvmRequest request;
  request.set_id(created_.cvm_id());
  operators::v1::GetCvmResponse response;
  grpc::ClientContext one;
  operators::v1::ListCvmsResponse list;
  grpc::ClientContext all;

  ASSERT_TRUE(operator_stub_->GetCvm(&one, request, &response).ok());
  ASSERT_TRUE(operator_stub_->ListCvms(&all, {}, &list).ok());

  ASSERT_GT(response.cvm().launch_inputs_size(), 0);
  EXPECT_EQ(response.cvm().launch_inputs(0).coverage(), operators::v1::INPUT_COVERAGE_UNMEASURED);
  EXPECT_EQ(list.cvms(0).launch_inputs_size(), 0);
}

TEST_F(OperatorServiceTest, ShowsOneCvmOrSaysNotFound) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  operators::v1::GetCvmRequest request;
  operators::v1::GetCvmResponse response;
  grpc::ClientContext known;
  request.set_id(created_.cvm_id());
  ASSERT_TRUE(operator_stub_->GetCvm(&known, request, &response).ok());
  EXPECT_EQ(response.cvm().class_name(), "default");

  grpc::ClientContext unknown;
  request.set_id("nobody");
  EXPECT_EQ(operator_stub_->GetCvm(&unknown, request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(OperatorServiceTest, WatchesEveryChangeInOrder) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  grpc::ClientContext context;
  const auto reader = WatchAfter(0, context);
  std::vector<std::uint64_t> revisions;
  operators::v1::WatchCvmsResponse change;
  while (revisions.size() < 6 && reader->Read(&change)) revisions.push_back(change.revision());
  context.TryCancel();

  EXPECT_THAT(revisions, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(change.cvm().state(), operators::v1::CVM_STATE_RUNNING);
  EXPECT_EQ(change.previous_state(), operators::v1::CVM_STATE_STARTING);
}

TEST_F(OperatorServiceTest, ResumesAfterARevision) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  grpc::ClientContext context;
  const auto reader = WatchAfter(5, context);
  operators::v1::WatchCvmsResponse change;

  ASSERT_TRUE(reader->Read(&change));
  context.TryCancel();

  EXPECT_EQ(change.revision(), 6u);
}

TEST_F(OperatorServiceTest, CarriesTheLatencyOfACrash) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  grpc::ClientContext context;
  const auto reader = WatchAfter(manager_->changes().last_revision(), context);

  hypervisor_.Kill(created_.cvm_id());

  operators::v1::WatchCvmsResponse change;
  ASSERT_TRUE(reader->Read(&change));
  context.TryCancel();
  EXPECT_EQ(change.cvm().state(), operators::v1::CVM_STATE_FAILED);
  EXPECT_TRUE(change.has_event_latency());
}

TEST_F(OperatorServiceTest, TellsAWatcherThatFellBehindToListAgain) {
  options_.feed_capacity = 2;
  StartServer();
  ASSERT_TRUE(Create().ok());
  grpc::ClientContext context;
  const auto reader = WatchAfter(1, context);
  operators::v1::WatchCvmsResponse change;

  EXPECT_FALSE(reader->Read(&change));

  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("list again"));
}

TEST_F(OperatorServiceTest, RefusesARevisionTogetherWithFromNow) {
  StartServer();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 20s);
  operators::v1::WatchCvmsRequest request;
  request.set_after_revision(1);
  request.set_from_now(true);

  const grpc::Status status = operator_stub_->WatchCvms(&context, request)->Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "after_revision 1 with from_now: want one of the two");
}

TEST_F(OperatorServiceTest, WatchesFromNowOn) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  const std::uint64_t before = manager_->changes().last_revision();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 20s);
  operators::v1::WatchCvmsRequest request;
  request.set_from_now(true);
  const auto reader = operator_stub_->WatchCvms(&context, request);
  reader->WaitForInitialMetadata();

  ASSERT_TRUE(Create().ok());

  operators::v1::WatchCvmsResponse change;
  ASSERT_TRUE(reader->Read(&change));
  context.TryCancel();
  EXPECT_EQ(change.revision(), before + 1);
}

TEST_F(OperatorServiceTest, BoundsTheNumberOfWatchers) {
  StartServer();
  const auto watchers = WatchToTheLimit();
  grpc::ClientContext one_more;

  const grpc::Status status = WatchAfter(0, one_more)->Finish();

  EXPECT_EQ(OperatorService::kMaxWatchers, 64);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("64 clients watch already"));
}

TEST_F(OperatorServiceTest, GivesThePlaceOfAWatcherThatWentToAnother) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  const auto watchers = WatchToTheLimit();

  watchers.front()->Cancel();

  EXPECT_TRUE(Eventually([&] {
    grpc::ClientContext context;
    operators::v1::WatchCvmsResponse change;
    const bool has_place = WatchAfter(0, context)->Read(&change);
    context.TryCancel();
    return has_place;
  }));
}

TEST_F(OperatorServiceTest, EndsWatchesWhenTheServerShutsDown) {
  StartServer();
  grpc::ClientContext context;
  const auto reader = WatchAfter(0, context);
  reader->WaitForInitialMetadata();
  const auto begin = std::chrono::steady_clock::now();

  server_->Shutdown(10s);

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
  EXPECT_FALSE(reader->Finish().ok());
}

}  // namespace
}  // namespace cocos::api
