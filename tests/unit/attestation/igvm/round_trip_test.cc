// Generated files: what was written is what is read, and no change of a byte breaks the reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "attestation/igvm/file.h"
#include "support/result_matchers.h"
#include "unit/attestation/igvm/igvm_cases.h"

namespace cocos::attestation::igvm {
namespace {

using cocos::testing::Bytes;
using cocos::testing::IgvmBuilder;
using cocos::testing::Succeeds;

// What a generated file must be read as. Data is told by the byte its page is filled with; 0 stands
// for none.
struct Loaded {
  char kind = 0;  // 'p'age, 'i'nsert, 'v'p context
  std::uint64_t gpa = 0;
  std::uint32_t mask = 0;
  std::uint32_t detail = 0;  // flags and type; pages of the area; type of the platform
  unsigned fill = 0;

  friend bool operator==(const Loaded&, const Loaded&) = default;
};

void PrintTo(const Loaded& loaded, std::ostream* out) {
  *out << loaded.kind
       << fmt::format(" at {:#x} mask {:#x} detail {:#x} fill {}", loaded.gpa, loaded.mask,
                      loaded.detail, loaded.fill);
}

struct Expected {
  std::vector<std::pair<std::uint32_t, std::uint8_t>> platforms;  // mask, type
  std::vector<std::pair<std::uint64_t, std::uint32_t>> policies;  // policy, mask
  std::vector<Loaded> loaded;
  std::size_t headers = 0;
};

// Makes a file of random headers and says what must come out. The same seed, the same file.
class Generator {
 public:
  explicit Generator(unsigned seed)
      : random_(seed), version_(1 + seed % 2), builder_(1 + seed % 2) {}

  Bytes Make() {
    MakePlatforms();
    for (unsigned i = Below(3); i > 0; --i) MakePolicy();
    for (unsigned i = Below(12); i > 0; --i) MakeDirective();
    for (unsigned page = 1; page <= kDataPages; ++page) {
      builder_.Data(static_cast<std::uint8_t>(page));
    }
    return builder_.Build();
  }

  const Expected& expected() const { return expected_; }
  std::uint32_t version() const { return version_; }
  static constexpr unsigned kDataPages = 5;

 private:
  unsigned Below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  std::uint64_t Gpa() { return (random_() & 0xFFFFFFFFFULL) << 12; }

  void MakePlatforms() {
    const unsigned count = 1 + Below(4);
    for (unsigned i = 0; i < count; ++i) {
      const auto type = static_cast<std::uint8_t>((first_type_ + i) % 7);
      builder_.Platform(1U << (3 * i), type);
      expected_.platforms.emplace_back(1U << (3 * i), type);
      ++expected_.headers;
    }
  }

  void MakePolicy() {
    const std::uint64_t policy = random_();
    const auto mask = static_cast<std::uint32_t>(random_());
    builder_.Policy(policy, mask);
    expected_.policies.emplace_back(policy, mask);
    ++expected_.headers;
  }

  void MakeDirective() {
    const unsigned kind = Below(3);
    if (kind == 0) MakePage();
    if (kind == 1) MakeInsert();
    if (kind == 2) MakeContext();
  }

  void MakePage() {
    const bool large = Below(8) == 0;
    const unsigned data = large ? 0 : Below(kDataPages + 1);
    const std::uint32_t flags = Below(4) << 1 | (large ? 1 : 0);
    const auto type = static_cast<std::uint16_t>(Below(4));
    const auto mask = static_cast<std::uint32_t>(random_());
    const std::uint64_t gpa = large ? Gpa() << 9 : Gpa();
    builder_.Page(gpa, data, flags, type, mask);
    expected_.loaded.push_back({'p', gpa, mask, flags << 8 | type, data});
    ++expected_.headers;
  }

  void MakeInsert() {
    const std::uint32_t pages = 1 + Below(4);
    const std::uint32_t index = ++areas_;
    const auto mask = static_cast<std::uint32_t>(random_());
    const std::uint64_t gpa = Gpa();
    builder_.Area(pages * std::uint64_t{4096}, index).Insert(gpa, index, mask);
    expected_.loaded.push_back({'i', gpa, mask, pages, 0});
    expected_.headers += 2;
  }

  void MakeContext() {
    const auto& [mask, type] =
        expected_.platforms[Below(static_cast<unsigned>(expected_.platforms.size()))];
    if (type == 1 || type == 3 || type == 6) return;  // those without a page of state
    const unsigned data = 1 + Below(kDataPages);
    const std::uint64_t gpa = Gpa();
    builder_.Vp(gpa, data, mask);
    expected_.loaded.push_back({'v', gpa, mask, type, data});
    ++expected_.headers;
  }

  std::mt19937_64 random_;
  std::uint32_t version_;
  IgvmBuilder builder_;
  Expected expected_;
  std::uint32_t areas_ = 0;
  unsigned first_type_ = Below(7);
};

// The byte that a page of data is filled with.
unsigned FillOf(std::span<const std::byte> data) {
  if (data.empty()) return 0;
  EXPECT_EQ(data.size(), kPageSize);
  EXPECT_TRUE(std::ranges::all_of(data, [&](std::byte byte) { return byte == data[0]; }));
  return std::to_integer<unsigned>(data[0]);
}

Loaded LoadedBy(const Directive& directive) {
  if (const auto* const page = std::get_if<PageData>(&directive)) {
    const unsigned flags =
        (page->large ? 1U : 0U) | (page->unmeasured ? 2U : 0U) | (page->shared ? 4U : 0U);
    return {'p', page->gpa, page->mask, flags << 8 | static_cast<unsigned>(page->type),
            FillOf(page->data)};
  }
  if (const auto* const insert = std::get_if<ParameterInsert>(&directive)) {
    return {'i', insert->gpa, insert->mask, static_cast<std::uint32_t>(insert->area_bytes / 4096),
            0};
  }
  const auto& context = std::get<VpContext>(directive);
  return {'v', context.gpa, context.mask, static_cast<std::uint32_t>(context.platform),
          FillOf(context.data)};
}

std::vector<Loaded> LoadedBy(const File& file) {
  std::vector<Loaded> loaded;
  for (const Directive& directive : file.directives) loaded.push_back(LoadedBy(directive));
  return loaded;
}

constexpr unsigned kSeeds = 400;

TEST(IgvmRoundTrip, GivesEveryDirectiveInOrder) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    Generator generator(seed);
    const Bytes bytes = generator.Make();
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds()) << seed;
    EXPECT_EQ(LoadedBy(*file), generator.expected().loaded) << seed;
    EXPECT_EQ(file->header_count, generator.expected().headers) << seed;
    EXPECT_EQ(file->format_version, generator.version()) << seed;
  }
}

TEST(IgvmRoundTrip, GivesEveryPlatformInOrder) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    Generator generator(seed);
    const Bytes bytes = generator.Make();
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds()) << seed;
    std::vector<std::pair<std::uint32_t, std::uint8_t>> platforms;
    for (const Platform& platform : file->platforms) {
      platforms.emplace_back(platform.mask, static_cast<std::uint8_t>(platform.type));
    }
    EXPECT_EQ(platforms, generator.expected().platforms) << seed;
  }
}

// The last policy with a common bit, found the other way round.
TEST(IgvmRoundTrip, GivesThePolicyThatCounts) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    Generator generator(seed);
    const Bytes bytes = generator.Make();
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds()) << seed;
    for (const auto& [mask, type] : generator.expected().platforms) {
      std::optional<std::uint64_t> expected;
      for (const auto& [policy, policy_mask] : generator.expected().policies) {
        if ((policy_mask & mask) != 0) expected = policy;
      }
      EXPECT_EQ(file->PolicyFor(mask), expected) << seed << " " << mask;
    }
  }
}

TEST(IgvmRoundTrip, EndsWhereTheFileEnds) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Bytes bytes = Generator(seed).Make();
    const std::size_t headers = bytes.size() - Generator::kDataPages * kPageSize;
    for (std::size_t size = 0; size < bytes.size(); size += size < headers ? 1 : 509) {
      EXPECT_FALSE(ParseFile(std::span(bytes).first(size))) << seed << " " << size;
    }
  }
}

// A view of a directive lies inside of the bytes.
void ExpectInside(std::span<const std::byte> data, const Bytes& bytes) {
  if (data.empty()) return;
  EXPECT_GE(data.data(), bytes.data());
  EXPECT_LE(data.data() + data.size(), bytes.data() + bytes.size());
}

void ExpectSound(const Result<File>& file, const Bytes& bytes) {
  if (!file) {
    EXPECT_EQ(file.error().code(), ErrorCode::kMalformed);
    EXPECT_FALSE(file.error().reason().empty()) << file.error().message();
    return;
  }
  EXPECT_FALSE(file->platforms.empty());
  for (const Directive& directive : file->directives) {
    if (const auto* const page = std::get_if<PageData>(&directive)) {
      ExpectInside(page->data, bytes);
    }
    if (const auto* const context = std::get_if<VpContext>(&directive)) {
      ExpectInside(context->data, bytes);
    }
  }
}

// Somebody who changes a header also writes its checksum: the fields stand on their own.
TEST(IgvmMutation, OfEveryHeaderByteGivesASoundValueOrAReason) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    Generator generator(seed);
    const Bytes original = generator.Make();
    const std::size_t fixed = generator.version() == 1 ? 24 : 32;
    const std::size_t headers = original.size() - fixed - Generator::kDataPages * kPageSize;
    for (std::size_t at = 0; at < fixed + headers; ++at) {
      for (const unsigned change : {0x01u, 0x10u, 0x80u, 0xFFu}) {
        Bytes bytes = original;
        bytes[at] ^= static_cast<std::byte>(change);
        IgvmBuilder::WriteChecksum(bytes, fixed, headers);
        ExpectSound(ParseFile(bytes), bytes);
      }
    }
  }
}

// In PAGE_DATA every bit is either refused or seen by the caller.
TEST(IgvmMutation, OfAPageIsRefusedOrSeen) {
  Bytes bytes = IgvmBuilder().Snp().Page(0x1000, 1, 2, 1).Data(1).Data(2).Build();
  const auto original = ParseFile(bytes);
  ASSERT_THAT(original, Succeeds());
  const std::vector<Loaded> before = LoadedBy(*original);
  for (std::size_t bit = 0; bit < 24 * 8; ++bit) {
    Bytes changed = bytes;
    changed[24 + 24 + 8 + bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    IgvmBuilder::WriteChecksum(changed, 24, 24 + 32);
    const auto file = ParseFile(changed);
    if (!file) continue;
    const auto& page = std::get<PageData>(file->directives[0]);
    const bool moved = page.data.data() != changed.data() + 24 + 24 + 32;
    EXPECT_TRUE(moved || LoadedBy(*file) != before) << bit;
  }
}

}  // namespace
}  // namespace cocos::attestation::igvm
