// Messages of agents, as fields of a line.
#pragma once

#include <string>

#include "proto/cvms.pb.h"
#include "testserver/json_lines.h"

namespace cocos::testserver {

struct MessageLine {
  std::string kind;  // "event", "log", "run_response", ...
  Fields fields;
};

// Never shows attestation evidence itself, only that it is there, its size and its serial number.
MessageLine DescribeMessage(const cvms::ClientStreamMessage& message);

}  // namespace cocos::testserver
