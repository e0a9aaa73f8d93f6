#include "attestation/snp/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;

// The error a report gives after one field was overwritten.
Result<Report> With(std::size_t offset, std::uint32_t value, std::uint32_t version = 5) {
  Bytes bytes = MakeReport(Product::kMilan, SigningKey::kVcek, version);
  PutU32(bytes, offset, value);
  return ParseReport(bytes);
}

Result<Report> WithByte(std::size_t offset, std::uint8_t value, std::uint32_t version = 5) {
  Bytes bytes = MakeReport(Product::kMilan, SigningKey::kVcek, version);
  Put(bytes, offset, {std::byte{value}});
  return ParseReport(bytes);
}

std::string HexStart(std::span<const std::byte> bytes) { return crypto::HexEncode(bytes.first(4)); }

TEST(SnpReportParse, ReadsEveryField) {
  const Result<Report> parsed = ParseReport(MakeReport(Product::kMilan));

  ASSERT_THAT(parsed, Succeeds());
  const Report& report = *parsed;
  EXPECT_EQ(report.version, 5u);
  EXPECT_EQ(report.guest_svn, 7u);
  EXPECT_EQ(report.policy.bits(), 0x30000u);
  EXPECT_EQ(HexStart(report.family_id), "10111213");
  EXPECT_EQ(HexStart(report.image_id), "20212223");
  EXPECT_EQ(report.vmpl, 1u);
  EXPECT_EQ(report.platform_info.bits(), 0x25u);
  EXPECT_FALSE(report.author_key_enabled);
  EXPECT_FALSE(report.chip_key_masked);
  EXPECT_EQ(report.signing_key, SigningKey::kVcek);
  EXPECT_EQ(HexStart(report.report_data), "30313233");
  EXPECT_EQ(HexStart(report.measurement), "80818283");
  EXPECT_EQ(HexStart(report.host_data), "b0b1b2b3");
  EXPECT_EQ(HexStart(report.id_key_digest), "c0c1c2c3");
  EXPECT_EQ(HexStart(report.author_key_digest), "d0d1d2d3");
  EXPECT_EQ(HexStart(report.report_id), "70717273");
  EXPECT_EQ(HexStart(report.report_id_ma), "90919293");
  EXPECT_EQ(HexStart(report.chip_id), "01020304");
  for (const RawTcb& tcb :
       {report.current_tcb, report.reported_tcb, report.committed_tcb, report.launch_tcb}) {
    EXPECT_EQ(crypto::HexEncode(tcb), "04010000000018db");
  }
  EXPECT_EQ(report.current_version, (FirmwareVersion{29, 55, 1}));
  EXPECT_EQ(report.committed_version, (FirmwareVersion{29, 55, 1}));
}

TEST(SnpReportParse, TellsTheFourTcbsApart) {
  Bytes bytes = MakeReport(Product::kMilan);
  std::uint64_t value = 1;
  for (const std::size_t offset : {kCurrentTcbAt, kReportedTcbAt, kCommittedTcbAt, kLaunchTcbAt}) {
    PutU64(bytes, offset, value++);
  }

  const Report report = ParseReport(bytes).value();

  EXPECT_EQ(report.current_tcb[0], std::byte{1});
  EXPECT_EQ(report.reported_tcb[0], std::byte{2});
  EXPECT_EQ(report.committed_tcb[0], std::byte{3});
  EXPECT_EQ(report.launch_tcb[0], std::byte{4});
}

TEST(SnpReportParse, TellsCurrentAndCommittedFirmwareApart) {
  Bytes bytes = MakeReport(Product::kMilan);
  Put(bytes, kCurrentBuildAt, {std::byte{1}, std::byte{2}, std::byte{3}});
  Put(bytes, kCommittedBuildAt, {std::byte{4}, std::byte{5}, std::byte{6}});

  const Report report = ParseReport(bytes).value();

  EXPECT_EQ(report.current_version, (FirmwareVersion{.build = 1, .minor = 2, .major = 3}));
  EXPECT_EQ(report.committed_version, (FirmwareVersion{.build = 4, .minor = 5, .major = 6}));
}

TEST(SnpReportParse, WantsExactlyItsSize) {
  Bytes bytes = MakeReport(Product::kMilan);
  EXPECT_THAT(ParseReport(bytes), Succeeds());
  bytes.push_back(std::byte{0});
  EXPECT_THAT(ParseReport(bytes), FailsWith(ErrorCode::kMalformed, HasSubstr("1185 bytes")));
  bytes.resize(kReportBytes - 1);
  EXPECT_THAT(ParseReport(bytes), FailsWith(ErrorCode::kMalformed, HasSubstr("1183 bytes")));
  EXPECT_THAT(ParseReport({}), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpReportParse, KnowsVersionsTwoToFive) {
  for (const std::uint32_t version : {2u, 3u, 4u, 5u}) {
    const auto report = ParseReport(MakeReport(Product::kMilan, SigningKey::kVcek, version));
    ASSERT_THAT(report, Succeeds());
    EXPECT_EQ(report->version, version);
  }
  for (const std::uint32_t version : {0u, 1u, 6u, 0x05000000u, 0xFFFFFFFFu}) {
    EXPECT_THAT(With(kVersionAt, version), FailsWith(ErrorCode::kMalformed, HasSubstr("version")));
  }
}

TEST(SnpReportParse, ReadsCpuIdFromVersionThreeOn) {
  const Report old = ParseReport(MakeReport(Product::kGenoa, SigningKey::kVcek, 2)).value();
  const Report later = ParseReport(MakeReport(Product::kGenoa, SigningKey::kVcek, 3)).value();

  EXPECT_FALSE(old.cpu.has_value());
  ASSERT_TRUE(later.cpu.has_value());
  EXPECT_EQ(later.cpu->family, 0x19);
  EXPECT_EQ(later.cpu->model, 0x11);
  EXPECT_EQ(later.cpu->stepping, 2);
  for (const std::size_t offset : {0x188u, 0x189u, 0x18Au}) {
    EXPECT_THAT(WithByte(offset, 1, 2), FailsWith(ErrorCode::kMalformed, HasSubstr("CPUID")));
  }
}

TEST(SnpReportParse, ReadsMitigationVectorsFromVersionFiveOn) {
  const Report report = ParseReport(MakeReport(Product::kTurin)).value();

  ASSERT_TRUE(report.mitigations.has_value());
  EXPECT_EQ(report.mitigations->launch, 3u);
  EXPECT_EQ(report.mitigations->current, 7u);
  for (const std::uint32_t version : {2u, 3u, 4u}) {
    const auto before = ParseReport(MakeReport(Product::kTurin, SigningKey::kVcek, version));
    ASSERT_THAT(before, Succeeds());
    EXPECT_FALSE(before->mitigations.has_value());
    for (const std::size_t offset : {0x1F8u, 0x1FFu, 0x200u, 0x207u}) {
      EXPECT_THAT(WithByte(offset, 1, version),
                  FailsWith(ErrorCode::kMalformed, HasSubstr("mitigation")));
    }
  }
}

TEST(SnpReportParse, RejectsEveryReservedByteThatIsNotZero) {
  std::vector<std::size_t> reserved = {0x1EB, 0x1EF};
  const auto add = [&reserved](std::size_t begin, std::size_t end) {
    for (std::size_t offset = begin; offset < end; ++offset) reserved.push_back(offset);
  };
  add(0x04C, 0x050);
  add(0x18B, 0x1A0);
  add(0x208, 0x2A0);
  add(0x2D0, 0x2E8);  // above r
  add(0x318, 0x330);  // above s
  add(0x330, 0x4A0);  // behind s
  for (const std::size_t offset : reserved) {
    EXPECT_THAT(WithByte(offset, 0x80), FailsWith(ErrorCode::kMalformed, HasSubstr("reserved")))
        << offset;
  }
}

TEST(SnpReportParse, NamesTheFirstReservedFieldThatIsNotZero) {
  Bytes bytes = MakeReport(Product::kMilan);
  Put(bytes, 0x1EB, {std::byte{1}});
  Put(bytes, 0x210, {std::byte{1}});
  EXPECT_THAT(ParseReport(bytes), FailsWith(ErrorCode::kMalformed, HasSubstr("0x1eb is reserved")));
}

TEST(SnpReportParse, KnowsOneSignatureAlgorithm) {
  EXPECT_THAT(With(kSignatureAlgorithmAt, 1), Succeeds());
  for (const std::uint32_t algorithm : {0u, 2u, 0x01000000u}) {
    EXPECT_THAT(With(kSignatureAlgorithmAt, algorithm),
                FailsWith(ErrorCode::kMalformed, HasSubstr("signature algorithm")));
  }
}

TEST(SnpReportParse, KnowsVmplsAndTheHostsReport) {
  for (const std::uint32_t vmpl : {0u, 3u, kHostVmpl}) {
    const auto report = With(kVmplAt, vmpl);
    ASSERT_THAT(report, Succeeds());
    EXPECT_EQ(report->vmpl, vmpl);
  }
  for (const std::uint32_t vmpl : {4u, 0xFFFFFFFEu}) {
    EXPECT_THAT(With(kVmplAt, vmpl), FailsWith(ErrorCode::kMalformed, HasSubstr("VMPL")));
  }
}

TEST(SnpReportParse, ReadsKeyInfo) {
  const auto report = With(kKeyInfoAt, 0b00111);
  ASSERT_THAT(report, Succeeds());
  EXPECT_TRUE(report->author_key_enabled);
  EXPECT_TRUE(report->chip_key_masked);
  EXPECT_EQ(report->signing_key, SigningKey::kVlek);
  EXPECT_EQ(With(kKeyInfoAt, 7u << 2)->signing_key, SigningKey::kNone);
}

TEST(SnpReportParse, RejectsReservedSigningKeysAndKeyInfoBits) {
  for (std::uint32_t key = 2; key <= 6; ++key) {
    EXPECT_THAT(With(kKeyInfoAt, key << 2),
                FailsWith(ErrorCode::kMalformed, HasSubstr("signing key")));
  }
  for (unsigned bit = 5; bit < 32; ++bit) {
    EXPECT_THAT(With(kKeyInfoAt, 1u << bit),
                FailsWith(ErrorCode::kMalformed, HasSubstr("key info")));
  }
}

TEST(SnpReportParse, TurnsTheSignatureToBigEndian) {
  Bytes bytes = MakeReport(Product::kMilan);
  Put(bytes, kSignatureRAt, {std::byte{0x11}});
  Put(bytes, kSignatureSAt + 47, {std::byte{0x22}});

  const Report report = ParseReport(bytes).value();

  ASSERT_EQ(report.signature.r.size(), 48u);
  EXPECT_EQ(report.signature.r.back(), std::byte{0x11});
  ASSERT_EQ(report.signature.s.size(), 48u);
  EXPECT_EQ(report.signature.s.front(), std::byte{0x22});
}

TEST(SnpReportParse, GivesAValueOrAnErrorForEveryTruncation) {
  const Bytes bytes = MakeReport(Product::kTurin);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseReport(std::span(bytes).first(size)), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(SnpGuestPolicy, ReadsItsBits) {
  struct Case {
    unsigned bit;
    bool (GuestPolicy::*get)() const;
  };
  for (const auto& [bit, get] :
       {Case{16, &GuestPolicy::smt}, Case{18, &GuestPolicy::migration_agent},
        Case{19, &GuestPolicy::debug}, Case{20, &GuestPolicy::single_socket},
        Case{21, &GuestPolicy::cxl}, Case{22, &GuestPolicy::aes_256_xts},
        Case{23, &GuestPolicy::rapl_disabled}, Case{24, &GuestPolicy::ciphertext_hiding},
        Case{25, &GuestPolicy::page_swap_disabled}}) {
    const std::uint64_t only = 0x20000 | std::uint64_t{1} << bit;
    EXPECT_TRUE((GuestPolicy::FromBits(only).value().*get)()) << bit;
    const std::uint64_t others = 0x3FFFFFF & ~(std::uint64_t{1} << bit);
    EXPECT_FALSE((GuestPolicy::FromBits(others).value().*get)()) << bit;
  }
}

TEST(SnpGuestPolicy, ReadsTheAbiVersion) {
  const GuestPolicy policy = GuestPolicy::FromBits(0x20137).value();
  EXPECT_EQ(policy.abi_major(), 1);
  EXPECT_EQ(policy.abi_minor(), 0x37);
}

TEST(SnpGuestPolicy, RejectsReservedBitsAndAClearBit17) {
  EXPECT_THAT(GuestPolicy::FromBits(0x20000), Succeeds());
  EXPECT_THAT(GuestPolicy::FromBits(0), FailsWith(ErrorCode::kMalformed, HasSubstr("bit 17")));
  EXPECT_THAT(GuestPolicy::FromBits(0x10000), FailsWith(ErrorCode::kMalformed));
  for (unsigned bit = 26; bit < 64; ++bit) {
    EXPECT_THAT(GuestPolicy::FromBits(0x20000 | std::uint64_t{1} << bit),
                FailsWith(ErrorCode::kMalformed, HasSubstr("reserved")))
        << bit;
  }
}

TEST(SnpPlatformInfo, ReadsItsBits) {
  struct Case {
    unsigned bit;
    bool (PlatformInfo::*get)() const;
  };
  for (const auto& [bit, get] :
       {Case{0, &PlatformInfo::smt}, Case{1, &PlatformInfo::tsme}, Case{2, &PlatformInfo::ecc},
        Case{3, &PlatformInfo::rapl_disabled}, Case{4, &PlatformInfo::ciphertext_hiding},
        Case{5, &PlatformInfo::alias_check_complete}, Case{7, &PlatformInfo::tio}}) {
    EXPECT_TRUE((PlatformInfo(std::uint64_t{1} << bit).*get)()) << bit;
    EXPECT_FALSE((PlatformInfo(~(std::uint64_t{1} << bit)).*get)()) << bit;
  }
}

TEST(SnpReportProduct, FollowsTheCpuFromVersionThreeOn) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    EXPECT_EQ(ProductOf(ParseReport(MakeReport(product)).value()).value(), product);
  }
  EXPECT_THAT(ProductOf(WithByte(kCpuIdAt, 0x17).value()), FailsWith(ErrorCode::kUntrusted));
}

TEST(SnpReportProduct, IsOpenInVersionTwoUnlessTheChipIdIsTurins) {
  const auto product_of = [](Product made_on) {
    return ProductOf(ParseReport(MakeReport(made_on, SigningKey::kVcek, 2)).value()).value();
  };
  EXPECT_EQ(product_of(Product::kTurin), Product::kTurin);
  EXPECT_EQ(product_of(Product::kMilan), std::nullopt);
  EXPECT_EQ(product_of(Product::kGenoa), std::nullopt);
}

TEST(SnpReportProduct, IsOpenInVersionTwoWithAMaskedChipId) {
  Bytes bytes = MakeReport(Product::kTurin, SigningKey::kVcek, 2);
  Put(bytes, kChipIdAt, Bytes(64));

  const Report report = ParseReport(bytes).value();

  EXPECT_TRUE(ChipIdMasked(report));
  EXPECT_EQ(ProductOf(report).value(), std::nullopt);
}

}  // namespace
}  // namespace cocos::attestation::snp
