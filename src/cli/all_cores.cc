#include "cli/all_cores.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace cocos::cli {

std::size_t Cores() { return std::max<std::size_t>(std::thread::hardware_concurrency(), 1); }

void RunOnAllCores(std::size_t parts, const std::function<void(std::size_t)>& function) {
  std::vector<std::jthread> threads;
  for (std::size_t part = 1; part < parts; ++part) {
    threads.emplace_back([&function, part] { function(part); });
  }
  if (parts > 0) function(0);
}

}  // namespace cocos::cli
