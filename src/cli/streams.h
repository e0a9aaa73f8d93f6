// Where a command writes, so that tests can look.
#pragma once

#include <cstddef>
#include <ostream>

namespace cocos::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;  // progress bars are drawn only there
  std::size_t out_columns = 0;  // of the terminal behind `out`; 0: none, tables are never shortened
  bool out_is_terminal = false;
};

}  // namespace cocos::cli
