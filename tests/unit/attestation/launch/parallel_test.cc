// Hashing spread over threads gives what hashing in order gives.
#include "attestation/launch/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

namespace cocos::attestation::launch {
namespace {

using Bytes = std::vector<std::byte>;

// Runs whose pages are random, zero, or without data, from a seed.
class Workload {
 public:
  explicit Workload(unsigned seed) : random_(seed), bytes_(64 * kPageBytes) {
    for (std::size_t page = 0; page < 64; ++page) {
      if (random_() % 4 == 0) continue;  // a page of zeros
      std::generate_n(bytes_.begin() + static_cast<std::ptrdiff_t>(page * kPageBytes), kPageBytes,
                      [this] { return static_cast<std::byte>(random_()); });
    }
    for (std::size_t next = 0; next < 64;) next += AddRun(next);
  }
  Workload(const Workload&) = delete;
  std::span<const PageRun> runs() const { return runs_; }

 private:
  std::size_t AddRun(std::size_t first) {
    constexpr std::array kTypes = {PageType::kNormal, PageType::kNormal,     PageType::kVmsa,
                                   PageType::kZero,   PageType::kUnmeasured, PageType::kSecrets,
                                   PageType::kCpuid};
    const std::size_t pages = std::min<std::size_t>(1 + random_() % 9, 64 - first);
    PageRun run = {kTypes[random_() % kTypes.size()], first * kPageBytes, pages, {}};
    if (random_() % 5 != 0) {
      run.data = std::span<const std::byte>(bytes_).subspan(first * kPageBytes, pages * kPageBytes);
    }
    runs_.push_back(run);
    return pages;
  }

  std::mt19937 random_;
  Bytes bytes_;
  std::vector<PageRun> runs_;
};

const Executor kThreads = [](std::size_t parts, const std::function<void(std::size_t)>& function) {
  std::vector<std::jthread> threads;
  for (std::size_t part = 0; part < parts; ++part) threads.emplace_back(function, part);
};

// The last part first, as a pool may.
const Executor kBackwards = [](std::size_t parts,
                               const std::function<void(std::size_t)>& function) {
  for (std::size_t part = parts; part-- > 0;) function(part);
};

TEST(ParallelDigest, IsTheSameOnOneToEightThreads) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    const Workload work(seed);
    const Digest384 serial = DigestPages({}, work.runs());
    for (std::size_t parts = 1; parts <= 8; ++parts) {
      EXPECT_EQ(DigestPages({}, work.runs(), kThreads, parts), serial) << seed << " " << parts;
    }
  }
}

TEST(ParallelDigest, DoesNotDependOnTheOrderOfParts) {
  const Workload work(100);

  for (std::size_t parts = 1; parts <= 64; ++parts) {
    EXPECT_EQ(DigestPages({}, work.runs(), kBackwards, parts), DigestPages({}, work.runs()));
  }
}

TEST(ParallelDigest, GoesOnFromItsSeed) {
  const Workload work(7);
  Digest384 seed{};
  seed.fill(std::byte{9});

  EXPECT_EQ(DigestPages(seed, work.runs(), kThreads, 3), DigestPages(seed, work.runs()));
  EXPECT_NE(DigestPages(seed, work.runs(), kThreads, 3), DigestPages({}, work.runs()));
}

TEST(ParallelDigest, NeverAsksForMorePartsThanPagesNorThanAllowed) {
  const Bytes bytes(5 * kPageBytes, std::byte{1});
  const PageRun run = {PageType::kNormal, 0, 5, bytes};
  std::size_t asked = 0;
  const Executor counting = [&](std::size_t parts, const auto& function) {
    asked = parts;
    SequentialExecutor()(parts, function);
  };

  for (const auto& [allowed, expected] : {std::pair<std::size_t, std::size_t>{0, 1},
                                          {1, 1},
                                          {2, 2},
                                          {4, 4},
                                          {5, 5},
                                          {6, 5},
                                          {SIZE_MAX, 5}}) {
    const Digest384 digest = DigestPages({}, {&run, 1}, counting, allowed);
    EXPECT_EQ(asked, expected) << allowed;
    EXPECT_EQ(digest, DigestPages({}, {&run, 1}));
  }
}

TEST(ParallelDigest, OfNothingIsTheSeed) {
  Digest384 seed{};
  seed.fill(std::byte{3});

  EXPECT_EQ(DigestPages(seed, {}, kThreads, 4), seed);
  EXPECT_EQ(DigestPages(seed, {}), seed);
}

TEST(SequentialExecutor, CallsEachPartOnceInOrder) {
  std::vector<std::size_t> called;

  SequentialExecutor()(4, [&](std::size_t part) { called.push_back(part); });

  EXPECT_EQ(called, (std::vector<std::size_t>{0, 1, 2, 3}));
}

TEST(SequentialExecutor, CallsNothingForNoParts) {
  SequentialExecutor()(0, [](std::size_t) { FAIL(); });
}

// A page with one byte that is not zero is not a page of zeros, wherever the byte is.
TEST(ZeroPages, AreToldFromPagesWithOneByteByHashingThem) {
  Bytes page(kPageBytes);
  const PageRun run = {PageType::kNormal, 0, 1, page};

  for (std::size_t at = 0; at < kPageBytes; ++at) {
    page[at] = std::byte{0x80};
    Digest384 digest{};
    HashPages({&run, 1}, 0, {&digest, 1});
    ASSERT_EQ(digest, Sha384Of(page)) << at;
    page[at] = std::byte{0};
  }
  Digest384 digest{};
  HashPages({&run, 1}, 0, {&digest, 1});
  EXPECT_EQ(digest, kZeroPageDigest);
}

TEST(ZeroPages, AreTheSameWithDataAndWithout) {
  const Bytes zeros(3 * kPageBytes);
  const PageRun with_data = {PageType::kNormal, 0x5000, 3, zeros};
  const PageRun without = {PageType::kNormal, 0x5000, 3, {}};

  EXPECT_EQ(DigestPages({}, {&with_data, 1}), DigestPages({}, {&without, 1}));
}

TEST(ZeroPages, OfTheFirmwareAreNotNormalPagesOfZeros) {
  const PageRun zero = {PageType::kZero, 0x5000, 1, {}};
  const PageRun normal = {PageType::kNormal, 0x5000, 1, {}};

  EXPECT_NE(DigestPages({}, {&zero, 1}), DigestPages({}, {&normal, 1}));
}

TEST(HashedPages, CountsDataOfNormalAndVmsaPagesOnly) {
  const Bytes bytes(2 * kPageBytes, std::byte{1});
  for (const auto& [type, pages] : {std::pair{PageType::kNormal, 2U},
                                    {PageType::kVmsa, 2U},
                                    {PageType::kZero, 0U},
                                    {PageType::kUnmeasured, 0U},
                                    {PageType::kSecrets, 0U},
                                    {PageType::kCpuid, 0U}}) {
    const PageRun with_data = {type, 0, 2, bytes};
    const PageRun without = {type, 0, 2, {}};
    EXPECT_EQ(HashedPages({&with_data, 1}), pages);
    EXPECT_EQ(HashedPages({&without, 1}), 0U);
  }
}

TEST(PageRuns, AreTheSameWholeOrPageByPage) {
  const Bytes bytes(4 * kPageBytes, std::byte{0x42});
  const std::span<const std::byte> all(bytes);
  for (const PageType type : {PageType::kNormal, PageType::kZero, PageType::kUnmeasured,
                              PageType::kSecrets, PageType::kCpuid, PageType::kVmsa}) {
    const PageRun whole = {type, 0x7000, 4, all};
    std::vector<PageRun> single;
    for (std::size_t i = 0; i < 4; ++i) {
      single.push_back({type, 0x7000 + i * kPageBytes, 1, all.subspan(i * kPageBytes, kPageBytes)});
    }
    EXPECT_EQ(DigestPages({}, {&whole, 1}), DigestPages({}, single));
  }
}

TEST(PageRuns, CountByTypeAddressAndOrder) {
  const PageRun one = {PageType::kNormal, 0x1000, 1, {}};
  const PageRun other = {PageType::kNormal, 0x2000, 1, {}};
  const std::vector<PageRun> forwards = {one, other};
  const std::vector<PageRun> backwards = {other, one};
  EXPECT_NE(DigestPages({}, forwards), DigestPages({}, backwards));

  std::vector<Digest384> digests;
  for (const PageType type : {PageType::kNormal, PageType::kVmsa, PageType::kZero,
                              PageType::kUnmeasured, PageType::kSecrets, PageType::kCpuid}) {
    for (unsigned bit = 12; bit < 64; ++bit) {
      const PageRun run = {type, std::uint64_t{1} << bit, 1, {}};
      digests.push_back(DigestPages({}, {&run, 1}));
    }
  }
  std::ranges::sort(digests);
  EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
}

}  // namespace
}  // namespace cocos::attestation::launch
