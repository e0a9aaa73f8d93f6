// The list of variable headers: types, lengths, padding, sections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "attestation/igvm/headers.h"
#include "support/result_matchers.h"
#include "unit/attestation/igvm/igvm_cases.h"

namespace cocos::attestation::igvm {
namespace {

using cocos::testing::Bytes;
using cocos::testing::Content;
using cocos::testing::IgvmBuilder;
using cocos::testing::RefusedFor;
using cocos::testing::Succeeds;

// Every structure of the specification that this parser knows.
struct Kind {
  std::uint32_t type;
  std::string_view name;
  std::size_t size;
};

constexpr Kind kKinds[] = {
    {0x001, "SUPPORTED_PLATFORM", 16},
    {0x101, "GUEST_POLICY", 16},
    {0x102, "RELOCATABLE_REGION", 48},
    {0x103, "PAGE_TABLE_RELOCATION", 32},
    {0x104, "CORIM_DOCUMENT", 16},
    {0x105, "CORIM_SIGNATURE", 16},
    {0x301, "PARAMETER_AREA", 16},
    {0x302, "PAGE_DATA", 24},
    {0x303, "PARAMETER_INSERT", 16},
    {0x304, "VP_CONTEXT", 20},
    {0x305, "REQUIRED_MEMORY", 24},
    {0x307, "VP_COUNT_PARAMETER", 8},
    {0x308, "SRAT", 8},
    {0x309, "MADT", 8},
    {0x30A, "MMIO_RANGES", 8},
    {0x30B, "SNP_ID_BLOCK", 696},
    {0x30C, "MEMORY_MAP", 8},
    {0x30D, "ERROR_RANGE", 16},
    {0x30E, "COMMAND_LINE", 8},
    {0x30F, "SLIT", 8},
    {0x310, "PPTT", 8},
    {0x311, "VBS_MEASUREMENT", 864},
    {0x312, "DEVICE_TREE", 8},
    {0x313, "ENVIRONMENT_INFO", 8},
};

std::size_t Padded(std::size_t size) { return (size + 7) / 8 * 8; }

// Type, length and zeros.
Bytes HeaderOf(std::uint32_t type, std::uint32_t length, std::size_t content) {
  ByteWriter writer;
  writer.Le(type).Le(length).Zeros(content);
  return Content(writer);
}

Result<Header> Take(const Bytes& bytes) {
  ByteReader reader(bytes);
  return TakeHeader(reader);
}

TEST(IgvmHeaderKinds, HaveTheSizesOfTheSpecification) {
  for (const Kind& kind : kKinds) {
    const Bytes bytes =
        HeaderOf(kind.type, static_cast<std::uint32_t>(kind.size), Padded(kind.size) + 8);
    ByteReader reader(bytes);
    const auto header = TakeHeader(reader);
    ASSERT_THAT(header, Succeeds()) << kind.name;
    EXPECT_EQ(header->kind->name, kind.name);
    EXPECT_EQ(header->content.remaining(), kind.size);
    // The next header follows at a multiple of eight.
    EXPECT_EQ(reader.remaining(), 8U) << kind.name;
  }
}

TEST(IgvmHeaderKinds, BelongToTheSectionOfTheirType) {
  for (const Kind& kind : kKinds) {
    const auto header =
        Take(HeaderOf(kind.type, static_cast<std::uint32_t>(kind.size), Padded(kind.size)));
    ASSERT_THAT(header, Succeeds()) << kind.name;
    const Section expected = kind.type <= 0x100   ? Section::kPlatform
                             : kind.type <= 0x200 ? Section::kInitialization
                                                  : Section::kDirective;
    EXPECT_EQ(header->kind->section, expected) << kind.name;
  }
}

TEST(IgvmHeaderKinds, OfAnotherLengthAreRefused) {
  for (const Kind& kind : kKinds) {
    const auto size = static_cast<std::uint32_t>(kind.size);
    for (const std::uint32_t length : {0U, size - 1, size + 1, size + 8, 0xFFFFFFF0U}) {
      EXPECT_THAT(Take(HeaderOf(kind.type, length, kind.size + 16)),
                  RefusedFor("header_length_or_type",
                             fmt::format("{}: length {}, want {}", kind.name, length, size)));
    }
  }
}

TEST(IgvmHeaderKinds, CutOffAnywhereAreRefused) {
  for (const Kind& kind : kKinds) {
    const Bytes bytes =
        HeaderOf(kind.type, static_cast<std::uint32_t>(kind.size), Padded(kind.size));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string_view message = size < 8 ? "want a type and a length" : kind.name;
      EXPECT_THAT(Take(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
                  RefusedFor("header_length_or_type", message))
          << kind.name << " " << size;
    }
  }
}

TEST(IgvmHeaderKinds, AreAllThereAre) {
  for (std::uint32_t type = 0; type < 0x420; ++type) {
    if (std::ranges::find(kKinds, type, &Kind::type) != std::end(kKinds)) continue;
    EXPECT_THAT(Take(HeaderOf(type, 8, 8)),
                RefusedFor("header_length_or_type", fmt::format("type {:#x} is unknown", type)));
  }
}

TEST(IgvmHeaderKinds, MayNotBeMarkedAsSkippable) {
  for (const Kind& kind : kKinds) {
    EXPECT_THAT(Take(HeaderOf(kind.type | 0x80000000, static_cast<std::uint32_t>(kind.size),
                              Padded(kind.size))),
                RefusedFor("optional_header_skippable", "a measurement must not"))
        << kind.name;
  }
}

TEST(IgvmHeaderKinds, HaveNoOtherHighBits) {
  for (unsigned bit = 12; bit < 31; ++bit) {
    EXPECT_THAT(Take(HeaderOf(0x302 | 1U << bit, 24, 24)),
                RefusedFor("header_length_or_type", "is unknown"))
        << bit;
  }
}

// VP_CONTEXT alone has a size that is no multiple of eight.
TEST(IgvmHeaderPadding, IsZeroInEveryByte) {
  for (std::size_t at = 8 + 20; at < 8 + 24; ++at) {
    Bytes bytes = HeaderOf(0x304, 20, 24);
    EXPECT_THAT(Take(bytes), Succeeds());
    bytes[at] = std::byte{0x80};
    EXPECT_THAT(Take(bytes), RefusedFor("reserved", "VP_CONTEXT: padding is not zero")) << at;
  }
}

// One header of each section.
IgvmBuilder& AddSection(IgvmBuilder& builder, int section) {
  if (section == 0) return builder.Tdx();
  if (section == 1) return builder.Policy(0, 1);
  return builder.Page(0x1000);
}

TEST(IgvmSections, ComeInOrder) {
  constexpr std::string_view kNames[] = {"platform", "initialization", "directive"};
  for (int first = 0; first < 3; ++first) {
    for (int second = 0; second < 3; ++second) {
      IgvmBuilder builder;
      AddSection(builder.Snp(), first);
      // A platform header may come once only.
      if (first == 0 && second == 0) continue;
      const Bytes bytes = AddSection(builder, second).Build();
      if (second >= first) {
        EXPECT_THAT(ParseFile(bytes), Succeeds()) << first << second;
        continue;
      }
      EXPECT_THAT(ParseFile(bytes),
                  RefusedFor("section_order", fmt::format("{} header behind a {} header",
                                                          kNames[second], kNames[first])));
    }
  }
}

TEST(IgvmSections, MayBeEmptyButTheFirst) {
  EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Build()), Succeeds());
  EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Page(0x1000).Build()), Succeeds());
  EXPECT_THAT(ParseFile(IgvmBuilder().Page(0x1000).Build()),
              RefusedFor("platform", "no SUPPORTED_PLATFORM header, want at least one"));
}

TEST(IgvmHeaderErrors, CountTheHeadersFromZero) {
  for (unsigned good = 0; good < 5; ++good) {
    IgvmBuilder builder;
    builder.Snp();
    for (unsigned i = 0; i < good; ++i) builder.Page(0x1000 * (i + 1));
    const Bytes bytes = builder.Page(1).Build();
    EXPECT_THAT(
        ParseFile(bytes),
        RefusedFor("alignment", fmt::format("IGVM file: header {}: PAGE_DATA: ", good + 1)));
  }
}

TEST(IgvmLimits, AreInclusive) {
  IgvmBuilder builder;
  builder.Snp();
  for (unsigned i = 0; i < 10; ++i) builder.Page(0x1000 * i);
  const Bytes bytes = builder.Build();

  EXPECT_EQ(ParseFile(bytes, {.max_headers = 11})->header_count, 11U);
  for (const std::size_t max : {0U, 1U, 10U}) {
    const auto file = ParseFile(bytes, {.max_headers = max});
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(file.error().reason(), "limit");
    EXPECT_EQ(file.error().message(), fmt::format("IGVM file: more than {} headers", max));
  }
}

TEST(IgvmLimits, OfTheFileAreCheckedBeforeAnythingElse) {
  const auto file = ParseFile(Bytes(100), {.max_file_bytes = 99});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(file.error().reason(), "limit");
  EXPECT_EQ(file.error().message(), "IGVM file: 100 bytes, want at most 99");
}

}  // namespace
}  // namespace cocos::attestation::igvm
