#include "attestation/vtpm/event_data.h"

#include <gtest/gtest.h>

#include "unit/attestation/vtpm/log_builder.h"

namespace cocos::attestation::vtpm {
namespace {

using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::BytesOf;
using testing::kSeparator;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

Event EventOf(std::uint32_t type, const Bytes& data, const Bytes& hashed) {
  return {.index = 1,
          .type = type,
          .digests = {{kSha256, crypto::Sha256(hashed)}, {kSha384, crypto::Sha384(hashed)}},
          .data = data};
}

TEST(EventDataCheck, ProvesDataOfTypesThatAreDigestedWhole) {
  const Bytes data = BytesOf("data");
  for (const std::uint32_t type :
       {0x4U, 0x5U, 0x8U, 0x80000001U, 0x80000002U, 0x80000007U, 0x8000000cU, 0x800000e0U}) {
    EXPECT_EQ(CheckEventData(EventOf(type, data, data)), EventDataProof::kProven) << type;
    EXPECT_EQ(CheckEventData(EventOf(type, data, BytesOf("date"))), EventDataProof::kContradicts)
        << type;
  }
}

TEST(EventDataCheck, ProvesNothingForOtherTypes) {
  const Bytes data = BytesOf("data");
  for (const std::uint32_t type : {0x1U, 0x3U, 0x6U, 0x7U, 0xaU, 0xdU, 0x80000003U, 0x80000006U,
                                   0x80000008U, 0x8000000bU, 0x12345678U}) {
    EXPECT_EQ(CheckEventData(EventOf(type, data, data)), EventDataProof::kNone) << type;
  }
}

TEST(EventDataCheck, NeedsEveryDigestToAgree) {
  Event event = EventOf(4, kSeparator, kSeparator);
  event.digests[1].value[0] ^= std::byte{1};
  EXPECT_EQ(CheckEventData(event), EventDataProof::kContradicts);
  event.digests.clear();
  EXPECT_EQ(CheckEventData(event), EventDataProof::kNone);
}

Bytes Variable(std::uint64_t name_units, std::uint64_t value_size, const Bytes& value) {
  ByteWriter writer;
  writer.Zeros(16).Le(name_units).Le(value_size).Zeros(4).Bytes(value);
  return std::move(writer).Take();
}

TEST(EventDataCheck, AcceptsABootVariableDigestedByItsValue) {
  const Bytes value = BytesOf("value");
  const Bytes variable = Variable(2, value.size(), value);

  EXPECT_EQ(CheckEventData(EventOf(0x80000002, variable, value)), EventDataProof::kProven);
  // No other variable has that habit.
  EXPECT_EQ(CheckEventData(EventOf(0x80000001, variable, value)), EventDataProof::kContradicts);
}

TEST(EventDataCheck, BelievesNoVariableWhoseSizesAreWrong) {
  const Bytes value = BytesOf("value");
  for (const auto& [units, size] : {std::pair<std::uint64_t, std::uint64_t>{2, 4},
                                    {2, 6},
                                    {3, 5},
                                    {std::uint64_t{1} << 63, 5},
                                    {2, ~std::uint64_t{0}}}) {
    EXPECT_EQ(CheckEventData(EventOf(0x80000002, Variable(units, size, value), value)),
              EventDataProof::kContradicts)
        << units << " " << size;
  }
}

TEST(EventDataCheck, NamesTypes) {
  EXPECT_EQ(EventTypeName(4), "EV_SEPARATOR");
  EXPECT_EQ(EventTypeName(0x80000003), "EV_EFI_BOOT_SERVICES_APPLICATION");
  EXPECT_EQ(EventTypeName(0x12345678), "EV_0x12345678");
}

}  // namespace
}  // namespace cocos::attestation::vtpm
