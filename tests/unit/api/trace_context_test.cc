#include "api/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace cocos::api {
namespace {

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
// The example of W3C Trace Context, section 3.2.
constexpr char kParent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, GivesTheTraceIdOfAWellFormedParent) { EXPECT_EQ(TraceIdOf(kParent), kTrace); }

TEST(TraceContext, TakesMoreFromALaterVersionOnly) {
  const std::string more = std::string(kParent) + "-what-comes";
  EXPECT_EQ(TraceIdOf(more), "");
  EXPECT_EQ(TraceIdOf("01" + more.substr(2)), kTrace);
  EXPECT_EQ(TraceIdOf("01" + std::string(kParent).substr(2) + "x"), "");
}

TEST(TraceContext, GivesNothingForAParentCutShort) {
  const std::string parent = kParent;
  for (std::size_t size = 0; size < parent.size(); ++size) {
    EXPECT_EQ(TraceIdOf(parent.substr(0, size)), "") << size;
  }
}

TEST(TraceContext, GivesNothingForACharacterOutOfPlace) {
  for (std::size_t i = 0; i < std::string(kParent).size(); ++i) {
    for (const char other : {'G', 'A', ' '}) {
      std::string parent = kParent;
      parent[i] = other;
      EXPECT_EQ(TraceIdOf(parent), "") << parent;
    }
  }
}

TEST(TraceContext, GivesNothingForForbiddenValues) {
  EXPECT_EQ(TraceIdOf("ff" + std::string(kParent).substr(2)), "");
  EXPECT_EQ(TraceIdOf("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), "");
  EXPECT_EQ(TraceIdOf("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"), "");
}

}  // namespace
}  // namespace cocos::api
