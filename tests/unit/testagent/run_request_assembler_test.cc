#include "testagent/run_request_assembler.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;

const RunRequestAssembler::TimePoint kStart{};

cvms::RunReqChunks Chunk(const std::string& id, const std::string& data, bool is_last = false) {
  cvms::RunReqChunks chunk;
  chunk.set_id(id);
  chunk.set_data(data);
  chunk.set_is_last(is_last);
  return chunk;
}

std::string Request(const std::string& id) {
  cvms::ComputationRunReq request;
  request.set_id(id);
  request.set_description("a computation with some text to cut");
  return request.SerializeAsString();
}

// Adds a chunk that must be accepted; the id of the request it completes, else empty.
std::string Added(RunRequestAssembler& assembler, const cvms::RunReqChunks& chunk,
                  RunRequestAssembler::TimePoint now = kStart) {
  const auto request = assembler.Add(chunk, now);
  EXPECT_THAT(request, Succeeds());
  return request && *request ? (*request)->id() : "";
}

TEST(RunRequestAssembler, IsCompleteWithTheChunkMarkedLast) {
  RunRequestAssembler assembler;

  EXPECT_EQ(Added(assembler, Chunk("7", Request("7"))), "");
  EXPECT_EQ(Added(assembler, Chunk("7", "", true)), "7");
}

TEST(RunRequestAssembler, IsCompleteWithDataInTheLastChunk) {
  RunRequestAssembler assembler;

  EXPECT_EQ(Added(assembler, Chunk("7", Request("7"), true)), "7");
}

TEST(RunRequestAssembler, IsCompleteWithAnEmptyChunkOfOldSenders) {
  RunRequestAssembler assembler;

  EXPECT_EQ(Added(assembler, Chunk("", Request("7"))), "");
  EXPECT_EQ(Added(assembler, Chunk("", "")), "7");
}

TEST(RunRequestAssembler, JoinsPiecesInOrder) {
  RunRequestAssembler assembler;
  const std::string bytes = Request("7");

  for (const char byte : bytes) EXPECT_EQ(Added(assembler, Chunk("7", {byte})), "");

  EXPECT_EQ(Added(assembler, Chunk("7", "", true)), "7");
}

TEST(RunRequestAssembler, KeepsMixedRequestsApart) {
  RunRequestAssembler assembler;
  const std::string first = Request("1");
  const std::string second = Request("2");

  Added(assembler, Chunk("1", first.substr(0, 5)));
  Added(assembler, Chunk("2", second.substr(0, 3)));
  Added(assembler, Chunk("1", first.substr(5)));
  Added(assembler, Chunk("2", second.substr(3)));

  EXPECT_EQ(Added(assembler, Chunk("2", "", true)), "2");
  EXPECT_EQ(Added(assembler, Chunk("1", "", true)), "1");
}

TEST(RunRequestAssembler, BeginsAnewAfterACompleteRequest) {
  RunRequestAssembler assembler;
  Added(assembler, Chunk("7", Request("7"), true));

  EXPECT_EQ(Added(assembler, Chunk("7", Request("8"), true)), "8");
}

TEST(RunRequestAssembler, IgnoresATerminatorWithoutRequest) {
  RunRequestAssembler assembler;

  EXPECT_EQ(Added(assembler, Chunk("7", "", true)), "");
}

TEST(RunRequestAssembler, DropsARequestThirtySecondsAfterItsLastChunk) {
  const std::string bytes = Request("7");
  for (const auto& [wait, id] :
       {std::pair(std::chrono::seconds(29), "7"), std::pair(std::chrono::seconds(30), "")}) {
    RunRequestAssembler assembler;
    Added(assembler, Chunk("7", bytes));

    EXPECT_EQ(Added(assembler, Chunk("7", "", true), kStart + wait), id);
  }
}

TEST(RunRequestAssembler, RefusesOneByteTooMany) {
  const std::string bytes = Request("7");
  RunRequestAssembler fits(bytes.size());
  RunRequestAssembler too_small(bytes.size() - 1);

  EXPECT_EQ(Added(fits, Chunk("7", bytes, true)), "7");
  EXPECT_THAT(too_small.Add(Chunk("7", bytes, true), kStart),
              FailsWith(ErrorCode::kResourceExhausted));
}

TEST(RunRequestAssembler, BoundsAllRequestsTogether) {
  RunRequestAssembler assembler(10);
  Added(assembler, Chunk("1", "123456"));

  EXPECT_THAT(assembler.Add(Chunk("2", "12345"), kStart), FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(Added(assembler, Chunk("2", "1234")), "");
}

TEST(RunRequestAssembler, RefusesBytesThatDoNotParse) {
  RunRequestAssembler assembler;

  EXPECT_THAT(assembler.Add(Chunk("7",
                                  "\x0A\x05"
                                  "abc",
                                  true),
                            kStart),
              FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::testagent
