// Every field of a quote's header and body by itself: covered by the signature, read from its own
// place and from nowhere else.
#include <gtest/gtest.h>

#include <span>

#include "attestation/tdx/quote.h"
#include "base/byte_reader.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::Succeeds;
using Bytes = std::vector<std::byte>;

// The value of a field in a parsed quote.
using Read = Bytes (*)(const Quote&);

template <typename T>
Bytes BytesOf(const T& field) {
  const auto bytes = std::as_bytes(std::span(field));
  return {bytes.begin(), bytes.end()};
}

Bytes LittleEndian(std::uint64_t value, std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
  return bytes;
}

struct Field {
  const char* name;
  std::size_t offset;  // in the header, or in the body
  std::size_t size;
  Read read;
  bool fixed = false;  // one value alone is accepted
};

// Appendix A.3.1.
constexpr std::size_t kHeaderSize = 48;
constexpr Field kHeaderFields[] = {
    {"version", 0, 2, [](const Quote& q) { return LittleEndian(q.header.version, 2); }, true},
    {"attestation key type", 2, 2,
     [](const Quote& q) { return LittleEndian(q.header.attestation_key_type, 2); }, true},
    {"TEE type", 4, 4, [](const Quote& q) { return LittleEndian(q.header.tee_type, 4); }, true},
    {"QE SVN", 8, 2, [](const Quote& q) { return LittleEndian(q.header.qe_svn, 2); }},
    {"PCE SVN", 10, 2, [](const Quote& q) { return LittleEndian(q.header.pce_svn, 2); }},
    {"QE vendor", 12, 16, [](const Quote& q) { return BytesOf(q.header.qe_vendor_id); }, true},
    {"user data", 28, 20, [](const Quote& q) { return BytesOf(q.header.user_data); }},
};

// Appendix A.3.2.
constexpr Field kBodyFields[] = {
    {"TEE_TCB_SVN", 0, 16, [](const Quote& q) { return BytesOf(q.report.tee_tcb_svn); }},
    {"MRSEAM", 16, 48, [](const Quote& q) { return BytesOf(q.report.mr_seam); }},
    {"MRSIGNERSEAM", 64, 48, [](const Quote& q) { return BytesOf(q.report.mr_signer_seam); }},
    {"SEAMATTRIBUTES", 112, 8, [](const Quote& q) { return BytesOf(q.report.seam_attributes); }},
    {"TDATTRIBUTES", 120, 8, [](const Quote& q) { return BytesOf(q.report.td_attributes); }},
    {"XFAM", 128, 8, [](const Quote& q) { return BytesOf(q.report.xfam); }},
    {"MRTD", 136, 48, [](const Quote& q) { return BytesOf(q.report.mr_td); }},
    {"MRCONFIGID", 184, 48, [](const Quote& q) { return BytesOf(q.report.mr_config_id); }},
    {"MROWNER", 232, 48, [](const Quote& q) { return BytesOf(q.report.mr_owner); }},
    {"MROWNERCONFIG", 280, 48, [](const Quote& q) { return BytesOf(q.report.mr_owner_config); }},
    {"RTMR0", 328, 48, [](const Quote& q) { return BytesOf(q.report.rtmrs[0]); }},
    {"RTMR1", 376, 48, [](const Quote& q) { return BytesOf(q.report.rtmrs[1]); }},
    {"RTMR2", 424, 48, [](const Quote& q) { return BytesOf(q.report.rtmrs[2]); }},
    {"RTMR3", 472, 48, [](const Quote& q) { return BytesOf(q.report.rtmrs[3]); }},
    {"REPORTDATA", 520, 64, [](const Quote& q) { return BytesOf(q.report.report_data); }},
};

// Appendix A.4.3, of a TD report 1.5 alone.
constexpr Field kBody15Fields[] = {
    {"TEE_TCB_SVN_2", 584, 16,
     [](const Quote& q) { return BytesOf(q.report.v15.value().tee_tcb_svn_2); }},
    {"MRSERVICETD", 600, 48,
     [](const Quote& q) { return BytesOf(q.report.v15.value().mr_service_td); }},
};

// A kind of quote, with all of its fields at their offsets in the quote.
struct Form {
  const char* name;
  TestPlatform platform;
  std::vector<Field> fields;
};

void AddFields(std::vector<Field>& fields, std::span<const Field> more, std::size_t base) {
  for (Field field : more) {
    field.offset += base;
    fields.push_back(field);
  }
}

Form VersionFour() {
  Form form{.name = "version 4", .platform = {}, .fields = {}};
  AddFields(form.fields, kHeaderFields, 0);
  AddFields(form.fields, kBodyFields, kHeaderSize);
  return form;
}

// Six bytes of descriptor stand before the body.
Form VersionFive(bool report15) {
  constexpr std::size_t kBody = kHeaderSize + 6;
  Form form{.name = report15 ? "version 5, TD report 1.5" : "version 5, TD report 1.0",
            .platform = {},
            .fields = {}};
  form.platform.quote_version = 5;
  if (report15) form.platform.report.v15 = TdReport15{.tee_tcb_svn_2 = {5, 1, 2}};
  AddFields(form.fields, kHeaderFields, 0);
  AddFields(form.fields, kBodyFields, kBody);
  if (report15) AddFields(form.fields, kBody15Fields, kBody);
  return form;
}

std::vector<Form> Forms() { return {VersionFour(), VersionFive(false), VersionFive(true)}; }

TEST(TdxQuoteFields, CoverHeaderAndBodyWithoutAGap) {
  for (const Form& form : Forms()) {
    std::size_t end = 0;
    for (const Field& field : form.fields) {
      if (field.offset == kHeaderSize + 6) end += 6;
      EXPECT_EQ(field.offset, end) << form.name << " " << field.name;
      end = field.offset + field.size;
    }
    EXPECT_EQ(end, ParseQuote(form.platform.Quote())->signed_bytes.size()) << form.name;
  }
}

TEST(TdxQuoteFields, AreReadFromTheirOwnPlaceAlone) {
  for (const Form& form : Forms()) {
    const Bytes good = form.platform.Quote();
    const Quote before = ParseQuote(good).value();
    for (const Field& changed : form.fields) {
      if (changed.fixed) continue;
      for (std::size_t i = 0; i < changed.size; ++i) {
        Bytes bytes = good;
        bytes[changed.offset + i] ^= std::byte{0xa5};
        const Result<Quote> after = ParseQuote(bytes);
        ASSERT_THAT(after, Succeeds());
        for (const Field& field : form.fields) {
          EXPECT_EQ(field.read(*after) != field.read(before), field.name == changed.name)
              << form.name << ": byte " << i << " of " << changed.name << " in " << field.name;
        }
        EXPECT_EQ(changed.read(*after)[i], bytes[changed.offset + i]);
      }
    }
  }
}

TEST(TdxQuoteFields, HaveOneValueWhereTheSpecificationFixesThem) {
  for (const Form& form : Forms()) {
    const Bytes good = form.platform.Quote();
    for (const Field& field : form.fields) {
      if (!field.fixed) continue;
      for (std::size_t bit = 0; bit < 8 * field.size; ++bit) {
        Bytes bytes = good;
        bytes[field.offset + bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        const Result<Quote> quote = ParseQuote(bytes);
        // Version 4 and 5 are one bit apart; read as the other, the sizes do not agree.
        ASSERT_FALSE(quote) << form.name << ": bit " << bit << " of " << field.name;
        EXPECT_EQ(quote.error().reason(), "UnsupportedQuote");
      }
    }
  }
}

TEST(TdxQuoteFields, AreSigned) {
  for (const Form& form : Forms()) {
    const Bytes good = form.platform.Quote();
    const TrustAnchors anchors = form.platform.Anchors();
    for (const Field& field : form.fields) {
      if (field.fixed) continue;
      for (const std::size_t at : {field.offset, field.offset + field.size - 1}) {
        Bytes bytes = good;
        bytes[at] ^= std::byte{0x80};
        EXPECT_EQ(OutcomeOf(VerifyQuoteWithoutCollateral(bytes, {}, anchors, form.platform.now)),
                  "BadQuoteSignature")
            << form.name << ": " << field.name;
      }
    }
  }
}

// The descriptor too: a body cannot be passed off as one of the other kind.
TEST(TdxQuoteFields, OfTheDescriptorAreChecked) {
  const Bytes good = VersionFive(true).platform.Quote();
  for (std::size_t bit = 0; bit < 8 * 6; ++bit) {
    Bytes bytes = good;
    bytes[kHeaderSize + bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const Result<Quote> quote = ParseQuote(bytes);
    ASSERT_FALSE(quote) << bit;
    EXPECT_EQ(quote.error().reason(), "UnsupportedQuote");
  }
}

// What a quote of one version signs is not a quote of the other.
TEST(TdxQuoteFields, DoNotMoveBetweenVersions) {
  for (const bool report15 : {false, true}) {
    const Bytes five = VersionFive(report15).platform.Quote();
    Bytes four = five;
    four[0] = std::byte{4};
    EXPECT_FALSE(ParseQuote(four));
    four.erase(four.begin() + kHeaderSize, four.begin() + kHeaderSize + 6);
    const TestPlatform platform;
    EXPECT_NE(OutcomeWith(platform, four), "UpToDate");
  }
}

TEST(TdxQuoteFields, OfAVerifiedQuoteAreThoseThatWereSigned) {
  for (const Form& form : Forms()) {
    const Result<VerifiedQuote> verified = Verify(form.platform);
    ASSERT_THAT(verified, Succeeds());
    const Quote parsed = ParseQuote(form.platform.Quote()).value();
    for (const Field& field : form.fields) {
      EXPECT_EQ(field.read(verified->quote()), field.read(parsed)) << field.name;
    }
    EXPECT_EQ(verified->report().v15.has_value(), form.platform.report.v15.has_value());
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
