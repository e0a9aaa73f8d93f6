// Launch failures that were met before: a piece of the text, what it turned out to mean, and what
// to do about it.
#pragma once

#include <string_view>

#include "base/result.h"

namespace cocos::hypervisor {

struct KnownCause {
  std::string_view pattern;  // occurs in the text
  std::string_view also;     // occurs in it too; empty: no second condition
  ErrorCode code;
  std::string_view reason;       // stable short name
  std::string_view explanation;  // lower case, no full stop
};

// The cause whose pattern the text contains, most specific first; null if none is known.
// `text` is what passt printed when libvirt could not start it.
const KnownCause* FindPasstCause(std::string_view text);
// `text` is what QEMU printed before it ended, or what libvirt says of its arguments.
const KnownCause* FindQemuCause(std::string_view text);

}  // namespace cocos::hypervisor
