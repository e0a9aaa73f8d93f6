#include "attestation/launch/explain_tdx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/launch/rtmr.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::FirmwareBuilder;
using cocos::testing::IgvmBuilder;
using cocos::testing::Succeeds;
using cocos::testing::TdxSection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kBase = (std::uint64_t{1} << 32) - 8192;
const std::vector<TdxSection> kSections = {{0, 8192, kBase, 8192, 0, 1},
                                           {0, 0, 0x809000, 8192, 2, 0}};

// A parsed image and its bytes.
struct Firmware {
  explicit Firmware(std::byte fill, const std::vector<TdxSection>& sections = kSections)
      : bytes(FirmwareBuilder(8192)
                  .Fill(0, 512, fill)
                  .Entry(testing::kTdxMetadataGuid, {2048})
                  .At(2048, testing::TdxMetadata(sections))
                  .Build()),
        tdvf(ParseTdvf(bytes).value()) {}
  Firmware(const Firmware&) = delete;
  Digest384 Mrtd(PageAddOrder order) const { return MeasureTdvf(tdvf, order).value(); }

  Bytes bytes;
  Tdvf tdvf;
};

class ExplainTdx : public ::testing::Test {
 protected:
  ExplainTdx() {
    described_.name = "OVMF.fd";
    described_.firmware = &firmware_.tdvf;
    described_.kernel = DescribedTdxKernel{.command_line = "console=ttyS0 quiet"};
    described_.kernel->kernel = Sha384Of(crypto::BytesOf("kernel"));
    described_.kernel->initrd = Sha384Of(crypto::BytesOf("initrd"));
  }
  Differences Found(const Digest384& observed) {
    const OfferedFile other = {.name = "other.fd", .tdvf = &other_.tdvf};
    const auto found = ExplainTdxLaunch(described_, {&other, 1}, observed);
    EXPECT_THAT(found, Succeeds());
    return found && *found ? **found : Differences{"not explained"};
  }

  Firmware firmware_{std::byte{1}};
  Firmware other_{std::byte{2}};
  TdxLaunchDescription described_;
};

TEST_F(ExplainTdx, FindsNoDifferenceInTheLaunchDescribed) {
  for (const PageAddOrder order : {PageAddOrder::kSinglePass, PageAddOrder::kTwoPass}) {
    described_.order = order;
    EXPECT_THAT(Found(firmware_.Mrtd(order)), IsEmpty());
  }
}

TEST_F(ExplainTdx, NamesTheOtherOrderOfAddingPages) {
  EXPECT_THAT(Found(firmware_.Mrtd(PageAddOrder::kTwoPass)),
              ElementsAre("pages added in two passes instead of in a single pass"));
  described_.order = PageAddOrder::kTwoPass;
  EXPECT_THAT(Found(firmware_.Mrtd(PageAddOrder::kSinglePass)),
              ElementsAre("pages added in a single pass instead of in two passes"));
}

// One page in each section: both orders are the same, and the one believed is right.
TEST_F(ExplainTdx, FindsNoDifferenceWhereTheOrderDoesNotCount) {
  const Firmware small(std::byte{1}, {{0, 4096, kBase, 4096, 0, 1}, {0, 0, 0x809000, 8192, 2, 0}});
  described_.firmware = &small.tdvf;

  for (const PageAddOrder order : {PageAddOrder::kSinglePass, PageAddOrder::kTwoPass}) {
    described_.order = order;
    EXPECT_THAT(Found(small.Mrtd(PageAddOrder::kSinglePass)), IsEmpty());
  }
}

TEST_F(ExplainTdx, NamesOtherFirmwareThatIsOffered) {
  EXPECT_THAT(
      Found(other_.Mrtd(PageAddOrder::kSinglePass)),
      ElementsAre("TDX firmware other.fd instead of OVMF.fd", "pages added in a single pass"));
  EXPECT_THAT(Found(other_.Mrtd(PageAddOrder::kTwoPass)),
              ElementsAre("TDX firmware other.fd instead of OVMF.fd", "pages added in two passes"));
}

TEST_F(ExplainTdx, SaysThatZerosAreNoMeasurement) {
  EXPECT_THAT(Found({}), ElementsAre(HasSubstr("all zero, which is no MRTD")));
}

TEST_F(ExplainTdx, RecognizesRtmr1) {
  const Digest384 kernel = *described_.kernel->kernel;

  EXPECT_THAT(Found(MeasureRtmr1({.kernel = kernel})),
              ElementsAre("RTMR1 of this kernel instead of MRTD"));
  EXPECT_THAT(Found(MeasureRtmr1({.kernel = kernel, .has_separator = false})),
              ElementsAre("RTMR1 of this kernel under older firmware instead of MRTD"));
}

TEST_F(ExplainTdx, RecognizesRtmr2InEachFormOfTheLoadOptions) {
  const std::vector<std::pair<InitrdArgument, std::string>> forms = {
      {InitrdArgument::kInFront, "in front of the command line"},
      {InitrdArgument::kBehind, "behind the command line"},
      {InitrdArgument::kNone, "the command line alone"}};

  for (const auto& [argument, text] : forms) {
    const auto observed = MeasureRtmr2({.command_line = described_.kernel->command_line,
                                        .initrd = described_.kernel->initrd,
                                        .initrd_argument = argument});
    ASSERT_THAT(observed, Succeeds());
    EXPECT_THAT(Found(*observed),
                ElementsAre(::testing::AllOf(HasSubstr("RTMR2 of this initrd"), HasSubstr(text))));
  }
}

TEST_F(ExplainTdx, RecognizesRtmr2WithoutInitrd) {
  described_.kernel->initrd.reset();

  EXPECT_THAT(Found(MeasureRtmr2({.command_line = described_.kernel->command_line}).value()),
              ElementsAre("RTMR2 of this command line instead of MRTD"));
}

TEST_F(ExplainTdx, RecognizesRtmr2OfAKernelWhoseOwnDigestIsUnknown) {
  described_.kernel->kernel.reset();

  EXPECT_THAT(Found(MeasureRtmr2({.command_line = described_.kernel->command_line,
                                  .initrd = described_.kernel->initrd})
                        .value()),
              ElementsAre(HasSubstr("RTMR2")));
}

TEST_F(ExplainTdx, DoesWithoutAKernel) {
  const Digest384 rtmr1 = MeasureRtmr1({.kernel = *described_.kernel->kernel});
  described_.kernel.reset();

  EXPECT_THAT(Found(rtmr1), ElementsAre("not explained"));
}

TEST_F(ExplainTdx, DoesNotStumbleOverACommandLineOfUnknownForm) {
  described_.kernel->command_line = "\xC3\xA4";

  EXPECT_THAT(Found(Sha384Of({})), ElementsAre("not explained"));
  EXPECT_THAT(Found(MeasureRtmr1({.kernel = *described_.kernel->kernel})),
              ElementsAre(HasSubstr("RTMR1")));
}

TEST_F(ExplainTdx, FindsNothingForADigestThatDiffersInOneBit) {
  Digest384 observed = firmware_.Mrtd(PageAddOrder::kSinglePass);
  observed[0] ^= std::byte{0x80};

  EXPECT_THAT(Found(observed), ElementsAre("not explained"));
}

// Data fill a part of a measured section: hosts differ in the rest, so there is no MRTD.
TEST_F(ExplainTdx, TellsThatFirmwareCannotBeMeasuredWhenNothingFits) {
  const Firmware partial(std::byte{1},
                         {{0, 4096, kBase, 8192, 0, 1}, {0, 0, 0x809000, 8192, 2, 0}});
  described_.firmware = &partial.tdvf;
  const OfferedFile other = {.name = "other.fd", .tdvf = &other_.tdvf};

  EXPECT_THAT(ExplainTdxLaunch(described_, {&other, 1}, Sha384Of({})),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("hosts differ")));
  EXPECT_THAT(Found(other_.Mrtd(PageAddOrder::kSinglePass)),
              ElementsAre(HasSubstr("other.fd"), HasSubstr("single pass")));
}

class Identify : public ::testing::Test {
 protected:
  static Bytes SnpAndTdxImage() {
    return FirmwareBuilder(8192)
        .Entry(testing::kSevMetadataGuid, {2048})
        .Entry(testing::kSevResetBlockGuid, {0x80B004})
        .Entry(testing::kTdxMetadataGuid, {1024})
        .At(2048, testing::SevMetadata({{0x800000, 0x1000, 1}}))
        .At(1024, testing::TdxMetadata(kSections))
        .Build();
  }

  const Bytes bytes_ = SnpAndTdxImage();
  const SnpFirmware snp_ = ParseSnpFirmware(bytes_).value();
  const Tdvf tdvf_ = ParseTdvf(bytes_).value();
  const OfferedFile image_ = {
      .name = "OVMF.fd", .snp_firmware = &snp_, .seed = DigestFirmware(snp_), .tdvf = &tdvf_};
};

TEST_F(Identify, ReadsOneImageAsFirmwareOfBothKinds) {
  const Digest384 mrtd = MeasureTdvf(tdvf_).value();
  const Digest384 snp =
      MeasureSnp(snp_, image_.seed, {.vcpus = 3, .cpu_signature = 0xA00F11}).value();

  EXPECT_THAT(IdentifyLaunch({&image_, 1}, "guest.igvm", mrtd).value(),
              ElementsAre("TDX firmware OVMF.fd instead of guest.igvm", HasSubstr("single pass")));
  EXPECT_THAT(IdentifyLaunch({&image_, 1}, "guest.igvm", snp).value(),
              ElementsAre("SEV-SNP firmware OVMF.fd instead of guest.igvm",
                          "3 vCPUs, CPU model EPYC-Milan (0x00a00f11), guest features 0x1, "
                          "launched by QEMU"));
}

TEST_F(Identify, TakesTheFirstFileThatGivesTheDigest) {
  OfferedFile copy = image_;
  copy.name = "copy.fd";
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000, 1).Data(9).Build();
  const auto igvm = igvm::ParseFile(bytes);
  const std::vector<OfferedFile> files = {{.name = "a.igvm", .igvm = &*igvm}, copy, image_};

  EXPECT_THAT(IdentifyLaunch(files, "x", MeasureTdvf(tdvf_).value()).value(),
              ElementsAre(HasSubstr("copy.fd"), HasSubstr("pass")));
}

TEST_F(Identify, FindsNothingInFilesThatAreNothingOrNotThere) {
  const OfferedFile nothing = {.name = "nothing"};

  EXPECT_EQ(IdentifyLaunch({}, "x", {}), std::nullopt);
  EXPECT_EQ(IdentifyLaunch({&nothing, 1}, "x", {}), std::nullopt);
}

}  // namespace
}  // namespace cocos::attestation::launch
