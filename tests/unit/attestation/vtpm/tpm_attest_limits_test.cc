// Every field of a quote at its limits, and a reader of our own beside the parser.
#include <gtest/gtest.h>

#include "attestation/vtpm/tpm_types.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bitmap;
using testing::Bytes;
using testing::Filled;
using ::testing::HasSubstr;
using testing::Numbers;
using testing::RawAttest;
using testing::RawSelection;

constexpr std::uint16_t kBanks[] = {0x0004, 0x000b, 0x000c, 0x000d, 0x0027, 0x0028, 0x0029};

std::string ReasonOf(const Result<Attest>& attest) { return attest ? "" : attest.error().reason(); }

// A field of variable size: what it may have, and what the parser gives back.
struct SizedField {
  const char* name;
  Bytes RawAttest::*raw;
  std::vector<std::byte> Attest::*parsed;
  std::size_t max;
};

constexpr SizedField kSizedFields[] = {
    // The largest digest, with its algorithm in front for a name. Some libraries have room for two
    // octets more in extraData: nothing here depends on them.
    {"signer", &RawAttest::signer, &Attest::qualified_signer, 66},
    {"extra data", &RawAttest::extra_data, &Attest::extra_data, 64},
    {"digest", &RawAttest::pcr_digest, &Attest::pcr_digest, 64},
};

TEST(TpmAttestLimits, EachSizedFieldComesBackWithAnySizeItMayHave) {
  for (const SizedField& field : kSizedFields) {
    for (std::size_t size = 0; size <= field.max; ++size) {
      RawAttest raw;
      raw.*field.raw = Filled(size, 0x37);

      const auto attest = ParseAttest(raw.Write());

      ASSERT_THAT(attest, Succeeds()) << field.name << " " << size;
      EXPECT_EQ((*attest).*field.parsed, Filled(size, 0x37)) << field.name;
    }
  }
}

TEST(TpmAttestLimits, EachSizedFieldIsRefusedSilentlyWhenLonger) {
  ::testing::internal::CaptureStderr();
  for (const SizedField& field : kSizedFields) {
    for (const std::size_t more : {5U, 6U, 100U, 2000U}) {
      RawAttest raw;
      raw.*field.raw = Filled(field.max + more, 0x37);
      EXPECT_EQ(ReasonOf(ParseAttest(raw.Write())), "malformed") << field.name << " " << more;
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(TpmAttestLimits, ASizeThatRunsPastTheEndIsRefused) {
  for (const SizedField& field : kSizedFields) {
    RawAttest raw;
    raw.*field.raw = {};
    const Bytes good = raw.Write();
    const Bytes longer = [&] {
      RawAttest other = raw;
      other.*field.raw = Filled(1, 0);
      return other.Write();
    }();
    // Where the two differ first is the size of the field.
    const auto at = std::ranges::mismatch(good, longer).in1 - good.begin();
    Bytes lying = good;
    lying[static_cast<std::size_t>(at)] = std::byte{1};
    EXPECT_EQ(ReasonOf(ParseAttest(lying)), "malformed") << field.name;
  }
}

TEST(TpmAttestLimits, MagicIsComparedInEveryBit) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    RawAttest raw;
    raw.magic ^= std::uint32_t{1} << bit;
    const auto attest = ParseAttest(raw.Write());
    EXPECT_EQ(ReasonOf(attest), "bad-magic") << bit;
    EXPECT_THAT(attest, FailsWith(ErrorCode::kMalformed, HasSubstr("want 0xff544347"))) << bit;
  }
}

TEST(TpmAttestLimits, TypeIsTheQuotesAmongAll) {
  int accepted = 0;
  for (unsigned type = 0; type <= 0xffff; ++type) {
    RawAttest raw;
    raw.type = static_cast<std::uint16_t>(type);
    const auto attest = ParseAttest(raw.Write());
    accepted += attest ? 1 : 0;
    if (!attest) {
      ASSERT_EQ(ReasonOf(attest), "wrong-type") << type;
    }
  }
  EXPECT_EQ(accepted, 1);
}

TEST(TpmAttestLimits, SafeIsZeroOrOneAmongAll) {
  for (unsigned safe = 0; safe <= 0xff; ++safe) {
    RawAttest raw;
    raw.safe = static_cast<std::uint8_t>(safe);
    const auto attest = ParseAttest(raw.Write());
    ASSERT_EQ(attest.has_value(), safe <= 1) << safe;
    if (attest) {
      EXPECT_EQ(attest->clock.safe, safe == 1);
    }
  }
}

TEST(TpmAttestLimits, EachPcrIsTheBitOfItsNumber) {
  for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
    RawAttest raw;
    raw.selections = {{0x000b, Bitmap({pcr})}};
    const auto attest = ParseAttest(raw.Write());
    ASSERT_THAT(attest, Succeeds());
    EXPECT_EQ(attest->selections[0].pcrs, std::vector{pcr});
  }
}

TEST(TpmAttestLimits, PcrsOfAFourthByteDoNotExist) {
  for (unsigned pcr = kPcrCount; pcr < 32; ++pcr) {
    RawAttest raw;
    raw.selections = {{0x000b, Bitmap({0, pcr}, 4)}};
    EXPECT_THAT(ParseAttest(raw.Write()),
                FailsWith(ErrorCode::kMalformed,
                          HasSubstr("PCR " + std::to_string(pcr) + ", want at most 23")));
  }
}

TEST(TpmAttestLimits, BitmapsHaveThreeOrFourBytes) {
  for (std::size_t size = 0; size <= 255; ++size) {
    RawAttest raw;
    raw.selections = {{0x000b, Bytes(size)}};
    const auto attest = ParseAttest(raw.Write());
    EXPECT_EQ(attest.has_value(), size == 3 || size == 4) << size;
    if (!attest) {
      EXPECT_THAT(attest, FailsWith(ErrorCode::kMalformed,
                                    HasSubstr("bitmap of " + std::to_string(size) + " bytes")));
    }
  }
}

TEST(TpmAttestLimits, EveryBankKnownHereMayBeSelectedAtOnce) {
  RawAttest raw;
  raw.selections.clear();
  for (const std::uint16_t bank : kBanks) raw.selections.push_back({bank, Bitmap({1})});

  const auto attest = ParseAttest(raw.Write());

  ASSERT_THAT(attest, Succeeds());
  ASSERT_EQ(attest->selections.size(), std::size(kBanks));
  for (std::size_t i = 0; i < std::size(kBanks); ++i) {
    EXPECT_EQ(AlgorithmId(attest->selections[i].bank), kBanks[i]);
  }
}

TEST(TpmAttestLimits, NoOtherBankMayBeSelected) {
  int accepted = 0;
  for (unsigned bank = 0; bank <= 0xffff; ++bank) {
    RawAttest raw;
    raw.selections = {{static_cast<std::uint16_t>(bank), Bitmap({0})}};
    accepted += ParseAttest(raw.Write()) ? 1 : 0;
  }
  EXPECT_EQ(accepted, static_cast<int>(std::size(kBanks)));
}

TEST(TpmAttestLimits, ABankMayNotComeAgainEvenWithoutPcrs) {
  for (const std::uint16_t bank : kBanks) {
    RawAttest raw;
    raw.selections = {{bank, Bitmap({})}, {bank, Bitmap({})}};
    EXPECT_THAT(ParseAttest(raw.Write()), FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  }
}

TEST(TpmAttestLimits, ACountOfSelectionsThatLiesIsRefused) {
  RawAttest raw;
  const Bytes good = raw.Write();
  const std::size_t at = 4 + 2 + (2 + 34) + (2 + 32) + 17 + 8 + 3;
  ASSERT_EQ(good[at], std::byte{1});
  for (unsigned count = 0; count <= 0xff; ++count) {
    if (count == 1) continue;
    Bytes lying = good;
    lying[at] = static_cast<std::byte>(count);
    EXPECT_EQ(ReasonOf(ParseAttest(lying)), "malformed") << count;
  }
}

TEST(TpmAttestLimits, NumbersComeBackWhole) {
  RawAttest raw;
  Bytes bytes = raw.Write();
  const std::size_t clock = 4 + 2 + (2 + 34) + (2 + 32);
  for (std::size_t i = 0; i < 16; ++i) bytes[clock + i] = static_cast<std::byte>(0xf0 + i);
  for (std::size_t i = 0; i < 8; ++i) bytes[clock + 17 + i] = static_cast<std::byte>(0xe0 + i);

  const auto attest = ParseAttest(bytes);

  ASSERT_THAT(attest, Succeeds());
  EXPECT_EQ(attest->clock.clock_ms, 0xf0f1f2f3f4f5f6f7U);
  EXPECT_EQ(attest->clock.reset_count, 0xf8f9fafbU);
  EXPECT_EQ(attest->clock.restart_count, 0xfcfdfeffU);
  EXPECT_EQ(attest->firmware_version, 0xe0e1e2e3e4e5e6e7U);
}

TEST(TpmAttestLimits, NothingAndTooMuchAreRefused) {
  EXPECT_EQ(ReasonOf(ParseAttest({})), "malformed");
  Bytes large = RawAttest().Write();
  large.resize(4097);
  EXPECT_THAT(ParseAttest(large), FailsWith(ErrorCode::kMalformed, HasSubstr("4097 bytes")));
}

// What is written from random values is read back as those values.
TEST(TpmAttestLimits, RandomQuotesComeBackAsTheyWereWritten) {
  Numbers random(20260101);
  const auto below = [&random](unsigned limit) { return random.Below(limit); };
  for (int round = 0; round < 2000; ++round) {
    RawAttest raw;
    raw.signer = Filled(below(67), static_cast<int>(below(256)));
    raw.extra_data = Filled(below(65), static_cast<int>(below(256)));
    raw.safe = static_cast<std::uint8_t>(below(2));
    raw.pcr_digest = Filled(below(65), static_cast<int>(below(256)));
    raw.selections.clear();
    std::vector<PcrSelection> wanted;
    for (const std::uint16_t bank : kBanks) {
      if (below(2) == 0) continue;
      PcrSelection selection{.bank = DigestOfAlgorithmId(bank).value()};
      Bytes bitmap(3 + below(2));
      for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
        if (below(3) != 0) continue;
        bitmap[pcr / 8] |= static_cast<std::byte>(1U << (pcr % 8));
        selection.pcrs.push_back(pcr);
      }
      raw.selections.push_back({bank, bitmap});
      wanted.push_back(selection);
    }

    const auto attest = ParseAttest(raw.Write());

    ASSERT_THAT(attest, Succeeds()) << round;
    ASSERT_EQ(attest->selections, wanted) << round;
    ASSERT_EQ(attest->qualified_signer, raw.signer) << round;
    ASSERT_EQ(attest->extra_data, raw.extra_data) << round;
    ASSERT_EQ(attest->pcr_digest, raw.pcr_digest) << round;
    ASSERT_EQ(attest->clock.safe, raw.safe == 1) << round;
  }
}

}  // namespace
}  // namespace cocos::attestation::vtpm
