// Text from elsewhere, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace cocos::cli {

// What a terminal may be given of a text from elsewhere: control characters become "\\x1b". Line
// breaks stay if `keep_lines`. A guest writes its console, and so may write escape sequences.
std::string Printable(std::string_view text, bool keep_lines);

}  // namespace cocos::cli
