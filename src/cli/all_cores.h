// Threads for commands that hash large images.
#pragma once

#include <cstddef>
#include <functional>

namespace cocos::cli {

// How many parts work is best cut into: the cores of this machine, at least 1.
std::size_t Cores();

// An attestation::launch::Executor: each part on a thread of its own, the first on the calling one.
void RunOnAllCores(std::size_t parts, const std::function<void(std::size_t)>& function);

}  // namespace cocos::cli
