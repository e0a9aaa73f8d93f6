// Counts and sizes of event logs at their limits, and a replay of our own beside the module's.
#include <gtest/gtest.h>

#include "attestation/vtpm/event_log.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/log_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::BytesOf;
using testing::CcLog;
using testing::Extended;
using testing::Filled;
using ::testing::HasSubstr;
using testing::kSeparator;
using testing::LogAlgorithms;
using testing::LogBuilder;
using testing::Numbers;
using testing::TwoBanks;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;
// Places in the first record: head and data of the old form, then the specification id.
constexpr std::size_t kOldHead = 4 + 4 + 20 + 4;
constexpr std::size_t kMajorAt = kOldHead + 16 + 4 + 1;
constexpr std::size_t kCountAt = kOldHead + 24;

void ExpectRefused(const Result<EventLog>& log, std::string_view message) {
  ASSERT_THAT(log, FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message))));
  EXPECT_EQ(log.error().reason(), "malformed-event-log");
}

// A number in a log, changed.
Bytes With(Bytes log, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) log[at + i] = static_cast<std::byte>(value >> (8 * i));
  return log;
}

TEST(EventLogLimits, MajorVersionIsTwoAmongAll) {
  const Bytes log = TwoBanks().SpecId().Take();
  for (unsigned major = 0; major <= 0xff; ++major) {
    Bytes changed = log;
    changed[kMajorAt] = static_cast<std::byte>(major);
    EXPECT_EQ(ParseEventLog(changed).has_value(), major == 2) << major;
  }
}

TEST(EventLogLimits, ClassMinorVersionAndErrataAreFree) {
  const Bytes log = TwoBanks().SpecId().Take();
  for (const std::size_t at : {kOldHead + 16, kOldHead + 19, kMajorAt - 1, kMajorAt + 1}) {
    Bytes changed = log;
    changed[at] = std::byte{0x69};
    EXPECT_THAT(ParseEventLog(changed), Succeeds()) << at;
  }
}

TEST(EventLogLimits, UintnIsOneOrTwoAmongAll) {
  for (unsigned size = 0; size <= 0xff; ++size) {
    const auto log =
        ParseEventLog(TwoBanks().SpecId({.uintn = static_cast<std::uint8_t>(size)}).Take());
    EXPECT_EQ(log.has_value(), size == 1 || size == 2) << size;
  }
}

TEST(EventLogLimits, CountOfAlgorithmsIsTheirNumber) {
  const Bytes log = TwoBanks().SpecId().Take();
  for (const std::uint32_t count : {0U, 1U, 3U, 16U, 17U, 0x80000000U, 0xffffffffU}) {
    EXPECT_THAT(ParseEventLog(With(log, kCountAt, count)), FailsWith(ErrorCode::kMalformed))
        << count;
  }
  ExpectRefused(ParseEventLog(With(log, kCountAt, 0)), "0 algorithms, want 1 to 16");
  ExpectRefused(ParseEventLog(With(log, kCountAt, 17)), "17 algorithms, want 1 to 16");
}

TEST(EventLogLimits, EveryBankKnownHereIsReplayed) {
  const LogAlgorithms all = {{0x0004, 20}, {0x000b, 32}, {0x000c, 48}, {0x000d, 64},
                             {0x0027, 32}, {0x0028, 48}, {0x0029, 64}};
  const Bytes data = BytesOf("measured");

  const auto log = ParseEventLog(LogBuilder(all).SpecId().Record(9, 1, data).Take());

  ASSERT_THAT(log, Succeeds());
  ASSERT_EQ(log->banks.size(), all.size());
  const PcrValues values = ReplayPcrs(*log);
  for (const DigestAlgorithm bank : log->banks) {
    EXPECT_EQ(values.at(bank).at(9), Extended(bank, Bytes(crypto::DigestSize(bank)), data));
  }
}

TEST(EventLogLimits, EachKnownAlgorithmHasOneDigestSize) {
  for (const DigestAlgorithm algorithm :
       {DigestAlgorithm::kSha1, kSha256, kSha384, DigestAlgorithm::kSha512,
        DigestAlgorithm::kSha3_256, DigestAlgorithm::kSha3_384, DigestAlgorithm::kSha3_512}) {
    const std::uint16_t id = AlgorithmId(algorithm);
    const std::size_t right = crypto::DigestSize(algorithm);
    for (std::uint16_t size = 0; size <= 70; ++size) {
      EXPECT_EQ(ParseEventLog(LogBuilder({{id, size}}).SpecId().Take()).has_value(), size == right)
          << id << " " << size;
    }
  }
}

TEST(EventLogLimits, VendorInformationHasUpTo255Octets) {
  const std::string longest(255, 'v');
  EXPECT_THAT(ParseEventLog(TwoBanks().SpecId({.vendor = longest}).Take()), Succeeds());
  const std::string more(256, 'v');
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.vendor = more, .vendor_size = 255}).Take()),
                "first record");
}

TEST(EventLogLimits, ASpecIdOutOfPcr0MakesNoCryptoAgileLog) {
  // It is then an event of the old form, and the rest is read so.
  const auto log = ParseEventLog(TwoBanks().SpecId({.index = 1}).Take());
  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(log->banks, std::vector{DigestAlgorithm::kSha1});
}

TEST(EventLogLimits, SizeOfEventDataIsWhatFollows) {
  const std::size_t head = TwoBanks().SpecId().Take().size();
  const Bytes log = TwoBanks().SpecId().Record(7, 1, BytesOf("data")).Take();
  const std::size_t at = log.size() - 4 - 4;
  ASSERT_GT(at, head);
  for (const std::uint32_t size : {0U, 3U, 5U, 0xffffU, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_THAT(ParseEventLog(With(log, at, size)), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(EventLogLimits, CountOfDigestsIsThatOfTheAlgorithms) {
  const std::size_t head = TwoBanks().SpecId().Take().size();
  const Bytes log = TwoBanks().SpecId().Record(7, 1, BytesOf("data")).Take();
  for (const std::uint32_t count : {0U, 1U, 3U, 16U, 0xffffffffU}) {
    ExpectRefused(ParseEventLog(With(log, head + 8, count)),
                  std::to_string(count) + " digests, want 2");
  }
}

TEST(EventLogLimits, EventsMayBeEmpty) {
  const auto log = ParseEventLog(TwoBanks().SpecId().Record(7, 1, {}).Take());
  ASSERT_THAT(log, Succeeds());
  EXPECT_TRUE(log->events[1].data.empty());
  EXPECT_EQ(ReplayPcrs(*log).at(kSha256).at(7), Extended(kSha256, Bytes(32), {}));
}

TEST(EventLogLimits, ALogOfTheLargestSizeIsRead) {
  const std::size_t rest =
      (std::size_t{4} << 20) - TwoBanks().SpecId().Record(7, 1, {}).Take().size();
  const Bytes largest = TwoBanks().SpecId().Record(7, 1, Filled(rest, 1)).Take();
  ASSERT_EQ(largest.size(), std::size_t{4} << 20);
  EXPECT_THAT(ParseEventLog(largest), Succeeds());
  ExpectRefused(ParseEventLog(TwoBanks().SpecId().Record(7, 1, Filled(rest + 1, 1)).Take()),
                "4194305 bytes, want 1 to 4194304");
}

TEST(EventLogLimits, ErrorsNameTheRecordThatIsCutOff) {
  Bytes log = TwoBanks().SpecId().Record(1, 1, {}).Record(2, 1, BytesOf("data")).Take();
  log.pop_back();
  ExpectRefused(ParseEventLog(log), "ends within record 2");
}

TEST(EventLogLimits, ErrorsNameTheRegister) {
  ExpectRefused(ParseEventLog(TwoBanks().SpecId().Record(24, 1, {}).Take()),
                "register 24, want at most 23");
  ExpectRefused(ParseCcEventLog(CcLog().SpecId().Record(5, 1, {}).Take()),
                "register 5, want at most 4");
  ExpectRefused(ParseCcEventLog(CcLog().SpecId().Record(1, 1, {}).Record(0, 4, {}).Take()),
                "record 2 of type 0x00000004 extends MRTD");
}

TEST(EventLogLimits, NotesExtendNothingWhereverTheyStand) {
  LogBuilder builder = TwoBanks().SpecId();
  for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) builder.Record(pcr, kEventNoAction, BytesOf("n"));
  const auto log = ParseEventLog(builder.Take());
  ASSERT_THAT(log, Succeeds());
  for (const auto& [bank, pcrs] : ReplayPcrs(*log)) EXPECT_TRUE(pcrs.empty());
}

TEST(EventLogLimits, ANoteThatOnlyBeginsLikeALocalityIsANote) {
  const auto log = ParseEventLog(
      TwoBanks().SpecId().Record(3, kEventNoAction, BytesOf("StartupLocalit")).Take());
  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(log->startup_locality, 0);
}

TEST(EventLogLimits, LocalitiesAreThreeAmongAll) {
  for (unsigned locality = 0; locality <= 0xff; ++locality) {
    Bytes data = BytesOf(std::string_view("StartupLocality\0", 16));
    data.push_back(static_cast<std::byte>(locality));
    const auto log = ParseEventLog(TwoBanks().SpecId().Record(0, kEventNoAction, data).Take());
    ASSERT_EQ(log.has_value(), locality == 0 || locality == 3 || locality == 4) << locality;
    if (log) {
      EXPECT_EQ(log->startup_locality, locality);
    }
  }
}

TEST(EventLogLimits, ALocalityMovesNoOtherPcrAndNoBankDiffers) {
  Bytes data = BytesOf(std::string_view("StartupLocality\0", 16));
  data.push_back(std::byte{4});
  LogBuilder builder({{0x000b, 32}, {0x000c, 48}});
  builder.SpecId().Record(0, kEventNoAction, data);
  for (unsigned pcr = 0; pcr < 8; ++pcr) builder.Record(pcr, 4, kSeparator);

  const PcrValues values = ReplayPcrs(ParseEventLog(builder.Take()).value());

  for (const DigestAlgorithm bank : {kSha256, kSha384}) {
    Bytes four(crypto::DigestSize(bank));
    EXPECT_EQ(values.at(bank).at(1), Extended(bank, four, kSeparator));
    four.back() = std::byte{4};
    EXPECT_EQ(values.at(bank).at(0), Extended(bank, four, kSeparator));
  }
}

TEST(EventLogLimits, AnOldLogIsCutBetweenRecordsOnly) {
  const Bytes bytes =
      LogBuilder({}).OldRecord(0, 8, BytesOf("1")).OldRecord(7, 4, kSeparator).Take();
  const std::size_t first = LogBuilder({}).OldRecord(0, 8, BytesOf("1")).Take().size();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseEventLog(std::span(bytes).first(size)).has_value(), size == first) << size;
  }
}

TEST(EventLogLimits, AnOldLogHasPcrsUpTo23) {
  EXPECT_THAT(ParseEventLog(LogBuilder({}).OldRecord(23, 4, kSeparator).Take()), Succeeds());
  ExpectRefused(ParseEventLog(LogBuilder({}).OldRecord(24, 4, kSeparator).Take()), "register 24");
}

// Random logs against a replay written from the specification's sentence.
TEST(EventLogLimits, RandomLogsReplayAsTheSpecificationSays) {
  Numbers random(20260102);
  for (int round = 0; round < 100; ++round) {
    LogBuilder builder({{0x000b, 32}, {0x000c, 48}});
    builder.SpecId();
    PcrValues wanted{{kSha256, {}}, {kSha384, {}}};
    const unsigned records = random.Below(40);
    for (unsigned i = 0; i < records; ++i) {
      const unsigned pcr = random.Below(kPcrCount);
      const std::uint32_t type = random.Below(5);
      const Bytes data = Filled(random.Below(50), static_cast<int>(random.Below(256)));
      builder.Record(pcr, type, data);
      if (type == 3) continue;
      for (const DigestAlgorithm bank : {kSha256, kSha384}) {
        const bool dynamic = pcr >= 17 && pcr <= 22;
        auto& value = wanted[bank]
                          .try_emplace(pcr, Filled(crypto::DigestSize(bank), dynamic ? 255 : 0))
                          .first->second;
        value = Extended(bank, value, data);
      }
    }

    const auto log = ParseEventLog(builder.Take());

    ASSERT_THAT(log, Succeeds()) << round;
    ASSERT_EQ(log->events.size(), records + 1U);
    EXPECT_EQ(ReplayPcrs(*log), wanted) << round;
  }
}

TEST(EventLogLimits, RandomLogsOfConfidentialGuestsReplayTheSame) {
  Numbers random(20260103);
  for (int round = 0; round < 100; ++round) {
    LogBuilder builder = CcLog().SpecId();
    std::array<Bytes, kRtmrCount> wanted;
    wanted.fill(Bytes(48));
    for (unsigned i = random.Below(30); i > 0; --i) {
      const std::uint32_t index = 1 + random.Below(kRtmrCount);
      const Bytes data = Filled(random.Below(50), static_cast<int>(random.Below(256)));
      builder.Record(index, 1, data);
      wanted[index - 1] = Extended(kSha384, wanted[index - 1], data);
    }

    const Rtmrs rtmrs = ReplayRtmrs(ParseCcEventLog(builder.Take()).value());

    for (std::size_t i = 0; i < kRtmrCount; ++i) {
      EXPECT_TRUE(std::ranges::equal(rtmrs[i], wanted[i])) << round << " " << i;
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::vtpm
