#include "attestation/snp/certificate_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/snp/endorsements.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;

constexpr char kVcek[] = "63da758de6644564adc5f4b93be8accd";
constexpr char kVlek[] = "a8074bc2a25a483eaae639c045a0b8a1";
constexpr char kAsk[] = "4ab7b379bbac4fe4a02f05aef327c782";
constexpr char kArk[] = "c0b406a4a803495297433fb6014cd0ae";
constexpr char kCrl[] = "92f81bc358114d3d97ffd19f88dc67ea";
constexpr char kPlatformInfo[] = "ecae0c0f950243b1afa20ae2e0d565b6";
constexpr char kUnknown[] = "0123456789abcdef0123456789abcdef";

Bytes Text(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

Bytes Hex(std::string_view text) { return crypto::HexDecode(text).value(); }

// "63da758d-e664-4564-adc5-f4b93be8accd" of its digits.
std::string GuidText(std::string_view hex) {
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

struct TestEntry {
  std::string guid;
  Bytes blob;
};

// A well-formed table, the blobs in the order of their entries.
Bytes MakeTable(const std::vector<TestEntry>& entries) {
  ByteWriter writer;
  std::size_t offset = (entries.size() + 1) * 24;
  for (const TestEntry& entry : entries) {
    writer.Bytes(Hex(entry.guid)).Le(static_cast<std::uint32_t>(offset));
    writer.Le(static_cast<std::uint32_t>(entry.blob.size()));
    offset += entry.blob.size();
  }
  writer.Zeros(24);
  for (const TestEntry& entry : entries) writer.Bytes(entry.blob);
  return std::move(writer).Take();
}

// A table of one VCEK entry that says what it likes, with `size` bytes in all.
Bytes OneEntry(std::uint32_t offset, std::uint32_t length, std::size_t size) {
  ByteWriter writer;
  writer.Bytes(Hex(kVcek)).Le(offset).Le(length).Zeros(24).PadTo(size);
  return std::move(writer).Take();
}

TEST(SnpCertificateTable, PutsEveryBlobInItsPlace) {
  const auto table = ParseCertificateTable(MakeTable({{kCrl, Text("crl")},
                                                      {kVcek, Text("vcek")},
                                                      {kArk, Text("ark")},
                                                      {kVlek, Text("vlek")},
                                                      {kAsk, Text("ask")}}));

  ASSERT_THAT(table, Succeeds());
  EXPECT_EQ(table->vcek, Text("vcek"));
  EXPECT_EQ(table->vlek, Text("vlek"));
  EXPECT_EQ(table->ask, Text("ask"));
  EXPECT_EQ(table->ark, Text("ark"));
  EXPECT_EQ(table->crl, Text("crl"));
  EXPECT_EQ(table->cpu_signature, std::nullopt);
}

TEST(SnpCertificateTable, MayBeEmpty) {
  for (const Bytes& bytes : {Bytes{}, Bytes(24), Bytes(4096)}) {
    const auto table = ParseCertificateTable(bytes);
    ASSERT_THAT(table, Succeeds());
    EXPECT_TRUE(table->vcek.empty());
  }
}

TEST(SnpCertificateTable, EndsWithAZeroEntry) {
  for (const std::size_t size : {1u, 20u, 23u, 25u, 47u}) {
    Bytes bytes = MakeTable({{kVcek, Text("x")}});
    bytes.resize(size);
    EXPECT_THAT(ParseCertificateTable(bytes),
                FailsWith(ErrorCode::kMalformed, HasSubstr("before the zero entry")))
        << size;
  }
}

TEST(SnpCertificateTable, IgnoresPadding) {
  Bytes bytes = MakeTable({{kVcek, Text("vcek")}});
  bytes.resize(4096);
  const auto table = ParseCertificateTable(bytes);
  ASSERT_THAT(table, Succeeds());
  EXPECT_EQ(table->vcek, Text("vcek"));
}

TEST(SnpCertificateTable, KeepsUnknownEntriesByTheirGuid) {
  const auto table = ParseCertificateTable(MakeTable({{kUnknown, Text("?")}, {kVcek, Text("v")}}));

  ASSERT_THAT(table, Succeeds());
  ASSERT_EQ(table->extras.size(), 1u);
  EXPECT_EQ(table->extras.at("01234567-89ab-cdef-0123-456789abcdef"), Text("?"));
}

TEST(SnpCertificateTable, ChecksUnknownEntriesToo) {
  EXPECT_THAT(ParseCertificateTable(MakeTable({{kUnknown, {}}})),
              FailsWith(ErrorCode::kMalformed, HasSubstr("no bytes")));
}

TEST(SnpCertificateTable, RejectsDuplicates) {
  for (const char* const guid : {kVcek, kArk, kUnknown}) {
    EXPECT_THAT(ParseCertificateTable(MakeTable({{guid, Text("a")}, {guid, Text("a")}})),
                FailsWith(ErrorCode::kMalformed, HasSubstr(GuidText(guid) + " is there twice")));
  }
}

TEST(SnpCertificateTable, KeepsEveryBlobInside) {
  EXPECT_THAT(ParseCertificateTable(OneEntry(48, 1, 49)), Succeeds());
  EXPECT_THAT(
      ParseCertificateTable(OneEntry(48, 2, 49)),
      FailsWith(ErrorCode::kMalformed, HasSubstr("2 bytes at 48, want a part of 48 to 49")));
  EXPECT_THAT(ParseCertificateTable(OneEntry(49, 1, 49)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(
      ParseCertificateTable(OneEntry(47, 1, 49)),
      FailsWith(ErrorCode::kMalformed, HasSubstr("1 bytes at 47, want a part of 48 to 49")));
  EXPECT_THAT(ParseCertificateTable(OneEntry(0, 24, 64)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseCertificateTable(OneEntry(48, 0, 64)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("no bytes")));
}

TEST(SnpCertificateTable, AddsOffsetsWithoutWrapping) {
  EXPECT_THAT(ParseCertificateTable(OneEntry(0xFFFFFFFF, 0xFFFFFFFF, 64)),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseCertificateTable(OneEntry(48, 0xFFFFFFFF, 64)),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseCertificateTable(OneEntry(0xFFFFFFF0, 0x50, 128)),
              FailsWith(ErrorCode::kMalformed));
}

TEST(SnpCertificateTable, RejectsAnEntryWithoutAGuid) {
  Bytes bytes(128);
  bytes[16] = std::byte{48};
  EXPECT_THAT(ParseCertificateTable(bytes),
              FailsWith(ErrorCode::kMalformed, HasSubstr("without a GUID")));
}

TEST(SnpCertificateTable, BoundsTheNumberOfEntries) {
  std::vector<TestEntry> entries;
  for (std::size_t i = 0; i < kMaxCertificateTableEntries; ++i) {
    entries.push_back({fmt::format("{:032x}", i + 1), Text("x")});
  }
  EXPECT_THAT(ParseCertificateTable(MakeTable(entries)), Succeeds());
  entries.push_back({kUnknown, Text("x")});
  EXPECT_THAT(ParseCertificateTable(MakeTable(entries)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("more than 16 entries")));
}

TEST(SnpCertificateTable, ReadsGuidsInTheOrderOfTheirText) {
  // The same GUID in the byte order that EFI uses names nothing here.
  const auto table =
      ParseCertificateTable(MakeTable({{"8d75da6364e66445adc5f4b93be8accd", Text("vcek")}}));
  ASSERT_THAT(table, Succeeds());
  EXPECT_TRUE(table->vcek.empty());
  EXPECT_TRUE(table->extras.contains("8d75da63-64e6-6445-adc5-f4b93be8accd"));
}

TEST(SnpCertificateTable, TakesSingleEntriesUnderTheSameRules) {
  CertificateTable table;
  EXPECT_THAT(AddTableEntry(GuidText(kVcek), Text("vcek"), table), Succeeds());
  EXPECT_EQ(table.vcek, Text("vcek"));
  EXPECT_THAT(AddTableEntry(GuidText(kVcek), Text("other"), table),
              FailsWith(ErrorCode::kMalformed, HasSubstr(GuidText(kVcek) + " is there twice")));
  EXPECT_EQ(table.vcek, Text("vcek"));
  EXPECT_THAT(AddTableEntry(GuidText(kAsk), {}, table),
              FailsWith(ErrorCode::kMalformed, HasSubstr(GuidText(kAsk) + " is an entry of no")));
}

TEST(SnpCertificateTable, RefusesThePlatformInfoTwice) {
  const Bytes info = Hex("08000000110fa000");
  EXPECT_THAT(ParseCertificateTable(MakeTable({{kPlatformInfo, info}, {kPlatformInfo, info}})),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  // Also when what it says is zero.
  const Bytes zero = Hex("0800000000000000");
  EXPECT_THAT(ParseCertificateTable(MakeTable({{kPlatformInfo, zero}, {kPlatformInfo, zero}})),
              FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
}

TEST(SnpCertificateTable, ReadsTheProcessorThatToolsAdd) {
  const auto read = [](std::string_view hex) {
    return ParseCertificateTable(MakeTable({{kPlatformInfo, Hex(hex)}}));
  };
  ASSERT_THAT(read("08000000110fa000"), Succeeds());
  EXPECT_EQ(read("08000000110fa000")->cpu_signature, 0x00A00F11u);
  EXPECT_THAT(read("09000000110fa000"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(read("08000000110fa0"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(read("09000000110fa00000"), FailsWith(ErrorCode::kMalformed));
}

TEST(SnpCertificateTable, GivesAValueOrAnErrorForEveryTruncation) {
  const Bytes bytes = MakeTable({{kVcek, Text("vcek")}, {kAsk, Text("ask")}});
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseCertificateTable(std::span(bytes).first(size)),
                FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

TEST(SnpExtendedReport, IsAReportWithATableBehind) {
  const Bytes bytes(kReportBytes + 24);
  const auto parts = SplitExtendedReport(bytes);
  ASSERT_THAT(parts, Succeeds());
  EXPECT_EQ(parts->report.size(), kReportBytes);
  EXPECT_EQ(parts->table.size(), 24u);
  EXPECT_TRUE(SplitExtendedReport(std::span(bytes).first(kReportBytes))->table.empty());
  EXPECT_THAT(SplitExtendedReport(std::span(bytes).first(kReportBytes - 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("1183 bytes")));
}

// A table with everything of a platform.
CertificateTable TableOf(const TestPlatform& platform) {
  const Endorsements endorsements = platform.MakeEndorsements();
  CertificateTable table;
  (platform.key == SigningKey::kVlek ? table.vlek : table.vcek) = endorsements.vek.der();
  table.ask = endorsements.ica.der();
  table.ark = endorsements.ark.der();
  return table;
}

TEST(SnpEndorsements, ComeFromTheEvidence) {
  for (const SigningKey key : {SigningKey::kVcek, SigningKey::kVlek}) {
    const CertificateTable table = TableOf(TestPlatform(Product::kMilan, key));
    const auto endorsements = CollectEndorsements(key, table, {});
    ASSERT_THAT(endorsements, Succeeds());
    EXPECT_EQ(endorsements->ica.der(), table.ask);
    EXPECT_EQ(endorsements->ark.der(), table.ark);
    EXPECT_FALSE(endorsements->crl.has_value());
  }
}

TEST(SnpEndorsements, ComeFromTheCacheWhereTheEvidenceHasNone) {
  const CertificateTable cache = TableOf(TestPlatform(Product::kMilan));
  CertificateTable evidence;
  evidence.vcek = TableOf(TestPlatform(Product::kMilan)).vcek;

  const auto endorsements = CollectEndorsements(SigningKey::kVcek, evidence, cache);

  ASSERT_THAT(endorsements, Succeeds());
  EXPECT_EQ(endorsements->vek.der(), evidence.vcek);
  EXPECT_EQ(endorsements->ica.der(), cache.ask);
  EXPECT_THAT(CollectEndorsements(SigningKey::kVcek, {}, cache), Succeeds());
}

TEST(SnpEndorsements, NameWhatIsMissing) {
  const CertificateTable full = TableOf(TestPlatform(Product::kMilan));
  struct Case {
    Bytes CertificateTable::*blob;
    const char* name;
  };
  for (const auto& [blob, name] :
       {Case{&CertificateTable::vcek, "no VCEK"}, Case{&CertificateTable::ask, "no ASK"},
        Case{&CertificateTable::ark, "no ARK"}}) {
    CertificateTable table = full;
    (table.*blob).clear();
    const auto endorsements = CollectEndorsements(SigningKey::kVcek, table, {});
    ASSERT_THAT(endorsements, FailsWith(ErrorCode::kNotFound, HasSubstr(name)));
    EXPECT_EQ(endorsements.error().reason(), "missing-collateral");
  }
  EXPECT_THAT(CollectEndorsements(SigningKey::kVlek, full, {}),
              FailsWith(ErrorCode::kNotFound, HasSubstr("no VLEK")));
  EXPECT_THAT(CollectEndorsements(SigningKey::kNone, full, full),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(SnpEndorsements, NameWhatDoesNotParse) {
  CertificateTable table = TableOf(TestPlatform(Product::kMilan));
  table.ask.pop_back();
  EXPECT_THAT(CollectEndorsements(SigningKey::kVcek, table, {}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("ASK: certificate")));
}

TEST(SnpEndorsements, MayBePem) {
  const TestPlatform platform(Product::kMilan);
  CertificateTable table = TableOf(platform);
  table.vcek = Text(crypto::Certificate::FromDer(table.vcek)->Pem());
  table.vcek.push_back(std::byte{0});
  EXPECT_THAT(CollectEndorsements(SigningKey::kVcek, table, {}), Succeeds());
}

TEST(SnpEndorsements, PreferTheVerifiersOwnRevocationList) {
  TestPlatform platform(Product::kMilan);
  CertificateTable evidence = TableOf(platform);
  CertificateTable cache;
  crypto::testing::CrlSpec list = platform.EmptyCrl();
  evidence.crl = crypto::testing::MakeCrl(list);
  list.this_update = kNow;
  cache.crl = crypto::testing::MakeCrl(list);

  EXPECT_EQ(CollectEndorsements(SigningKey::kVcek, evidence, cache)->crl->this_update(), kNow);
  EXPECT_EQ(CollectEndorsements(SigningKey::kVcek, evidence, {})->crl->this_update(),
            crypto::testing::kYear2026);
}

TEST(SnpEndorsements, TakeAChainOfTheKeyServer) {
  const Endorsements endorsements = TestPlatform(Product::kMilan).MakeEndorsements();
  const std::string pem = endorsements.ica.Pem() + endorsements.ark.Pem();

  const auto table = TableOfKdsChain(pem);

  ASSERT_THAT(table, Succeeds());
  EXPECT_EQ(table->ask, endorsements.ica.der());
  EXPECT_EQ(table->ark, endorsements.ark.der());
  EXPECT_THAT(TableOfKdsChain(endorsements.ica.Pem()), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(TableOfKdsChain(pem + endorsements.ark.Pem()), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::snp
