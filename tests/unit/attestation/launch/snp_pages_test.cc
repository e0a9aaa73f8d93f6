#include "attestation/launch/snp_pages.h"

#include <gtest/gtest.h>

#include <thread>

#include "attestation/launch/parallel.h"
#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

using Bytes = std::vector<std::byte>;

// Pages that differ, every third of zeros.
Bytes SomePages(std::size_t count) {
  Bytes bytes(count * kPageBytes);
  for (std::size_t page = 0; page < count; ++page) {
    if (page % 3 == 2) continue;
    for (std::size_t i = 0; i < kPageBytes; ++i) {
      bytes[page * kPageBytes + i] = static_cast<std::byte>(page * 7 + i * 13 + 1);
    }
  }
  return bytes;
}

// The definition, word for word.
Digest384 Extend(const Digest384& current, const Digest384& contents, std::uint8_t type,
                 std::uint64_t gpa) {
  ByteWriter info;
  info.Bytes(current).Bytes(contents).Le(std::uint16_t{0x70}).Le(type).Zeros(5).Le(gpa);
  return Sha384Of(info.view());
}

std::vector<PageRun> SomeRuns(const Bytes& pages) {
  const std::span<const std::byte> all(pages);
  return {{PageType::kNormal, 0x10000, 3, all.first(3 * kPageBytes)},
          {PageType::kUnmeasured, 0x20000, 2, all.first(2 * kPageBytes)},
          {PageType::kNormal, 0x30000, 2, {}},
          {PageType::kZero, 0x40000, 1, {}},
          {PageType::kNormal, 0x50000, 4, all.subspan(3 * kPageBytes, 4 * kPageBytes)},
          {PageType::kVmsa, 0xFFFFFFFFF000, 1, all.last(kPageBytes)}};
}

TEST(ZeroPageDigest, IsThatOfAPageOfZeros) {
  EXPECT_EQ(kZeroPageDigest, Sha384Of(std::array<std::byte, kPageBytes>{}));
}

TEST(SnpChain, FollowsTheDefinition) {
  const Digest384 contents = Sha384Of(SomePages(1));
  SnpChain chain;

  chain.Add(PageType::kNormal, 0x123456789000, contents);

  EXPECT_EQ(chain.value(), Extend({}, contents, 1, 0x123456789000));
}

TEST(SnpChain, LeavesContentsOutForTypesThatHaveNone) {
  const Digest384 contents = Sha384Of(SomePages(1));

  for (const PageType type :
       {PageType::kZero, PageType::kUnmeasured, PageType::kSecrets, PageType::kCpuid}) {
    SnpChain chain;
    chain.Add(type, 0x1000, contents);
    EXPECT_EQ(chain.value(), Extend({}, {}, static_cast<std::uint8_t>(type), 0x1000));
  }
}

TEST(SnpChain, GoesOnFromASeed) {
  const Digest384 contents = Sha384Of(SomePages(1));
  SnpChain whole;
  whole.Add(PageType::kNormal, 0x1000, contents);
  SnpChain continued(whole.value());

  whole.Add(PageType::kSecrets, 0x2000, contents);
  continued.Add(PageType::kSecrets, 0x2000, contents);

  EXPECT_EQ(continued.value(), whole.value());
}

TEST(DigestPages, IsTheChainOverAllPagesOfAllRuns) {
  const Bytes pages = SomePages(8);
  const auto page = [&](std::size_t i) {
    return Sha384Of(std::span(pages).subspan(i * kPageBytes, kPageBytes));
  };
  const Digest384 zeros = Sha384Of(std::array<std::byte, kPageBytes>{});

  Digest384 expected{};
  for (std::size_t i = 0; i < 3; ++i) expected = Extend(expected, page(i), 1, 0x10000 + i * 4096);
  for (std::size_t i = 0; i < 2; ++i) expected = Extend(expected, {}, 4, 0x20000 + i * 4096);
  for (std::size_t i = 0; i < 2; ++i) expected = Extend(expected, zeros, 1, 0x30000 + i * 4096);
  expected = Extend(expected, {}, 3, 0x40000);
  for (std::size_t i = 0; i < 4; ++i) {
    expected = Extend(expected, page(3 + i), 1, 0x50000 + i * 4096);
  }
  expected = Extend(expected, page(7), 2, 0xFFFFFFFFF000);

  EXPECT_EQ(DigestPages({}, SomeRuns(pages)), expected);
}

TEST(DigestPages, ChangesWithEveryPage) {
  Bytes pages = SomePages(8);
  const Digest384 before = DigestPages({}, SomeRuns(pages));

  for (std::size_t page = 0; page < 8; ++page) {
    const std::size_t last = page * kPageBytes + kPageBytes - 1;
    pages[last] ^= std::byte{1};
    EXPECT_NE(DigestPages({}, SomeRuns(pages)), before) << page;
    pages[last] ^= std::byte{1};
  }
}

TEST(HashPages, GivesTheSameInAnyRanges) {
  const Bytes pages = SomePages(8);
  const std::vector<PageRun> runs = SomeRuns(pages);
  std::vector<Digest384> whole(HashedPages(runs));
  HashPages(runs, 0, whole);
  ASSERT_EQ(whole.size(), 8U);

  for (std::size_t first = 0; first < whole.size(); ++first) {
    for (std::size_t count = 0; first + count <= whole.size(); ++count) {
      std::vector<Digest384> part(count);
      HashPages(runs, first, part);
      EXPECT_TRUE(
          std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
}

TEST(DigestPagesInParts, IsTheSameForAnyNumberOfParts) {
  const Bytes pages = SomePages(8);
  const std::vector<PageRun> runs = SomeRuns(pages);

  for (const std::size_t parts : {0, 1, 2, 3, 7, 8, 9, 100}) {
    EXPECT_EQ(DigestPages({}, runs, SequentialExecutor(), parts), DigestPages({}, runs)) << parts;
  }
}

TEST(DigestPagesInParts, IsTheSameOnThreads) {
  const Bytes pages = SomePages(8);
  const std::vector<PageRun> runs = SomeRuns(pages);
  const Executor threads = [](std::size_t parts, const std::function<void(std::size_t)>& run) {
    std::vector<std::jthread> workers;
    for (std::size_t part = 0; part < parts; ++part) workers.emplace_back(run, part);
  };

  EXPECT_EQ(DigestPages({}, runs, threads, 4), DigestPages({}, runs));
}

TEST(DigestPagesInParts, NeedsNoExecutorForPagesWithoutContents) {
  const std::vector<PageRun> runs = {{PageType::kZero, 0, 2, {}}};
  const Executor never = [](std::size_t, const auto&) { FAIL() << "nothing to do"; };

  EXPECT_EQ(DigestPages({}, runs, never, 4), DigestPages({}, runs));
}

}  // namespace
}  // namespace cocos::attestation::launch
