// The directory an algorithm runs in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cocos::testagent {

// Holds `algo`, `datasets/` and `results/` under a root that must exist. Not thread-safe.
class WorkDir {
 public:
  explicit WorkDir(std::string root) : root_(std::move(root)) {}

  const std::string& path() const { return root_; }
  std::string algorithm_path() const { return root_ + "/algo"; }
  std::string results_path() const { return root_ + "/results"; }

  // Removes what an earlier computation left and makes the empty directories.
  Result<void> Prepare() const;
  Result<void> Clear() const;
  // Stores the algorithm, executable. Errors: kResourceExhausted (disk full), kInternal.
  Result<void> WriteAlgorithm(std::string_view content) const;
  // Errors: kInvalidArgument for a bad name, else as WriteAlgorithm.
  Result<void> WriteDataset(const std::string& name, std::string_view content) const;

 private:
  std::string root_;
};

// The command that runs a stored algorithm of the given type: `bin` (an executable, or a shell
// script without #! line) or `python`. Errors: kInvalidArgument for other types.
Result<std::vector<std::string>> AlgorithmCommand(const WorkDir& dir, std::string_view type,
                                                  std::string_view python_runtime,
                                                  const std::vector<std::string>& arguments);

}  // namespace cocos::testagent
