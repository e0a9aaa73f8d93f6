// Agents cut log messages every 500 bytes, possibly inside a character, and C++ protobuf refuses to
// parse a message with such a text. Repairing the bytes on the wire first keeps the rest of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cocos::computation {

// Length in bytes (1 to 4) of the well-formed UTF-8 character (RFC 3629) at the start of `text`; 0
// if there is none.
std::size_t Utf8CharacterLength(std::string_view text);

// Replaces every byte of `text` that is not part of a well-formed character by '?'.
void RepairUtf8(std::string& text);

// In a serialized cvms.ClientStreamMessage, repairs the text fields of its AgentLog and AgentEvent.
// Lengths do not change, so the framing stays as it is. Bytes that are no such message stay too.
void RepairAgentMessage(std::string& wire);

}  // namespace cocos::computation
