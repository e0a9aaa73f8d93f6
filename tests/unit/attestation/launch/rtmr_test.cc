#include "attestation/launch/rtmr.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;

Digest384 DigestOf(std::string_view text) { return Sha384Of(crypto::BytesOf(text)); }

// A register by the definition: SHA-384 of what it was and of the event's digest.
class Register {
 public:
  Register& Extend(const Digest384& digest) {
    ByteWriter both;
    both.Bytes(value_).Bytes(digest);
    value_ = Sha384Of(both.view());
    return *this;
  }
  const Digest384& value() const { return value_; }

 private:
  Digest384 value_{};
};

TEST(ExtendRtmr, HashesTheOldValueInFrontOfTheDigest) {
  const Digest384 one = DigestOf("one");
  const Digest384 two = DigestOf("two");

  EXPECT_EQ(ExtendRtmr(one, two), [&] {
    ByteWriter both;
    both.Bytes(one).Bytes(two);
    return Sha384Of(both.view());
  }());
  EXPECT_NE(ExtendRtmr(one, two), ExtendRtmr(two, one));
}

TEST(ExtendRtmr, ChangesAlsoWithADigestOfZeros) { EXPECT_NE(ExtendRtmr({}, {}), Digest384{}); }

TEST(ReplayRtmr, ExtendsInOrderFromZeros) {
  const std::vector<Digest384> digests = {DigestOf("a"), DigestOf("b"), DigestOf("c")};
  Register expected;
  for (std::size_t count = 0; count <= digests.size(); ++count) {
    EXPECT_EQ(ReplayRtmr(std::span(digests).first(count)), expected.value()) << count;
    if (count < digests.size()) expected.Extend(digests[count]);
  }
}

TEST(ReplayRtmr, DependsOnTheOrder) {
  const std::vector<Digest384> forwards = {DigestOf("a"), DigestOf("b")};
  const std::vector<Digest384> backwards = {DigestOf("b"), DigestOf("a")};

  EXPECT_NE(ReplayRtmr(forwards), ReplayRtmr(backwards));
}

TEST(MeasureRtmr1, IsTheKernelAndTheEventsOfLeavingTheFirmware) {
  const Digest384 kernel = DigestOf("kernel");
  const Digest384 separator = DigestOf(std::string_view("\0\0\0\0", 4));
  Register current;
  current.Extend(kernel)
      .Extend(DigestOf("Calling EFI Application from Boot Option"))
      .Extend(separator)
      .Extend(DigestOf("Exit Boot Services Invocation"))
      .Extend(DigestOf("Exit Boot Services Returned with Success"));
  Register older;
  older.Extend(kernel)
      .Extend(DigestOf("Calling EFI Application from Boot Option"))
      .Extend(DigestOf("Exit Boot Services Invocation"))
      .Extend(DigestOf("Exit Boot Services Returned with Success"));

  EXPECT_EQ(MeasureRtmr1({.kernel = kernel}), current.value());
  EXPECT_EQ(MeasureRtmr1({.kernel = kernel, .has_separator = false}), older.value());
}

TEST(MeasureRtmr1, DependsOnEveryByteOfTheKernelsDigest) {
  const Digest384 before = MeasureRtmr1({});
  for (std::size_t i = 0; i < 48; ++i) {
    Digest384 kernel{};
    kernel[i] = std::byte{1};
    EXPECT_NE(MeasureRtmr1({.kernel = kernel}), before) << i;
  }
}

struct OptionsCase {
  const char* what;
  InitrdArgument argument;
  bool has_initrd;
  bool through_shim;
  const char* command_line;
  const char* expected;
};

class LoadOptions : public ::testing::TestWithParam<OptionsCase> {};

TEST_P(LoadOptions, AreTheTextOfThatFirmware) {
  Rtmr2Input input = {.command_line = GetParam().command_line,
                      .initrd_argument = GetParam().argument,
                      .through_shim = GetParam().through_shim};
  if (GetParam().has_initrd) input.initrd = Digest384{};

  EXPECT_EQ(LoadOptionsText(input), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, LoadOptions,
    ::testing::Values(
        OptionsCase{"InFront", InitrdArgument::kInFront, true, false, "a b", "initrd=initrd a b"},
        OptionsCase{"Behind", InitrdArgument::kBehind, true, false, "a b", "a b initrd=initrd"},
        OptionsCase{"None", InitrdArgument::kNone, true, false, "a b", "a b"},
        // The space stays where there is nothing to part.
        OptionsCase{"InFrontOfNothing", InitrdArgument::kInFront, true, false, "",
                    "initrd=initrd "},
        OptionsCase{"BehindNothing", InitrdArgument::kBehind, true, false, "", " initrd=initrd"},
        OptionsCase{"NothingAtAll", InitrdArgument::kNone, true, false, "", ""},
        OptionsCase{"InFrontWithoutInitrd", InitrdArgument::kInFront, false, false, "a", "a"},
        OptionsCase{"BehindWithoutInitrd", InitrdArgument::kBehind, false, false, "a", "a"},
        OptionsCase{"ShimInFront", InitrdArgument::kInFront, true, true, "a",
                    "kernel initrd=initrd a"},
        OptionsCase{"ShimBehind", InitrdArgument::kBehind, true, true, "a",
                    "kernel a initrd=initrd"},
        OptionsCase{"ShimWithoutInitrd", InitrdArgument::kInFront, false, true, "a", "kernel a"},
        OptionsCase{"ShimAlone", InitrdArgument::kNone, false, true, "", "kernel "}),
    [](const auto& tested) { return tested.param.what; });

TEST(EncodeLoadOptions, WidensEachCharacterAndClosesWithNul) {
  const auto bytes = EncodeLoadOptions("Az~");

  ASSERT_THAT(bytes, Succeeds());
  EXPECT_EQ(crypto::HexEncode(*bytes), "41007a007e000000");
  EXPECT_EQ(crypto::HexEncode(EncodeLoadOptions("").value()), "0000");
}

TEST(EncodeLoadOptions, TakesAsciiButNulAndRefusesEveryOtherByteAtItsPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("ab") + static_cast<char>(byte);
    const auto encoded = EncodeLoadOptions(text);
    if (byte >= 1 && byte <= 0x7F) {
      ASSERT_THAT(encoded, Succeeds()) << byte;
      EXPECT_EQ(std::to_integer<int>((*encoded)[4]), byte);
      EXPECT_EQ((*encoded)[5], std::byte{0});
    } else {
      EXPECT_THAT(encoded,
                  FailsWith(ErrorCode::kInvalidArgument,
                            HasSubstr(fmt::format("byte {:#04x} at 2, want ASCII", byte))));
    }
  }
}

TEST(MeasureRtmr2, IsTheLoadOptionsAndThenTheInitrd) {
  const Digest384 initrd = DigestOf("initrd");
  const Rtmr2Input input = {.command_line = "quiet", .initrd = initrd};
  Register expected;
  expected.Extend(Sha384Of(EncodeLoadOptions("initrd=initrd quiet").value())).Extend(initrd);

  EXPECT_EQ(MeasureRtmr2(input).value(), expected.value());
}

TEST(MeasureRtmr2, WithoutInitrdHasOneEvent) {
  Register expected;
  expected.Extend(Sha384Of(EncodeLoadOptions("quiet").value()));

  EXPECT_EQ(MeasureRtmr2({.command_line = "quiet"}).value(), expected.value());
}

TEST(MeasureRtmr2, TellsAnInitrdOfZerosFromNone) {
  const Rtmr2Input without = {.command_line = "a", .initrd_argument = InitrdArgument::kNone};
  Rtmr2Input with = without;
  with.initrd = Digest384{};

  EXPECT_NE(MeasureRtmr2(with).value(), MeasureRtmr2(without).value());
}

TEST(MeasureRtmr2, GivesAnotherValueForEachForm) {
  const auto value = [](InitrdArgument argument, bool shim) {
    return MeasureRtmr2({.command_line = "a b",
                         .initrd = Digest384{},
                         .initrd_argument = argument,
                         .through_shim = shim})
        .value();
  };
  std::vector<Digest384> values;
  for (const auto argument :
       {InitrdArgument::kInFront, InitrdArgument::kBehind, InitrdArgument::kNone}) {
    for (const bool shim : {false, true}) values.push_back(value(argument, shim));
  }

  std::ranges::sort(values);

  EXPECT_EQ(std::ranges::adjacent_find(values), values.end());
}

TEST(MeasureRtmr2, RefusesACommandLineThatIsNotAscii) {
  EXPECT_THAT(MeasureRtmr2({.command_line = "name=\xC3\xA4"}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("byte 0xc3 at 5")));
}

}  // namespace
}  // namespace cocos::attestation::launch
