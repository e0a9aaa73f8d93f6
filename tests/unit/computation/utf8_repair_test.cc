#include "computation/utf8_repair.h"

#include <gmock/gmock.h>

#include "proto/cvms.pb.h"

namespace cocos::computation {
namespace {

std::string Repaired(std::string text) {
  RepairUtf8(text);
  return text;
}

TEST(RepairUtf8, KeepsCharactersOfEveryLength) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";

  EXPECT_EQ(Repaired(text), text);
}

TEST(RepairUtf8, ReplacesEachByteOfACharacterCutAtTheEnd) {
  EXPECT_EQ(Repaired("a\xE2\x82"), "a??");
}

TEST(RepairUtf8, ReplacesOrphanedContinuationBytes) {
  EXPECT_EQ(Repaired("\x82\xAC"
                     "b"),
            "??b");
}

TEST(RepairUtf8, ReplacesOverlongForms) {
  EXPECT_EQ(Repaired("\xC0\xAF"), "??");
  EXPECT_EQ(Repaired("\xE0\x9F\xBF"), "???");
  EXPECT_EQ(Repaired("\xF0\x8F\xBF\xBF"), "????");
}

TEST(RepairUtf8, ReplacesSurrogatesAndKeepsTheirNeighbours) {
  EXPECT_EQ(Repaired("\xED\xA0\x80"), "???");
  EXPECT_EQ(Repaired("\xED\x9F\xBF"), "\xED\x9F\xBF");
}

TEST(RepairUtf8, ReplacesWhatIsAboveTheLastCodePoint) {
  EXPECT_EQ(Repaired("\xF4\x90\x80\x80"), "????");
  EXPECT_EQ(Repaired("\xF4\x8F\xBF\xBF"), "\xF4\x8F\xBF\xBF");
}

// A serialized AgentLog whose message text is invalid; made by hand, as the library refuses to.
std::string WireLog(const std::string& text) {
  const auto length = [](std::size_t n) { return static_cast<char>(n); };
  const std::string body = std::string("\x0A") + length(text.size()) + text +
                           "\x12\x01"
                           "7";
  return std::string("\x0A") + length(body.size()) + body;
}

TEST(RepairAgentMessage, MakesALogWithACutCharacterParse) {
  std::string wire = WireLog("grad \xC3");
  cvms::ClientStreamMessage message;
  ASSERT_FALSE(message.ParseFromString(wire));

  RepairAgentMessage(wire);

  ASSERT_TRUE(message.ParseFromString(wire));
  EXPECT_EQ(message.agent_log().message(), "grad ?");
  EXPECT_EQ(message.agent_log().computation_id(), "7");
}

TEST(RepairAgentMessage, LeavesBinaryDetailsAndTimesOfEventsAlone) {
  cvms::ClientStreamMessage message;
  message.mutable_agent_event()->set_event_type("Running");
  message.mutable_agent_event()->set_details("\xFF\xFE");
  message.mutable_agent_event()->mutable_timestamp()->set_seconds(1'800'000'000);
  const std::string original = message.SerializeAsString();
  std::string wire = original;

  RepairAgentMessage(wire);

  EXPECT_EQ(wire, original);
}

TEST(RepairAgentMessage, LeavesEvidenceAlone) {
  cvms::ClientStreamMessage message;
  message.mutable_vtpmattestationreport()->set_file("\xFF\x0A\x80");
  const std::string original = message.SerializeAsString();
  std::string wire = original;

  RepairAgentMessage(wire);

  EXPECT_EQ(wire, original);
}

TEST(RepairAgentMessage, SurvivesEveryTruncation) {
  const std::string whole = WireLog("grad \xC3 and more");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::string wire = whole.substr(0, size);

    RepairAgentMessage(wire);

    EXPECT_EQ(wire.size(), size);
  }
}

}  // namespace
}  // namespace cocos::computation
