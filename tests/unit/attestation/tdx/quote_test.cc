#include "attestation/tdx/quote.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using Bytes = std::vector<std::byte>;

// A quote of given parts; the values are well-formed and the signatures are not.
struct QuoteParts {
  std::uint16_t version = 4;
  std::uint16_t key_type = 2;
  std::uint32_t tee_type = 0x81;
  std::uint8_t vendor_first = 0x93;
  std::uint16_t body_type = 2;          // version 5 alone
  std::uint32_t body_size = 584;        // as stated, version 5 alone
  std::size_t body_bytes = 584;         // as there are
  std::int32_t signature_size_off = 0;  // what is stated beyond what there is
  std::uint16_t outer_type = 6;
  std::int32_t outer_size_off = 0;
  Bytes qe_report = Bytes(384);
  std::size_t authentication_size = 32;
  std::int32_t authentication_size_off = 0;
  std::uint16_t inner_type = 5;
  std::int32_t inner_size_off = 0;
  std::size_t certificate_size = 20;
  std::size_t tail = 0;
};

template <typename T>
T Off(std::size_t size, std::int32_t off) {
  return static_cast<T>(static_cast<std::int64_t>(size) + off);
}

// Bytes that all differ from their neighbours, so that a field read at a wrong place shows.
Bytes Ramp(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
  return bytes;
}

Bytes QuoteOf(const QuoteParts& parts) {
  ByteWriter inner;
  inner.Bytes(parts.qe_report).Bytes(Bytes(64, std::byte{0xb1}));
  inner.Le(Off<std::uint16_t>(parts.authentication_size, parts.authentication_size_off));
  inner.Bytes(Bytes(parts.authentication_size, std::byte{0xa0})).Le(parts.inner_type);
  inner.Le(Off<std::uint32_t>(parts.certificate_size, parts.inner_size_off));
  inner.Bytes(Bytes(parts.certificate_size, std::byte{0xce}));

  ByteWriter outer;
  outer.Bytes(Bytes(64, std::byte{0x51})).Bytes(Bytes(64, std::byte{0x4b})).Le(parts.outer_type);
  outer.Le(Off<std::uint32_t>(inner.size(), parts.outer_size_off)).Bytes(inner.view());

  ByteWriter quote;
  quote.Le(parts.version).Le(parts.key_type).Le(parts.tee_type);
  quote.Le(std::uint16_t{0x0201}).Le(std::uint16_t{0x0403}).Le(parts.vendor_first);
  const std::array<std::uint8_t, 15> vendor = {0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94,
                                               0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
  quote.Bytes(std::as_bytes(std::span(vendor))).Bytes(Bytes(20, std::byte{0xda}));
  if (parts.version == 5) quote.Le(parts.body_type).Le(parts.body_size);
  quote.Bytes(Ramp(parts.body_bytes));
  quote.Le(Off<std::uint32_t>(outer.size(), parts.signature_size_off)).Bytes(outer.view());
  quote.Zeros(parts.tail);
  return std::move(quote).Take();
}

QuoteParts TdReport15Parts() {
  return {.version = 5, .body_type = 3, .body_size = 648, .body_bytes = 648};
}

void ExpectRefused(const QuoteParts& parts, const std::string& text) {
  const Result<Quote> quote = ParseQuote(QuoteOf(parts));
  EXPECT_THAT(quote, FailsWith(ErrorCode::kMalformed, HasSubstr(text)));
  EXPECT_EQ(quote.error().reason(), "UnsupportedQuote");
}

template <std::size_t N>
std::array<std::byte, N> Slice(const Bytes& bytes, std::size_t offset) {
  return ByteReader(std::span(bytes).subspan(offset)).Array<N>();
}

TEST(TdxQuoteParse, ReadsTheHeader) {
  const Result<Quote> quote = ParseQuote(QuoteOf({}));

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->header.version, 4);
  EXPECT_EQ(quote->header.attestation_key_type, 2);
  EXPECT_EQ(quote->header.tee_type, 0x81U);
  EXPECT_EQ(quote->header.qe_svn, 0x0201);
  EXPECT_EQ(quote->header.pce_svn, 0x0403);
  EXPECT_EQ(quote->header.qe_vendor_id[0], std::byte{0x93});
  EXPECT_EQ(quote->header.user_data[19], std::byte{0xda});
}

TEST(TdxQuoteParse, ReadsTheBodyAtTheOffsetsOfTheSpecification) {
  const Result<Quote> quote = ParseQuote(QuoteOf({}));
  const Bytes body = Ramp(584);

  ASSERT_THAT(quote, Succeeds());
  const TdReport& report = quote->report;
  EXPECT_EQ(report.tee_tcb_svn[1], 7);
  EXPECT_EQ(report.mr_seam, Slice<48>(body, 16));
  EXPECT_EQ(report.mr_signer_seam, Slice<48>(body, 64));
  EXPECT_EQ(report.seam_attributes, Slice<8>(body, 112));
  EXPECT_EQ(report.td_attributes, Slice<8>(body, 120));
  EXPECT_EQ(report.xfam, Slice<8>(body, 128));
  EXPECT_EQ(report.mr_td, Slice<48>(body, 136));
  EXPECT_EQ(report.mr_config_id, Slice<48>(body, 184));
  EXPECT_EQ(report.mr_owner, Slice<48>(body, 232));
  EXPECT_EQ(report.mr_owner_config, Slice<48>(body, 280));
  EXPECT_EQ(report.rtmrs[0], Slice<48>(body, 328));
  EXPECT_EQ(report.rtmrs[3], Slice<48>(body, 472));
  EXPECT_EQ(report.report_data, Slice<64>(body, 520));
  EXPECT_FALSE(report.v15.has_value());
}

TEST(TdxQuoteParse, ReadsWhatATdReport15Adds) {
  const Result<Quote> quote = ParseQuote(QuoteOf(TdReport15Parts()));
  const Bytes body = Ramp(648);

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->body_type, BodyType::kTdReport15);
  ASSERT_TRUE(quote->report.v15.has_value());
  EXPECT_EQ(std::to_integer<int>(body[584]), quote->report.v15->tee_tcb_svn_2[0]);
  EXPECT_EQ(quote->report.v15->mr_service_td, Slice<48>(body, 600));
}

TEST(TdxQuoteParse, CoversHeaderDescriptorAndBodyBySignature) {
  const auto signed_size = [](const QuoteParts& parts) {
    const Bytes bytes = QuoteOf(parts);
    const Quote quote = ParseQuote(bytes).value();
    EXPECT_TRUE(std::equal(quote.signed_bytes.begin(), quote.signed_bytes.end(), bytes.begin()));
    return quote.signed_bytes.size();
  };

  EXPECT_EQ(signed_size({}), 632U);
  EXPECT_EQ(signed_size({.version = 5}), 638U);
  EXPECT_EQ(signed_size(TdReport15Parts()), 702U);
}

TEST(TdxQuoteParse, ReadsTheSignatureData) {
  const Result<Quote> quote = ParseQuote(QuoteOf({}));

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->signature[63], std::byte{0x51});
  EXPECT_EQ(quote->attestation_key[0], std::byte{0x4b});
  EXPECT_EQ(quote->qe_report_signature[0], std::byte{0xb1});
  EXPECT_EQ(quote->qe_authentication_data, Bytes(32, std::byte{0xa0}));
  EXPECT_EQ(quote->certification_type, CertificationType::kPckChain);
  EXPECT_EQ(quote->certification_data, Bytes(20, std::byte{0xce}));
}

TEST(TdxQuoteParse, ReadsTheQeReport) {
  ByteWriter report;
  report.Bytes(Bytes(16, std::byte{1})).Bytes(Bytes(4, std::byte{2})).Zeros(28);
  report.Bytes(Bytes(16, std::byte{3})).Bytes(Bytes(32, std::byte{4})).Zeros(32);
  report.Bytes(Bytes(32, std::byte{5})).Zeros(96).Le(std::uint16_t{6}).Le(std::uint16_t{7});
  report.Zeros(60).Bytes(Bytes(64, std::byte{8}));
  const Bytes bytes(report.view().begin(), report.view().end());

  const Result<Quote> quote = ParseQuote(QuoteOf({.qe_report = bytes}));

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->qe_report.cpu_svn[0], std::byte{1});
  EXPECT_EQ(quote->qe_report.misc_select[3], std::byte{2});
  EXPECT_EQ(quote->qe_report.attributes[15], std::byte{3});
  EXPECT_EQ(quote->qe_report.mr_enclave[31], std::byte{4});
  EXPECT_EQ(quote->qe_report.mr_signer[0], std::byte{5});
  EXPECT_EQ(quote->qe_report.isv_prod_id, 6);
  EXPECT_EQ(quote->qe_report.isv_svn, 7);
  EXPECT_EQ(quote->qe_report.report_data[63], std::byte{8});
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), quote->qe_report_bytes.begin()));
}

TEST(TdxQuoteParse, RefusesReservedBytesOfTheQeReport) {
  for (const std::size_t at : {20U, 47U, 96U, 127U, 160U, 255U, 260U, 319U}) {
    Bytes report(384);
    report[at] = std::byte{1};
    ExpectRefused({.qe_report = report}, "reserved");
  }
  for (const std::size_t at : {19U, 48U, 95U, 128U, 159U, 256U, 259U, 320U}) {
    Bytes report(384);
    report[at] = std::byte{1};
    EXPECT_THAT(ParseQuote(QuoteOf({.qe_report = report})), Succeeds()) << at;
  }
}

TEST(TdxQuoteParse, RefusesOtherVersions) {
  for (const int version : {0, 1, 2, 3, 6, 0x400}) {
    ExpectRefused({.version = static_cast<std::uint16_t>(version)}, "version");
  }
}

TEST(TdxQuoteParse, RefusesOtherKeysPlatformsAndVendors) {
  ExpectRefused({.key_type = 3}, "key type 3");
  ExpectRefused({.key_type = 0}, "key type 0");
  ExpectRefused({.tee_type = 0}, "TEE type 0x0");
  ExpectRefused({.tee_type = 0x8100}, "TEE type");
  ExpectRefused({.vendor_first = 0x92}, "vendor");
}

TEST(TdxQuoteParse, RefusesOtherBodies) {
  ExpectRefused({.version = 5, .body_type = 1}, "body type 1");
  ExpectRefused({.version = 5, .body_type = 4}, "body type 4");
  ExpectRefused({.version = 5, .body_size = 583}, "583");
  ExpectRefused({.version = 5, .body_size = 648}, "648");
  ExpectRefused({.version = 5, .body_type = 3, .body_size = 584}, "584");
}

TEST(TdxQuoteParse, RefusesOtherCertificationData) {
  for (const int type : {0, 1, 5, 7}) {
    ExpectRefused({.outer_type = static_cast<std::uint16_t>(type)}, "want 6");
  }
  for (const int type : {0, 6, 7, 0xffff}) {
    ExpectRefused({.inner_type = static_cast<std::uint16_t>(type)}, "want 1 to 5");
  }
  for (const int type : {1, 2, 3, 4, 5}) {
    const Result<Quote> quote =
        ParseQuote(QuoteOf({.inner_type = static_cast<std::uint16_t>(type)}));
    ASSERT_THAT(quote, Succeeds());
    EXPECT_EQ(static_cast<int>(quote->certification_type), type);
  }
}

TEST(TdxQuoteParse, RefusesSizesThatDoNotAgree) {
  ExpectRefused({.signature_size_off = 1}, "ends too early");
  ExpectRefused({.signature_size_off = -1}, "");
  ExpectRefused({.signature_size_off = 1, .tail = 1}, "1 bytes more");
  ExpectRefused({.outer_size_off = 1}, "ends too early");
  ExpectRefused({.outer_size_off = -1}, "1 bytes more");
  ExpectRefused({.authentication_size_off = 1}, "");
  ExpectRefused({.authentication_size_off = -1}, "");
  ExpectRefused({.inner_size_off = 1}, "ends too early");
  ExpectRefused({.inner_size_off = -1}, "1 bytes more");
  ExpectRefused({.inner_size_off = 0x7fffffff}, "ends too early");
}

TEST(TdxQuoteParse, AcceptsTheSmallestQuoteAndNoneThatIsShorter) {
  const Bytes smallest = QuoteOf({.authentication_size = 0, .certificate_size = 0});
  ASSERT_EQ(smallest.size(), 1226U);
  EXPECT_THAT(ParseQuote(smallest), Succeeds());

  for (std::size_t size = 0; size < smallest.size(); ++size) {
    ASSERT_THAT(ParseQuote(std::span(smallest).first(size)), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST(TdxQuoteParse, IgnoresATailWithinTheCap) {
  const Result<Quote> quote = ParseQuote(QuoteOf({.tail = 3065}));
  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->trailing_bytes, 3065U);

  const std::size_t size = QuoteOf({}).size();
  EXPECT_THAT(ParseQuote(QuoteOf({.tail = kMaxQuoteSize - size})), Succeeds());
  ExpectRefused({.tail = kMaxQuoteSize - size + 1}, "at most 65536");
}

}  // namespace
}  // namespace cocos::attestation::tdx
