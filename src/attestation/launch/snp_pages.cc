#include "attestation/launch/snp_pages.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace cocos::attestation::launch {

constexpr Digest384 kZeroPageDigest = {
    std::byte{0xc0}, std::byte{0xe5}, std::byte{0x9a}, std::byte{0x3e}, std::byte{0x3f},
    std::byte{0xfb}, std::byte{0xd3}, std::byte{0xb5}, std::byte{0xc7}, std::byte{0x54},
    std::byte{0x28}, std::byte{0xfb}, std::byte{0x36}, std::byte{0x43}, std::byte{0x2f},
    std::byte{0xac}, std::byte{0xab}, std::byte{0xc7}, std::byte{0x45}, std::byte{0x94},
    std::byte{0x42}, std::byte{0x96}, std::byte{0xff}, std::byte{0x51}, std::byte{0x5f},
    std::byte{0x73}, std::byte{0x7c}, std::byte{0x4f}, std::byte{0xef}, std::byte{0x4e},
    std::byte{0xfc}, std::byte{0x64}, std::byte{0x58}, std::byte{0x68}, std::byte{0x09},
    std::byte{0xf7}, std::byte{0xa1}, std::byte{0x6f}, std::byte{0x56}, std::byte{0x35},
    std::byte{0x4a}, std::byte{0x1e}, std::byte{0xae}, std::byte{0xcf}, std::byte{0x2a},
    std::byte{0xa8}, std::byte{0xd7}, std::byte{0x74}};

namespace {

// PAGE_INFO: DIGEST_CUR, CONTENTS, LENGTH, PAGE_TYPE, IMI_PAGE, permissions, GPA.
constexpr std::size_t kPageInfoSize = 0x70;
constexpr std::size_t kContentsOffset = 0x30;
constexpr std::size_t kLengthOffset = 0x60;
constexpr std::size_t kTypeOffset = 0x62;
constexpr std::size_t kGpaOffset = 0x68;

bool ContentsCount(PageType type) { return type == PageType::kNormal || type == PageType::kVmsa; }

bool IsHashed(const PageRun& run) { return ContentsCount(run.type) && !run.data.empty(); }

std::span<const std::byte> PageOf(const PageRun& run, std::size_t index) {
  return run.data.subspan(index * kPageBytes, kPageBytes);
}

// Fast for both: other pages mostly differ in their first bytes, and pages of zeros compare at the
// speed of memory.
bool IsZero(std::span<const std::byte> page) {
  return page.front() == std::byte{0} &&
         std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

void HashPage(crypto::Digest& digest, std::span<const std::byte> page, Digest384& value) {
  if (IsZero(page)) {
    value = kZeroPageDigest;
    return;
  }
  digest.Update(page);
  digest.FinishInto(value);
}

}  // namespace

SnpChain::SnpChain(const Digest384& seed)
    : digest_(crypto::DigestAlgorithm::kSha384), value_(seed) {}

void SnpChain::Add(PageType type, std::uint64_t gpa, const Digest384& contents) {
  std::array<std::byte, kPageInfoSize> info{};
  std::ranges::copy(value_, info.begin());
  if (ContentsCount(type)) std::ranges::copy(contents, info.begin() + kContentsOffset);
  info[kLengthOffset] = std::byte{kPageInfoSize};
  info[kTypeOffset] = static_cast<std::byte>(type);
  for (std::size_t i = 0; i < sizeof(gpa); ++i) {
    info[kGpaOffset + i] = static_cast<std::byte>(gpa >> (8 * i));
  }
  digest_.Update(info);
  digest_.FinishInto(value_);
}

void SnpChain::AddWithoutContents(PageType type, std::uint64_t gpa, std::uint64_t pages) {
  for (std::uint64_t page = 0; page < pages; ++page) {
    Add(type, gpa + page * kPageBytes, kZeroPageDigest);
  }
}

std::size_t HashedPages(std::span<const PageRun> runs) {
  std::size_t pages = 0;
  for (const PageRun& run : runs) {
    if (IsHashed(run)) pages += run.data.size() / kPageBytes;
  }
  return pages;
}

void HashPages(std::span<const PageRun> runs, std::size_t first, std::span<Digest384> digests) {
  crypto::Digest digest(crypto::DigestAlgorithm::kSha384);
  std::size_t begin = 0;  // of the run, among the pages with contents
  std::size_t done = 0;
  for (const PageRun& run : runs) {
    if (done == digests.size()) return;
    if (!IsHashed(run)) continue;
    const std::size_t pages = run.data.size() / kPageBytes;
    for (std::size_t index = std::max(begin, first + done) - begin;
         index < pages && done < digests.size(); ++index) {
      HashPage(digest, PageOf(run, index), digests[done++]);
    }
    begin += pages;
  }
  COCOS_CHECK(done == digests.size());
}

Digest384 ChainPages(const Digest384& seed, std::span<const PageRun> runs,
                     std::span<const Digest384> digests) {
  SnpChain chain(seed);
  std::size_t next = 0;
  for (const PageRun& run : runs) {
    if (!IsHashed(run)) {
      chain.AddWithoutContents(run.type, run.gpa, run.pages);
      continue;
    }
    for (std::uint64_t page = 0; page < run.pages; ++page) {
      COCOS_CHECK(next < digests.size());
      chain.Add(run.type, run.gpa + page * kPageBytes, digests[next++]);
    }
  }
  COCOS_CHECK(next == digests.size());
  return chain.value();
}

Digest384 DigestPages(const Digest384& seed, std::span<const PageRun> runs) {
  std::vector<Digest384> digests(HashedPages(runs));
  HashPages(runs, 0, digests);
  return ChainPages(seed, runs, digests);
}

}  // namespace cocos::attestation::launch
