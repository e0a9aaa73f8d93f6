#include "attestation/tdx/pck.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using Entries = std::vector<der::Bytes>;

// Where the required entries stand in what SgxExtension makes.
enum Position { kPpid, kTcb, kPceId, kFmspc, kSgxType };

Result<PckInfo> ParseWith(const std::function<void(Entries&)>& change) {
  return ParseSgxExtension(SgxExtension(GoodPckInfo(), change));
}

void ExpectRefused(const std::function<void(Entries&)>& change, const std::string& text) {
  const Result<PckInfo> info = ParseWith(change);
  EXPECT_THAT(info, FailsWith(ErrorCode::kMalformed, HasSubstr(text)));
  EXPECT_EQ(info.error().reason(), "UnsupportedQuote");
}

Entries TcbEntries(std::uint64_t value = 1) {
  Entries tcb;
  for (unsigned i = 1; i <= 17; ++i) {
    tcb.push_back(SgxEntry(fmt::format("2.{}", i), der::Integer(value)));
  }
  tcb.push_back(SgxEntry("2.18", der::OctetString(der::Bytes(16))));
  return tcb;
}

void SetTcb(Entries& entries, const Entries& tcb) {
  entries[kTcb] = SgxEntry("2", der::Sequence(tcb));
}

TEST(TdxPck, ReadsWhatTheCertificateSays) {
  PckInfo wanted = GoodPckInfo();
  for (unsigned i = 0; i < 16; ++i) wanted.sgx_svns[i] = static_cast<std::uint8_t>(i * 17);
  wanted.pce_svn = 0xfffe;
  wanted.ppid.fill(std::byte{1});
  wanted.cpu_svn.fill(std::byte{2});
  wanted.pce_id.fill(std::byte{3});

  const Result<PckInfo> info = ParseSgxExtension(SgxExtension(wanted));

  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->ppid, wanted.ppid);
  EXPECT_EQ(info->sgx_svns, wanted.sgx_svns);
  EXPECT_EQ(info->pce_svn, wanted.pce_svn);
  EXPECT_EQ(info->cpu_svn, wanted.cpu_svn);
  EXPECT_EQ(info->pce_id, wanted.pce_id);
  EXPECT_EQ(info->fmspc, wanted.fmspc);
  EXPECT_EQ(info->sgx_type, SgxType::kScalable);
  EXPECT_FALSE(info->platform_instance_id.has_value());
  EXPECT_FALSE(info->configuration.has_value());
}

TEST(TdxPck, ReadsWhatPlatformCertificatesAdd) {
  const Result<PckInfo> info = ParseWith([](Entries& entries) {
    entries.push_back(SgxEntry("6", der::OctetString(der::Bytes(16, std::byte{6}))));
    entries.push_back(SgxEntry("7", der::Sequence({SgxEntry("7.1", der::Boolean(true)),
                                                   SgxEntry("7.2", der::Boolean(false))})));
  });

  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->platform_instance_id.value()[15], std::byte{6});
  EXPECT_EQ(info->configuration.value(),
            (PlatformConfiguration{.dynamic_platform = true, .cached_keys = false}));
}

TEST(TdxPck, FindsEntriesWhateverTheirOrder) {
  EXPECT_THAT(ParseWith([](Entries& entries) { std::reverse(entries.begin(), entries.end()); }),
              Succeeds());
  EXPECT_THAT(ParseWith([](Entries& entries) {
                Entries tcb = TcbEntries();
                std::reverse(tcb.begin(), tcb.end());
                SetTcb(entries, tcb);
              }),
              Succeeds());
}

TEST(TdxPck, IgnoresEntriesThatItDoesNotKnow) {
  EXPECT_THAT(
      ParseWith([](Entries& entries) { entries.push_back(SgxEntry("99", der::Integer(1))); }),
      Succeeds());
}

TEST(TdxPck, RefusesAMissingEntry) {
  for (const Position position : {kPpid, kTcb, kPceId, kFmspc, kSgxType}) {
    ExpectRefused([=](Entries& entries) { entries.erase(entries.begin() + position); },
                  fmt::format(".{} is missing", static_cast<int>(position) + 1));
  }
  for (std::size_t i = 0; i < 18; ++i) {
    ExpectRefused(
        [=](Entries& entries) {
          Entries tcb = TcbEntries();
          tcb.erase(tcb.begin() + static_cast<std::ptrdiff_t>(i));
          SetTcb(entries, tcb);
        },
        fmt::format(".2.{} is missing", i + 1));
  }
}

TEST(TdxPck, RefusesAnEntryThatIsThereTwice) {
  for (const Position position : {kPpid, kTcb, kPceId, kFmspc, kSgxType}) {
    ExpectRefused([=](Entries& entries) { entries.push_back(entries[position]); }, "twice");
  }
  ExpectRefused(
      [](Entries& entries) {
        Entries tcb = TcbEntries();
        tcb.push_back(tcb.front());
        SetTcb(entries, tcb);
      },
      "twice");
}

TEST(TdxPck, RefusesOtherSizes) {
  const auto octets = [](std::string_view number, std::size_t size) {
    return SgxEntry(number, der::OctetString(der::Bytes(size)));
  };
  for (const std::size_t size : {15U, 17U}) {
    ExpectRefused([&](Entries& entries) { entries[kPpid] = octets("1", size); }, "want 16");
    ExpectRefused([&](Entries& entries) { entries.push_back(octets("6", size)); }, "want 16");
  }
  for (const std::size_t size : {1U, 3U}) {
    ExpectRefused([&](Entries& entries) { entries[kPceId] = octets("3", size); }, "want 2");
  }
  for (const std::size_t size : {5U, 7U}) {
    ExpectRefused([&](Entries& entries) { entries[kFmspc] = octets("4", size); }, "want 6");
  }
}

TEST(TdxPck, RefusesOtherTypes) {
  ExpectRefused([](Entries& entries) { entries[kPpid] = SgxEntry("1", der::Integer(1)); }, "type");
  ExpectRefused([](Entries& entries) { entries[kTcb] = SgxEntry("2", der::Integer(1)); }, "type");
  ExpectRefused([](Entries& entries) { entries[kSgxType] = SgxEntry("5", der::Integer(1)); },
                "type");
  ExpectRefused([](Entries& entries) { entries.push_back(SgxEntry("7", der::Integer(1))); },
                "sequence");
}

TEST(TdxPck, BoundsNumbers) {
  const auto with_svn = [](std::uint64_t value) {
    return ParseWith([=](Entries& entries) {
      Entries tcb = TcbEntries();
      tcb[0] = SgxEntry("2.1", der::Integer(value));
      SetTcb(entries, tcb);
    });
  };
  const auto with_pce_svn = [](std::uint64_t value) {
    return ParseWith([=](Entries& entries) {
      Entries tcb = TcbEntries();
      tcb[16] = SgxEntry("2.17", der::Integer(value));
      SetTcb(entries, tcb);
    });
  };

  EXPECT_EQ(with_svn(255)->sgx_svns[0], 255);
  EXPECT_THAT(with_svn(256), FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(with_pce_svn(65535)->pce_svn, 65535);
  EXPECT_THAT(with_pce_svn(65536), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(
      ParseWith([](Entries& entries) { entries[kSgxType] = SgxEntry("5", der::Enumerated(2)); }),
      Succeeds());
  ExpectRefused([](Entries& entries) { entries[kSgxType] = SgxEntry("5", der::Enumerated(3)); },
                "3");
}

TEST(TdxPck, RefusesANegativeSvn) {
  ExpectRefused(
      [](Entries& entries) {
        Entries tcb = TcbEntries();
        tcb[0] = SgxEntry("2.1", der::Tlv(0x02, {std::byte{0xff}}));
        SetTcb(entries, tcb);
      },
      "negative");
}

TEST(TdxPck, RefusesWhatIsNoListOfPairs) {
  ExpectRefused([](Entries& entries) { entries.push_back(der::Integer(1)); }, "pairs");
  ExpectRefused([](Entries& entries) { entries.push_back(der::Sequence({der::Integer(1)})); },
                "pairs");
  ExpectRefused(
      [](Entries& entries) {
        entries.push_back(der::Sequence({der::Integer(1), der::Integer(2)}));
      },
      "pairs");
  EXPECT_THAT(ParseSgxExtension(der::Integer(1)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseSgxExtension({}), FailsWith(ErrorCode::kMalformed));
}

// A NULL has no content to look at; it once was looked at nevertheless.
TEST(TdxPck, RefusesANullWhereAValueShouldBe) {
  const der::Bytes null = der::Tlv(0x05, {});
  ExpectRefused([&](Entries& entries) { entries[kPpid] = SgxEntry("1", null); }, "type");
  ExpectRefused([&](Entries& entries) { entries[kTcb] = SgxEntry("2", null); }, "type");
  EXPECT_THAT(ParseSgxExtension(null), FailsWith(ErrorCode::kMalformed));
}

TEST(TdxPck, RefusesEveryShorterExtension) {
  const der::Bytes whole = SgxExtension(GoodPckInfo());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_THAT(ParseSgxExtension(std::span(whole).first(size)), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(TdxPck, IsReadFromACertificate) {
  const TestPlatform platform;

  EXPECT_THAT(ParsePckInfo(platform.Pck()), Succeeds());
  const Result<PckInfo> none = ParsePckInfo(platform.Root());
  EXPECT_THAT(none, FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(none.error().reason(), "UnsupportedQuote");
}

}  // namespace
}  // namespace cocos::attestation::tdx
