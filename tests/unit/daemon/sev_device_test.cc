#include "daemon/sev_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "base/byte_reader.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

constexpr std::uint32_t kGetId = 8;
constexpr std::uint32_t kPlatformStatus = 9;

std::vector<std::byte> Status(std::uint32_t flags) {
  ByteWriter writer;
  writer.Le<std::uint8_t>(1).Le<std::uint8_t>(55).Le<std::uint8_t>(1).Le<std::uint8_t>(1);
  writer.Le<std::uint32_t>(29).Le(flags).Le<std::uint32_t>(3);
  writer.Le<std::uint64_t>(0xdb18000000000004).Le<std::uint64_t>(0xd417000000000003);
  return std::move(writer).Take();
}

// Answers as firmware would.
class FakeFirmware final : public SevCommands {
 public:
  Result<void> Issue(std::uint32_t command, std::span<std::byte> data) const override {
    if (command == kPlatformStatus && !status.empty()) {
      EXPECT_EQ(data.size(), status.size());
      std::ranges::copy(status, data.begin());
      return {};
    }
    if (command == kGetId && id_length != 0) {
      AnswerId(data);
      return {};
    }
    return Fail(ErrorCode::kUnavailable, "command {} refused", command);
  }

  std::vector<std::byte> status = Status(0);
  std::uint32_t id_length = 64;

 private:
  void AnswerId(std::span<std::byte> data) const {
    ByteReader reader(data);
    auto* const buffer = reinterpret_cast<std::byte*>(reader.Le<std::uint64_t>());
    ASSERT_EQ(reader.Le<std::uint32_t>(), 64u);
    std::memset(buffer, 0xab, std::min(id_length, 64u));
    ByteWriter length;
    length.Le(id_length);
    std::ranges::copy(length.view(), data.begin() + 8);
  }
};

TEST(SevHostFacts, TellsVersionTcbsAndChip) {
  const FakeFirmware firmware;

  const auto platform = SevHostFacts(firmware, 0x00a00f11).ReadSnpPlatform();

  ASSERT_THAT(platform, Succeeds());
  EXPECT_EQ(platform->cpu_signature, 0x00a00f11u);
  EXPECT_EQ(platform->api_major, 1);
  EXPECT_EQ(platform->api_minor, 55);
  EXPECT_EQ(platform->build, 29u);
  EXPECT_EQ(platform->current_tcb.front(), std::byte{4});
  EXPECT_EQ(platform->reported_tcb.back(), std::byte{0xd4});
  EXPECT_FALSE(platform->chip_id_masked);
  EXPECT_EQ(platform->chip_id, std::vector<std::byte>(64, std::byte{0xab}));
}

TEST(SevHostFacts, KeepsAsMuchOfTheChipIdAsCame) {
  FakeFirmware firmware;
  firmware.id_length = 8;

  EXPECT_EQ(SevHostFacts(firmware, 1).ReadSnpPlatform()->chip_id.size(), 8u);
}

TEST(SevHostFacts, DoesWithoutAChipIdThatFirmwareDoesNotTell) {
  FakeFirmware firmware;
  for (const std::uint32_t length : {0u, 65u}) {
    firmware.id_length = length;
    EXPECT_THAT(SevHostFacts(firmware, 1).ReadSnpPlatform()->chip_id, ::testing::IsEmpty());
  }
}

TEST(SevHostFacts, SaysThatTheChipIdIsMasked) {
  FakeFirmware firmware;
  firmware.status = Status(1);
  EXPECT_TRUE(SevHostFacts(firmware, 1).ReadSnpPlatform()->chip_id_masked);

  firmware.status = Status(2);  // the key, not the id
  EXPECT_FALSE(SevHostFacts(firmware, 1).ReadSnpPlatform()->chip_id_masked);
}

TEST(SevHostFacts, PassesOnWhatFirmwareRefuses) {
  FakeFirmware firmware;
  firmware.status.clear();

  EXPECT_THAT(SevHostFacts(firmware, 1).ReadSnpPlatform(),
              FailsWith(ErrorCode::kUnavailable, HasSubstr("command 9 refused")));
}

TEST(SnpStatus, HasOneSize) {
  std::vector<std::byte> bytes = Status(0);
  EXPECT_THAT(ParseSnpStatus(bytes), Succeeds());
  bytes.pop_back();
  EXPECT_THAT(ParseSnpStatus(bytes), FailsWith(ErrorCode::kMalformed));
  bytes.resize(33);
  EXPECT_THAT(ParseSnpStatus(bytes), FailsWith(ErrorCode::kMalformed));
}

TEST(SevDevice, NamesADeviceThatIsNotThere) {
  std::vector<std::byte> data(32);

  EXPECT_THAT(SevDevice("/nonexistent/sev").Issue(kPlatformStatus, data),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("/nonexistent/sev")));
}

TEST(SevDevice, SaysWhenAFileTakesNoCommands) {
  std::vector<std::byte> data(32);

  EXPECT_THAT(SevDevice("/dev/null").Issue(kPlatformStatus, data),
              FailsWith(ErrorCode::kUnavailable, HasSubstr("command 9")));
}

}  // namespace
}  // namespace cocos::daemon
