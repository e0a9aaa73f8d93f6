// What each section of the firmware's metadata becomes under each VMM, and the digests for all
// numbers of processors, against a second computation that writes PAGE_INFO by hand.
#include <gtest/gtest.h>

#include <random>

#include "attestation/launch/snp_launch.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

// PAGE_TYPE of PAGE_INFO.
enum : std::uint8_t {
  kNormal = 1,
  kVmsa = 2,
  kZero = 3,
  kUnmeasured = 4,
  kSecrets = 5,
  kCpuid = 6
};

// The launch digest by the definition.
class Reference {
 public:
  Reference& Page(std::uint8_t type, std::uint64_t gpa, const Digest384& contents = {}) {
    ByteWriter info;
    info.Bytes(value_).Bytes(contents).Le(std::uint16_t{0x70}).Le(type).Zeros(5).Le(gpa);
    value_ = Sha384Of(info.view());
    return *this;
  }
  Reference& Pages(std::uint8_t type, std::uint64_t gpa, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size; at += 4096) Page(type, gpa + at);
    return *this;
  }
  Reference& Processor(const SnpLaunchInput& input, std::uint32_t eip) {
    return Page(kVmsa, 0xFFFFFFFFF000,
                Sha384Of(BuildVmsa({.vmm = input.vmm,
                                    .eip = eip,
                                    .cpu_signature = input.cpu_signature,
                                    .guest_features = input.guest_features})));
  }
  const Digest384& value() const { return value_; }

 private:
  Digest384 value_{};
};

constexpr std::uint32_t kApEip = 0x80B004;

SnpFirmware Firmware(const std::vector<SnpSection>& sections) {
  SnpFirmware firmware;
  firmware.sections = sections;
  firmware.ap_eip = kApEip;
  return firmware;
}

struct SectionCase {
  const char* what;
  SnpSectionType section;
  Vmm vmm;
  std::uint8_t page_type;
  std::uint64_t pages;  // of a section of three
};

class SectionOfVmm : public ::testing::TestWithParam<SectionCase> {};

TEST_P(SectionOfVmm, IsAddedAsThatVmmDoes) {
  const SectionCase& c = GetParam();
  const SnpLaunchInput input = {.vmm = c.vmm};
  const SnpFirmware firmware = Firmware({{.gpa = 0x800000, .size = 0x3000, .type = c.section}});
  Reference expected;
  expected.Pages(c.page_type, 0x800000, c.pages * 4096).Processor(input, kBspEip);

  EXPECT_EQ(MeasureSnp(firmware, {}, input).value(), expected.value());
}

INSTANTIATE_TEST_SUITE_P(
    All, SectionOfVmm,
    ::testing::Values(SectionCase{"SecMemQemu", SnpSectionType::kSecMem, Vmm::kQemu, kZero, 3},
                      SectionCase{"SecMemEc2", SnpSectionType::kSecMem, Vmm::kEc2, kZero, 3},
                      SectionCase{"SecMemGce", SnpSectionType::kSecMem, Vmm::kGce, kUnmeasured, 3},
                      SectionCase{"SecretsQemu", SnpSectionType::kSecrets, Vmm::kQemu, kSecrets, 1},
                      SectionCase{"SecretsEc2", SnpSectionType::kSecrets, Vmm::kEc2, kSecrets, 1},
                      SectionCase{"SecretsGce", SnpSectionType::kSecrets, Vmm::kGce, kSecrets, 1},
                      SectionCase{"CpuidQemu", SnpSectionType::kCpuid, Vmm::kQemu, kCpuid, 1},
                      SectionCase{"CpuidEc2", SnpSectionType::kCpuid, Vmm::kEc2, kCpuid, 1},
                      SectionCase{"CpuidGce", SnpSectionType::kCpuid, Vmm::kGce, kCpuid, 1},
                      SectionCase{"SvsmCaaQemu", SnpSectionType::kSvsmCaa, Vmm::kQemu, kZero, 3},
                      SectionCase{"SvsmCaaGce", SnpSectionType::kSvsmCaa, Vmm::kGce, kZero, 3},
                      SectionCase{"HashesQemu", SnpSectionType::kKernelHashes, Vmm::kQemu, kZero,
                                  3},
                      SectionCase{"HashesEc2", SnpSectionType::kKernelHashes, Vmm::kEc2, kZero, 3},
                      SectionCase{"HashesGce", SnpSectionType::kKernelHashes, Vmm::kGce, kZero, 3}),
    [](const auto& tested) { return tested.param.what; });

TEST(SnpLaunchOnEc2, AddsAllCpuidSectionsBehindTheOthersInTheirOrder) {
  const SnpFirmware firmware = Firmware({{0x1000, 0x1000, SnpSectionType::kCpuid},
                                         {0x2000, 0x1000, SnpSectionType::kSecMem},
                                         {0x3000, 0x1000, SnpSectionType::kCpuid},
                                         {0x4000, 0x1000, SnpSectionType::kSecrets}});
  const SnpLaunchInput input = {.vmm = Vmm::kEc2};
  Reference expected;
  expected.Page(kZero, 0x2000).Page(kSecrets, 0x4000).Page(kCpuid, 0x1000).Page(kCpuid, 0x3000);
  expected.Processor(input, kBspEip);

  EXPECT_EQ(MeasureSnp(firmware, {}, input).value(), expected.value());
}

// Random sections and inputs from a seed, for many processors.
TEST(SnpLaunchOfAnything, IsTheDigestByDefinition) {
  std::mt19937 random(1);
  constexpr std::array kTypes = {SnpSectionType::kSecMem, SnpSectionType::kSecrets,
                                 SnpSectionType::kCpuid, SnpSectionType::kSvsmCaa};
  for (int round = 0; round < 100; ++round) {
    const SnpLaunchInput input = {.vcpus = 1 + static_cast<std::uint32_t>(random() % 9),
                                  .cpu_signature = static_cast<std::uint32_t>(random()),
                                  .guest_features = random()};
    std::vector<SnpSection> sections;
    Reference expected;
    for (std::uint32_t i = 0; i < random() % 8; ++i) {
      const SnpSectionType type = kTypes[random() % kTypes.size()];
      const SnpSection section = {i * 0x100000, 0x1000, type};
      sections.push_back(section);
      const std::uint8_t page = type == SnpSectionType::kSecrets ? kSecrets
                                : type == SnpSectionType::kCpuid ? kCpuid
                                                                 : kZero;
      expected.Page(page, section.gpa);
    }
    expected.Processor(input, kBspEip);
    for (std::uint32_t i = 1; i < input.vcpus; ++i) expected.Processor(input, kApEip);

    EXPECT_EQ(MeasureSnp(Firmware(sections), {}, input).value(), expected.value()) << round;
  }
}

TEST(MeasureSnpUpTo, GivesForEachNumberWhatMeasuringItAloneGives) {
  const SnpFirmware firmware = Firmware({{0x800000, 0x2000, SnpSectionType::kSecMem}});
  SnpLaunchInput input = {.cpu_signature = 0xA00F11};

  const auto digests = MeasureSnpUpTo(firmware, {}, input, 64);

  ASSERT_THAT(digests, Succeeds());
  ASSERT_EQ(digests->size(), 64U);
  for (std::uint32_t vcpus = 1; vcpus <= 64; ++vcpus) {
    input.vcpus = vcpus;
    EXPECT_EQ((*digests)[vcpus - 1], MeasureSnp(firmware, {}, input).value()) << vcpus;
  }
}

TEST(MeasureSnpUpTo, DoesNotLookAtTheNumberInTheInput) {
  const SnpFirmware firmware = Firmware({});

  EXPECT_EQ(MeasureSnpUpTo(firmware, {}, {.vcpus = 0}, 3).value(),
            MeasureSnpUpTo(firmware, {}, {.vcpus = 9999}, 3).value());
}

TEST(MeasureSnpUpTo, WantsOneToTheMostProcessors) {
  const SnpFirmware firmware = Firmware({});

  EXPECT_EQ(MeasureSnpUpTo(firmware, {}, {}, kMaxVcpus)->size(), kMaxVcpus);
  for (const std::uint32_t vcpus : {0U, kMaxVcpus + 1, 0xFFFFFFFFU}) {
    EXPECT_THAT(MeasureSnpUpTo(firmware, {}, {}, vcpus),
                FailsWith(ErrorCode::kInvalidArgument,
                          HasSubstr(fmt::format("{} processors, want 1 to 4096", vcpus))));
  }
}

TEST(FirmwareDigest, IsWhereTheLaunchGoesOn) {
  Bytes image(3 * 4096, std::byte{0x5C});
  image[4096] = std::byte{1};
  SnpFirmware firmware = Firmware({});
  firmware.image = image;
  Reference expected;
  for (std::uint64_t page = 0; page < 3; ++page) {
    const auto contents = std::span<const std::byte>(image).subspan(page * 4096, 4096);
    expected.Page(kNormal, 0xFFFFD000 + page * 4096, Sha384Of(contents));
  }

  EXPECT_EQ(DigestFirmware(firmware).value, expected.value());
  for (std::size_t parts = 1; parts <= 4; ++parts) {
    EXPECT_EQ(DigestFirmware(firmware, SequentialExecutor(), parts), DigestFirmware(firmware));
  }
  expected.Processor({}, kBspEip);
  EXPECT_EQ(MeasureSnp(firmware, DigestFirmware(firmware), {}).value(), expected.value());
}

// A section for hashes, with the table somewhere inside.
Result<Digest384> MeasureHashes(std::uint32_t section_size, std::optional<std::uint32_t> table,
                                const KernelHashes& hashes) {
  SnpFirmware firmware = Firmware({{0x810000, section_size, SnpSectionType::kKernelHashes}});
  firmware.hash_table_gpa = table;
  return MeasureSnp(firmware, {}, {.kernel_hashes = hashes});
}

TEST(KernelHashPage, IsANormalPageWithTheTableAtItsPlace) {
  const KernelHashes hashes = HashKernel({}, {}, "quiet");
  for (const std::uint32_t offset : {0U, 1U, 0xC00U, 4096U - 176U}) {
    std::array<std::byte, 4096> page{};
    std::ranges::copy(EncodeKernelHashes(hashes), page.begin() + offset);
    Reference expected;
    expected.Page(kNormal, 0x810000, Sha384Of(page)).Processor({}, kBspEip);
    EXPECT_EQ(MeasureHashes(0x1000, 0x810000 + offset, hashes).value(), expected.value()) << offset;
  }
}

TEST(KernelHashPage, IsRefusedWhenTheTableIsNotInsideOnePage) {
  EXPECT_THAT(MeasureHashes(0x2000, 0x810000, {}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(MeasureHashes(0x1000, 0x80FFFF, {}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("table at 0x80ffff")));
  EXPECT_THAT(MeasureHashes(0x1000, 0x811000, {}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(MeasureHashes(0x1000, 0x810000 + 4096 - 175, {}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("section at 0x810000")));
}

TEST(KernelHashPage, IsRefusedOfFirmwareThatDoesNotCheck) {
  EXPECT_THAT(MeasureHashes(0x1000, std::nullopt, {}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("does not check any")));
  EXPECT_THAT(MeasureSnp(Firmware({}), {}, {.kernel_hashes = KernelHashes{}}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("no section for them")));
}

}  // namespace
}  // namespace cocos::attestation::launch
