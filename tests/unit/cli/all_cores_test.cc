#include "cli/all_cores.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "attestation/launch/parallel.h"

namespace cocos::cli {
namespace {

namespace launch = attestation::launch;

TEST(AllCores, HasAtLeastOne) { EXPECT_GE(Cores(), 1U); }

TEST(AllCores, RunsEveryPartOnceAndReturnsAfterTheLast) {
  for (const std::size_t parts : {1U, 2U, 7U, 16U}) {
    std::array<std::atomic<int>, 17> calls{};

    RunOnAllCores(parts, [&](std::size_t part) { ++calls.at(part); });

    for (std::size_t part = 0; part < calls.size(); ++part) {
      EXPECT_EQ(calls.at(part), part < parts ? 1 : 0) << part << " of " << parts;
    }
  }
}

TEST(AllCores, CallsNothingForNoParts) {
  RunOnAllCores(0, [](std::size_t part) { ADD_FAILURE() << part; });
}

TEST(AllCores, GivesEachPartAThreadAndTheFirstTheCallers) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::thread::id first;

  RunOnAllCores(3, [&](std::size_t part) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    if (part == 0) first = std::this_thread::get_id();
  });

  EXPECT_EQ(first, std::this_thread::get_id());
  EXPECT_GE(threads.size(), 2U);  // an id may be used again after its thread has ended
}

TEST(AllCores, DigestsPagesAsOneThreadDoes) {
  std::vector<std::byte> pages(std::size_t{4096} * 9);
  for (std::size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<std::byte>(i * 31 >> 5);
  const std::vector<launch::PageRun> runs = {{.gpa = 0x1000, .pages = 9, .data = pages}};
  const launch::Digest384 expected = launch::DigestPages({}, runs);

  for (const std::size_t parts : {1U, 2U, 4U, 9U, 32U}) {
    EXPECT_EQ(launch::DigestPages({}, runs, RunOnAllCores, parts), expected) << parts;
  }
}

}  // namespace
}  // namespace cocos::cli
