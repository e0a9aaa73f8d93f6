// Results travel as a zip archive.
#pragma once

#include <string>

#include "base/result.h"

namespace cocos::testagent {

// The regular files below a directory as a zip archive, with their paths relative to it, sorted.
// Links are left out. The archive is built at `scratch_path`, which is removed again.
// Errors: kInternal naming the file.
Result<std::string> ZipDirectory(const std::string& directory, const std::string& scratch_path);

}  // namespace cocos::testagent
