// CVMs and changes as text for people and as JSON for programs. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "proto/operator.pb.h"

namespace cocos::cli {

// "running", "sev-snp": the names without the enumeration's prefix, lower case.
std::string StateText(operators::v1::CvmState state);
std::string TeeText(operators::v1::Tee tee);

// `max_width`: of the terminal, in characters, 0 for any. Free text (class, cause, kernel command
// line) is shortened to fit, a list then goes without CREATED, EXPIRES and TEE; ids stay whole.
std::string FormatList(const operators::v1::ListCvmsResponse& list, std::size_t max_width = 0);
std::string FormatCvm(const operators::v1::Cvm& cvm, std::size_t max_width = 0);
// One line: time, id, "running -> failed", cause and latency; for other kinds "agent: connected".
std::string FormatChange(const operators::v1::WatchCvmsResponse& change);

// One line: time, source, level, text; in front of it one that says what is missing. No time: "-".
std::string FormatLog(const operators::v1::StreamLogsResponse& entry);

// Stable documented objects; docs/cvmctl.md lists their keys.
nlohmann::ordered_json CvmJson(const operators::v1::Cvm& cvm);
nlohmann::ordered_json ListJson(const operators::v1::ListCvmsResponse& list);
nlohmann::ordered_json ChangeJson(const operators::v1::WatchCvmsResponse& change);
nlohmann::ordered_json LogJson(const operators::v1::StreamLogsResponse& entry);

}  // namespace cocos::cli
