#include "attestation/launch/parallel.h"

#include <algorithm>

namespace cocos::attestation::launch {

Executor SequentialExecutor() {
  return [](std::size_t parts, const std::function<void(std::size_t)>& function) {
    for (std::size_t part = 0; part < parts; ++part) function(part);
  };
}

Digest384 DigestPages(const Digest384& seed, std::span<const PageRun> runs,
                      const Executor& executor, std::size_t parts) {
  std::vector<Digest384> digests(HashedPages(runs));
  const std::size_t used = std::min(std::max<std::size_t>(parts, 1), digests.size());
  if (used > 0) {
    executor(used, [&](std::size_t part) {
      const std::size_t begin = digests.size() * part / used;
      const std::size_t end = digests.size() * (part + 1) / used;
      HashPages(runs, begin, std::span(digests).subspan(begin, end - begin));
    });
  }
  return ChainPages(seed, runs, digests);
}

}  // namespace cocos::attestation::launch
