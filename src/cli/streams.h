// Where a command writes, so that tests can look.
#pragma once

#include <ostream>

namespace cocos::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;  // progress bars are drawn only there
};

}  // namespace cocos::cli
