// CVMs and changes as text for people and as JSON for programs. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "proto/operator.pb.h"

namespace cocos::cli {

// "running", "sev-snp": the names without the enumeration's prefix, lower case.
std::string StateText(operators::v1::CvmState state);
std::string TeeText(operators::v1::Tee tee);

// What a terminal may be given of a text from elsewhere: control characters become "\\x1b". Line
// breaks stay if `keep_lines`. A guest writes its console, and so may write escape sequences.
std::string Printable(std::string_view text, bool keep_lines);

// Columns padded to the widest cell, two blanks between them, no blanks at line ends.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

std::string FormatList(const operators::v1::ListCvmsResponse& list);
std::string FormatCvm(const operators::v1::Cvm& cvm);
// One line: time, id, "running -> failed", cause and latency.
std::string FormatChange(const operators::v1::WatchCvmsResponse& change);

// Stable documented objects; docs/cvmctl.md lists their keys.
nlohmann::ordered_json CvmJson(const operators::v1::Cvm& cvm);
nlohmann::ordered_json ListJson(const operators::v1::ListCvmsResponse& list);
nlohmann::ordered_json ChangeJson(const operators::v1::WatchCvmsResponse& change);

}  // namespace cocos::cli
