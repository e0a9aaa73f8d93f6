// Every field of a report by itself: read from its own place and from nowhere else, signed, and
// given back by the verified report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "attestation/snp/report.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace testing;

// A field's value as the bytes it was read from.
using Read = Bytes (*)(const Report&);

Bytes LittleEndian(std::uint64_t value, std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
  return bytes;
}

template <typename T>
Bytes Same(const T& bytes) {
  return {bytes.begin(), bytes.end()};
}

Bytes Reversed(const Bytes& bytes) { return {bytes.rbegin(), bytes.rend()}; }

Bytes BytesOf(const FirmwareVersion& version) {
  return {std::byte{version.build}, std::byte{version.minor}, std::byte{version.major}};
}

struct Field {
  const char* name;
  std::size_t offset;
  std::size_t size;
  Read read;
};

// The fields that may have any value. AMD 56860, ATTESTATION_REPORT, of version 5.
constexpr Field kFields[] = {
    {"GUEST_SVN", 0x004, 4, [](const Report& r) { return LittleEndian(r.guest_svn, 4); }},
    {"FAMILY_ID", 0x010, 16, [](const Report& r) { return Same(r.family_id); }},
    {"IMAGE_ID", 0x020, 16, [](const Report& r) { return Same(r.image_id); }},
    {"CURRENT_TCB", 0x038, 8, [](const Report& r) { return Same(r.current_tcb); }},
    {"PLATFORM_INFO", 0x040, 8,
     [](const Report& r) { return LittleEndian(r.platform_info.bits(), 8); }},
    {"REPORT_DATA", 0x050, 64, [](const Report& r) { return Same(r.report_data); }},
    {"MEASUREMENT", 0x090, 48, [](const Report& r) { return Same(r.measurement); }},
    {"HOST_DATA", 0x0C0, 32, [](const Report& r) { return Same(r.host_data); }},
    {"ID_KEY_DIGEST", 0x0E0, 48, [](const Report& r) { return Same(r.id_key_digest); }},
    {"AUTHOR_KEY_DIGEST", 0x110, 48, [](const Report& r) { return Same(r.author_key_digest); }},
    {"REPORT_ID", 0x140, 32, [](const Report& r) { return Same(r.report_id); }},
    {"REPORT_ID_MA", 0x160, 32, [](const Report& r) { return Same(r.report_id_ma); }},
    {"REPORTED_TCB", 0x180, 8, [](const Report& r) { return Same(r.reported_tcb); }},
    {"CPUID_FAM_ID", 0x188, 1, [](const Report& r) { return LittleEndian(r.cpu->family, 1); }},
    {"CPUID_MOD_ID", 0x189, 1, [](const Report& r) { return LittleEndian(r.cpu->model, 1); }},
    {"CPUID_STEP", 0x18A, 1, [](const Report& r) { return LittleEndian(r.cpu->stepping, 1); }},
    {"CHIP_ID", 0x1A0, 64, [](const Report& r) { return Same(r.chip_id); }},
    {"COMMITTED_TCB", 0x1E0, 8, [](const Report& r) { return Same(r.committed_tcb); }},
    {"CURRENT version", 0x1E8, 3, [](const Report& r) { return BytesOf(r.current_version); }},
    {"COMMITTED version", 0x1EC, 3, [](const Report& r) { return BytesOf(r.committed_version); }},
    {"LAUNCH_TCB", 0x1F0, 8, [](const Report& r) { return Same(r.launch_tcb); }},
    {"LAUNCH_MIT_VECTOR", 0x1F8, 8,
     [](const Report& r) { return LittleEndian(r.mitigations->launch, 8); }},
    {"CURRENT_MIT_VECTOR", 0x200, 8,
     [](const Report& r) { return LittleEndian(r.mitigations->current, 8); }},
    {"SIGNATURE r", 0x2A0, 48, [](const Report& r) { return Reversed(r.signature.r); }},
    {"SIGNATURE s", 0x2E8, 48, [](const Report& r) { return Reversed(r.signature.s); }},
};

TEST(SnpReportFields, AreReadFromTheirOwnPlaceAlone) {
  const Bytes good = MakeReport(Product::kMilan);
  const Report before = ParseReport(good).value();
  for (const Field& changed : kFields) {
    for (std::size_t i = 0; i < changed.size; ++i) {
      Bytes bytes = good;
      bytes[changed.offset + i] ^= std::byte{0xA5};
      const Result<Report> after = ParseReport(bytes);
      ASSERT_THAT(after, Succeeds());
      for (const Field& field : kFields) {
        EXPECT_EQ(field.read(*after) != field.read(before), &field == &changed)
            << "byte " << i << " of " << changed.name << " in " << field.name;
      }
      EXPECT_EQ(changed.read(*after)[i], bytes[changed.offset + i]) << changed.name;
    }
  }
}

// Together with the fields that are not free, and the reserved bytes that must be zero, they fill
// the report: no byte of it is skipped.
TEST(SnpReportFields, LeaveNoByteUnread) {
  std::set<std::size_t> free;
  for (const Field& field : kFields) {
    for (std::size_t i = 0; i < field.size; ++i) EXPECT_TRUE(free.insert(field.offset + i).second);
  }
  const Bytes good = MakeReport(Product::kMilan);
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (free.contains(at)) continue;
    // Bit 7 of any other byte is reserved, or part of a value that is not known.
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x80};
    const bool policy = at >= kPolicyAt && at < kPolicyAt + 3;
    EXPECT_EQ(ParseReport(bytes).has_value(), policy) << at;
  }
}

// A verified report is the one that was signed, whatever stands in its fields.
TEST(SnpReportFields, ComeBackFromVerification) {
  TestPlatform platform(Product::kMilan);
  const Endorsements endorsements = platform.MakeEndorsements();
  const TrustAnchors anchors = platform.AnchorsOf(endorsements);
  // These decide whether the key is the right one.
  const std::set<std::string_view> bound = {"REPORTED_TCB", "CPUID_FAM_ID", "CPUID_MOD_ID",
                                            "CHIP_ID"};
  const Bytes good = platform.report;
  for (const Field& field : kFields) {
    if (field.offset >= kSignedReportBytes) continue;  // signing writes over them
    platform.report = good;
    platform.report[field.offset] ^= std::byte{0x5A};
    const auto verified = Verify(platform.SignedReport(), endorsements, anchors, kNow);
    if (bound.contains(field.name)) {
      EXPECT_THAT(verified, FailsWith(ErrorCode::kUntrusted)) << field.name;
      continue;
    }
    ASSERT_THAT(verified, Succeeds()) << field.name;
    EXPECT_EQ(field.read(verified->report())[0], platform.report[field.offset]) << field.name;
  }
}

TEST(SnpReportFields, AreSigned) {
  const TestPlatform platform(Product::kGenoa);
  const Endorsements endorsements = platform.MakeEndorsements();
  const TrustAnchors anchors = platform.AnchorsOf(endorsements);
  const Bytes good = platform.SignedReport();
  EXPECT_THAT(Verify(good, endorsements, anchors, kNow), Succeeds());
  for (const Field& field : kFields) {
    for (const std::size_t at : {field.offset, field.offset + field.size - 1}) {
      Bytes bytes = good;
      bytes[at] ^= std::byte{0x01};
      EXPECT_THAT(Verify(bytes, endorsements, anchors, kNow), FailsWith(ErrorCode::kUntrusted))
          << field.name;
    }
  }
}

// Values that are the same in every run, in all free fields at once.
TEST(SnpReportFields, HoldAnyValueTogether) {
  std::mt19937 random(20261124);
  for (int round = 0; round < 200; ++round) {
    Bytes bytes = MakeReport(Product::kMilan);
    for (const Field& field : kFields) {
      for (std::size_t i = 0; i < field.size; ++i) {
        bytes[field.offset + i] = static_cast<std::byte>(random());
      }
    }
    const Result<Report> report = ParseReport(bytes);
    ASSERT_THAT(report, Succeeds()) << round;
    for (const Field& field : kFields) {
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(field.offset);
      EXPECT_EQ(field.read(*report), Bytes(begin, begin + static_cast<std::ptrdiff_t>(field.size)))
          << field.name;
    }
  }
}

TEST(SnpReportFields, GiveAValueOrAnErrorForAnyBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = MakeReport(Product::kTurin);
    for (unsigned change = 0; change < 1 + round % 5u; ++change) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const Result<Report> report = ParseReport(bytes);
    if (report) continue;
    EXPECT_EQ(report.error().code(), ErrorCode::kMalformed);
    EXPECT_FALSE(report.error().message().empty());
  }
}

}  // namespace
}  // namespace cocos::attestation::snp
