// How a command ends, as its caller's shell sees it.
#pragma once

namespace cocos::cli {

enum class ExitStatus {
  kDone = 0,               // of a verification: verified
  kFailed = 1,             // of a verification: refused
  kUsage = 2,              // wrong options; of a verification also files that cannot be read
  kMissingCollateral = 3,  // nothing was judged, because something to judge by is not there
};

}  // namespace cocos::cli
