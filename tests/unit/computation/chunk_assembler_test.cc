#include "computation/chunk_assembler.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"

namespace cocos::computation {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

const ChunkAssembler::TimePoint kStart{};

// Adds a chunk that must be accepted; the request it completes, else empty.
std::string Added(ChunkAssembler& assembler, const Chunk& chunk,
                  ChunkAssembler::TimePoint now = kStart) {
  const auto bytes = assembler.Add(chunk, now);
  EXPECT_THAT(bytes, Succeeds());
  return bytes && *bytes ? **bytes : "";
}

TEST(ChunkAssembler, IsCompleteWithTheChunkMarkedLast) {
  ChunkAssembler assembler;

  EXPECT_EQ(Added(assembler, {"7", "request"}), "");
  EXPECT_EQ(Added(assembler, {"7", "", true}), "request");
}

TEST(ChunkAssembler, IsCompleteWithDataInTheLastChunk) {
  ChunkAssembler assembler;

  EXPECT_EQ(Added(assembler, {"7", "request", true}), "request");
}

TEST(ChunkAssembler, IsCompleteWithAnEmptyChunkOfOldSenders) {
  ChunkAssembler assembler;

  EXPECT_EQ(Added(assembler, {"", "request"}), "");
  EXPECT_EQ(Added(assembler, {"", ""}), "request");
}

TEST(ChunkAssembler, JoinsPiecesInOrder) {
  ChunkAssembler assembler;

  for (const char byte : std::string("request")) {
    EXPECT_EQ(Added(assembler, {"7", {&byte, 1}}), "");
  }

  EXPECT_EQ(Added(assembler, {"7", "", true}), "request");
}

TEST(ChunkAssembler, KeepsMixedRequestsApart) {
  ChunkAssembler assembler;

  Added(assembler, {"1", "fir"});
  Added(assembler, {"2", "sec"});
  Added(assembler, {"1", "st"});
  Added(assembler, {"2", "ond"});

  EXPECT_EQ(Added(assembler, {"2", "", true}), "second");
  EXPECT_EQ(Added(assembler, {"1", "", true}), "first");
}

TEST(ChunkAssembler, BeginsAnewAfterACompleteRequest) {
  ChunkAssembler assembler;
  Added(assembler, {"7", "first", true});

  EXPECT_EQ(Added(assembler, {"7", "second", true}), "second");
}

TEST(ChunkAssembler, IgnoresATerminatorWithoutRequest) {
  ChunkAssembler assembler;

  EXPECT_EQ(Added(assembler, {"7", "", true}), "");
}

TEST(ChunkAssembler, DropsARequestThirtySecondsAfterItsLastChunk) {
  for (const auto& [wait, request] :
       {std::pair(std::chrono::seconds(29), "request"), std::pair(std::chrono::seconds(30), "")}) {
    ChunkAssembler assembler;
    Added(assembler, {"7", "request"});

    EXPECT_EQ(Added(assembler, {"7", "", true}, kStart + wait), request);
  }
}

TEST(ChunkAssembler, WaitsForAsLongAsChunksKeepComing) {
  ChunkAssembler assembler;
  Added(assembler, {"7", "a"});
  Added(assembler, {"7", "b"}, kStart + std::chrono::seconds(29));

  EXPECT_EQ(Added(assembler, {"7", "c", true}, kStart + std::chrono::seconds(58)), "abc");
}

TEST(ChunkAssembler, RefusesOneByteTooMany) {
  ChunkAssembler fits(7);
  ChunkAssembler too_small(6);

  EXPECT_EQ(Added(fits, {"7", "request", true}), "request");
  EXPECT_THAT(too_small.Add({"7", "request", true}, kStart),
              FailsWith(ErrorCode::kResourceExhausted, HasSubstr("\"7\": more than 6 bytes")));
}

TEST(ChunkAssembler, SwallowsWhatFollowsOfARefusedRequest) {
  ChunkAssembler assembler(6);
  EXPECT_THAT(assembler.Add({"7", "request"}, kStart), FailsWith(ErrorCode::kResourceExhausted));

  EXPECT_EQ(Added(assembler, {"7", "more"}), "");
  EXPECT_EQ(Added(assembler, {"7", "more", true}), "");
  EXPECT_EQ(Added(assembler, {"7", "anew", true}), "anew");
}

TEST(ChunkAssembler, BoundsAllRequestsTogether) {
  ChunkAssembler assembler(10);
  Added(assembler, {"1", "123456"});

  EXPECT_THAT(assembler.Add({"2", "12345"}, kStart), FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(Added(assembler, {"3", "1234"}), "");
}

TEST(ChunkAssembler, TakesTheRoomBackOfWhatIsDropped) {
  ChunkAssembler assembler(10);
  Added(assembler, {"1", "1234567890"});

  EXPECT_EQ(Added(assembler, {"2", "1234567890", true}, kStart + std::chrono::seconds(30)),
            "1234567890");
}

TEST(ChunkAssembler, BoundsTheNumberOfRequests) {
  ChunkAssembler assembler;
  for (std::size_t i = 0; i < ChunkAssembler::kMaxRequests; ++i) {
    Added(assembler, {std::to_string(i), "x"});
  }

  EXPECT_THAT(assembler.Add({"one more", "x"}, kStart), FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(Added(assembler, {"0", "y", true}), "xy");
  EXPECT_EQ(Added(assembler, {"one more", "x", true}), "x");
}

}  // namespace
}  // namespace cocos::computation
