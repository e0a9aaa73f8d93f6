// sevsnp.Report field by field: where each goes and what is refused of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "attestation/evidence/flat_message.h"
#include "attestation/evidence/sevsnp_message.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;

// AMD's structure by the numbers of the message; field 29 is in no one place.
struct ReportField {
  std::uint32_t number;
  bool integer;
  std::size_t offset;
  std::size_t size;
};

constexpr ReportField kFields[] = {
    {1, true, 0x000, 4},    {2, true, 0x004, 4},    {3, true, 0x008, 8},    {4, false, 0x010, 16},
    {5, false, 0x020, 16},  {6, true, 0x030, 4},    {7, true, 0x034, 4},    {8, true, 0x038, 8},
    {9, true, 0x040, 8},    {10, true, 0x048, 4},   {11, false, 0x050, 64}, {12, false, 0x090, 48},
    {13, false, 0x0c0, 32}, {14, false, 0x0e0, 48}, {15, false, 0x110, 48}, {16, false, 0x140, 32},
    {17, false, 0x160, 32}, {18, true, 0x180, 8},   {19, false, 0x1a0, 64}, {20, true, 0x1e0, 8},
    {21, true, 0x1e8, 1},   {22, true, 0x1e9, 1},   {23, true, 0x1ea, 1},   {24, true, 0x1ec, 1},
    {25, true, 0x1ed, 1},   {26, true, 0x1ee, 1},   {27, true, 0x1f0, 8},   {28, false, 0x2a0, 512},
    {30, true, 0x1f8, 8},   {31, true, 0x200, 8},
};

// Fields whose value the verifier's parser restricts.
bool IsFree(std::uint32_t number) {
  constexpr std::uint32_t kRestricted[] = {1, 3, 6, 7, 10, 28};
  return std::ranges::find(kRestricted, number) == std::end(kRestricted);
}

Result<SnpEvidence> Decode(const Message& report) {
  return DecodeSevSnpAttestation(SevSnpAttestation(report));
}

Result<SnpEvidence> With(std::uint32_t number, const Bytes& field) {
  Message report = ReportMessage(5);
  report[number] = field;
  return Decode(report);
}

Bytes Part(const Bytes& bytes, std::size_t offset, std::size_t size) {
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

TEST(ReportFields, OfBytesLandAtTheirOffsetAndNowhereElse) {
  for (const ReportField& field : kFields) {
    if (field.integer || !IsFree(field.number)) continue;
    const Bytes before = Decode(ReportMessage(5)).value().report;
    const Result<SnpEvidence> evidence =
        With(field.number, BytesField(field.number, Filled(field.size, 0xEE)));
    ASSERT_THAT(evidence, Succeeds()) << field.number;
    Bytes expected = before;
    std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(field.offset), field.size,
                std::byte{0xEE});
    EXPECT_EQ(crypto::HexEncode(evidence->report), crypto::HexEncode(expected)) << field.number;
  }
}

TEST(ReportFields, OfIntegersLandLittleEndianAndNowhereElse) {
  for (const ReportField& field : kFields) {
    if (!field.integer || !IsFree(field.number)) continue;
    const Bytes before = Decode(ReportMessage(5)).value().report;
    const std::uint64_t value = 0xF1E2D3C4B5A69788 >> (64 - 8 * field.size);
    const Result<SnpEvidence> evidence = With(field.number, IntegerField(field.number, value));
    ASSERT_THAT(evidence, Succeeds()) << field.number;
    Bytes expected = before;
    for (std::size_t i = 0; i < field.size; ++i) {
      expected[field.offset + i] = static_cast<std::byte>(value >> (8 * i));
    }
    EXPECT_EQ(crypto::HexEncode(evidence->report), crypto::HexEncode(expected)) << field.number;
  }
}

TEST(ReportFields, OfIntegersFitTheirWidth) {
  for (const ReportField& field : kFields) {
    if (!field.integer || field.size == 8) continue;
    const std::uint64_t limit = std::uint64_t{1} << (8 * field.size);
    for (const std::uint64_t value : {limit, limit + 1, ~std::uint64_t{0}}) {
      EXPECT_THAT(
          With(field.number, IntegerField(field.number, value)),
          Malformed(fmt::format("sevsnp.Report: field {} is {}, which does not fit {} bytes",
                                field.number, value, field.size)));
    }
  }
}

TEST(ReportFields, OfIntegersThatAreAbsentAreZero) {
  for (const ReportField& field : kFields) {
    if (!field.integer || !IsFree(field.number)) continue;
    const Result<SnpEvidence> evidence = With(field.number, {});
    ASSERT_THAT(evidence, Succeeds()) << field.number;
    EXPECT_EQ(Part(evidence->report, field.offset, field.size), Filled(field.size)) << field.number;
  }
}

TEST(ReportFields, OfBytesHaveExactlyTheirSize) {
  for (const ReportField& field : kFields) {
    if (field.integer) continue;
    for (const std::size_t size :
         {std::size_t{0}, field.size - 1, field.size + 1, field.size * 2}) {
      EXPECT_THAT(With(field.number, BytesField(field.number, Filled(size))),
                  Malformed(fmt::format("sevsnp.Report: field {} of {} bytes, want {}",
                                        field.number, size, field.size)));
    }
  }
}

TEST(ReportFields, ComeOnce) {
  for (const ReportField& field : kFields) {
    const Bytes one = field.integer ? IntegerField(field.number, 1)
                                    : BytesField(field.number, Filled(field.size));
    EXPECT_THAT(With(field.number, Joined({one, one})),
                Malformed(fmt::format("field {} more than 1 times", field.number)));
  }
}

TEST(ReportFields, HaveOneWireType) {
  for (const ReportField& field : kFields) {
    for (const Bytes& other : InOtherWireTypes(field.number, field.integer ? 0 : 2)) {
      EXPECT_THAT(With(field.number, other),
                  Malformed(fmt::format("field {} of wire type", field.number)));
    }
  }
}

TEST(ReportFields, MayComeInAnyOrder) {
  const Message report = ReportMessage(5);
  Bytes reversed;
  for (const auto& [number, field] : report) reversed = Joined({field, reversed});

  const auto evidence = DecodeSevSnpAttestation(BytesField(1, reversed));
  ASSERT_THAT(evidence, Succeeds());
  EXPECT_EQ(evidence->report, Decode(report)->report);
}

TEST(ReportFields, OfOtherNumbersAreRefused) {
  for (const std::uint32_t number : {32u, 33u, 63u, 64u, 65u, 1000u}) {
    EXPECT_THAT(With(number, IntegerField(number, 0)),
                Malformed(fmt::format("sevsnp.Report: unknown field {}", number)));
  }
}

// What the report's own parser refuses, with its words.
TEST(ReportFields, AreThoseOfAReportThatParses) {
  EXPECT_THAT(With(1, IntegerField(1, 1)), Malformed("report of version 1"));
  EXPECT_THAT(With(1, IntegerField(1, 6)), Malformed("SNP report: version 6"));
  EXPECT_THAT(With(3, IntegerField(3, 0x10000)), Malformed("bit 17 is clear"));
  EXPECT_THAT(With(3, IntegerField(3, 0x4030000)), Malformed("a reserved bit is set"));
  EXPECT_THAT(With(6, IntegerField(6, 4)), Malformed("VMPL 4"));
  EXPECT_THAT(With(7, IntegerField(7, 2)), Malformed("signature algorithm 2"));
  EXPECT_THAT(With(10, IntegerField(10, 0x08)), Malformed("signing key 2"));
  EXPECT_THAT(With(10, IntegerField(10, 0x40)), Malformed("key info 0x40"));
  EXPECT_THAT(With(28, BytesField(28, Filled(512, 1))), Malformed("the upper part of r or s"));
}

TEST(ReportFields, GiveVersionTwoNeitherCpuidNorMitigations) {
  Message report = ReportMessage(2);
  EXPECT_THAT(Decode(report), Succeeds());
  report[29] = IntegerField(29, 1);
  EXPECT_THAT(Decode(report), Malformed("cpuid1eax_fms in a report of version 2"));
  report = ReportMessage(4);
  report[30] = IntegerField(30, 1);
  EXPECT_THAT(Decode(report), Malformed("mitigation vectors (before version 5)"));
}

// CPUID leaf 1, EAX joined the other way round.
std::uint32_t JoinFms(unsigned family, unsigned model, unsigned stepping) {
  const unsigned base = std::min(family, 15u);
  return (family - base) << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4 | stepping;
}

TEST(ReportFields, SplitEveryFamilyModelAndStepping) {
  std::mt19937 random(3);
  for (unsigned family = 0; family < 256; ++family) {
    const unsigned model = random() % 256;
    const unsigned stepping = random() % 16;
    const auto evidence = With(29, IntegerField(29, JoinFms(family, model, stepping)));
    ASSERT_THAT(evidence, Succeeds()) << family;
    const Bytes expected = {static_cast<std::byte>(family), static_cast<std::byte>(model),
                            static_cast<std::byte>(stepping)};
    EXPECT_EQ(Part(evidence->report, 0x188, 3), expected);
  }
}

TEST(ReportFields, RefuseBitsThatCpuidDoesNotUse) {
  for (const unsigned bit : {12u, 13u, 14u, 15u, 28u, 29u, 30u, 31u}) {
    EXPECT_THAT(With(29, IntegerField(29, 0x00a10f12u | 1u << bit)),
                Malformed("is no family, model and stepping"))
        << bit;
  }
}

// A random report taken apart as the agent's library does it, and put back.
Message TakenApart(const Bytes& report) {
  Message message;
  for (const ReportField& field : kFields) {
    const Bytes part = Part(report, field.offset, field.size);
    if (!field.integer) {
      message[field.number] = BytesField(field.number, part);
      continue;
    }
    std::uint64_t value = 0;
    for (std::size_t i = field.size; i > 0; --i) {
      value = value << 8 | std::to_integer<std::uint64_t>(part[i - 1]);
    }
    if (value != 0) message[field.number] = IntegerField(field.number, value);
  }
  const auto byte = [&report](std::size_t at) { return std::to_integer<unsigned>(report[at]); };
  message[29] = IntegerField(29, JoinFms(byte(0x188), byte(0x189), byte(0x18a)));
  return message;
}

TEST(ReportFields, PutBackEveryReportThatWasTakenApart) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 100; ++round) {
    Bytes report = SnpReport(5);
    for (const ReportField& field : kFields) {
      if (!IsFree(field.number)) continue;
      for (std::size_t i = 0; i < field.size; ++i) {
        report[field.offset + i] = static_cast<std::byte>(random() % 3 == 0 ? 0 : random());
      }
    }
    report[0x188] = static_cast<std::byte>(random());
    report[0x189] = static_cast<std::byte>(random());
    report[0x18a] = static_cast<std::byte>(random() % 16);

    const auto evidence = Decode(TakenApart(report));
    ASSERT_THAT(evidence, Succeeds());
    EXPECT_EQ(crypto::HexEncode(evidence->report), crypto::HexEncode(report));
  }
}

TEST(FlatMessage, PutsRepeatedFieldsOneBehindTheOther) {
  constexpr FlatField kRepeated[] = {{2, FlatField::Kind::kBytes, 1, 2, 3}};
  Bytes structure(8);
  const Bytes message = Joined({BytesField(2, FromText("ab")), BytesField(2, FromText("cd")),
                                BytesField(2, FromText("ef"))});

  ASSERT_THAT(RebuildStructure(message, kRepeated, "x", structure), Succeeds());
  EXPECT_EQ(crypto::HexEncode(structure), "0061626364656600");
}

TEST(FlatMessage, WantsRepeatedFieldsInTheirNumber) {
  constexpr FlatField kRepeated[] = {{2, FlatField::Kind::kBytes, 0, 1, 3}};
  Bytes message;
  for (int count = 0; count < 3; ++count) {
    Bytes structure(3);
    EXPECT_THAT(RebuildStructure(message, kRepeated, "x", structure),
                Malformed(fmt::format("x: field 2 comes {} times, want 3", count)));
    message = Joined({message, BytesField(2, Filled(1))});
  }
  Bytes structure(3);
  EXPECT_THAT(RebuildStructure(message, kRepeated, "x", structure), Succeeds());
  message = Joined({message, BytesField(2, Filled(1))});
  EXPECT_THAT(RebuildStructure(message, kRepeated, "x", structure),
              Malformed("x: field 2 more than 3 times"));
}

TEST(FlatMessage, TakesIntegersOfEightBytesWhole) {
  constexpr FlatField kInteger[] = {{1, FlatField::Kind::kInteger, 0, 8}};
  Bytes structure(8);
  ASSERT_THAT(RebuildStructure(IntegerField(1, ~std::uint64_t{0}), kInteger, "x", structure),
              Succeeds());
  EXPECT_EQ(structure, Filled(8, 0xff));
}

}  // namespace
}  // namespace cocos::attestation
