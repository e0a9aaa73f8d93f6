// Quotes with arbitrary values, written by the test and read back: every field, every size.
#include <gtest/gtest.h>

#include <random>

#include "attestation/tdx/quote.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using testing::Succeeds;
using Bytes = std::vector<std::byte>;

// A source of values that are the same in every run.
class Values {
 public:
  explicit Values(unsigned seed) : random_(seed) {}

  unsigned Below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  Bytes Some(std::size_t size) {
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_());
    return bytes;
  }

 private:
  std::mt19937 random_;
};

// What a test writes, by the layout of appendix A.3 and A.4 once more.
struct Written {
  unsigned version = 4;
  bool report15 = false;
  Bytes svns;       // QE SVN and PCE SVN
  Bytes user_data;  // 20
  Bytes body;       // 584 or 648
  Bytes signature;  // 64
  Bytes key;        // 64
  Bytes cpu_svn_misc;
  Bytes attributes_enclave;
  Bytes signer;
  Bytes product_svn;
  Bytes report_data;
  Bytes qe_signature;
  Bytes authentication;
  unsigned type = 5;
  Bytes certificates;
  std::size_t tail = 0;
};

Written SomeQuote(Values& values) {
  Written w;
  w.version = 4 + values.Below(2);
  w.report15 = w.version == 5 && values.Below(2) == 1;
  w.svns = values.Some(4);
  w.user_data = values.Some(20);
  w.body = values.Some(w.report15 ? 648 : 584);
  w.signature = values.Some(64);
  w.key = values.Some(64);
  w.cpu_svn_misc = values.Some(20);
  w.attributes_enclave = values.Some(48);
  w.signer = values.Some(32);
  w.product_svn = values.Some(4);
  w.report_data = values.Some(64);
  w.qe_signature = values.Some(64);
  w.authentication = values.Some(values.Below(100));
  w.type = 1 + values.Below(5);
  w.certificates = values.Some(values.Below(4000));
  w.tail = values.Below(3) * values.Below(500);
  return w;
}

Bytes QeReportOf(const Written& w) {
  ByteWriter report;
  report.Bytes(w.cpu_svn_misc).Zeros(28).Bytes(w.attributes_enclave).Zeros(32).Bytes(w.signer);
  report.Zeros(96).Bytes(w.product_svn).Zeros(60).Bytes(w.report_data);
  return std::move(report).Take();
}

Bytes Write(const Written& w) {
  ByteWriter inner;
  inner.Bytes(QeReportOf(w)).Bytes(w.qe_signature);
  inner.Le(static_cast<std::uint16_t>(w.authentication.size())).Bytes(w.authentication);
  inner.Le(static_cast<std::uint16_t>(w.type));
  inner.Le(static_cast<std::uint32_t>(w.certificates.size())).Bytes(w.certificates);
  ByteWriter outer;
  outer.Bytes(w.signature).Bytes(w.key).Le(std::uint16_t{6});
  outer.Le(static_cast<std::uint32_t>(inner.size())).Bytes(inner.view());
  ByteWriter quote;
  quote.Le(static_cast<std::uint16_t>(w.version)).Le(std::uint16_t{2}).Le(std::uint32_t{0x81});
  quote.Bytes(w.svns).Bytes(crypto::HexDecode("939a7233f79c4ca9940a0db3957f0607").value());
  quote.Bytes(w.user_data);
  if (w.version == 5) {
    quote.Le(std::uint16_t{w.report15 ? std::uint16_t{3} : std::uint16_t{2}});
    quote.Le(static_cast<std::uint32_t>(w.body.size()));
  }
  quote.Bytes(w.body).Le(static_cast<std::uint32_t>(outer.size())).Bytes(outer.view());
  quote.Bytes(Bytes(w.tail, std::byte{0xcd}));
  return std::move(quote).Take();
}

template <std::size_t N>
Bytes BytesOf(const std::array<std::byte, N>& array) {
  return {array.begin(), array.end()};
}

Bytes BytesOf(const TeeTcbSvn& svn) {
  const auto bytes = std::as_bytes(std::span(svn));
  return {bytes.begin(), bytes.end()};
}

// The body, put together again from what was read.
Bytes BodyOf(const TdReport& report) {
  ByteWriter body;
  body.Bytes(BytesOf(report.tee_tcb_svn)).Bytes(report.mr_seam).Bytes(report.mr_signer_seam);
  body.Bytes(report.seam_attributes).Bytes(report.td_attributes).Bytes(report.xfam);
  body.Bytes(report.mr_td).Bytes(report.mr_config_id).Bytes(report.mr_owner);
  body.Bytes(report.mr_owner_config);
  for (const Digest384& rtmr : report.rtmrs) body.Bytes(rtmr);
  body.Bytes(report.report_data);
  if (report.v15) body.Bytes(BytesOf(report.v15->tee_tcb_svn_2)).Bytes(report.v15->mr_service_td);
  return std::move(body).Take();
}

void ExpectSame(const Quote& quote, const Written& w) {
  EXPECT_EQ(quote.header.version, w.version);
  EXPECT_EQ(BytesOf(quote.header.user_data), w.user_data);
  EXPECT_EQ(quote.header.qe_svn, ByteReader(w.svns).Le<std::uint16_t>());
  EXPECT_EQ(quote.header.pce_svn, ByteReader(std::span(w.svns).subspan(2)).Le<std::uint16_t>());
  EXPECT_EQ(quote.body_type, w.report15 ? BodyType::kTdReport15 : BodyType::kTdReport10);
  EXPECT_EQ(BodyOf(quote.report), w.body);
  EXPECT_EQ(BytesOf(quote.signature), w.signature);
  EXPECT_EQ(BytesOf(quote.attestation_key), w.key);
  EXPECT_EQ(BytesOf(quote.qe_report_bytes), QeReportOf(w));
  EXPECT_EQ(BytesOf(quote.qe_report_signature), w.qe_signature);
  EXPECT_EQ(quote.qe_authentication_data, w.authentication);
  EXPECT_EQ(static_cast<unsigned>(quote.certification_type), w.type);
  EXPECT_EQ(quote.certification_data, w.certificates);
  EXPECT_EQ(quote.trailing_bytes, w.tail);
}

TEST(TdxQuoteRoundTrip, GivesBackWhatWasWritten) {
  Values values(20261124);
  for (int round = 0; round < 300; ++round) {
    const Written written = SomeQuote(values);
    const Result<Quote> quote = ParseQuote(Write(written));
    ASSERT_THAT(quote, Succeeds()) << round;
    ExpectSame(*quote, written);
  }
}

TEST(TdxQuoteRoundTrip, SignsEverythingBeforeTheSignature) {
  Values values(2);
  for (int round = 0; round < 100; ++round) {
    const Written written = SomeQuote(values);
    const Bytes bytes = Write(written);
    const Quote quote = ParseQuote(bytes).value();
    const std::size_t size = 48 + (written.version == 5 ? 6 : 0) + written.body.size();
    EXPECT_EQ(quote.signed_bytes, Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size)));
  }
}

// No quote is the beginning of another: without its tail every shorter text is refused.
TEST(TdxQuoteRoundTrip, RefusesEveryBeginningOfAQuote) {
  Values values(3);
  for (int round = 0; round < 6; ++round) {
    Written written = SomeQuote(values);
    written.tail = 0;
    const Bytes bytes = Write(written);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_THAT(ParseQuote(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed));
    }
    EXPECT_THAT(ParseQuote(bytes), Succeeds());
  }
}

TEST(TdxQuoteRoundTrip, GivesAValueOrAnErrorForAnyChange) {
  Values values(4);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = Write(SomeQuote(values));
    for (unsigned change = 0; change < 1 + values.Below(4); ++change) {
      bytes[values.Below(static_cast<unsigned>(bytes.size()))] = values.Some(1).front();
    }
    const Result<Quote> quote = ParseQuote(bytes);
    if (quote) continue;
    EXPECT_EQ(quote.error().reason(), "UnsupportedQuote");
  }
}

// Random bytes are no quote, nor are they behind a good header.
TEST(TdxQuoteRoundTrip, RefusesNoise) {
  Values values(5);
  const Bytes header = Write(SomeQuote(values));
  for (int round = 0; round < 1000; ++round) {
    Bytes noise = values.Some(values.Below(6000));
    EXPECT_FALSE(ParseQuote(noise));
    noise.insert(noise.begin(), header.begin(), header.begin() + 48);
    EXPECT_FALSE(ParseQuote(noise));
  }
}

// Sizes that lie at the largest values a field can have do not wrap around.
TEST(TdxQuoteRoundTrip, RefusesHugeSizes) {
  Values values(6);
  Written written = SomeQuote(values);
  written.version = 4;
  written.report15 = false;
  written.body = values.Some(584);
  const Bytes good = Write(written);
  const std::size_t authentication_at = 636 + 64 + 64 + 6 + 384 + 64;
  const std::size_t certificates_at = authentication_at + 2 + written.authentication.size() + 2;
  for (const std::size_t at : {std::size_t{632}, std::size_t{766}, certificates_at}) {
    for (const std::uint32_t size : {0xffffffffU, 0x80000000U, 0x7fffffffU, 0xfffffffeU}) {
      Bytes bytes = good;
      for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(size >> 8 * i);
      EXPECT_THAT(ParseQuote(bytes), FailsWith(ErrorCode::kMalformed)) << at << " " << size;
    }
  }
  Bytes bytes = good;
  bytes[authentication_at] = bytes[authentication_at + 1] = std::byte{0xff};
  EXPECT_THAT(ParseQuote(bytes), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::tdx
