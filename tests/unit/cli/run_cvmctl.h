// Runs a command as its main would and keeps what it says.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/cvmctl.h"

namespace cocos::cli {

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

inline Outcome RunForTest(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment = {}) {
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  outcome.status = RunCvmctl(arguments, environment, {out, err, false});
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

}  // namespace cocos::cli
