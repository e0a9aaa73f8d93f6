#include "base/trace_ids.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>
#include <vector>

namespace cocos {
namespace {

TEST(TraceId, IsNewEachTimeAndWellFormed) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = NewTraceId();
    EXPECT_TRUE(IsTraceId(id)) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(TraceId, IsThirtyTwoLowerCaseDigitsNotAllZero) {
  EXPECT_TRUE(IsTraceId("4bf92f3577b34da6a3ce929d0e0e4736"));
  EXPECT_TRUE(IsTraceId("00000000000000000000000000000001"));
  for (const char* bad : {"", "4bf92f3577b34da6a3ce929d0e0e473",
                          "4bf92f3577b34da6a3ce929d0e0e47366", "4BF92F3577B34DA6A3CE929D0E0E4736",
                          "4bf92f3577b34da6a3ce929d0e0e473g", "00000000000000000000000000000000"}) {
    EXPECT_FALSE(IsTraceId(bad)) << bad;
  }
}

TEST(TraceIds, FindWhatWasSet) {
  TraceIds ids;
  ids.Set("a", "1");
  ids.Set("b", "2");

  EXPECT_EQ(ids.Find("a"), "1");
  EXPECT_EQ(ids.Find("b"), "2");
  EXPECT_EQ(ids.Find("c"), "");
}

TEST(TraceIds, TakeTheLastIdOfASubjectAndNoEmptyOne) {
  TraceIds ids;
  ids.Set("a", "1");
  ids.Set("a", "2");
  ids.Set("a", "");

  EXPECT_EQ(ids.Find("a"), "2");
}

TEST(TraceIds, StillFindASubjectThatIsOver) {
  TraceIds ids;
  ids.Set("a", "1");
  ids.Forget("a");
  ids.Forget("a");
  ids.Forget("never there");

  EXPECT_EQ(ids.Find("a"), "1");
}

TEST(TraceIds, KeepABoundedNumberOfSubjectsThatAreOver) {
  TraceIds ids;
  ids.Set("lives", "0");
  for (std::size_t i = 0; i <= TraceIds::kForgottenKept; ++i) {
    ids.Set(std::to_string(i), "1");
    ids.Forget(std::to_string(i));
  }

  EXPECT_EQ(ids.Find("0"), "");
  EXPECT_EQ(ids.Find("1"), "1");
  EXPECT_EQ(ids.Find("lives"), "0");
}

TEST(TraceIds, KeepASubjectThatCameBack) {
  TraceIds ids;
  ids.Set("a", "1");
  ids.Forget("a");
  ids.Set("a", "1");
  for (std::size_t i = 0; i <= TraceIds::kForgottenKept; ++i) {
    ids.Set(std::to_string(i), "1");
    ids.Forget(std::to_string(i));
  }

  EXPECT_EQ(ids.Find("a"), "1");
}

TEST(TraceIds, MayBeUsedFromManyThreads) {
  TraceIds ids;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&ids, thread] {
        for (int i = 0; i < 200; ++i) {
          const std::string subject = std::to_string(thread) + "-" + std::to_string(i);
          ids.Set(subject, "1");
          EXPECT_EQ(ids.Find(subject), "1");
          ids.Forget(subject);
        }
      });
    }
  }
  EXPECT_EQ(ids.Find("3-199"), "1");
}

}  // namespace
}  // namespace cocos
