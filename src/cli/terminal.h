// What is known of the terminal that is written to.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace cocos::cli {

using Environment = std::map<std::string, std::string>;

// Columns of the terminal behind `fd`: what COLUMNS says, else what the terminal itself does. 0:
// not a terminal, or nothing knows.
std::size_t TerminalColumns(int fd, const Environment& environment);

}  // namespace cocos::cli
