// No cut and no changed byte makes a decoder crash or take memory out of proportion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "attestation/evidence/decode.h"
#include "samples.h"
#include "support/result_matchers.h"
#include "vectors.h"

namespace {

// What operator new has handed out and not got back: now and at most. One thread only.
std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

void* Count(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  live_bytes += malloc_usable_size(block);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return block;
}

void Uncount(void* block) {
  if (block != nullptr) live_bytes -= malloc_usable_size(block);
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) { return Count(std::malloc(size == 0 ? 1 : size)); }
void* operator new[](std::size_t size) { return Count(std::malloc(size == 0 ? 1 : size)); }
void operator delete(void* block) noexcept { Uncount(block); }
void operator delete[](void* block) noexcept { Uncount(block); }
void operator delete(void* block, std::size_t) noexcept { Uncount(block); }
void operator delete[](void* block, std::size_t) noexcept { Uncount(block); }

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;

// Messages and tables of rules take a little that does not depend on the input.
constexpr std::size_t kFixedBytes = 8 << 10;
constexpr std::size_t kBytesPerInputByte = 16;

// What decoding takes at its peak.
std::size_t PeakOf(std::span<const std::byte> bytes, EvidenceFormat format) {
  const std::size_t before = live_bytes;
  peak_bytes = live_bytes;
  { const Result<AgentEvidence> evidence = DecodeEvidence(bytes, format); }
  return peak_bytes - before;
}

void ExpectModest(std::span<const std::byte> bytes, EvidenceFormat format, std::size_t position) {
  const std::size_t peak = PeakOf(bytes, format);
  if (peak > kBytesPerInputByte * bytes.size() + kFixedBytes) {
    ADD_FAILURE() << EvidenceFormatName(format) << " at " << position << ": " << peak
                  << " bytes for " << bytes.size();
  }
}

struct Sample {
  EvidenceFormat format;
  Bytes bytes;
};

std::vector<Sample> Samples() {
  Message vtpm = AttestMessageFields();
  const Bytes plain = Encode(vtpm);
  vtpm[8] = BytesField(8, SevSnpAttestation());
  const Bytes snp_vtpm = Encode(vtpm);
  vtpm.erase(8);
  vtpm[9] = BytesField(9, Encode(TdxQuoteMessage()));
  const Bytes table =
      Joined({SnpReport(), TableEntry(kVcekGuid, 48, 4), Filled(24), FromText("vcek")});
  return {{EvidenceFormat::kSnpRaw, table},
          {EvidenceFormat::kTdxRaw, TdxQuote(5)},
          {EvidenceFormat::kSevSnpAttestation, SevSnpAttestation(ReportMessage(5))},
          {EvidenceFormat::kAttest, snp_vtpm},
          {EvidenceFormat::kAttest, Encode(vtpm)},
          {EvidenceFormat::kEatCbor, CborToken("vTPM", plain)},
          {EvidenceFormat::kEatCbor, CborToken("NoCC", Filled(96))},
          {EvidenceFormat::kEatJwt, FromText(JwtToken(kJwtHeader, JwtClaims("vTPM", plain)))}};
}

// A report may end where its certificate table begins, and a message between two optional fields.
bool MayEndEarly(EvidenceFormat format) {
  return format == EvidenceFormat::kSnpRaw || format == EvidenceFormat::kAttest;
}

TEST(EvidenceRobustness, OfSamplesIsWhole) {
  for (const Sample& sample : Samples()) {
    EXPECT_THAT(DecodeEvidence(sample.bytes, sample.format), Succeeds())
        << EvidenceFormatName(sample.format);
  }
}

TEST(EvidenceRobustness, RefusesCutEvidence) {
  for (const Sample& sample : Samples()) {
    if (MayEndEarly(sample.format)) continue;
    for (std::size_t size = 1; size < sample.bytes.size(); ++size) {
      const auto cut = std::span(sample.bytes).first(size);
      ASSERT_THAT(DecodeEvidence(cut, sample.format), FailsWith(ErrorCode::kMalformed))
          << EvidenceFormatName(sample.format) << " of " << size;
    }
  }
}

TEST(EvidenceRobustness, TakesLittleMemoryForCutEvidence) {
  for (const Sample& sample : Samples()) {
    for (std::size_t size = 0; size <= sample.bytes.size(); ++size) {
      ExpectModest(std::span(sample.bytes).first(size), sample.format, size);
    }
  }
}

TEST(EvidenceRobustness, TakesLittleMemoryForChangedEvidence) {
  for (Sample& sample : Samples()) {
    for (std::size_t i = 0; i < sample.bytes.size(); ++i) {
      const std::byte original = sample.bytes[i];
      for (const unsigned change : {0x01u, 0x80u}) {
        sample.bytes[i] = original ^ static_cast<std::byte>(change);
        ExpectModest(sample.bytes, sample.format, i);
      }
      sample.bytes[i] = original;
    }
  }
}

// The inputs that multiply most: as many of the smallest entries as the limits allow.
TEST(EvidenceRobustness, TakesLittleMemoryForManySmallEntries) {
  std::string claims = "{";
  for (int i = 0; i < 256; ++i) claims += "\"" + std::to_string(i) + "\":0,";
  claims.back() = '}';
  ExpectModest(FromText(JwtToken(kJwtHeader, claims)), EvidenceFormat::kEatJwt, 0);

  Bytes unknown;
  for (int i = 0; i < 64; ++i) unknown = Joined({unknown, FromHex("7800")});
  ExpectModest(unknown, EvidenceFormat::kAttest, 0);
  ExpectModest(Filled(64 << 10, 0x12), EvidenceFormat::kAttest, 0);
}

// The certificate table with the most copies of the same bytes: as many entries as it may have, all
// over one blob.
TEST(EvidenceRobustness, TakesLittleMemoryForEntriesThatOverlap) {
  constexpr std::uint32_t kEntries = 16;
  constexpr std::uint32_t kBlobSize = 64 << 10;
  Bytes bytes = SnpReport();
  for (unsigned i = 0; i < kEntries; ++i) {
    const std::string guid(32, "0123456789abcdef"[i]);
    const Bytes entry = TableEntry(i == 0 ? kVcekGuid : guid, (kEntries + 1) * 24, kBlobSize);
    bytes = Joined({bytes, entry});
  }
  bytes = Joined({bytes, Filled(24), Filled(kBlobSize, 0x5a)});

  EXPECT_THAT(DecodeEvidence(bytes, EvidenceFormat::kSnpRaw), Succeeds());
  ExpectModest(bytes, EvidenceFormat::kSnpRaw, 0);
}

// All vectors, with a stride that keeps the test within seconds.
TEST(EvidenceRobustness, OfTheVectorsHoldsUnderCutsAndChanges) {
  COCOS_SKIP_WITHOUT_VECTORS();
  constexpr std::size_t kSteps = 12;
  const nlohmann::json index = VectorIndex();
  for (const auto& vector : index["vectors"]) {
    Bytes bytes = VectorFile(vector["file"]);
    SCOPED_TRACE(vector["file"]);
    const std::size_t stride = bytes.size() / kSteps + 1;
    for (const Sample& sample : Samples()) {
      for (std::size_t i = 0; i < bytes.size(); i += stride) {
        ExpectModest(std::span(bytes).first(i), sample.format, i);
      }
    }
    for (std::size_t i = 0; i < bytes.size(); i += stride) {
      bytes[i] ^= std::byte{0x11};
      const Result<AgentEvidence> evidence = DecodeAnyEvidence(bytes);
      EXPECT_TRUE(evidence || evidence.error().code() == ErrorCode::kMalformed);
      bytes[i] ^= std::byte{0x11};
    }
  }
}

}  // namespace
}  // namespace cocos::attestation
