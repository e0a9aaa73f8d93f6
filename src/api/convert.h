// Values of the core as messages of the operator API.
#pragma once

#include <cstdint>
#include <string>

#include "api/attest.h"
#include "cvm/cvm.h"
#include "proto/operator.pb.h"

namespace cocos::api {

// "127.0.0.1:7002", "[::1]:7002".
std::string HostPort(const std::string& host, std::uint16_t port);

// A text field that is not UTF-8 makes clients drop the whole message, and guests print whatever
// they like. Such texts lose everything beyond ASCII; all others stay as they are.
std::string ToUtf8(const std::string& text);

operators::v1::CvmState ToProto(cvm::State state);
operators::v1::ChangeKind ToProto(cvm::ChangeKind kind);
operators::v1::Tee ToProto(domain::Tee tee);
google::protobuf::Timestamp ToProto(cvm::TimePoint time);
operators::v1::Cvm ToProto(const cvm::Snapshot& snapshot);
// For those who ask about one CVM; a list or a change does not carry them.
void AddLaunchInputs(const cvm::Snapshot& snapshot, operators::v1::Cvm& cvm);
operators::v1::AttestResponse ToProto(const AttestOutcome& outcome);
operators::v1::WatchCvmsResponse ToProto(const cvm::Change& change);

}  // namespace cocos::api
