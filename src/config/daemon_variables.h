// The variables that describe the daemon itself, not the CVMs it makes.
#pragma once

#include <string>

#include "config/config.h"
#include "config/variable_reader.h"

namespace cocos::config {

// A path as seen from `working_dir`; empty stays empty.
std::string AbsolutePath(const std::string& working_dir, const std::string& path);

// Fills everything of `config` but classes, warnings of the reader, settings and what follows from
// the class "default". Mistakes are the reader's.
void LoadDaemonVariables(VariableReader& reader, const std::string& working_dir, Config& config);

// Warns of a listener whose port lies inside the forward range.
void WarnAboutPorts(Config& config);

}  // namespace cocos::config
