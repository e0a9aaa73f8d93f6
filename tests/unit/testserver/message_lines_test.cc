#include "testserver/message_lines.h"

#include <gmock/gmock.h>

namespace cocos::testserver {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DescribeMessage, ShowsWhatAnEventSays) {
  cvms::ClientStreamMessage message;
  message.mutable_agent_event()->set_event_type("Running");
  message.mutable_agent_event()->set_status("InProgress");
  message.mutable_agent_event()->set_originator("agent");
  message.mutable_agent_event()->mutable_timestamp()->set_seconds(0);

  const MessageLine line = DescribeMessage(message);

  EXPECT_EQ(line.kind, "event");
  EXPECT_EQ(line.fields["event_type"], "Running");
  EXPECT_EQ(line.fields["status"], "InProgress");
  EXPECT_EQ(line.fields["originator"], "agent");
  EXPECT_EQ(line.fields["timestamp"], "1970-01-01T00:00:00Z");
}

TEST(DescribeMessage, ShowsThatEvidenceIsThereButNotTheEvidence) {
  cvms::ClientStreamMessage message;
  message.mutable_vtpmattestationreport()->set_file("evidence");

  const MessageLine line = DescribeMessage(message);

  EXPECT_EQ(line.kind, "attestation");
  EXPECT_EQ(line.fields["present"], true);
  EXPECT_EQ(line.fields["bytes"], 8);
  EXPECT_THAT(line.fields.dump(), Not(HasSubstr("evidence")));
}

TEST(DescribeMessage, TellsAnEmptyReportFromEvidence) {
  cvms::ClientStreamMessage message;
  message.mutable_vtpmattestationreport();

  EXPECT_EQ(DescribeMessage(message).fields["present"], false);
}

TEST(DescribeMessage, ShowsTheErrorOfARunResponse) {
  cvms::ClientStreamMessage message;
  message.mutable_run_res()->set_error("no algorithm");

  EXPECT_EQ(DescribeMessage(message).kind, "run_response");
  EXPECT_EQ(DescribeMessage(message).fields["error"], "no algorithm");
}

TEST(DescribeMessage, NamesAMessageItDoesNotKnow) {
  EXPECT_EQ(DescribeMessage(cvms::ClientStreamMessage()).kind, "unknown_message");
}

}  // namespace
}  // namespace cocos::testserver
