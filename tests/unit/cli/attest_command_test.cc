#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>

#include <nlohmann/json.hpp>

#include "proto/operator.grpc.pb.h"
#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {
namespace {

namespace pb = operators::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Gives one answer.
class AnsweringOperator final : public pb::Operator::Service {
 public:
  grpc::Status Attest(grpc::ServerContext*, const pb::AttestRequest* request,
                      pb::AttestResponse* response) override {
    asked = request->id();
    *response = answer;
    return status;
  }

  std::string asked;
  pb::AttestResponse answer;
  grpc::Status status;
};

class CvmctlAttest : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&operator_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  Outcome Run(std::vector<std::string> arguments = {"attest", "cvm-7"}) {
    arguments.insert(arguments.begin(), {"--manager", "127.0.0.1:" + std::to_string(port_)});
    return RunForTest(arguments);
  }

  void Answer(pb::AttestVerdict verdict, pb::ClaimOutcome outcome, const std::string& summary) {
    operator_.answer.set_verdict(verdict);
    operator_.answer.set_summary(summary);
    operator_.answer.set_agent_address("127.0.0.1:6100");
    pb::PolicyAppraisal& appraisal = *operator_.answer.add_appraisals();
    appraisal.set_policy("as captured");
    appraisal.set_verdict(verdict);
    pb::EvidenceClaim& claim = *appraisal.add_claims();
    claim.set_name("snp.measurement");
    claim.set_outcome(outcome);
    claim.set_expected("aa");
    claim.set_actual("bb");
    claim.set_source("AMD 56860");
  }

  AnsweringOperator operator_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(CvmctlAttest, ShowsTheClaimsAndTheVerdict) {
  Answer(pb::ATTEST_VERDICT_PASSED, pb::CLAIM_OUTCOME_PASSED, "verified");

  const Outcome outcome = Run();

  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(operator_.asked, "cvm-7");
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("snp.measurement"), HasSubstr("as captured"), HasSubstr("plain text"),
                    ::testing::EndsWith("cvm-7: verified\n")));
}

TEST_F(CvmctlAttest, EndsWithOneForARefusal) {
  Answer(pb::ATTEST_VERDICT_REFUSED, pb::CLAIM_OUTCOME_FAILED, "snp.measurement: no");
  operator_.answer.set_explanation("3 vCPUs instead of 2");

  const Outcome outcome = Run();

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("explanation: 3 vCPUs instead of 2"),
                                 HasSubstr("cvm-7: REFUSED: snp.measurement: no")));
}

TEST_F(CvmctlAttest, EndsWithThreeForMissingCollateral) {
  Answer(pb::ATTEST_VERDICT_MISSING_COLLATERAL, pb::CLAIM_OUTCOME_UNCHECKED,
         "missing collateral: a VCEK");

  const Outcome outcome = Run();

  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("NOT JUDGED: missing collateral: a VCEK"));
}

TEST_F(CvmctlAttest, TakesAVerdictItDoesNotKnowForARefusal) {
  Answer(static_cast<pb::AttestVerdict>(99), static_cast<pb::ClaimOutcome>(99), "later");

  EXPECT_EQ(Run().status, 1);
}

TEST_F(CvmctlAttest, EndsWithTwoWithoutAVerdict) {
  operator_.status = {grpc::StatusCode::FAILED_PRECONDITION, "no agent answers"};

  const Outcome outcome = Run();

  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no agent answers"));
  EXPECT_EQ(Run({"attest"}).status, 2);
}

TEST_F(CvmctlAttest, WritesJson) {
  Answer(pb::ATTEST_VERDICT_REFUSED, pb::CLAIM_OUTCOME_FAILED, "snp.measurement: no");

  const Outcome outcome = Run({"--output", "json", "attest", "cvm-7"});

  EXPECT_EQ(outcome.status, 1);
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["verdict"], "refused");
  EXPECT_EQ(json["appraisals"][0]["policy"], "as captured");
  EXPECT_EQ(json["appraisals"][0]["claims"][0]["name"], "snp.measurement");
  EXPECT_EQ(json["appraisals"][0]["claims"][0]["outcome"], "failed");
  EXPECT_EQ(json["appraisals"][0]["claims"][0]["source"], "AMD 56860");
}

}  // namespace
}  // namespace cocos::cli
