#include "attestation/vtpm/binding.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::BytesOf;
using testing::Filled;
using ::testing::HasSubstr;

const Bytes kNonce = Filled(64, 0x5c);
const Bytes kArea = BytesOf("a public area");

Bytes Joined(std::initializer_list<Bytes> parts) {
  Bytes joined;
  for (const Bytes& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

std::string Hex(const Result<ReportData>& report_data) {
  return crypto::HexEncode(report_data.value());
}

TEST(SvsmReportData, IsSha512OverNonceAndManifest) {
  EXPECT_EQ(Hex(SvsmReportData(kNonce, kArea)),
            crypto::HexEncode(crypto::DigestOf(DigestAlgorithm::kSha512, Joined({kNonce, kArea}))));
}

TEST(SvsmReportData, WantsANonceOf64Bytes) {
  EXPECT_THAT(SvsmReportData(Filled(63, 1), kArea), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(SvsmReportData(Filled(65, 1), kArea), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(AgentReportData, WithoutKeyIsThePaddedNonce) {
  const auto report_data = AgentReportData(BytesOf("abc"));
  ASSERT_THAT(report_data, Succeeds());
  EXPECT_EQ(crypto::HexEncode(*report_data), "616263" + std::string(122, '0'));
}

TEST(AgentReportData, TakesNoncesUpTo64Bytes) {
  EXPECT_EQ(Hex(AgentReportData(kNonce)), crypto::HexEncode(kNonce));
  EXPECT_THAT(AgentReportData(Filled(65, 1)),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("65")));
  EXPECT_THAT(AgentReportData(Filled(65, 1), kArea), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(AgentReportData, WithKeyIsSha3OverThePaddedNonceAndTheArea) {
  Bytes padded = BytesOf("abc");
  padded.resize(64);
  EXPECT_EQ(
      Hex(AgentReportData(BytesOf("abc"), kArea)),
      crypto::HexEncode(crypto::DigestOf(DigestAlgorithm::kSha3_512, Joined({padded, kArea}))));
  EXPECT_NE(Hex(AgentReportData(BytesOf("abc"), kArea)),
            crypto::HexEncode(crypto::DigestOf(DigestAlgorithm::kSha512, Joined({padded, kArea}))));
}

TEST(BoundKeyReportData, IsSha512OverLabelNonceSizeAreaAndTlsKey) {
  const Bytes tls = BytesOf("tls key");
  ByteWriter message;
  message.Text(std::string_view("cocos-manager vTPM binding 1\0", 29)).Bytes(kNonce);
  message.Be(static_cast<std::uint32_t>(kArea.size())).Bytes(kArea).Bytes(tls);

  EXPECT_EQ(Hex(BoundKeyReportData(kNonce, kArea, tls)),
            crypto::HexEncode(crypto::DigestOf(DigestAlgorithm::kSha512, message.view())));
}

TEST(BoundKeyReportData, TellsApartWhereTheAreaEnds) {
  EXPECT_NE(Hex(BoundKeyReportData(kNonce, BytesOf("ab"), BytesOf("c"))),
            Hex(BoundKeyReportData(kNonce, BytesOf("a"), BytesOf("bc"))));
  EXPECT_NE(Hex(BoundKeyReportData(kNonce, BytesOf("abc"), {})),
            Hex(BoundKeyReportData(kNonce, BytesOf("ab"), BytesOf("c"))));
}

TEST(BoundKeyReportData, WantsANonceAndAKey) {
  EXPECT_THAT(BoundKeyReportData(kNonce, {}, {}), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(BoundKeyReportData(Filled(32, 1), kArea, {}), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(CheckReportData, RefusesAnyOtherByteAndAnyOtherSize) {
  const ReportData expected = AgentReportData(kNonce).value();
  Bytes actual = kNonce;
  ASSERT_THAT(CheckReportData(expected, actual), Succeeds());

  for (std::byte& byte : actual) {
    byte ^= std::byte{1};
    const auto checked = CheckReportData(expected, actual);
    ASSERT_THAT(checked, FailsWith(ErrorCode::kUntrusted));
    EXPECT_EQ(checked.error().reason(), "binding-mismatch");
    byte ^= std::byte{1};
  }
  actual.pop_back();
  EXPECT_THAT(CheckReportData(expected, actual), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(CheckReportData(expected, {}), FailsWith(ErrorCode::kUntrusted));
}

class ServicesManifest : public ::testing::Test {
 protected:
  static Guid Service(int value) {
    Guid guid{};
    guid.fill(static_cast<std::byte>(value));
    return guid;
  }

  const std::vector<ServiceManifest> services_ = {{kVtpmServiceGuid, kArea},
                                                  {Service(2), BytesOf("other")}};
  const Bytes bytes_ = WriteServicesManifest(services_);
};

TEST_F(ServicesManifest, ReadsWhatIsWritten) {
  const auto parsed = ParseServicesManifest(bytes_);

  ASSERT_THAT(parsed, Succeeds());
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].service, kVtpmServiceGuid);
  EXPECT_EQ((*parsed)[0].data, kArea);
  EXPECT_EQ((*parsed)[1].data, BytesOf("other"));
}

TEST_F(ServicesManifest, RejectsAnyTruncationAndOneByteMore) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_THAT(ParseServicesManifest(std::span(bytes_).first(size)),
                FailsWith(ErrorCode::kMalformed))
        << size;
  }
  Bytes longer = bytes_;
  longer.push_back(std::byte{0});
  EXPECT_THAT(ParseServicesManifest(longer), FailsWith(ErrorCode::kMalformed));
}

TEST_F(ServicesManifest, EveryFlippedByteIsRefusedOrReadsDifferently) {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    Bytes changed = bytes_;
    changed[i] ^= std::byte{0x11};
    const auto parsed = ParseServicesManifest(changed);
    // The table has one way to be written: what is accepted writes back to the same bytes.
    if (parsed) {
      EXPECT_EQ(WriteServicesManifest(*parsed), changed) << i;
    }
  }
}

TEST_F(ServicesManifest, RejectsAServiceThatOccursTwice) {
  const std::vector<ServiceManifest> twice = {services_[0], services_[0]};
  EXPECT_THAT(ParseServicesManifest(WriteServicesManifest(twice)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST_F(ServicesManifest, RejectsMoreServicesThanAnySvsmHas) {
  std::vector<ServiceManifest> many;
  for (int i = 0; i < 16; ++i) many.push_back({Service(i), {}});
  EXPECT_THAT(ParseServicesManifest(WriteServicesManifest(many)), Succeeds());
  many.push_back({Service(16), {}});
  EXPECT_THAT(ParseServicesManifest(WriteServicesManifest(many)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("17 services")));
}

TEST_F(ServicesManifest, RejectsDataThatOverlap) {
  Bytes changed = bytes_;
  // The second row's offset points at the first row's data.
  changed[24 + 24 + 16] = changed[24 + 16];
  EXPECT_THAT(ParseServicesManifest(changed), FailsWith(ErrorCode::kMalformed));
}

TEST(EndorsementKey, NeedsTheAttributesOfOne) {
  PublicArea area;
  area.attributes = ObjectAttributes(testing::kEkAttributes);
  ASSERT_THAT(CheckEndorsementKey(area), Succeeds());

  for (const unsigned bit : {1U, 4U, 5U, 16U, 17U, 18U}) {
    area.attributes = ObjectAttributes(testing::kEkAttributes ^ std::uint32_t{1} << bit);
    EXPECT_THAT(CheckEndorsementKey(area), FailsWith(ErrorCode::kUntrusted)) << bit;
  }
}

TEST(EndorsementKey, IsNoAttestationKey) {
  PublicArea area;
  area.attributes = ObjectAttributes(testing::kAkAttributes);
  EXPECT_THAT(CheckEndorsementKey(area), FailsWith(ErrorCode::kUntrusted));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
