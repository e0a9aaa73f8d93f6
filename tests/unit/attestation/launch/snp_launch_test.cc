#include "attestation/launch/snp_launch.h"

#include <gtest/gtest.h>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/snp_pages.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/firmware_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::FirmwareBuilder;
using cocos::testing::kSevHashTableGuid;
using cocos::testing::kSevMetadataGuid;
using cocos::testing::kSevResetBlockGuid;
using cocos::testing::SevMetadata;
using cocos::testing::SevSection;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kMetadataFromEnd = 1024;
constexpr std::uint32_t kApEip = 0x80B004;

const std::vector<SevSection> kSections = {{0x800000, 0x2000, 1},
                                           {0x803000, 0x1000, 3},
                                           {0x802000, 0x1000, 2},
                                           {0x804000, 0x1000, 4},
                                           {0x805000, 0x1000, 0x10}};

FirmwareBuilder Builder(const Bytes& metadata) {
  FirmwareBuilder builder(8192);
  builder.Fill(0, 100, std::byte{0xAB}).At(kMetadataFromEnd, metadata);
  builder.Entry(kSevMetadataGuid, std::vector<std::uint32_t>{kMetadataFromEnd});
  return builder;
}

Bytes Image(const std::vector<SevSection>& sections = kSections) {
  return Builder(SevMetadata(sections))
      .Entry(kSevHashTableGuid, {0x805C00, 0x400})
      .Entry(kSevResetBlockGuid, {kApEip})
      .Build();
}

Result<Digest384> Measure(const Bytes& image, const SnpLaunchInput& input) {
  const SnpFirmware firmware = COCOS_TRY(ParseSnpFirmware(image));
  return MeasureSnp(firmware, DigestFirmware(firmware), input);
}

TEST(SnpLaunch, AddsImageThenSectionsThenProcessors) {
  const Bytes image = Image();
  const SnpLaunchInput input = {.vcpus = 2, .cpu_signature = 0x800F12};
  const auto bsp = BuildVmsa({.eip = kBspEip, .cpu_signature = 0x800F12});
  const auto ap = BuildVmsa({.eip = kApEip, .cpu_signature = 0x800F12});

  const std::vector<PageRun> runs = {
      {PageType::kNormal, 0xFFFFE000, 2, image}, {PageType::kZero, 0x800000, 2, {}},
      {PageType::kCpuid, 0x803000, 1, {}},       {PageType::kSecrets, 0x802000, 1, {}},
      {PageType::kZero, 0x804000, 1, {}},        {PageType::kZero, 0x805000, 1, {}},
      {PageType::kVmsa, kVmsaGpa, 1, bsp},       {PageType::kVmsa, kVmsaGpa, 1, ap}};

  const auto digest = Measure(image, input);
  ASSERT_THAT(digest, Succeeds());
  EXPECT_EQ(*digest, DigestPages({}, runs));
}

TEST(SnpLaunch, PutsHashesIntoTheirPage) {
  const Bytes image = Image({{0x805000, 0x1000, 0x10}});
  const KernelHashes hashes = HashKernel({}, {}, "quiet");
  Bytes page(kPageBytes);
  std::ranges::copy(EncodeKernelHashes(hashes), page.begin() + 0xC00);
  const auto bsp = BuildVmsa({});

  const auto digest = Measure(image, {.kernel_hashes = hashes});

  ASSERT_THAT(digest, Succeeds());
  const std::vector<PageRun> runs = {{PageType::kNormal, 0xFFFFE000, 2, image},
                                     {PageType::kNormal, 0x805000, 1, page},
                                     {PageType::kVmsa, kVmsaGpa, 1, bsp}};
  EXPECT_EQ(*digest, DigestPages({}, runs));
}

TEST(SnpLaunch, DependsOnEveryInput) {
  const Bytes image = Image();
  const SnpLaunchInput base = {.vcpus = 2, .cpu_signature = 0x800F12};
  std::vector<SnpLaunchInput> inputs(6, base);
  inputs[1].vcpus = 3;
  inputs[2].cpu_signature = 0xA00F11;
  inputs[3].guest_features = 0x21;
  inputs[4].vmm = Vmm::kGce;
  inputs[5].kernel_hashes = KernelHashes{};

  std::vector<Digest384> digests;
  for (const SnpLaunchInput& input : inputs) digests.push_back(Measure(image, input).value());

  std::ranges::sort(digests);
  EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
}

TEST(SnpLaunch, DependsOnEveryByteOfTheHashes) {
  const Bytes image = Image();
  const auto parsed = ParseSnpFirmware(image);
  ASSERT_THAT(parsed, Succeeds());
  const FirmwareDigest seed = DigestFirmware(*parsed);
  const auto before = MeasureSnp(*parsed, seed, {.kernel_hashes = KernelHashes{}});

  for (const auto member :
       {&KernelHashes::command_line, &KernelHashes::initrd, &KernelHashes::kernel}) {
    for (std::size_t i = 0; i < 32; ++i) {
      KernelHashes hashes;
      (hashes.*member)[i] ^= std::byte{1};
      EXPECT_NE(MeasureSnp(*parsed, seed, {.kernel_hashes = hashes}).value(), before.value());
    }
  }
}

TEST(SnpLaunch, OnEc2AddsTheCpuidPageLast) {
  const Bytes one = Image({{0x803000, 0x1000, 3}, {0x802000, 0x1000, 2}});
  const Bytes other = Image({{0x802000, 0x1000, 2}, {0x803000, 0x1000, 3}});
  const auto a = ParseSnpFirmware(one);
  const auto b = ParseSnpFirmware(other);
  ASSERT_TRUE(a && b);

  EXPECT_EQ(MeasureSnp(*a, {}, {.vmm = Vmm::kEc2}).value(),
            MeasureSnp(*b, {}, {.vmm = Vmm::kEc2}).value());
  EXPECT_NE(MeasureSnp(*a, {}, {}).value(), MeasureSnp(*b, {}, {}).value());
}

TEST(SnpLaunch, NeedsOneToTheMostProcessors) {
  const Bytes image = Image();

  EXPECT_THAT(Measure(image, {.vcpus = 0}), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Measure(image, {.vcpus = kMaxVcpus}), Succeeds());
  EXPECT_THAT(Measure(image, {.vcpus = kMaxVcpus + 1}), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(SnpLaunch, WithHashesNeedsFirmwareThatChecksThem) {
  const SnpLaunchInput input = {.kernel_hashes = KernelHashes{}};
  const Bytes no_section = Image({{0x800000, 0x1000, 1}});
  const Bytes no_table =
      Builder(SevMetadata(kSections)).Entry(kSevResetBlockGuid, {kApEip}).Build();
  const Bytes empty_table = Builder(SevMetadata(kSections))
                                .Entry(kSevHashTableGuid, {0x805C00, 0})
                                .Entry(kSevResetBlockGuid, {kApEip})
                                .Build();

  EXPECT_THAT(Measure(Image(), input), Succeeds());
  for (const Bytes& image : {no_section, no_table, empty_table}) {
    EXPECT_THAT(Measure(image, input), FailsWith(ErrorCode::kFailedPrecondition));
    EXPECT_THAT(Measure(image, {}), Succeeds());
  }
}

TEST(SnpLaunch, WithHashesNeedsTheTableInsideItsPage) {
  const auto with_table = [](std::uint32_t gpa) {
    return Builder(SevMetadata(kSections))
        .Entry(kSevHashTableGuid, {gpa, 0x400})
        .Entry(kSevResetBlockGuid, {kApEip})
        .Build();
  };
  const SnpLaunchInput input = {.kernel_hashes = KernelHashes{}};

  EXPECT_THAT(Measure(with_table(0x805000 + 4096 - 176), input), Succeeds());
  EXPECT_THAT(Measure(with_table(0x805000 + 4096 - 175), input), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Measure(with_table(0x806000), input), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpFirmware, TellsWhatTheMetadataSays) {
  const Bytes image = Image();

  const auto firmware = ParseSnpFirmware(image);

  ASSERT_THAT(firmware, Succeeds());
  EXPECT_EQ(firmware->ap_eip, kApEip);
  EXPECT_EQ(firmware->hash_table_gpa, 0x805C00U);
  EXPECT_EQ(firmware->base_gpa(), 0xFFFFE000U);
  ASSERT_EQ(firmware->sections.size(), kSections.size());
  EXPECT_EQ(firmware->sections[1],
            (SnpSection{.gpa = 0x803000, .size = 0x1000, .type = SnpSectionType::kCpuid}));
}

TEST(SnpFirmware, WithUnknownSectionsIsRefused) {
  for (const std::uint32_t type : {0U, 5U, 0xFU, 0x11U, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseSnpFirmware(Image({{0x800000, 0x1000, type}})),
                FailsWith(ErrorCode::kMalformed, HasSubstr("section type")))
        << type;
  }
}

TEST(SnpFirmware, WithSectionsThatAreNoPagesIsRefused) {
  EXPECT_THAT(ParseSnpFirmware(Image({{0x800000, 0x1000, 1}})), Succeeds());
  EXPECT_THAT(ParseSnpFirmware(Image({{0x800000, 0, 1}})), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseSnpFirmware(Image({{0x800000, 0x1001, 1}})), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseSnpFirmware(Image({{0x800001, 0x1000, 1}})), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpFirmware, WithMoreMemoryThanFirmwareNeedsIsRefused) {
  EXPECT_THAT(ParseSnpFirmware(Image({{0, 0x10000000, 1}})), Succeeds());
  EXPECT_THAT(ParseSnpFirmware(Image({{0, 0x10000000, 1}, {0x20000000, 0x1000, 1}})),
              FailsWith(ErrorCode::kMalformed));
}

TEST(SnpFirmware, OfAnotherMetadataVersionIsRefused) {
  EXPECT_THAT(ParseSnpFirmware(
                  Builder(SevMetadata(kSections, 2)).Entry(kSevResetBlockGuid, {kApEip}).Build()),
              FailsWith(ErrorCode::kMalformed, HasSubstr("version 2")));
}

TEST(SnpFirmware, WhoseMetadataSizeIsWrongIsRefused) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{4}, std::size_t{12}}) {
    Bytes metadata = SevMetadata(kSections);
    metadata[at] ^= std::byte{1};
    EXPECT_THAT(ParseSnpFirmware(Builder(metadata).Entry(kSevResetBlockGuid, {kApEip}).Build()),
                FailsWith(ErrorCode::kMalformed))
        << at;
  }
}

TEST(SnpFirmware, WithoutMetadataOrResetAddressIsNotFound) {
  FirmwareBuilder no_metadata;
  no_metadata.Entry(kSevResetBlockGuid, {kApEip});

  EXPECT_THAT(ParseSnpFirmware(no_metadata.Build()), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(ParseSnpFirmware(Builder(SevMetadata(kSections)).Build()),
              FailsWith(ErrorCode::kNotFound));
}

TEST(SnpFirmware, WhoseMetadataLiesOutsideIsRefused) {
  FirmwareBuilder builder;
  builder.Entry(kSevMetadataGuid, std::vector<std::uint32_t>{4097});

  EXPECT_THAT(ParseSnpFirmware(builder.Build()), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpFirmware, OfAnotherSizeThanPagesIsRefused) {
  Bytes image = Image();
  image.insert(image.begin(), std::byte{0});

  EXPECT_THAT(ParseSnpFirmware(image), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseSnpFirmware({}), FailsWith(ErrorCode::kMalformed));
}

TEST(GuidTable, WithAnEntryTwiceIsRefused) {
  EXPECT_THAT(ParseSnpFirmware(Builder(SevMetadata(kSections))
                                   .Entry(kSevResetBlockGuid, {kApEip})
                                   .Entry(kSevResetBlockGuid, {kApEip + 4})
                                   .Build()),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST(GuidTable, WithAnyWrongLengthIsRefused) {
  const Bytes image = Image();
  constexpr std::size_t kFooterLengthFromEnd = 32 + 18;
  constexpr std::size_t kLastEntryLengthFromEnd = kFooterLengthFromEnd + 18;

  for (const std::size_t from_end : {kFooterLengthFromEnd, kLastEntryLengthFromEnd}) {
    for (const int length : {0, 17, 255}) {
      Bytes changed = image;
      changed[changed.size() - from_end] = static_cast<std::byte>(length);
      EXPECT_FALSE(ParseSnpFirmware(changed).has_value()) << from_end << " " << length;
    }
  }
}

TEST(Vmsa, HasTheValuesOfTheReferenceAtTheirOffsets) {
  const auto page = BuildVmsa({.eip = kApEip, .cpu_signature = 0xA00F11, .guest_features = 0x21});
  const auto word = [&](std::size_t offset) {
    return ByteReader(std::span(page).subspan(offset)).Le<std::uint64_t>();
  };

  EXPECT_EQ(word(0x010), 0x0000FFFF009BF000U);  // CS: limit, attributes, selector
  EXPECT_EQ(word(0x018), 0x800000U);            // CS base
  EXPECT_EQ(word(0x0D0), 0x1000U);
  EXPECT_EQ(word(0x158), 0x10U);
  EXPECT_EQ(word(0x178), 0xB004U);
  EXPECT_EQ(word(0x310), 0xA00F11U);
  EXPECT_EQ(word(0x3B0), 0x21U);
  EXPECT_EQ(word(0x3E8), 1U);
  EXPECT_EQ(word(0x408), 0x1F80U);
  EXPECT_EQ(word(0x410), 0x37FU);
}

TEST(CpuModel, SignatureAndIdentityAreInverse) {
  for (const CpuModel& model : CpuModels()) {
    EXPECT_EQ(IdentityOf(SignatureOf(model.identity)), model.identity) << model.name;
  }
  EXPECT_EQ(SignatureOf({.family = 25, .model = 17, .stepping = 0}), 0xA10F10U);
  EXPECT_EQ(IdentityOf(0x000006F2), (CpuIdentity{.family = 6, .model = 15, .stepping = 2}));
}

TEST(CpuModel, IsFoundWithAndWithoutVersion) {
  for (const auto* const name : {"EPYC-Milan", "EPYC-Milan-v1", "EPYC-Milan-v22"}) {
    EXPECT_THAT(FindCpuModel(name), Succeeds()) << name;
  }
  for (const auto* const name : {"", "host", "EPYC-Milan-v", "EPYC-Milan-vx", "epyc", "-v1"}) {
    EXPECT_THAT(FindCpuModel(name), FailsWith(ErrorCode::kNotFound)) << name;
  }
}

TEST(KernelHashes, HashTheClosingNulOfTheCommandLine) {
  const std::string with_nul("quiet\0", 6);

  const KernelHashes hashes = HashKernel({}, {}, "quiet");

  EXPECT_EQ(crypto::HexEncode(hashes.command_line),
            crypto::HexEncode(crypto::Sha256(crypto::BytesOf(with_nul))));
  EXPECT_EQ(crypto::HexEncode(hashes.initrd), crypto::HexEncode(crypto::Sha256({})));
}

TEST(KernelHashes, AreEncodedInTheOrderOfTheTable) {
  KernelHashes hashes;
  hashes.command_line.fill(std::byte{1});
  hashes.initrd.fill(std::byte{2});
  hashes.kernel.fill(std::byte{3});

  const auto table = EncodeKernelHashes(hashes);

  EXPECT_EQ(table[0], std::byte{0x06});  // the first GUID, in the order of EFI
  EXPECT_EQ(table[16], std::byte{168});
  EXPECT_EQ(table[18 + 16], std::byte{50});
  EXPECT_EQ(table[18 + 18], std::byte{1});
  EXPECT_EQ(table[68 + 18], std::byte{2});
  EXPECT_EQ(table[118 + 18], std::byte{3});
  EXPECT_EQ(table[168], std::byte{0});
}

}  // namespace
}  // namespace cocos::attestation::launch
