#include "attestation/launch/td_hob.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr std::uint64_t kSplitFrom = 0xB0000000;
constexpr std::uint64_t kHandoffSize = 56;
constexpr std::uint64_t kResourceSize = 48;
constexpr std::uint64_t kEndSize = 8;
constexpr std::uint64_t kSystemMemory = 0;
constexpr std::uint64_t kUnaccepted = 7;

struct Resource {
  std::uint64_t type = 0;
  std::uint64_t start = 0;
  std::uint64_t size = 0;

  std::uint64_t end() const { return start + size; }
  friend bool operator==(const Resource&, const Resource&) = default;
};

// Firmware with its hand-off blocks at 8 MiB and temporary memory where the test says.
Tdvf Firmware(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& temporary = {},
              std::uint64_t hob_pages = 2) {
  Tdvf tdvf;
  tdvf.sections = {{.gpa = 8 * kMebibyte,
                    .memory_size = hob_pages * kPageBytes,
                    .type = TdvfSectionType::kTdHob}};
  for (const auto& [gpa, size] : temporary) {
    tdvf.sections.push_back({.gpa = gpa, .memory_size = size, .type = TdvfSectionType::kTempMem});
  }
  return tdvf;
}

std::vector<Resource> ResourcesOf(std::span<const std::byte> list) {
  std::vector<Resource> resources;
  ByteReader reader(list);
  reader.Skip(kHandoffSize);
  while (reader.ok() && reader.remaining() > 0) {
    EXPECT_EQ(reader.Le<std::uint16_t>(), 3);   // resource descriptor
    EXPECT_EQ(reader.Le<std::uint16_t>(), 48);  // its length
    EXPECT_EQ(reader.Le<std::uint32_t>(), 0U);
    EXPECT_TRUE(reader.Zeros(16));  // owner
    Resource resource;
    resource.type = reader.Le<std::uint32_t>();
    EXPECT_EQ(reader.Le<std::uint32_t>(), 7U);  // present, initialized, tested
    resource.start = reader.Le<std::uint64_t>();
    resource.size = reader.Le<std::uint64_t>();
    resources.push_back(resource);
  }
  EXPECT_THAT(reader.Finish("list"), Succeeds());
  return resources;
}

std::vector<Resource> Resources(const Tdvf& tdvf, std::uint64_t memory) {
  const auto list = BuildTdHob(tdvf, memory);
  EXPECT_THAT(list, Succeeds());
  return list ? ResourcesOf(*list) : std::vector<Resource>();
}

TEST(TdHobHeader, IsTheHandoffBlockOfThePiSpecification) {
  const auto list = BuildTdHob(Firmware(), 16 * kMebibyte);
  ASSERT_THAT(list, Succeeds());

  ByteReader reader(*list);
  EXPECT_EQ(reader.Le<std::uint16_t>(), 1);   // hand-off
  EXPECT_EQ(reader.Le<std::uint16_t>(), 56);  // its length
  EXPECT_EQ(reader.Le<std::uint32_t>(), 0U);  // reserved
  EXPECT_EQ(reader.Le<std::uint32_t>(), 9U);  // version
  EXPECT_EQ(reader.Le<std::uint32_t>(), 0U);  // boot mode
  EXPECT_TRUE(reader.Zeros(4 * 8));           // memory top and bottom, free top and bottom
  const std::uint64_t end = 8 * kMebibyte + list->size() + kEndSize;
  EXPECT_EQ(reader.Le<std::uint64_t>(), end);
}

TEST(TdHobResources, TellAcceptedMemoryFromTheRest) {
  EXPECT_EQ(Resources(Firmware(), 16 * kMebibyte),
            (std::vector<Resource>{{kUnaccepted, 0, 8 * kMebibyte},
                                   {kSystemMemory, 8 * kMebibyte, 0x2000},
                                   {kUnaccepted, 8 * kMebibyte + 0x2000, 8 * kMebibyte - 0x2000}}));
}

TEST(TdHobResources, HaveNoEmptyOneAtTheStart) {
  const Tdvf tdvf = Firmware({{0, 0x1000}});

  EXPECT_EQ(Resources(tdvf, 16 * kMebibyte).front(), (Resource{kSystemMemory, 0, 0x1000}));
}

TEST(TdHobResources, HaveNoEmptyOneBetweenSectionsThatTouchNorAtTheEnd) {
  const Tdvf tdvf = Firmware({{8 * kMebibyte + 0x2000, 0x3000}});

  EXPECT_EQ(Resources(tdvf, 8 * kMebibyte + 0x5000),
            (std::vector<Resource>{{kUnaccepted, 0, 8 * kMebibyte},
                                   {kSystemMemory, 8 * kMebibyte, 0x2000},
                                   {kSystemMemory, 8 * kMebibyte + 0x2000, 0x3000}}));
}

TEST(TdHobResources, AreByAddressWhateverTheOrderOfSections) {
  Tdvf tdvf = Firmware({{0x20000, 0x1000}, {9 * kMebibyte, 0x1000}, {0x10000, 0x1000}});
  const std::vector<Resource> before = Resources(tdvf, 16 * kMebibyte);

  std::ranges::reverse(tdvf.sections);

  EXPECT_EQ(Resources(tdvf, 16 * kMebibyte), before);
  EXPECT_TRUE(std::ranges::is_sorted(before, {}, &Resource::start));
}

TEST(TdHobResources, LeaveFirmwareVolumesOut) {
  Tdvf tdvf = Firmware();
  const std::vector<Resource> before = Resources(tdvf, 16 * kMebibyte);
  tdvf.sections.push_back(
      {.gpa = 0xFFC00000, .memory_size = 0x400000, .type = TdvfSectionType::kBfv});
  tdvf.sections.push_back({.gpa = 0x5000, .memory_size = 0x1000, .type = TdvfSectionType::kCfv});

  EXPECT_EQ(Resources(tdvf, 16 * kMebibyte), before);
}

TEST(TdHobResources, PutMemoryFromALimitOnAboveFourGibibytes) {
  const auto last = [](std::uint64_t memory) { return Resources(Firmware(), memory).back(); };
  const std::uint64_t low_start = 8 * kMebibyte + 0x2000;

  EXPECT_EQ(last(kSplitFrom - 0x1000),
            (Resource{kUnaccepted, low_start, kSplitFrom - 0x1000 - low_start}));
  EXPECT_EQ(last(kSplitFrom), (Resource{kUnaccepted, 4 * kGibibyte, kSplitFrom - 2 * kGibibyte}));
  EXPECT_EQ(last(64 * kGibibyte), (Resource{kUnaccepted, 4 * kGibibyte, 62 * kGibibyte}));
}

TEST(TdHobResources, TakeSectionsAboveFourGibibytesOutOfTheMemoryThere) {
  const Tdvf tdvf = Firmware({{5 * kGibibyte, 0x1000}});

  EXPECT_EQ(Resources(tdvf, 8 * kGibibyte),
            (std::vector<Resource>{
                {kUnaccepted, 0, 8 * kMebibyte},
                {kSystemMemory, 8 * kMebibyte, 0x2000},
                {kUnaccepted, 8 * kMebibyte + 0x2000, 2 * kGibibyte - 8 * kMebibyte - 0x2000},
                {kUnaccepted, 4 * kGibibyte, kGibibyte},
                {kSystemMemory, 5 * kGibibyte, 0x1000},
                {kUnaccepted, 5 * kGibibyte + 0x1000, 5 * kGibibyte - 0x1000}}));
}

// For many amounts of memory: the parts follow each other, cover all of it, and hold every section.
TEST(TdHobResources, CoverAllMemoryOnceForAnyAmountOfIt) {
  const Tdvf tdvf = Firmware({{0x10000, 0x4000}, {0x80A000, 0x6000}});
  for (std::uint64_t memory = 16 * kMebibyte; memory < 16 * kGibibyte; memory += 97 * kMebibyte) {
    std::uint64_t total = 0;
    std::uint64_t position = 0;
    std::uint64_t accepted = 0;
    for (const Resource& each : Resources(tdvf, memory)) {
      EXPECT_TRUE(each.start == position || each.start == 4 * kGibibyte);
      EXPECT_GT(each.size, 0U);
      position = each.end();
      total += each.size;
      if (each.type == kSystemMemory) accepted += each.size;
    }
    EXPECT_EQ(total, memory);
    EXPECT_EQ(accepted, 0x2000U + 0x4000 + 0x6000);
  }
}

TEST(TdHob, NeedsMemoryAroundEachSection) {
  const Tdvf tdvf = Firmware();

  EXPECT_THAT(BuildTdHob(tdvf, 8 * kMebibyte + 0x2000), Succeeds());
  EXPECT_THAT(BuildTdHob(tdvf, 8 * kMebibyte + 0x1000),
              FailsWith(ErrorCode::kFailedPrecondition,
                        HasSubstr("section at 0x800000 is outside of 0x801000 bytes")));
}

TEST(TdHob, RefusesASectionInTheHoleBelowFourGibibytes) {
  for (const std::uint64_t gpa : {2 * kGibibyte - 0x1000, 2 * kGibibyte, 4 * kGibibyte - 0x1000}) {
    const Tdvf tdvf = Firmware({{gpa, 0x2000}});
    EXPECT_THAT(BuildTdHob(tdvf, 8 * kGibibyte), FailsWith(ErrorCode::kFailedPrecondition)) << gpa;
  }
  EXPECT_THAT(BuildTdHob(Firmware({{2 * kGibibyte - 0x2000, 0x2000}}), 8 * kGibibyte), Succeeds());
}

TEST(TdHob, RefusesMemoryThatIsNoneNotPagesOrTooMuch) {
  const Tdvf tdvf = Firmware();
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 52;

  EXPECT_THAT(BuildTdHob(tdvf, kLimit - 0x1000), Succeeds());
  for (const std::uint64_t memory :
       {std::uint64_t{0}, std::uint64_t{1}, kGibibyte + 0x800, kLimit, UINT64_MAX}) {
    EXPECT_THAT(BuildTdHob(tdvf, memory),
                FailsWith(ErrorCode::kInvalidArgument,
                          HasSubstr(fmt::format("{:#x} bytes of memory", memory))));
  }
}

// Sections apart from each other make two resources each.
TEST(TdHob, RefusesAListThatItsSectionCannotHold) {
  const auto with_sections = [](std::uint64_t count) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> temporary;
    for (std::uint64_t i = 0; i < count; ++i) temporary.emplace_back(0x1000 + i * 0x2000, 0x1000);
    return Firmware(temporary, 1);
  };
  const auto size = [](std::uint64_t count) {
    return kHandoffSize + kEndSize + (2 * (count + 1) + 1) * kResourceSize;
  };
  ASSERT_LE(size(40), kPageBytes);
  ASSERT_GT(size(41), kPageBytes);

  EXPECT_THAT(BuildTdHob(with_sections(40), 16 * kMebibyte), Succeeds());
  EXPECT_THAT(BuildTdHob(with_sections(41), 16 * kMebibyte),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("but the section has 4096")));
}

TEST(TdHobMeasurement, IsTheDigestOfTheListAndFailsAsItDoes) {
  const Tdvf tdvf = Firmware();

  EXPECT_EQ(MeasureTdHob(tdvf, kGibibyte).value(), Sha384Of(BuildTdHob(tdvf, kGibibyte).value()));
  EXPECT_NE(MeasureTdHob(tdvf, kGibibyte).value(), MeasureTdHob(tdvf, 2 * kGibibyte).value());
  EXPECT_THAT(MeasureTdHob(tdvf, 0), FailsWith(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace cocos::attestation::launch
