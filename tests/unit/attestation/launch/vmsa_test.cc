// The state of processors, field by field, against the table of the VMSA's layout.
#include "attestation/launch/vmsa.h"

#include <gtest/gtest.h>

#include <map>

#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

using Page = std::array<std::byte, kPageBytes>;

// The fields that are not zero, by offset: size in bytes and value.
struct Field {
  std::size_t size;
  std::uint64_t value;
};
using Fields = std::map<std::size_t, Field>;

void PutSegment(Fields& fields, std::size_t at, std::uint64_t selector, std::uint64_t attributes,
                std::uint64_t base = 0) {
  fields[at] = {2, selector};
  fields[at + 2] = {2, attributes};
  fields[at + 4] = {4, 0xFFFF};
  fields[at + 8] = {8, base};
}

// AMD APM volume 2, appendix B: the state save area.
enum Offset : std::size_t {
  kEs = 0x000,
  kCs = 0x010,
  kSs = 0x020,
  kDs = 0x030,
  kFs = 0x040,
  kGs = 0x050,
  kGdtr = 0x060,
  kLdtr = 0x070,
  kIdtr = 0x080,
  kTr = 0x090,
  kEfer = 0x0D0,
  kCr4 = 0x148,
  kCr0 = 0x158,
  kDr7 = 0x160,
  kDr6 = 0x168,
  kRflags = 0x170,
  kRip = 0x178,
  kPat = 0x268,
  kRdx = 0x310,
  kSevFeatures = 0x3B0,
  kXcr0 = 0x3E8,
  kMxcsr = 0x408,
  kX87ControlWord = 0x410,
};

// What all VMMs have for the first processor with its usual start, and one that starts at `eip`.
Fields CommonFields(std::uint32_t eip) {
  Fields fields;
  PutSegment(fields, kEs, 0, 0x93);
  PutSegment(fields, kCs, 0xF000, 0x9B, eip & 0xFFFF0000);
  PutSegment(fields, kSs, 0, 0x93);
  PutSegment(fields, kDs, 0, 0x93);
  PutSegment(fields, kFs, 0, 0x93);
  PutSegment(fields, kGs, 0, 0x93);
  PutSegment(fields, kGdtr, 0, 0);
  PutSegment(fields, kLdtr, 0, 0x82);
  PutSegment(fields, kIdtr, 0, 0);
  PutSegment(fields, kTr, 0, 0x8B);
  fields[kEfer] = {8, 0x1000};
  fields[kCr4] = {8, 0x40};
  fields[kCr0] = {8, 0x10};
  fields[kDr7] = {8, 0x400};
  fields[kDr6] = {8, 0xFFFF0FF0};
  fields[kRflags] = {8, 2};
  fields[kRip] = {8, eip & 0xFFFF};
  fields[kPat] = {8, 0x0007040600070406};
  fields[kRdx] = {8, 0x600};
  fields[kSevFeatures] = {8, 1};
  fields[kXcr0] = {8, 1};
  return fields;
}

Page PageOf(const Fields& fields) {
  Page page{};
  for (const auto& [offset, field] : fields) {
    for (std::size_t i = 0; i < field.size; ++i) {
      page[offset + i] = static_cast<std::byte>(field.value >> (8 * i));
    }
  }
  return page;
}

// Names the first byte that differs, which a comparison of whole pages does not.
void ExpectPage(const VmsaInput& input, const Fields& fields) {
  const Page actual = BuildVmsa(input);
  const Page expected = PageOf(fields);
  for (std::size_t at = 0; at < kPageBytes; ++at) {
    ASSERT_EQ(actual[at], expected[at]) << "at offset " << at;
  }
}

constexpr std::uint32_t kApEip = 0x0080B004;

TEST(VmsaOfQemu, HasFpuStateAndTheSignatureInRdx) {
  for (const std::uint32_t eip : {kBspEip, kApEip}) {
    Fields fields = CommonFields(eip);
    fields[kRdx] = {8, 0x00A00F11};
    fields[kMxcsr] = {4, 0x1F80};
    fields[kX87ControlWord] = {2, 0x37F};
    ExpectPage({.vmm = Vmm::kQemu, .eip = eip, .cpu_signature = 0x00A00F11}, fields);
  }
}

TEST(VmsaOfEc2, HasOtherAttributesAndNoFpuState) {
  for (const std::uint32_t eip : {kBspEip, kApEip}) {
    Fields fields = CommonFields(eip);
    if (eip == kBspEip) fields[kCs + 2] = {2, 0x9A};
    fields[kSs + 2] = {2, 0x92};
    fields[kTr + 2] = {2, 0x83};
    ExpectPage({.vmm = Vmm::kEc2, .eip = eip}, fields);
  }
}

TEST(VmsaOfGce, HasAnotherPatAndNoFpuState) {
  for (const std::uint32_t eip : {kBspEip, kApEip}) {
    Fields fields = CommonFields(eip);
    fields[kPat] = {8, 0x00070106};
    ExpectPage({.vmm = Vmm::kGce, .eip = eip}, fields);
  }
}

TEST(Vmsa, SplitsTheStartIntoSegmentBaseAndInstructionPointer) {
  for (const std::uint32_t eip : {0U, 1U, 0xFFFFU, 0x10000U, 0x12345678U, 0xFFFFFFFFU}) {
    Fields fields = CommonFields(eip);
    fields[kPat] = {8, 0x00070106};
    ExpectPage({.vmm = Vmm::kGce, .eip = eip}, fields);
  }
}

TEST(Vmsa, StartsTheFirstProcessorAtTheResetVector) {
  const Page page = BuildVmsa({});
  const auto word = [&](std::size_t at) {
    return ByteReader(std::span(page).subspan(at)).Le<std::uint64_t>();
  };

  EXPECT_EQ(word(kCs + 8), 0xFFFF0000U);
  EXPECT_EQ(word(kRip), 0xFFF0U);
}

TEST(Vmsa, TakesAllBitsOfGuestFeatures) {
  for (const Vmm vmm : {Vmm::kQemu, Vmm::kEc2, Vmm::kGce}) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      const std::uint64_t features = std::uint64_t{1} << bit;
      const Page page = BuildVmsa({.vmm = vmm, .guest_features = features});
      ByteReader reader(page);
      reader.Skip(kSevFeatures);
      EXPECT_EQ(reader.Le<std::uint64_t>(), features);
    }
  }
}

// Which bytes of the page depend on an input.
std::vector<std::size_t> ChangedBytes(const VmsaInput& one, const VmsaInput& other) {
  const Page a = BuildVmsa(one);
  const Page b = BuildVmsa(other);
  std::vector<std::size_t> changed;
  for (std::size_t at = 0; at < kPageBytes; ++at) {
    if (a[at] != b[at]) changed.push_back(at);
  }
  return changed;
}

TEST(Vmsa, DependsOnTheSignatureInRdxAlone) {
  EXPECT_EQ(ChangedBytes({.cpu_signature = 0}, {.cpu_signature = 0xFFFFFFFF}),
            (std::vector<std::size_t>{kRdx, kRdx + 1, kRdx + 2, kRdx + 3}));
}

TEST(Vmsa, DoesNotDependOnTheSignatureWhereTheVmmPutsNone) {
  for (const Vmm vmm : {Vmm::kEc2, Vmm::kGce}) {
    EXPECT_TRUE(
        ChangedBytes({.vmm = vmm, .cpu_signature = 0}, {.vmm = vmm, .cpu_signature = 0xFFFFFFFF})
            .empty());
  }
}

TEST(Vmsa, DependsOnFeaturesInTheirFieldAlone) {
  EXPECT_EQ(ChangedBytes({.guest_features = 1}, {.guest_features = 0x21}),
            std::vector<std::size_t>{kSevFeatures});
}

TEST(Vmsa, HasCr0WhereTheCheckOfIgvmFilesLooks) {
  const Page page = BuildVmsa({});

  EXPECT_EQ(kVmsaCr0Offset, std::size_t{kCr0});
  EXPECT_EQ(page[kVmsaCr0Offset], std::byte{0x10});
}

}  // namespace
}  // namespace cocos::attestation::launch
