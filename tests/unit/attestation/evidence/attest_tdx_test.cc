// vTPM evidence as a message, and TDX evidence raw and as a message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/attest_message.h"
#include "attestation/evidence/limits.h"
#include "attestation/evidence/tdx_message.h"
#include "attestation/evidence/tdx_raw.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "samples.h"
#include "support/result_matchers.h"

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;
using ::testing::HasSubstr;

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

Result<AttestMessage> WithField(std::uint32_t number, const Bytes& field) {
  Message message = AttestMessageFields();
  message[number] = field;
  return DecodeAttest(Encode(message));
}

TEST(AttestMessage, GivesKeyQuotesAndLog) {
  const Result<AttestMessage> message = DecodeAttest(Encode(AttestMessageFields()));

  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->tpm.ak_public, RsaPublic());
  EXPECT_EQ(message->tpm.event_log, FromText("log"));
  ASSERT_EQ(message->tpm.quotes.size(), 1u);
  const TpmQuote& quote = message->tpm.quotes[0];
  EXPECT_EQ(quote.attest, FromText("attest"));
  EXPECT_EQ(quote.signature, FromText("signature"));
  EXPECT_EQ(quote.bank, crypto::DigestAlgorithm::kSha256);
  ASSERT_EQ(quote.pcrs.size(), 2u);
  EXPECT_EQ(quote.pcrs.at(0), Filled(32, 1));
  EXPECT_EQ(quote.pcrs.at(7), Filled(32, 2));
  EXPECT_FALSE(message->snp || message->tdx);
}

TEST(AttestMessage, RefusesAMissingKeyOrQuote) {
  EXPECT_THAT(WithField(1, {}), Refused("field 1 is missing"));
  EXPECT_THAT(WithField(2, {}), Refused("no quote"));
  EXPECT_THAT(WithField(3, {}), Succeeds());
}

TEST(AttestMessage, RefusesAKeyThatIsNoPublicArea) {
  EXPECT_THAT(WithField(1, BytesField(1, EccPublic())), Succeeds());
  EXPECT_THAT(WithField(1, BytesField(1, Joined({FromHex("001c"), RsaPublic()}))),
              Refused("type 0x001c"));
  EXPECT_THAT(WithField(1, BytesField(1, Joined({RsaPublic(), FromHex("00")}))),
              Refused("1 bytes more"));
}

TEST(TpmPublicShape, RefusesEveryTruncation) {
  for (const Bytes& key : {RsaPublic(), EccPublic()}) {
    EXPECT_THAT(CheckTpmPublicShape(key), Succeeds());
    for (std::size_t size = 0; size < key.size(); ++size) {
      EXPECT_THAT(CheckTpmPublicShape(std::span(key).first(size)),
                  FailsWith(ErrorCode::kMalformed));
    }
  }
}

TEST(TpmPublicShape, TakesSchemesAndSymmetricParametersWithTheirSizes) {
  // AES-128 CFB, no scheme: the form of a storage key.
  EXPECT_THAT(CheckTpmPublicShape(FromHex("0001000b000500720000"
                                          "000600800043"
                                          "0010"
                                          "080000000000"
                                          "00019a")),
              Succeeds());
  // ECC with ECDSA and SHA-256, a key derivation scheme with its hash.
  EXPECT_THAT(CheckTpmPublicShape(FromHex("0023000b000500720000"
                                          "0010"
                                          "0018000b"
                                          "0003"
                                          "0007000b"
                                          "000102"
                                          "000103")),
              Succeeds());
}

TEST(AttestMessage, TakesUpToEightQuotesOneForEachBank) {
  Message second = QuoteMessage();
  second[3] = BytesField(3, Joined({IntegerField(1, 12), PcrField(0, Filled(48))}));
  const Bytes first = BytesField(2, Encode(QuoteMessage()));
  const Bytes other = BytesField(2, Encode(second));

  EXPECT_THAT(WithField(2, Joined({first, other})), Succeeds());
  EXPECT_THAT(WithField(2, Joined({first, first})), Refused("two quotes of bank sha256"));
  EXPECT_THAT(WithField(2, Joined({first, first, first, first, first, first, first, first, first})),
              Refused("field 2 more than 8"));
}

Result<AttestMessage> WithQuoteField(std::uint32_t number, const Bytes& field) {
  Message quote = QuoteMessage();
  quote[number] = field;
  return WithField(2, BytesField(2, Encode(quote)));
}

TEST(AttestMessage, RefusesAQuoteWithoutItsParts) {
  for (const std::uint32_t number : {1, 2, 3}) {
    EXPECT_THAT(WithQuoteField(number, {}), Refused("is missing")) << number;
    EXPECT_THAT(WithQuoteField(number, BytesField(number, {})), Refused("is missing")) << number;
  }
}

Result<AttestMessage> WithPcrs(std::uint64_t bank, std::initializer_list<Bytes> entries) {
  return WithQuoteField(3, BytesField(3, Joined({IntegerField(1, bank), Joined(entries)})));
}

TEST(AttestMessage, KnowsFourBanks) {
  EXPECT_THAT(WithPcrs(4, {PcrField(0, Filled(20))}), Succeeds());
  EXPECT_THAT(WithPcrs(11, {PcrField(0, Filled(32))}), Succeeds());
  EXPECT_THAT(WithPcrs(12, {PcrField(0, Filled(48))}), Succeeds());
  EXPECT_THAT(WithPcrs(13, {PcrField(0, Filled(64))}), Succeeds());
  for (const std::uint64_t bank : {0, 5, 10, 14, 18, 39}) {
    EXPECT_THAT(WithPcrs(bank, {PcrField(0, Filled(32))}), Refused("unknown bank")) << bank;
  }
}

TEST(AttestMessage, RefusesPcrsOfAnotherSize) {
  EXPECT_THAT(WithPcrs(11, {PcrField(0, Filled(31))}), Refused("31 bytes in bank sha256"));
  EXPECT_THAT(WithPcrs(11, {PcrField(0, Filled(33))}), Refused("33 bytes"));
  EXPECT_THAT(WithPcrs(11, {PcrField(0, {})}), Refused("0 bytes"));
}

TEST(AttestMessage, RefusesPcrsOutOfRangeOrTwice) {
  EXPECT_THAT(WithPcrs(11, {PcrField(23, Filled(32))}), Succeeds());
  EXPECT_THAT(WithPcrs(11, {PcrField(24, Filled(32))}), Refused("PCR 24"));
  EXPECT_THAT(WithPcrs(11, {PcrField(3, Filled(32)), PcrField(3, Filled(32))}),
              Refused("PCR 3 twice"));
  EXPECT_THAT(
      WithPcrs(11, {PcrField(0, Filled(32)),
                    BytesField(2, Joined({IntegerField(1, 0), BytesField(2, Filled(32))}))}),
      Refused("PCR 0 twice"));
}

TEST(AttestMessage, RefusesAnEventLogAboveItsLimit) {
  EXPECT_THAT(WithField(3, BytesField(3, Filled(kMaxEventLogSize))), Succeeds());
  EXPECT_THAT(WithField(3, BytesField(3, Filled(kMaxEventLogSize + 1))), Refused("event log"));
}

TEST(AttestMessage, DropsWhatNoAgentSets) {
  Message message = AttestMessageFields();
  for (const std::uint32_t number : {4, 5, 6, 7})
    message[number] = BytesField(number, FromText("x"));
  EXPECT_THAT(DecodeAttest(Encode(message)), Succeeds());

  Bytes many;
  for (int i = 0; i < 17; ++i) many = Joined({many, BytesField(7, {})});
  EXPECT_THAT(WithField(7, many), Refused("field 7 more than 16"));
}

TEST(AttestMessage, CarriesOneTeePart) {
  const Bytes snp = BytesField(8, SevSnpAttestation());
  const Bytes tdx = BytesField(9, Encode(TdxQuoteMessage()));

  const Result<AttestMessage> with_snp = WithField(8, snp);
  ASSERT_THAT(with_snp, Succeeds());
  EXPECT_TRUE(with_snp->snp && !with_snp->tdx);
  const Result<AttestMessage> with_tdx = WithField(9, tdx);
  ASSERT_THAT(with_tdx, Succeeds());
  EXPECT_TRUE(with_tdx->tdx && !with_tdx->snp);
  EXPECT_THAT(WithField(8, Joined({snp, tdx})), Refused("an SNP and a TDX part"));
  EXPECT_THAT(WithField(8, Joined({snp, snp})), Refused("field 8 more than 1"));
}

TEST(AttestMessage, RefusesATeePartThatDoesNotDecode) {
  EXPECT_THAT(WithField(8, BytesField(8, {})), Refused("sevsnp.Attestation"));
  EXPECT_THAT(WithField(9, BytesField(9, {})), Refused("tdx."));
}

TEST(TdxRaw, KeepsTheQuoteWhole) {
  for (const std::uint16_t version : {std::uint16_t{4}, std::uint16_t{5}}) {
    const Result<TdxEvidence> evidence = DecodeTdxRaw(TdxQuote(version));
    ASSERT_THAT(evidence, Succeeds());
    EXPECT_EQ(evidence->quote, TdxQuote(version));
  }
}

TEST(TdxRaw, KeepsWhatIsBehindTheQuote) {
  const Bytes padded = Joined({TdxQuote(), Filled(3000)});
  EXPECT_EQ(DecodeTdxRaw(padded).value().quote, padded);
  EXPECT_THAT(DecodeTdxRaw(Joined({TdxQuote(), FromText("text")})), Succeeds());
}

TEST(TdxRaw, RefusesEveryTruncation) {
  const Bytes quote = TdxQuote(5);
  for (std::size_t size = 0; size < quote.size(); ++size) {
    EXPECT_THAT(DecodeTdxRaw(std::span(quote).first(size)), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(TdxRaw, RefusesOtherHeaders) {
  const auto with_byte = [](std::size_t offset, unsigned value) {
    Bytes quote = TdxQuote();
    quote[offset] = static_cast<std::byte>(value);
    return DecodeTdxRaw(quote);
  };
  EXPECT_THAT(with_byte(0, 3), Refused("version 3"));
  EXPECT_THAT(with_byte(0, 6), Refused("version 6"));
  EXPECT_THAT(with_byte(2, 1), Refused("key type 1"));
  EXPECT_THAT(with_byte(2, 4), Refused("key type 4"));
  EXPECT_THAT(with_byte(4, 0), Refused("TEE type 0x0"));
  EXPECT_THAT(with_byte(27, 0), Refused("another vendor"));
}

TEST(TdxRaw, RefusesABodyOfAnotherTypeOrSize) {
  Bytes quote = TdxQuote(5);
  quote[48] = std::byte{2};
  EXPECT_THAT(DecodeTdxRaw(quote), Refused("body of type 2 and 648"));
  quote[48] = std::byte{1};
  EXPECT_THAT(DecodeTdxRaw(quote), Refused("body of type 1"));
}

TEST(TdxRaw, RefusesSignatureDataBeyondTheQuote) {
  Bytes quote = TdxQuote();
  quote[48 + 584] = std::byte{5};
  EXPECT_THAT(DecodeTdxRaw(quote), Refused("ends too early"));
  for (std::size_t i = 0; i < 4; ++i) quote[48 + 584 + i] = std::byte{0xff};
  EXPECT_THAT(DecodeTdxRaw(quote), Refused("ends too early"));
}

TEST(TdxRaw, RefusesMoreThan64KiB) {
  Bytes quote = TdxQuote();
  quote.resize(kMaxTdxQuoteSize);
  EXPECT_THAT(DecodeTdxRaw(quote), Succeeds());
  quote.push_back({});
  EXPECT_THAT(DecodeTdxRaw(quote), Refused("want up to 65536"));
}

TEST(TdxMessage, RebuildsTheQuote) {
  const Result<TdxEvidence> evidence = DecodeTdxQuoteMessage(Encode(TdxQuoteMessage()));

  ASSERT_THAT(evidence, Succeeds());
  ByteReader reader(evidence->quote);
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(12)), "040002008100000011223344");
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(16)), "939a7233f79c4ca9940a0db3957f0607");
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(20)), crypto::HexEncode(Filled(20, 7)));
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(16)), crypto::HexEncode(Filled(16, 1)));
  reader.Skip(584 - 16 - 192 - 64);
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(192)), crypto::HexEncode(Filled(192, 11)));
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(64)), crypto::HexEncode(Filled(64, 12)));
  const auto signed_size = reader.Le<std::uint32_t>();
  EXPECT_EQ(signed_size, reader.remaining());
  reader.Skip(128);
  EXPECT_EQ(reader.Le<std::uint16_t>(), 6u);
  const auto certification_size = reader.Le<std::uint32_t>();
  EXPECT_EQ(certification_size, reader.remaining());
  ByteReader report = reader.Sub(384);
  report.Skip(256);
  EXPECT_EQ(crypto::HexEncode(report.Bytes(4)), "02000403");
  reader.Skip(64);
  EXPECT_EQ(crypto::HexEncode(reader.Bytes(6)), "040061757468");
  EXPECT_EQ(crypto::HexEncode(reader.Rest()), "050005000000636861696e");
}

TEST(TdxMessage, AppendsTheExtraBytes) {
  Message message = TdxQuoteMessage();
  message[5] = BytesField(5, FromText("extra"));
  const Bytes quote = DecodeTdxQuoteMessage(Encode(message)).value().quote;
  EXPECT_EQ(Bytes(quote.end() - 5, quote.end()), FromText("extra"));
}

TEST(TdxMessage, RefusesEveryMissingPart) {
  for (const std::uint32_t number : {1, 2, 3, 4}) {
    Message message = TdxQuoteMessage();
    message.erase(number);
    EXPECT_THAT(DecodeTdxQuoteMessage(Encode(message)), FailsWith(ErrorCode::kMalformed)) << number;
  }
}

TEST(TdxMessage, RefusesASizeThatIsNotThatOfTheData) {
  for (const int difference : {-1, 1}) {
    Message message = TdxQuoteMessage();
    const std::uint64_t size = 64 + 64 + 6 + 465;
    message[3] = IntegerField(3, size + static_cast<std::uint64_t>(difference));
    EXPECT_THAT(DecodeTdxQuoteMessage(Encode(message)), Refused("signed data: 599 bytes"));
  }
}

TEST(TdxMessage, RefusesUnknownFields) {
  Message message = TdxQuoteMessage();
  message[6] = BytesField(6, FromText("x"));
  EXPECT_THAT(DecodeTdxQuoteMessage(Encode(message)), Refused("unknown field 6"));
}

// A byte of the message is a length, a tag or a byte of the quote: no change goes unseen.
TEST(TdxMessage, HasNoByteWithoutMeaning) {
  const Bytes message = Encode(TdxQuoteMessage());
  const Bytes quote = DecodeTdxQuoteMessage(message).value().quote;
  for (std::size_t i = 0; i < message.size(); ++i) {
    Bytes changed = message;
    changed[i] ^= std::byte{1};
    const Result<TdxEvidence> evidence = DecodeTdxQuoteMessage(changed);
    EXPECT_TRUE(!evidence || evidence->quote != quote) << i;
  }
}

}  // namespace
}  // namespace cocos::attestation
