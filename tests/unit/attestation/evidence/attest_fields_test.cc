// attest.Attestation and sevsnp.CertificateChain field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/attest_message.h"
#include "attestation/evidence/limits.h"
#include "attestation/evidence/sevsnp_message.h"
#include "crypto/digest.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;

Result<AttestMessage> With(std::uint32_t number, const Bytes& field) {
  Message message = AttestMessageFields();
  message[number] = field;
  return DecodeAttest(Encode(message));
}

Bytes Repeated(const Bytes& field, std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) bytes = Joined({bytes, field});
  return bytes;
}

TEST(AttestFields, HaveOneWireType) {
  for (std::uint32_t number = 1; number <= 9; ++number) {
    for (const Bytes& other : InOtherWireTypes(number, 2)) {
      EXPECT_THAT(With(number, other),
                  Malformed(fmt::format("attest.Attestation: field {} of wire type", number)));
    }
  }
}

TEST(AttestFields, ThatAreSingularComeOnce) {
  for (const std::uint32_t number : {1u, 3u, 4u, 5u, 6u, 8u, 9u}) {
    EXPECT_THAT(With(number, Repeated(BytesField(number, FromText("x")), 2)),
                Malformed(fmt::format("attest.Attestation: field {} more than 1", number)));
  }
}

TEST(AttestFields, ThatRepeatAreBounded) {
  EXPECT_THAT(With(7, Repeated(BytesField(7, {}), kMaxIntermediateCertificates)), Succeeds());
  EXPECT_THAT(With(7, Repeated(BytesField(7, {}), kMaxIntermediateCertificates + 1)),
              Malformed("field 7 more than 16 times"));
  EXPECT_THAT(With(2, Repeated(BytesField(2, {}), kMaxTpmQuotes + 1)),
              Malformed("field 2 more than 8 times"));
}

// What a newer library adds does not change what is there.
TEST(AttestFields, ThatAreUnknownAreSkipped) {
  const auto plain = DecodeAttest(Encode(AttestMessageFields()));
  const auto with_more = With(2047, Joined({IntegerField(2047, 1), BytesField(2035, Filled(9))}));

  ASSERT_THAT(with_more, Succeeds());
  EXPECT_EQ(with_more->tpm.ak_public, plain->tpm.ak_public);
  EXPECT_EQ(with_more->tpm.event_log, plain->tpm.event_log);
}

TEST(AttestFields, MayComeInAnyOrder) {
  Bytes reversed;
  for (const auto& [number, field] : AttestMessageFields()) reversed = Joined({field, reversed});
  const auto message = DecodeAttest(reversed);

  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->tpm.ak_public, RsaPublic());
  EXPECT_EQ(message->tpm.quotes.size(), 1u);
}

// A certificate of the key would be a second key for those who prefer it.
TEST(AttestFields, OfACertificateNeverReplaceTheKey) {
  const auto message = With(6, BytesField(6, EccPublic()));
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->tpm.ak_public, RsaPublic());
  EXPECT_THAT(With(1, BytesField(6, RsaPublic())), Malformed("field 1 is missing"));
}

TEST(AttestFields, OfAnEventLogMayBeEmpty) {
  const auto message = With(3, BytesField(3, {}));
  ASSERT_THAT(message, Succeeds());
  EXPECT_TRUE(message->tpm.event_log.empty());
}

TEST(AttestFields, OfATeePartMayNotBeTwo) {
  Message message = AttestMessageFields();
  message[8] = BytesField(8, SevSnpAttestation());
  message[9] = BytesField(9, Encode(TdxQuoteMessage()));
  EXPECT_THAT(DecodeAttest(Encode(message)),
              Malformed("attest.Attestation: an SNP and a TDX part"));
  // Not even an empty one, nor in the other order.
  message[8] = BytesField(8, {});
  EXPECT_THAT(DecodeAttest(Encode(message)), Malformed("an SNP and a TDX part"));
  EXPECT_THAT(DecodeAttest(Joined({message[9], message[8], Encode(AttestMessageFields())})),
              Malformed("an SNP and a TDX part"));
}

Result<AttestMessage> WithQuote(std::uint32_t number, const Bytes& field) {
  Message quote = QuoteMessage();
  quote[number] = field;
  return With(2, BytesField(2, Encode(quote)));
}

TEST(QuoteFields, HaveOneWireTypeAndComeOnce) {
  for (const std::uint32_t number : {1u, 2u, 3u}) {
    for (const Bytes& other : InOtherWireTypes(number, 2)) {
      EXPECT_THAT(WithQuote(number, other),
                  Malformed(fmt::format("tpm.Quote: field {} of wire type", number)));
    }
    EXPECT_THAT(WithQuote(number, Repeated(BytesField(number, FromText("x")), 2)),
                Malformed(fmt::format("tpm.Quote: field {} more than 1", number)));
  }
}

TEST(QuoteFields, AreNamedWhenMissing) {
  for (const std::uint32_t number : {1u, 2u, 3u}) {
    EXPECT_THAT(WithQuote(number, {}),
                Malformed(fmt::format("tpm.Quote: field {} is missing", number)));
  }
}

// A set of PCRs: bank and entries.
Result<AttestMessage> WithPcrs(const Bytes& bank, const Bytes& entries) {
  return WithQuote(3, BytesField(3, Joined({bank, entries})));
}

TEST(PcrFields, HoldAllTwentyFourInAnyOrder) {
  Bytes entries;
  for (std::uint32_t i = 0; i < 24; ++i) {
    entries = Joined({PcrField(i, Filled(32, 100 + i)), entries});
  }
  const auto message = WithPcrs(IntegerField(1, 11), entries);

  ASSERT_THAT(message, Succeeds());
  const auto& pcrs = message->tpm.quotes.at(0).pcrs;
  ASSERT_EQ(pcrs.size(), 24u);
  for (const auto& [index, value] : pcrs) EXPECT_EQ(value, Filled(32, 100 + index));
}

TEST(PcrFields, AreAtMostTwentyFour) {
  EXPECT_THAT(WithPcrs(IntegerField(1, 11), Repeated(PcrField(1, Filled(32)), 25)),
              Malformed("tpm.PCRs: field 2 more than 24 times"));
}

TEST(PcrFields, MayBeNone) {
  const auto message = WithPcrs(IntegerField(1, 11), {});
  ASSERT_THAT(message, Succeeds());
  EXPECT_TRUE(message->tpm.quotes.at(0).pcrs.empty());
}

TEST(PcrFields, HaveTheSizeOfEachBank) {
  constexpr std::pair<std::uint64_t, std::size_t> kBanks[] = {
      {4, 20}, {11, 32}, {12, 48}, {13, 64}};
  for (const auto& [bank, size] : kBanks) {
    const Bytes hash = IntegerField(1, bank);
    EXPECT_THAT(WithPcrs(hash, PcrField(5, Filled(size))), Succeeds());
    for (const std::size_t other : {size - 1, size + 1, std::size_t{0}}) {
      EXPECT_THAT(WithPcrs(hash, PcrField(5, Filled(other))),
                  Malformed(fmt::format("tpm.PCRs: PCR 5 of {} bytes in bank", other)));
    }
  }
}

TEST(PcrFields, NameTheBankThatIsUnknown) {
  EXPECT_THAT(WithPcrs({}, PcrField(0, Filled(32))), Malformed("tpm.PCRs: unknown bank 0x0"));
  EXPECT_THAT(WithPcrs(IntegerField(1, 0x12), PcrField(0, Filled(32))),
              Malformed("tpm.PCRs: unknown bank 0x12"));
  EXPECT_THAT(WithPcrs(IntegerField(1, (1ULL << 32) + 11), PcrField(0, Filled(32))),
              Malformed("unknown bank 0x10000000b"));
}

TEST(PcrFields, HaveAnIndexInRange) {
  for (const std::uint64_t index : {24ULL, 255ULL, 4000000000ULL, 1ULL << 32, ~0ULL}) {
    const Bytes entry = BytesField(2, Joined({IntegerField(1, index), BytesField(2, Filled(32))}));
    EXPECT_THAT(WithPcrs(IntegerField(1, 11), entry),
                Malformed(fmt::format("tpm.PCRs: PCR {}, want below 24", index)));
  }
}

TEST(PcrFields, OfAnEntryComeOnceInOneWireType) {
  const Bytes value = BytesField(2, Filled(32));
  const Bytes index = IntegerField(1, 3);
  const auto with_entry = [](const Bytes& entry) {
    return WithPcrs(IntegerField(1, 11), BytesField(2, entry));
  };
  EXPECT_THAT(with_entry(Joined({index, value})), Succeeds());
  EXPECT_THAT(with_entry(Joined({index, index, value})), Malformed("tpm.PCRs entry: field 1"));
  EXPECT_THAT(with_entry(Joined({index, value, value})), Malformed("tpm.PCRs entry: field 2"));
  EXPECT_THAT(with_entry(Joined({BytesField(1, {}), value})), Malformed("field 1 of wire type"));
  EXPECT_THAT(with_entry(Joined({index, IntegerField(2, 1)})), Malformed("field 2 of wire type"));
}

Result<SnpEvidence> WithChain(const Bytes& chain) {
  return DecodeSevSnpAttestation(Joined({SevSnpAttestation(), BytesField(2, chain)}));
}

TEST(ChainFields, HaveOneWireTypeAndComeOnce) {
  for (const std::uint32_t number : {1u, 2u, 3u, 4u, 6u}) {
    for (const Bytes& other : InOtherWireTypes(number, 2)) {
      EXPECT_THAT(WithChain(other),
                  Malformed(fmt::format("sevsnp.CertificateChain: field {} of wire", number)));
    }
    EXPECT_THAT(WithChain(Repeated(BytesField(number, FromText("x")), 2)),
                Malformed(fmt::format("sevsnp.CertificateChain: field {} more than 1", number)));
  }
}

TEST(ChainFields, EachMayBeAlone) {
  using Table = snp::CertificateTable;
  constexpr std::pair<std::uint32_t, std::vector<std::byte> Table::*> kPlaces[] = {
      {1, &Table::vcek}, {2, &Table::ask}, {3, &Table::ark}, {6, &Table::vlek}};
  for (const auto& [number, place] : kPlaces) {
    const auto evidence = WithChain(BytesField(number, FromText("der")));
    ASSERT_THAT(evidence, Succeeds());
    for (const auto& [other, other_place] : kPlaces) {
      EXPECT_EQ(evidence->certificates.*other_place, other == number ? FromText("der") : Bytes{});
    }
  }
}

TEST(ChainFields, OfExtrasAreAtMostSixteen) {
  Bytes extras;
  for (int i = 0; i < 16; ++i) {
    extras = Joined(
        {extras, ExtraField(fmt::format("00000000-0000-0000-0000-{:012x}", i + 1), FromText("x"))});
  }
  const auto evidence = WithChain(extras);
  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->certificates.extras.size(), 16u);
  EXPECT_THAT(WithChain(Joined({extras, ExtraField(kPlatformInfoGuid, FromText("x"))})),
              Malformed("field 7 more than 16 times"));
}

TEST(ChainFields, OfAnExtraHaveAGuidInEveryPlace) {
  const std::string guid(kPlatformInfoGuid);
  const Bytes info = FromHex("08000000110fa000");
  for (std::size_t i = 0; i < guid.size(); ++i) {
    for (const char other : {'g', 'A', ' ', '/', ':', guid[i] == '-' ? '0' : '-'}) {
      std::string changed = guid;
      changed[i] = other;
      EXPECT_THAT(WithChain(ExtraField(changed, info)), Malformed("extra is no GUID")) << changed;
    }
  }
  EXPECT_THAT(WithChain(ExtraField(guid + "0", info)), Malformed("extra is no GUID"));
}

TEST(ChainFields, OfPlatformInfoAreChecked) {
  for (const auto* hex : {"07000000110fa000", "08000000110fa0", "0800000000", "00"}) {
    EXPECT_THAT(WithChain(ExtraField(kPlatformInfoGuid, FromHex(hex))), Malformed("platform info"))
        << hex;
  }
}

TEST(ProductFields, HaveOneWireTypeAndComeOnce) {
  const auto with_product = [](const Bytes& product) {
    return DecodeSevSnpAttestation(Joined({SevSnpAttestation(), BytesField(3, product)}));
  };
  for (const auto& [number, wire] : {std::pair{1u, 0u}, std::pair{2u, 0u}, std::pair{3u, 2u}}) {
    for (const Bytes& other : InOtherWireTypes(number, wire)) {
      EXPECT_THAT(with_product(other),
                  Malformed(fmt::format("sevsnp.SevProduct: field {} of wire type", number)));
    }
    const Bytes one = wire == 0 ? IntegerField(number, 1) : BytesField(number, {});
    EXPECT_THAT(with_product(one), Succeeds());
    EXPECT_THAT(with_product(Joined({one, one})), Malformed("more than 1"));
  }
}

}  // namespace
}  // namespace cocos::attestation
