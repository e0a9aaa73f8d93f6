#include "relay/evidence_call.h"

#include <gmock/gmock.h>

#include <thread>

#include "attestation/evidence/limits.h"
#include "support/result_matchers.h"
#include "unit/relay/evidence_agent.h"

namespace cocos::relay {
namespace {

using namespace std::chrono_literals;
using ::cocos::testing::EvidenceAgent;
using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Request = agent::AttestationRequest;
using Pieces = std::vector<std::string>;

EvidenceCall CallTo(const std::string& address) {
  return {.address = address,
          .type = EvidenceType::kTdx,
          .tee_nonce = std::vector<std::byte>(64, std::byte{1}),
          .vtpm_nonce = std::vector<std::byte>(32, std::byte{2}),
          .deadline = std::chrono::system_clock::now() + 10s};
}

Result<std::string> Fetch(const EvidenceAgent& agent) {
  return FetchEvidence(CallTo(agent.address()));
}

TEST(EvidenceCall, SendsBothNoncesAndTheType) {
  Request seen;
  const EvidenceAgent agent([&seen](const Request& request, Pieces& pieces) {
    seen = request;
    pieces = {"evidence"};
    return grpc::Status::OK;
  });

  ASSERT_THAT(Fetch(agent), Succeeds());

  EXPECT_EQ(seen.teenonce(), std::string(64, 1));
  EXPECT_EQ(seen.vtpmnonce(), std::string(32, 2));
  EXPECT_EQ(seen.type(), 4);
}

TEST(EvidenceCall, JoinsThePieces) {
  EvidenceAgent agent([](const Request&, Pieces& pieces) {
    pieces = {"one", "", "two"};
    return grpc::Status::OK;
  });
  EXPECT_EQ(Fetch(agent).value(), "onetwo");

  agent.announced = "6";

  EXPECT_EQ(Fetch(agent).value(), "onetwo");
}

TEST(EvidenceCall, RefusesAnotherSizeThanAnnounced) {
  EvidenceAgent agent([](const Request&, Pieces& pieces) {
    pieces = {"evidence"};
    return grpc::Status::OK;
  });
  for (const char* announced : {"7", "9", "nonsense"}) {
    agent.announced = announced;

    EXPECT_THAT(Fetch(agent), FailsWith(ErrorCode::kMalformed, HasSubstr(announced)));
  }
}

TEST(EvidenceCall, RefusesAnEmptyAnswerAndOneWithoutEnd) {
  const EvidenceAgent silent([](const Request&, Pieces&) { return grpc::Status::OK; });
  EXPECT_THAT(Fetch(silent), FailsWith(ErrorCode::kMalformed, HasSubstr("without evidence")));
  const EvidenceAgent endless([](const Request&, Pieces& pieces) {
    pieces.assign(5, std::string(1 << 20, 'x'));
    return grpc::Status::OK;
  });

  EXPECT_THAT(Fetch(endless), FailsWith(ErrorCode::kMalformed, HasSubstr("more than")));
}

TEST(EvidenceCall, SaysWhyAnAgentMakesNoEvidence) {
  const EvidenceAgent agent([](const Request&, Pieces&) {
    return grpc::Status(grpc::StatusCode::UNKNOWN, "invalid attestation\ntype\x1b[31m");
  });

  EXPECT_THAT(Fetch(agent),
              FailsWith(ErrorCode::kFailedPrecondition,
                        AllOf(HasSubstr(agent.address()), HasSubstr("type 4"),
                              HasSubstr("invalid attestation type"), Not(HasSubstr("\x1b")))));
}

TEST(EvidenceCall, NamesAnAgentThatKnowsNoSuchCall) {
  const EvidenceAgent agent([](const Request&, Pieces&) {
    return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown method Attestation");
  });

  EXPECT_THAT(Fetch(agent), FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("release")));
}

TEST(EvidenceCall, SaysThatNobodyAnswers) {
  EXPECT_THAT(
      FetchEvidence(CallTo("127.0.0.1:1")),
      FailsWith(ErrorCode::kUnavailable, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("plain text"))));
}

TEST(EvidenceCall, GivesUpAtTheDeadline) {
  const EvidenceAgent agent([](const Request&, Pieces&) {
    std::this_thread::sleep_for(1s);
    return grpc::Status::OK;
  });
  EvidenceCall call = CallTo(agent.address());
  call.deadline = std::chrono::system_clock::now() + 100ms;

  EXPECT_THAT(FetchEvidence(call), FailsWith(ErrorCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace cocos::relay
