#include "attestation/vtpm/event_log.h"

#include <gtest/gtest.h>

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
using testing::kSeparator;
using testing::LogBuilder;
using testing::TwoBanks;

constexpr auto kSha1 = DigestAlgorithm::kSha1;
constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

void ExpectRefused(const Result<EventLog>& log) {
  ASSERT_THAT(log, FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(log.error().reason(), "malformed-event-log");
}

TEST(EventLogParse, ReadsACryptoAgileLog) {
  const Bytes bytes = TwoBanks().SpecId().Record(7, 4, kSeparator).Take();

  const auto log = ParseEventLog(bytes);

  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(log->banks, (std::vector{kSha1, kSha256}));
  EXPECT_EQ(log->size_bytes, bytes.size());
  ASSERT_EQ(log->events.size(), 2U);
  EXPECT_EQ(log->events[1].index, 7U);
  EXPECT_EQ(log->events[1].type, 4U);
  EXPECT_EQ(log->events[1].data, kSeparator);
  ASSERT_EQ(log->events[1].digests.size(), 2U);
  EXPECT_EQ(log->events[1].digests[1].value, crypto::Sha256(kSeparator));
}

TEST(EventLogParse, ReadsAnOldLog) {
  const Bytes bytes =
      LogBuilder({}).OldRecord(0, 8, BytesOf("1.0")).OldRecord(7, 4, kSeparator).Take();

  const auto log = ParseEventLog(bytes);

  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(log->banks, std::vector{kSha1});
  EXPECT_EQ(log->events.size(), 2U);
  EXPECT_EQ(ReplayPcrs(*log).at(kSha1).at(7), Extended(kSha1, Bytes(20), kSeparator));
}

TEST(EventLogParse, RejectsEveryCutThatIsNotBetweenRecords) {
  const std::size_t head = TwoBanks().SpecId().Take().size();
  const std::size_t record = TwoBanks().Record(7, 4, kSeparator).Take().size();
  const Bytes bytes = TwoBanks().SpecId().Record(7, 4, kSeparator).Record(7, 4, kSeparator).Take();

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const bool between = size >= head && (size - head) % record == 0;
    const auto log = ParseEventLog(std::span(bytes).first(size));
    EXPECT_EQ(log.has_value(), between) << size;
  }
}

TEST(EventLogParse, RejectsAnythingBehindTheLastRecord) {
  Bytes bytes = TwoBanks().SpecId().Record(7, 4, kSeparator).Take();
  bytes.push_back(std::byte{0});
  ExpectRefused(ParseEventLog(bytes));
}

TEST(EventLogParse, RejectsPaddingWhichOnlyTheOtherLogHas) {
  Bytes bytes = TwoBanks().SpecId().Take();
  bytes.resize(bytes.size() + 64);
  ExpectRefused(ParseEventLog(bytes));
}

TEST(EventLogParse, RejectsALogThatIsTooLarge) {
  ExpectRefused(ParseEventLog(Bytes((std::size_t{4} << 20) + 1)));
}

TEST(EventLogParse, RejectsAnEmptyLog) { ExpectRefused(ParseEventLog({})); }

TEST(EventLogParse, AcceptsTheLastPcrAndNotTheNext) {
  EXPECT_THAT(ParseEventLog(TwoBanks().SpecId().Record(23, 4, kSeparator).Take()), Succeeds());
  ExpectRefused(ParseEventLog(TwoBanks().SpecId().Record(24, 4, kSeparator).Take()));
  ExpectRefused(ParseEventLog(TwoBanks().SpecId().Record(0xffffffff, 4, kSeparator).Take()));
}

TEST(EventLogParse, RejectsARecordWithoutTheDigestOfABank) {
  const Bytes head = TwoBanks().SpecId().Take();
  for (const auto& algorithms :
       {testing::LogAlgorithms{{0x000b, 32}}, testing::LogAlgorithms{{0x000b, 32}, {0x000b, 32}},
        testing::LogAlgorithms{{0x000b, 32}, {0x000c, 48}}, testing::LogAlgorithms{}}) {
    Bytes bytes = head;
    const Bytes record = LogBuilder(algorithms).Record(7, 4, kSeparator).Take();
    bytes.insert(bytes.end(), record.begin(), record.end());
    ExpectRefused(ParseEventLog(bytes));
  }
}

TEST(EventLogParse, AcceptsDigestsInAnotherOrder) {
  Bytes bytes = TwoBanks().SpecId().Take();
  const Bytes record = LogBuilder({{0x000b, 32}, {0x0004, 20}}).Record(7, 4, kSeparator).Take();
  bytes.insert(bytes.end(), record.begin(), record.end());

  const auto log = ParseEventLog(bytes);

  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(ReplayPcrs(*log).at(kSha256).at(7), Extended(kSha256, Bytes(32), kSeparator));
}

TEST(EventLogParse, StepsOverABankThatIsUnknownHere) {
  const auto log = ParseEventLog(
      LogBuilder({{0x0012, 32}, {0x000b, 32}}).SpecId().Record(7, 4, kSeparator).Take());

  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(log->banks, std::vector{kSha256});
  ASSERT_EQ(log->events[1].digests.size(), 1U);
  EXPECT_EQ(log->events[1].digests[0].value, crypto::Sha256(kSeparator));
}

TEST(EventLogParse, RejectsDigestSizesThatAreWrong) {
  ExpectRefused(ParseEventLog(LogBuilder({{0x000b, 31}}).SpecId().Take()));
  ExpectRefused(ParseEventLog(LogBuilder({{0x000b, 48}}).SpecId().Take()));
  ExpectRefused(ParseEventLog(LogBuilder({{0x0012, 0}}).SpecId().Take()));
  EXPECT_THAT(ParseEventLog(LogBuilder({{0x0012, 64}}).SpecId().Take()), Succeeds());
  ExpectRefused(ParseEventLog(LogBuilder({{0x0012, 65}}).SpecId().Take()));
}

TEST(EventLogParse, RejectsNoneTooManyOrRepeatedAlgorithms) {
  ExpectRefused(ParseEventLog(LogBuilder({}).SpecId().Take()));
  ExpectRefused(ParseEventLog(LogBuilder({{0x000b, 32}, {0x000b, 32}}).SpecId().Take()));
  testing::LogAlgorithms many;
  for (std::uint16_t i = 0; i < 16; ++i) {
    many.emplace_back(static_cast<std::uint16_t>(0x0100 + i), std::uint16_t{8});
  }
  EXPECT_THAT(ParseEventLog(LogBuilder(many).SpecId().Take()), Succeeds());
  many.emplace_back(std::uint16_t{0x0200}, std::uint16_t{8});
  ExpectRefused(ParseEventLog(LogBuilder(many).SpecId().Take()));
}

TEST(EventLogParse, RejectsAnotherVersionOfTheFirstRecord) {
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.major = 1}).Take()));
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.major = 3}).Take()));
  EXPECT_THAT(ParseEventLog(TwoBanks().SpecId({.uintn = 1}).Take()), Succeeds());
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.uintn = 0}).Take()));
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.uintn = 3}).Take()));
}

TEST(EventLogParse, AcceptsVendorInformationOfItsSizeOnly) {
  EXPECT_THAT(ParseEventLog(TwoBanks().SpecId({.vendor = "abc"}).Take()), Succeeds());
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.vendor = "abc", .vendor_size = 2}).Take()));
  ExpectRefused(ParseEventLog(TwoBanks().SpecId({.vendor = "abc", .vendor_size = 4}).Take()));
}

Bytes Locality(int value) {
  Bytes data = BytesOf(std::string_view("StartupLocality\0", 16));
  data.push_back(static_cast<std::byte>(value));
  return data;
}

TEST(EventLogReplay, BeginsPcr0WithTheStartupLocality) {
  for (const int locality : {0, 3, 4}) {
    const auto log = ParseEventLog(TwoBanks()
                                       .SpecId()
                                       .Record(0, kEventNoAction, Locality(locality))
                                       .Record(0, 4, kSeparator)
                                       .Record(1, 4, kSeparator)
                                       .Take());
    ASSERT_THAT(log, Succeeds());
    Bytes initial(32);
    initial.back() = static_cast<std::byte>(locality);

    const PcrValues values = ReplayPcrs(*log);

    EXPECT_EQ(values.at(kSha256).at(0), Extended(kSha256, initial, kSeparator)) << locality;
    EXPECT_EQ(values.at(kSha256).at(1), Extended(kSha256, Bytes(32), kSeparator));
  }
}

TEST(EventLogReplay, RejectsLocalitiesThatDoNotStartATpm) {
  for (const int locality : {1, 2, 5, 255}) {
    ExpectRefused(
        ParseEventLog(TwoBanks().SpecId().Record(0, kEventNoAction, Locality(locality)).Take()));
  }
}

TEST(EventLogReplay, RejectsALocalityOutOfPlace) {
  const auto record = [](LogBuilder builder) { return std::move(builder).Take(); };
  // After PCR 0 was extended, twice, in another PCR, and with a byte too many.
  ExpectRefused(ParseEventLog(
      record(TwoBanks().SpecId().Record(0, 4, kSeparator).Record(0, kEventNoAction, Locality(3)))));
  ExpectRefused(ParseEventLog(record(TwoBanks()
                                         .SpecId()
                                         .Record(0, kEventNoAction, Locality(3))
                                         .Record(0, kEventNoAction, Locality(3)))));
  ExpectRefused(ParseEventLog(record(TwoBanks().SpecId().Record(1, kEventNoAction, Locality(3)))));
  Bytes longer = Locality(3);
  longer.push_back(std::byte{0});
  ExpectRefused(ParseEventLog(record(TwoBanks().SpecId().Record(0, kEventNoAction, longer))));
}

TEST(EventLogReplay, LeavesOutPcrsThatAreNotExtended) {
  const auto log = ParseEventLog(TwoBanks()
                                     .SpecId()
                                     .Record(5, kEventNoAction, BytesOf("note"))
                                     .Record(7, 4, kSeparator)
                                     .Take());

  const PcrValues values = ReplayPcrs(log.value());

  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values.at(kSha256).size(), 1U);
  EXPECT_TRUE(values.at(kSha256).contains(7));
}

TEST(EventLogReplay, ExtendsInTheOrderOfTheLog) {
  const Bytes a = BytesOf("a");
  const Bytes b = BytesOf("b");
  const auto value = [](const Bytes& first, const Bytes& second) {
    const auto log =
        ParseEventLog(TwoBanks().SpecId().Record(4, 1, first).Record(4, 1, second).Take());
    return ReplayPcrs(log.value()).at(kSha256).at(4);
  };

  EXPECT_EQ(value(a, b), Extended(kSha256, Extended(kSha256, Bytes(32), a), b));
  EXPECT_NE(value(a, b), value(b, a));
}

TEST(EventLogReplay, KnowsTheValuesAfterAReset) {
  for (unsigned pcr = 0; pcr < 24; ++pcr) {
    const bool ones = pcr >= 17 && pcr <= 22;
    EXPECT_EQ(PcrResetValue(kSha256, pcr), Filled(32, ones ? 0xff : 0)) << pcr;
    EXPECT_EQ(PcrResetValue(kSha384, pcr).size(), 48U);
  }
  const auto log = ParseEventLog(TwoBanks().SpecId().Record(17, 1, BytesOf("a")).Take());
  EXPECT_EQ(ReplayPcrs(log.value()).at(kSha256).at(17),
            Extended(kSha256, Filled(32, 0xff), BytesOf("a")));
}

TEST(EventLogReplay, EveryFlippedByteOfARecordShows) {
  const Bytes good = TwoBanks().SpecId().Record(7, 1, BytesOf("data")).Take();
  const EventLog original = ParseEventLog(good).value();
  const std::size_t head = TwoBanks().SpecId().Take().size();

  for (std::size_t i = head; i < good.size(); ++i) {
    Bytes changed = good;
    changed[i] ^= std::byte{1};
    const auto log = ParseEventLog(changed);
    if (!log) continue;
    // What still parses replays to other values, or says something else of no consequence: the
    // type and the data of a record are not extended.
    const bool same_values = ReplayPcrs(*log) == ReplayPcrs(original);
    const bool type_or_data = log->events[1].type != original.events[1].type ||
                              log->events[1].data != original.events[1].data;
    EXPECT_NE(same_values, !type_or_data) << i;
  }
}

TEST(CcEventLog, ReplaysIntoTheRegistersByIndex) {
  const auto log = ParseCcEventLog(CcLog()
                                       .SpecId()
                                       .Record(1, 1, BytesOf("a"))
                                       .Record(2, 1, BytesOf("b"))
                                       .Record(4, 1, BytesOf("c"))
                                       .Take());
  ASSERT_THAT(log, Succeeds());

  const Rtmrs rtmrs = ReplayRtmrs(*log);

  const auto expected = [](std::string_view data) {
    return crypto::HexEncode(Extended(kSha384, Bytes(48), BytesOf(data)));
  };
  EXPECT_EQ(crypto::HexEncode(rtmrs[0]), expected("a"));
  EXPECT_EQ(crypto::HexEncode(rtmrs[1]), expected("b"));
  EXPECT_EQ(crypto::HexEncode(rtmrs[2]), std::string(96, '0'));
  EXPECT_EQ(crypto::HexEncode(rtmrs[3]), expected("c"));
}

TEST(CcEventLog, DoesNotExtendNotes) {
  const auto log = ParseCcEventLog(CcLog()
                                       .SpecId({.index = 1})
                                       .Record(0, kEventNoAction, BytesOf("a"))
                                       .Record(1, kEventNoAction, BytesOf("b"))
                                       .Take());
  ASSERT_THAT(log, Succeeds());
  EXPECT_EQ(ReplayRtmrs(*log), Rtmrs{});
}

TEST(CcEventLog, RejectsARecordThatExtendsMrtd) {
  ExpectRefused(ParseCcEventLog(CcLog().SpecId().Record(0, 4, kSeparator).Take()));
}

TEST(CcEventLog, RejectsARegisterThatDoesNotExist) {
  EXPECT_THAT(ParseCcEventLog(CcLog().SpecId().Record(4, 4, kSeparator).Take()), Succeeds());
  ExpectRefused(ParseCcEventLog(CcLog().SpecId().Record(5, 4, kSeparator).Take()));
}

TEST(CcEventLog, EndsAtPadding) {
  const Bytes log = CcLog().SpecId().Record(1, 4, kSeparator).Take();
  for (const int fill : {0x00, 0xff}) {
    for (const std::size_t count : {1U, 3U, 4U, 11U, 12U, 13U, 4096U}) {
      Bytes padded = log;
      padded.resize(log.size() + count, static_cast<std::byte>(fill));

      const auto parsed = ParseCcEventLog(padded);

      ASSERT_THAT(parsed, Succeeds()) << fill << " x " << count;
      EXPECT_EQ(parsed->size_bytes, log.size());
      EXPECT_EQ(parsed->events.size(), 2U);
    }
  }
}

TEST(CcEventLog, RejectsARecordThatIsCutOff) {
  const std::size_t head = CcLog().SpecId().Take().size();
  const Bytes bytes = CcLog().SpecId().Record(1, 0x0a, BytesOf("flags")).Take();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    if (size == head) continue;
    ExpectRefused(ParseCcEventLog(std::span(bytes).first(size)));
  }
}

TEST(CcEventLog, WantsSha384Alone) {
  ExpectRefused(ParseCcEventLog(LogBuilder({{0x000b, 32}}).SpecId().Take()));
  ExpectRefused(ParseCcEventLog(LogBuilder({{0x000b, 32}, {0x000c, 48}}).SpecId().Take()));
  ExpectRefused(ParseCcEventLog(LogBuilder({}).OldRecord(1, 4, kSeparator).Take()));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
