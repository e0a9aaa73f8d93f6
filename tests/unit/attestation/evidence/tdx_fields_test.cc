// tdx.QuoteV4 field by field: where each goes and what is refused of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "attestation/evidence/tdx_message.h"
#include "attestation/evidence/tdx_raw.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;

// A quote of version 4 as its parts, which a test spoils one by one. Each is the content of a
// message; sizes that are not set are those of what they count.
struct QuoteParts {
  Message header;
  Message body;
  Message enclave_report;
  Bytes qe_signature = Filled(64, 0xA1);
  Message authentication;
  Message chain;
  std::uint64_t certification_type = 6;
  std::optional<std::uint64_t> certification_size;
  Bytes signature = Filled(64, 0xA2);
  Bytes key = Filled(64, 0xA3);
  std::optional<std::uint64_t> signed_size;
  Bytes extra;
};

struct FlatPart {
  std::uint32_t number;
  std::size_t size;  // 0: an integer
  std::size_t offset;
  std::size_t width;  // of an integer
};

// Offsets of Intel's structures, appendix A.3.
constexpr FlatPart kHeader[] = {{1, 0, 0, 2},  {2, 0, 2, 2},   {3, 0, 4, 4},  {5, 2, 8, 0},
                                {4, 2, 10, 0}, {6, 16, 12, 0}, {7, 20, 28, 0}};
constexpr FlatPart kBody[] = {{1, 16, 0, 0},   {2, 48, 16, 0},   {3, 48, 64, 0},  {4, 8, 112, 0},
                              {5, 8, 120, 0},  {6, 8, 128, 0},   {7, 48, 136, 0}, {8, 48, 184, 0},
                              {9, 48, 232, 0}, {10, 48, 280, 0}, {12, 64, 520, 0}};
constexpr FlatPart kEnclaveReport[] = {{1, 16, 0, 0},   {2, 0, 16, 4},    {3, 28, 20, 0},
                                       {4, 16, 48, 0},  {5, 32, 64, 0},   {6, 32, 96, 0},
                                       {7, 32, 128, 0}, {8, 96, 160, 0},  {9, 0, 256, 2},
                                       {10, 0, 258, 2}, {11, 60, 260, 0}, {12, 64, 320, 0}};

// Where the parts stand in the quote.
constexpr std::size_t kBodyStart = 48;
constexpr std::size_t kEnclaveStart = 48 + 584 + 4 + 128 + 6;

Message FieldsOf(std::span<const FlatPart> parts) {
  Message message;
  for (const FlatPart& part : parts) {
    message[part.number] = part.size == 0 ? IntegerField(part.number, part.number)
                                          : BytesField(part.number, Filled(part.size, part.number));
  }
  return message;
}

QuoteParts GoodParts() {
  QuoteParts parts;
  parts.header = FieldsOf(kHeader);
  parts.header[1] = IntegerField(1, 4);
  parts.header[2] = IntegerField(2, 2);
  parts.header[3] = IntegerField(3, 0x81);
  parts.header[6] = BytesField(6, FromHex("939a7233f79c4ca9940a0db3957f0607"));
  parts.body = FieldsOf(kBody);
  const Bytes rtmr = BytesField(11, Filled(48, 11));
  parts.body[11] = Joined({rtmr, rtmr, rtmr, rtmr});
  parts.enclave_report = FieldsOf(kEnclaveReport);
  parts.authentication = {{1, IntegerField(1, 4)}, {2, BytesField(2, FromText("auth"))}};
  parts.chain = {
      {1, IntegerField(1, 5)}, {2, IntegerField(2, 5)}, {3, BytesField(3, FromText("chain"))}};
  return parts;
}

constexpr std::uint64_t kInnerSize = 384 + 64 + 2 + 4 + 6 + 5;
constexpr std::uint64_t kSignedSize = 64 + 64 + 6 + kInnerSize;

Bytes EncodeQuote(const QuoteParts& parts) {
  const Bytes inner =
      Joined({BytesField(1, Encode(parts.enclave_report)), BytesField(2, parts.qe_signature),
              BytesField(3, Encode(parts.authentication)), BytesField(4, Encode(parts.chain))});
  const Bytes outer = Joined({IntegerField(1, parts.certification_type),
                              IntegerField(2, parts.certification_size.value_or(kInnerSize)),
                              BytesField(3, inner)});
  const Bytes signed_data =
      Joined({BytesField(1, parts.signature), BytesField(2, parts.key), BytesField(3, outer)});
  return Joined({BytesField(1, Encode(parts.header)), BytesField(2, Encode(parts.body)),
                 IntegerField(3, parts.signed_size.value_or(kSignedSize)),
                 BytesField(4, signed_data),
                 parts.extra.empty() ? Bytes{} : BytesField(5, parts.extra)});
}

Result<TdxEvidence> Decode(const QuoteParts& parts) {
  return DecodeTdxQuoteMessage(EncodeQuote(parts));
}

// The flat structures of a quote: their table, their place and how to spoil one.
struct Structure {
  std::string_view name;
  std::span<const FlatPart> parts;
  std::size_t start;
  Message QuoteParts::*message;
};

const Structure kStructures[] = {
    {"tdx.Header", kHeader, 0, &QuoteParts::header},
    {"tdx.TDQuoteBody", kBody, kBodyStart, &QuoteParts::body},
    {"tdx.EnclaveReport", kEnclaveReport, kEnclaveStart, &QuoteParts::enclave_report},
};

Result<TdxEvidence> With(const Structure& structure, std::uint32_t number, const Bytes& field) {
  QuoteParts parts = GoodParts();
  (parts.*structure.message)[number] = field;
  return Decode(parts);
}

// Fields of the header that say what quote it is.
bool IsFixed(const Structure& structure, std::uint32_t number) {
  return structure.start == 0 && (number <= 3 || number == 6);
}

TEST(TdxFields, LandAtTheirOffsetAndNowhereElse) {
  const Bytes before = Decode(GoodParts()).value().quote;
  for (const Structure& structure : kStructures) {
    for (const FlatPart& part : structure.parts) {
      if (IsFixed(structure, part.number)) continue;
      const bool integer = part.size == 0;
      const std::size_t size = integer ? part.width : part.size;
      const Bytes field = integer ? IntegerField(part.number, (1ULL << 8 * part.width) - 1)
                                  : BytesField(part.number, Filled(part.size, 0xFF));
      const auto evidence = With(structure, part.number, field);
      ASSERT_THAT(evidence, Succeeds()) << structure.name << part.number;
      Bytes expected = before;
      std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(structure.start + part.offset),
                  size, std::byte{0xFF});
      EXPECT_EQ(crypto::HexEncode(evidence->quote), crypto::HexEncode(expected))
          << structure.name << part.number;
    }
  }
}

TEST(TdxFields, OfBytesMustBeThere) {
  for (const Structure& structure : kStructures) {
    for (const FlatPart& part : structure.parts) {
      if (part.size == 0) continue;
      EXPECT_THAT(With(structure, part.number, {}),
                  Malformed(fmt::format("{}: field {} comes 0 times, want 1", structure.name,
                                        part.number)));
    }
  }
}

TEST(TdxFields, OfBytesHaveExactlyTheirSize) {
  for (const Structure& structure : kStructures) {
    for (const FlatPart& part : structure.parts) {
      if (part.size == 0) continue;
      for (const std::size_t size : {std::size_t{0}, part.size - 1, part.size + 1}) {
        EXPECT_THAT(With(structure, part.number, BytesField(part.number, Filled(size))),
                    Malformed(fmt::format("{}: field {} of {} bytes, want {}", structure.name,
                                          part.number, size, part.size)));
      }
    }
  }
}

TEST(TdxFields, OfIntegersFitTheirWidth) {
  for (const Structure& structure : kStructures) {
    for (const FlatPart& part : structure.parts) {
      if (part.size != 0) continue;
      EXPECT_THAT(With(structure, part.number, IntegerField(part.number, 1ULL << 8 * part.width)),
                  Malformed(fmt::format("which does not fit {} bytes", part.width)))
          << structure.name << part.number;
    }
  }
}

TEST(TdxFields, ComeOnceAndInOneWireType) {
  for (const Structure& structure : kStructures) {
    for (const FlatPart& part : structure.parts) {
      const Bytes one = part.size == 0 ? IntegerField(part.number, 1)
                                       : BytesField(part.number, Filled(part.size));
      EXPECT_THAT(With(structure, part.number, Joined({one, one})),
                  Malformed(fmt::format("{}: field {} more than 1", structure.name, part.number)));
      for (const Bytes& other : InOtherWireTypes(part.number, part.size == 0 ? 0 : 2)) {
        EXPECT_THAT(With(structure, part.number, other), Malformed("of wire type"));
      }
    }
  }
}

TEST(TdxFields, OfUnknownNumbersAreRefusedEverywhere) {
  for (const Structure& structure : kStructures) {
    EXPECT_THAT(With(structure, 20, IntegerField(20, 0)),
                Malformed(fmt::format("{}: unknown field 20", structure.name)));
  }
  QuoteParts parts = GoodParts();
  parts.authentication[3] = IntegerField(3, 0);
  EXPECT_THAT(Decode(parts), Malformed("tdx.QeAuthData: unknown field 3"));
  parts = GoodParts();
  parts.chain[4] = IntegerField(4, 0);
  EXPECT_THAT(Decode(parts), Malformed("tdx.PCKCertificateChainData: unknown field 4"));
}

TEST(TdxFields, HoldFourRuntimeMeasurements) {
  const Structure& body = kStructures[1];
  Bytes rtmrs;
  for (unsigned count = 0; count < 6; ++count) {
    const auto evidence = With(body, 11, rtmrs);
    EXPECT_EQ(evidence.has_value(), count == 4) << count;
    rtmrs = Joined({rtmrs, BytesField(11, Filled(48, 0xB0 + count))});
  }
  rtmrs.resize(4 * BytesField(11, Filled(48)).size());
  const Bytes quote = With(body, 11, rtmrs).value().quote;
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(quote[kBodyStart + 328 + 48 * i], static_cast<std::byte>(0xB0 + i));
    EXPECT_EQ(quote[kBodyStart + 328 + 48 * i + 47], static_cast<std::byte>(0xB0 + i));
  }
}

TEST(TdxFields, OfTheHeaderAreThoseOfAQuote) {
  const Structure& header = kStructures[0];
  EXPECT_THAT(With(header, 1, {}), Malformed("TDX quote: version 0, want 4 or 5"));
  EXPECT_THAT(With(header, 1, IntegerField(1, 3)), Malformed("TDX quote: version 3"));
  EXPECT_THAT(With(header, 2, {}), Malformed("TDX quote: key type 0"));
  EXPECT_THAT(With(header, 2, IntegerField(2, 3)), Succeeds());
  EXPECT_THAT(With(header, 3, {}), Malformed("TDX quote: TEE type 0x0"));
  EXPECT_THAT(With(header, 3, IntegerField(3, 0x82)), Malformed("TDX quote: TEE type 0x82"));
  EXPECT_THAT(With(header, 6, BytesField(6, Filled(16))), Malformed("another vendor"));
}

// The message has no place for the body descriptor of version 5, so none can be rebuilt.
TEST(TdxFields, OfVersionFiveAreNoQuote) {
  EXPECT_THAT(With(kStructures[0], 1, IntegerField(1, 5)), Malformed("TDX quote: body of type"));
}

TEST(TdxFields, SignaturesAndKeyHave64Bytes) {
  for (const std::size_t size : {0u, 63u, 65u, 128u}) {
    QuoteParts parts = GoodParts();
    parts.signature = Filled(size);
    EXPECT_THAT(Decode(parts), Malformed(fmt::format("AuthData: {} bytes, want 64", size)));
    parts = GoodParts();
    parts.key = Filled(size);
    EXPECT_THAT(Decode(parts), Malformed(fmt::format("AuthData: {} bytes, want 64", size)));
    parts = GoodParts();
    parts.qe_signature = Filled(size);
    EXPECT_THAT(Decode(parts),
                Malformed(fmt::format("tdx.QEReportCertificationData: {} bytes, want 64", size)));
  }
}

TEST(TdxFields, SayTheSizeOfWhatTheyCount) {
  for (const int by : {-1, 1}) {
    const auto off = [by](std::uint64_t size) { return size + static_cast<std::uint64_t>(by); };
    QuoteParts parts = GoodParts();
    parts.signed_size = off(kSignedSize);
    EXPECT_THAT(Decode(parts), Malformed("tdx.QuoteV4 signed data"));
    parts = GoodParts();
    parts.certification_size = off(kInnerSize);
    EXPECT_THAT(Decode(parts), Malformed("tdx certification data: 465 bytes, want"));
    parts = GoodParts();
    parts.authentication[1] = IntegerField(1, off(4));
    EXPECT_THAT(Decode(parts), Malformed("tdx.QeAuthData: 4 bytes, want"));
    parts = GoodParts();
    parts.chain[2] = IntegerField(2, off(5));
    EXPECT_THAT(Decode(parts), Malformed("tdx certification data: 5 bytes, want"));
  }
}

TEST(TdxFields, SaySizesAndTypesInTheirWidth) {
  QuoteParts parts = GoodParts();
  parts.signed_size = kSignedSize + (1ULL << 32);
  EXPECT_THAT(Decode(parts), Malformed("tdx.QuoteV4: 4294967895 does not fit 4 bytes"));
  parts = GoodParts();
  parts.certification_type = 0x10006;
  EXPECT_THAT(Decode(parts), Malformed("65542 does not fit 2 bytes"));
  parts = GoodParts();
  parts.authentication[1] = IntegerField(1, 0x10004);
  EXPECT_THAT(Decode(parts), Malformed("tdx.QeAuthData: 65540 does not fit 2 bytes"));
  parts = GoodParts();
  parts.chain[2] = IntegerField(2, 5 + (1ULL << 32));
  EXPECT_THAT(Decode(parts), Malformed("4294967301 does not fit 4 bytes"));
}

TEST(TdxFields, OfAuthenticationMayBeEmpty) {
  QuoteParts parts = GoodParts();
  parts.authentication.clear();
  parts.certification_size = kInnerSize - 4;
  parts.signed_size = kSignedSize - 4;
  const auto evidence = Decode(parts);
  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->quote.size(), 48 + 584 + 4 + kSignedSize - 4);
}

TEST(TdxFields, BehindTheQuoteAreBoundWithIt) {
  QuoteParts parts = GoodParts();
  const std::size_t size = Decode(parts).value().quote.size();
  parts.extra = Filled((64 << 10) - size, 0x5A);
  EXPECT_EQ(Decode(parts).value().quote.size(), 64u << 10);
  parts.extra.push_back(std::byte{0});
  EXPECT_THAT(Decode(parts), Malformed("TDX quote: 65537 bytes, want up to 65536"));
}

}  // namespace
}  // namespace cocos::attestation
