// The SEV-SNP launch digest as a chain over pages. AMD 56860 (SEV-SNP firmware ABI),
// SNP_LAUNCH_UPDATE and structure PAGE_INFO.
//
// Two steps, so that a caller can spread the costly one over threads: digests of page contents,
// which do not depend on each other, and the chain over 112 bytes a page, which is sequential.
// No threads here; see parallel.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attestation/launch/digest384.h"
#include "crypto/digest.h"

namespace cocos::attestation::launch {

// PAGE_TYPE of PAGE_INFO.
enum class PageType : std::uint8_t {
  kNormal = 1,
  kVmsa = 2,
  kZero = 3,        // the firmware clears the page; not the same as a normal page of zeros
  kUnmeasured = 4,  // the contents do not count, the address and the order do
  kSecrets = 5,
  kCpuid = 6,
};

// Consecutive pages of one type.
struct PageRun {
  PageType type = PageType::kNormal;
  std::uint64_t gpa = 0;  // of the first page
  std::uint64_t pages = 0;
  // pages * 4096 bytes, or empty for zeros. Only the contents of kNormal and kVmsa count.
  std::span<const std::byte> data;
};

// SHA-384 of 4096 zeros.
extern const Digest384 kZeroPageDigest;

// The launch digest while pages are added.
class SnpChain {
 public:
  SnpChain() : SnpChain(Digest384{}) {}
  // Goes on from a digest computed before.
  explicit SnpChain(const Digest384& seed);

  // `contents` is the digest of the page for kNormal and kVmsa, and not looked at for other types.
  void Add(PageType type, std::uint64_t gpa, const Digest384& contents);
  void AddWithoutContents(PageType type, std::uint64_t gpa, std::uint64_t pages);
  const Digest384& value() const { return value_; }

 private:
  crypto::Digest digest_;
  Digest384 value_;
};

// How many pages of the runs have contents that must be hashed: the size of HashPages' result.
std::size_t HashedPages(std::span<const PageRun> runs);

// Digests of pages `first` up to `first + digests.size()` of those that HashedPages counts, into
// `digests`. Pages of zeros are recognized and not hashed. Ranges that do not overlap may be
// computed by different threads.
void HashPages(std::span<const PageRun> runs, std::size_t first, std::span<Digest384> digests);

// The launch digest after all runs, from the digests of all pages that HashedPages counts.
Digest384 ChainPages(const Digest384& seed, std::span<const PageRun> runs,
                     std::span<const Digest384> digests);

// Both steps at once.
Digest384 DigestPages(const Digest384& seed, std::span<const PageRun> runs);

}  // namespace cocos::attestation::launch
