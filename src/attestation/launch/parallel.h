// Spreads the hashing of pages over threads that the caller owns.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "attestation/launch/digest384.h"
#include "attestation/launch/snp_pages.h"

namespace cocos::attestation::launch {

// Calls the function once for each number from 0 up to `parts`, in any order and on any threads,
// and returns when all calls have returned.
using Executor =
    std::function<void(std::size_t parts, const std::function<void(std::size_t)>& function)>;

// Runs everything on the calling thread.
Executor SequentialExecutor();

// The same as DigestPages, hashing in at most `parts` parts of about the same size.
Digest384 DigestPages(const Digest384& seed, std::span<const PageRun> runs,
                      const Executor& executor, std::size_t parts);

}  // namespace cocos::attestation::launch
