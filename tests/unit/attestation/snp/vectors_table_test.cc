// The certificate tables of the SEV-SNP collection, alone and behind their reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "attestation/snp/certificate_table.h"
#include "attestation/snp/endorsements.h"
#include "attestation/snp/verify.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/vectors.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using nlohmann::json;
using testing::ReadVector;
using testing::TestClock;
using testing::VectorIndex;

std::string Hex(std::span<const std::byte> bytes) { return crypto::HexEncode(bytes); }

const std::vector<std::byte>& BlobOfKind(const CertificateTable& table, const std::string& kind) {
  if (kind == "VCEK") return table.vcek;
  if (kind == "VLEK") return table.vlek;
  return kind == "ASK" ? table.ask : table.ark;
}

TEST(SnpVectors, ReadEveryCertificateTable) {
  COCOS_NEED_SNP_VECTORS();
  int valid = 0;
  for (const json& vector : VectorIndex().at("cert_tables")) {
    SCOPED_TRACE(vector.at("file"));
    const std::vector<std::byte> bytes = ReadVector(vector.at("file"));
    const auto parts = SplitExtendedReport(bytes);
    ASSERT_THAT(parts, Succeeds());

    const auto table = ParseCertificateTable(parts->table);

    if (!vector.at("valid").get<bool>()) {
      EXPECT_THAT(table, FailsWith(ErrorCode::kMalformed)) << vector.at("why");
      continue;
    }
    ++valid;
    ASSERT_THAT(table, Succeeds());
    for (const json& entry : vector.at("entries")) {
      if (entry.at("kind") == "EXTRA") {
        EXPECT_EQ(table->cpu_signature, 0x00A00F11u);
      }
      if (entry.at("kind") == "EXTRA" || entry.at("kind") == "UNKNOWN") continue;
      EXPECT_EQ(Hex(crypto::Sha256(BlobOfKind(*table, entry.at("kind")))), entry.at("sha256"));
    }
  }
  EXPECT_EQ(valid, 10);
}

// The report, with what came in its table and a cache of the chains for what did not.
Result<VerifiedReport> VerifyExtended(const std::string& file, const std::string& cached_chain) {
  const std::vector<std::byte> bytes = ReadVector(file);
  const ExtendedReport parts = COCOS_TRY(SplitExtendedReport(bytes));
  const Report report = COCOS_TRY(ParseReport(parts.report));
  const CertificateTable table = COCOS_TRY(ParseCertificateTable(parts.table));
  CertificateTable cache;
  if (!cached_chain.empty()) {
    const std::vector<std::byte> chain = ReadVector(cached_chain);
    cache = COCOS_TRY(TableOfKdsChain({reinterpret_cast<const char*>(chain.data()), chain.size()}));
  }
  const Endorsements endorsements =
      COCOS_TRY(CollectEndorsements(report.signing_key, table, cache));
  return Verify(parts.report, endorsements, AmdTrustAnchors(), TestClock());
}

TEST(SnpVectors, VerifyExtendedReportsWithTheirTables) {
  COCOS_NEED_SNP_VECTORS();
  for (const char* const file :
       {"certtables/milan_v3_full.bin", "certtables/milan_v3_page_padded.bin",
        "certtables/milan_v3_pem.bin", "certtables/genoa_v3_full.bin",
        "certtables/turin_v5_full.bin"}) {
    EXPECT_THAT(VerifyExtended(file, ""), Succeeds()) << file;
  }
}

TEST(SnpVectors, TakeWhatATableLacksFromTheCache) {
  COCOS_NEED_SNP_VECTORS();
  const char* const file = "certtables/milan_v3_vcek_only.bin";

  EXPECT_THAT(VerifyExtended(file, "chains/milan_vcek_chain.pem"), Succeeds());
  EXPECT_THAT(VerifyExtended(file, "chains/genoa_vcek_chain.pem"),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(VerifyExtended(file, ""),
              FailsWith(ErrorCode::kNotFound, ::testing::HasSubstr("no ASK certificate")));
  EXPECT_THAT(VerifyExtended("certtables/empty.bin", "chains/milan_vcek_chain.pem"),
              FailsWith(ErrorCode::kNotFound, ::testing::HasSubstr("no VCEK certificate")));
}

}  // namespace
}  // namespace cocos::attestation::snp
