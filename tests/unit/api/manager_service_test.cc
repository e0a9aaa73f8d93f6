#include <future>
#include <latch>
#include <thread>

#include "unit/api/api_fixture.h"

namespace cocos::api {
namespace {

using cocos::testing::Eventually;
using cocos::testing::MinimalClass;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ManagerServiceTest : public ApiFixture {
 protected:
  grpc::Status List() {
    grpc::ClientContext context;
    operators::v1::ListCvmsResponse list;
    return operator_stub_->ListCvms(&context, {}, &list);
  }
};

TEST_F(ManagerServiceTest, CreatesACvmAndLogsItAsUpstreamDoes) {
  StartServer();

  ASSERT_TRUE(Create().ok());

  EXPECT_EQ(created_.forwarded_port(), "6100");
  EXPECT_TRUE(hypervisor_.domain(created_.cvm_id()).has_value());
  EXPECT_THAT(logger_.text(), HasSubstr("INFO Method CreateVM for id " + created_.cvm_id() +
                                        " on port 6100 took "));
  EXPECT_THAT(observer_.records(), Contains("create_vm ok"));
}

TEST_F(ManagerServiceTest, LogsAFailureWithAnEmptyPort) {
  StartServer();
  manager::CreateReq request;
  request.set_ttl("5d");

  const grpc::Status status = Create(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), R"(time: unknown unit "d" in duration "5d")");
  EXPECT_THAT(logger_.text(), AllOf(HasSubstr("WARN Method CreateVM for id "),
                                    HasSubstr(" on port  took "), HasSubstr(" with error: ")));
  EXPECT_THAT(observer_.records(), Contains("create_vm failed"));
}

TEST_F(ManagerServiceTest, NeverLogsWhatARequestHolds) {
  StartServer();
  manager::CreateReq request;
  request.set_agent_certs_token("s3cret");
  request.set_aws_secret_access_key("s3cret");
  request.set_agent_cvm_client_key("s3cret");

  EXPECT_FALSE(Create(request).ok());

  EXPECT_THAT(logger_.text(), ::testing::Not(HasSubstr("s3cret")));
}

TEST_F(ManagerServiceTest, RefusesMoreThanTheMaximumWithUpstreamsText) {
  options_.max_cvms = 1;
  StartServer();
  ASSERT_TRUE(Create().ok());

  const grpc::Status status = Create();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "maximum number of VMs exceeded");
}

TEST_F(ManagerServiceTest, NeverSaysUnavailableWhenLibvirtIsGone) {
  hypervisor_.SetReachable(false);
  StartServer();

  EXPECT_EQ(Create().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ManagerServiceTest, TakesTheClassFromTheFieldOrTheMetadata) {
  classes_.push_back(MinimalClass("small"));
  StartServer();
  manager::CreateReq request;
  request.set_computation_class("small");
  ASSERT_TRUE(Create(request).ok());
  EXPECT_EQ(manager_->Get(*cvm::CvmId::Parse(created_.cvm_id()))->class_name, "small");

  grpc::ClientContext context;
  context.AddMetadata("cocos-computation-class", "small");
  ASSERT_TRUE(manager_stub_->CreateVm(&context, {}, &created_).ok());
  EXPECT_EQ(manager_->Get(*cvm::CvmId::Parse(created_.cvm_id()))->class_name, "small");
}

TEST_F(ManagerServiceTest, FollowsTheTraceOfTheCaller) {
  TraceIds traces;
  options_.traces = &traces;
  StartServer();
  grpc::ClientContext context;
  context.AddMetadata("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

  ASSERT_TRUE(manager_stub_->CreateVm(&context, {}, &created_).ok());

  EXPECT_EQ(traces.Find(created_.cvm_id()), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_THAT(logger_.text(), HasSubstr("cvm=" + created_.cvm_id()));
}

TEST_F(ManagerServiceTest, RefusesTwoDifferentClasses) {
  classes_.push_back(MinimalClass("small"));
  StartServer();
  grpc::ClientContext context;
  context.AddMetadata("cocos-computation-class", "small");
  manager::CreateReq request;
  request.set_computation_class("default");

  EXPECT_EQ(manager_stub_->CreateVm(&context, request, &created_).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ManagerServiceTest, UndoesACreationWhoseCallerIsGone) {
  StartServer();
  std::latch starting(1);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  hypervisor_.SetHook([&, released](const std::string& call, const std::string&) -> Result<void> {
    if (call != "Start") return {};
    starting.count_down();
    released.wait();
    return {};
  });
  grpc::ClientContext context;
  auto call = std::async(std::launch::async,
                         [&] { return manager_stub_->CreateVm(&context, {}, &created_); });
  starting.wait();
  context.TryCancel();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  // The cancellation has to reach the server before the creation is through. A connection delivers
  // in order: what is answered now was asked after it.
  ASSERT_TRUE(List().ok());

  release.set_value();

  EXPECT_TRUE(Eventually([&] { return manager_->List().cvms.empty(); }));
  EXPECT_THAT(hypervisor_.domains(), IsEmpty());
  EXPECT_THAT(ShareDirs(), IsEmpty());
}

TEST_F(ManagerServiceTest, UndoesACreationThatTakesLongerThanItsCallerWaits) {
  static constexpr std::chrono::milliseconds kPatience(200);
  StartServer();
  hypervisor_.SetHook([](const std::string& call, const std::string&) -> Result<void> {
    // A slow host. The server's deadline began to run before this.
    if (call == "Start") std::this_thread::sleep_for(2 * kPatience);
    return {};
  });
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);

  EXPECT_EQ(manager_stub_->CreateVm(&context, {}, &created_).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);

  EXPECT_TRUE(Eventually([&] { return observer_.records().size() == 1; }));
  EXPECT_THAT(observer_.records(), ElementsAre("create_vm failed"));
  EXPECT_THAT(hypervisor_.calls(), Contains("Start"));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
  EXPECT_THAT(hypervisor_.domains(), IsEmpty());
  EXPECT_THAT(ShareDirs(), IsEmpty());
}

TEST_F(ManagerServiceTest, KeepsACreationThatIsJustInTime) {
  StartServer();
  hypervisor_.SetHook([](const std::string& call, const std::string&) -> Result<void> {
    if (call == "Start") std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return {};
  });

  EXPECT_TRUE(Create().ok());

  EXPECT_THAT(manager_->List().cvms, SizeIs(1));
}

TEST_F(ManagerServiceTest, RemovesACvmOnce) {
  StartServer();
  ASSERT_TRUE(Create().ok());

  EXPECT_TRUE(Remove(created_.cvm_id()).ok());

  const grpc::Status again = Remove(created_.cvm_id());
  EXPECT_EQ(again.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(again.error_message(), "entity not found");
}

TEST_F(ManagerServiceTest, DoesNotFindWhatIsNoId) {
  StartServer();

  EXPECT_EQ(Remove("not an id").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Remove("").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ManagerServiceTest, AnswersHostWideValuesForAnEmptyId) {
  StartServer();
  grpc::ClientContext context;
  manager::CVMInfoRes info;

  ASSERT_TRUE(manager_stub_->CVMInfo(&context, {}, &info).ok());

  EXPECT_EQ(info.ovmf_version(), "edk2");
  EXPECT_EQ(info.cpu_num(), 4);
  EXPECT_EQ(info.cpu_type(), "EPYC");
  EXPECT_EQ(info.kernel_cmd(), "quiet");
  EXPECT_EQ(info.eos_version(), "eos");
}

TEST_F(ManagerServiceTest, AnswersForOneCvmUnderBothNames) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  manager::CVMInfoReq request;
  request.set_id(created_.cvm_id());
  manager::CVMInfoRes info;
  grpc::ClientContext first;
  grpc::ClientContext second;

  ASSERT_TRUE(manager_stub_->CVMInfo(&first, request, &info).ok());
  EXPECT_EQ(info.id(), created_.cvm_id());
  EXPECT_EQ(info.cpu_num(), 1);
  EXPECT_TRUE(manager_stub_->SVMInfo(&second, request, &info).ok());
}

TEST_F(ManagerServiceTest, SaysNotFoundForAnUnknownCvm) {
  StartServer();
  manager::CVMInfoReq request;
  request.set_id(cvm::CvmId::Random().text());
  manager::CVMInfoRes info;
  grpc::ClientContext context;

  EXPECT_EQ(manager_stub_->CVMInfo(&context, request, &info).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ManagerServiceTest, MakesNoPolicyForACvmWithoutATee) {
  StartServer();
  ASSERT_TRUE(Create().ok());
  manager::AttestationPolicyReq request;
  request.set_id(created_.cvm_id());
  manager::AttestationPolicyRes policy;
  grpc::ClientContext known;
  const grpc::Status status = manager_stub_->AttestationPolicy(&known, request, &policy);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("runs without a TEE"));

  grpc::ClientContext unknown;
  request.set_id("nobody");
  const grpc::Status missing = manager_stub_->AttestationPolicy(&unknown, request, &policy);
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.error_message(), "computationId nobody not found");
}

TEST_F(ManagerServiceTest, LeavesProcessUnimplemented) {
  StartServer();
  grpc::ClientContext context;

  const auto stream = manager_stub_->Process(&context);

  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace cocos::api
