// Every input of every scheme, changed alone.
#include <gtest/gtest.h>

#include <set>

#include "attestation/vtpm/binding.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using testing::Bytes;
using testing::BytesOf;
using testing::Filled;
using ::testing::HasSubstr;
using testing::Numbers;

const Bytes kNonce = Filled(64, 0x5c);
const Bytes kArea = BytesOf("a public area");
const Bytes kTls = BytesOf("a TLS key");

using Scheme = Result<ReportData> (*)(const Bytes& nonce, const Bytes& key);

struct NamedScheme {
  const char* name;
  Scheme scheme;
};

constexpr NamedScheme kSchemes[] = {
    {"SVSM", [](const Bytes& nonce, const Bytes& key) { return SvsmReportData(nonce, key); }},
    {"agent", [](const Bytes& nonce, const Bytes& key) { return AgentReportData(nonce, key); }},
    {"own",
     [](const Bytes& nonce, const Bytes& key) { return BoundKeyReportData(nonce, key, {}); }},
    {"own with TLS",
     [](const Bytes& nonce, const Bytes& key) { return BoundKeyReportData(nonce, key, kTls); }},
};

TEST(BindingSchemes, EveryByteOfNonceAndKeyCounts) {
  for (const NamedScheme& scheme : kSchemes) {
    std::set<ReportData> seen = {scheme.scheme(kNonce, kArea).value()};
    for (std::size_t i = 0; i < kNonce.size(); ++i) {
      Bytes nonce = kNonce;
      nonce[i] ^= std::byte{1};
      EXPECT_TRUE(seen.insert(scheme.scheme(nonce, kArea).value()).second) << scheme.name << i;
    }
    for (std::size_t i = 0; i < kArea.size(); ++i) {
      Bytes area = kArea;
      area[i] ^= std::byte{1};
      EXPECT_TRUE(seen.insert(scheme.scheme(kNonce, area).value()).second) << scheme.name << i;
    }
  }
}

TEST(BindingSchemes, EveryCutOfTheKeyCounts) {
  for (const NamedScheme& scheme : kSchemes) {
    std::set<ReportData> seen;
    for (std::size_t size = 1; size <= kArea.size(); ++size) {
      const Bytes part(kArea.begin(), kArea.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_TRUE(seen.insert(scheme.scheme(kNonce, part).value()).second) << scheme.name << size;
    }
  }
}

TEST(BindingSchemes, NoSchemePassesForAnother) {
  std::set<ReportData> seen;
  for (const NamedScheme& scheme : kSchemes) {
    EXPECT_TRUE(seen.insert(scheme.scheme(kNonce, kArea).value()).second) << scheme.name;
  }
  EXPECT_TRUE(seen.insert(AgentReportData(kNonce).value()).second);
}

TEST(BindingSchemes, AreTheSameEachTime) {
  for (const NamedScheme& scheme : kSchemes) {
    EXPECT_EQ(scheme.scheme(kNonce, kArea).value(), scheme.scheme(kNonce, kArea).value());
  }
}

TEST(BindingSchemes, NonceOf64BytesIsAcceptedByAllAndLongerByNone) {
  for (const NamedScheme& scheme : kSchemes) {
    EXPECT_THAT(scheme.scheme(Filled(64, 1), kArea), Succeeds()) << scheme.name;
    EXPECT_THAT(scheme.scheme(Filled(65, 1), kArea),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("65 bytes, want")))
        << scheme.name;
  }
}

TEST(BindingSchemes, ShortNoncesAreTheAgentsAlone) {
  for (const std::size_t size : {0U, 1U, 32U, 63U}) {
    EXPECT_THAT(SvsmReportData(Filled(size, 1), kArea),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 64")));
    EXPECT_THAT(BoundKeyReportData(Filled(size, 1), kArea, {}),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 64")));
    EXPECT_THAT(AgentReportData(Filled(size, 1), kArea), Succeeds());
  }
}

TEST(BindingSchemes, AgentNoncesThatDifferInPaddingAloneAreTheSame) {
  // Upstream pads at the boundary of its RPC: what was sent cannot be told from the padded form.
  Bytes padded = Filled(32, 7);
  padded.resize(64);
  EXPECT_EQ(AgentReportData(Filled(32, 7), kArea).value(), AgentReportData(padded, kArea).value());
  EXPECT_EQ(AgentReportData(Filled(32, 7)).value(), AgentReportData(padded).value());
}

TEST(BindingSchemes, NoKeyIsNoBinding) {
  EXPECT_THAT(AgentReportData(kNonce, {}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("public area: empty")));
  EXPECT_THAT(BoundKeyReportData(kNonce, {}, kTls),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("public area: empty")));
}

TEST(BindingSchemes, MismatchShowsBothValues) {
  const ReportData expected = AgentReportData(kNonce).value();
  const auto checked = CheckReportData(expected, Filled(64, 0xab));
  EXPECT_THAT(checked, FailsWith(ErrorCode::kUntrusted, HasSubstr("want 5c5c5c")));
  EXPECT_THAT(checked, FailsWith(ErrorCode::kUntrusted, HasSubstr("ababab")));
}

// Places in a manifest of one service.
constexpr std::size_t kSizeAt = 16;
constexpr std::size_t kCountAt = 20;
constexpr std::size_t kOffsetAt = 24 + 16;
constexpr std::size_t kDataSizeAt = 24 + 20;

class ManifestLimits : public ::testing::Test {
 protected:
  Bytes With(std::size_t at, std::uint32_t value) const {
    Bytes changed = manifest_;
    for (std::size_t i = 0; i < 4; ++i) changed[at + i] = static_cast<std::byte>(value >> (8 * i));
    return changed;
  }

  const std::vector<ServiceManifest> services_ = {{kVtpmServiceGuid, kArea}};
  const Bytes manifest_ = WriteServicesManifest(services_);
  const std::uint32_t size_ = static_cast<std::uint32_t>(manifest_.size());
};

TEST_F(ManifestLimits, HeadNamesTableSizeAndCount) {
  ASSERT_THAT(ParseServicesManifest(manifest_), Succeeds());
  EXPECT_THAT(ParseServicesManifest(With(0, 0)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("no table of services")));
  EXPECT_THAT(ParseServicesManifest(With(kSizeAt, size_ - 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("says 60 bytes, has 61")));
  EXPECT_THAT(ParseServicesManifest(With(kCountAt, 17)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("17 services, want at most 16")));
  EXPECT_THAT(ParseServicesManifest(With(kCountAt, 0xffffffff)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseServicesManifest(With(kCountAt, 0)), FailsWith(ErrorCode::kMalformed));
}

TEST_F(ManifestLimits, DataStandWhereTheRowSays) {
  for (const std::uint32_t offset : {0U, 24U, 47U, 49U, size_, 0xffffffffU}) {
    EXPECT_THAT(ParseServicesManifest(With(kOffsetAt, offset)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("want 48")))
        << offset;
  }
  for (const std::uint32_t size : {0U, 12U, 14U, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_THAT(ParseServicesManifest(With(kDataSizeAt, size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST_F(ManifestLimits, LargestManifestIsReadAndNoLarger) {
  const std::vector<ServiceManifest> largest = {{kVtpmServiceGuid, Filled(65536 - 48, 1)}};
  const std::vector<ServiceManifest> larger = {{kVtpmServiceGuid, Filled(65536 - 47, 1)}};
  EXPECT_THAT(ParseServicesManifest(WriteServicesManifest(largest)), Succeeds());
  EXPECT_THAT(ParseServicesManifest(WriteServicesManifest(larger)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("65537 bytes, want at most 65536")));
}

TEST_F(ManifestLimits, NoServicesAreAManifest) {
  const auto services = ParseServicesManifest(WriteServicesManifest({}));
  ASSERT_THAT(services, Succeeds());
  EXPECT_TRUE(services->empty());
}

TEST_F(ManifestLimits, RandomManifestsComeBackAsTheyWereWritten) {
  Numbers random(20260105);
  for (int round = 0; round < 200; ++round) {
    std::vector<ServiceManifest> written;
    for (unsigned i = random.Below(17); i > 0; --i) {
      Guid guid{};
      guid.fill(static_cast<std::byte>(i));
      written.push_back({guid, Filled(random.Below(300), static_cast<int>(random.Below(256)))});
    }

    const auto read = ParseServicesManifest(WriteServicesManifest(written));

    ASSERT_THAT(read, Succeeds()) << round;
    ASSERT_EQ(read->size(), written.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
      EXPECT_EQ((*read)[i].service, written[i].service);
      EXPECT_EQ((*read)[i].data, written[i].data);
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::vtpm
