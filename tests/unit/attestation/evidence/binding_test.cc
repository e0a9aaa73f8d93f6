// What is bound to what: every byte of the certificate file, the key and the nonce counts.
#include "attestation/evidence/binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "crypto/digest.h"
#include "evidence_cases.h"

namespace cocos::attestation {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;
using ::testing::HasSubstr;

const Bytes kFile = FromText("-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n");

std::string Hex(std::span<const std::byte> bytes) { return crypto::HexEncode(bytes); }

// FIPS 180-4 and FIPS 202: known answers for "abc", all of them.
TEST(BindingDigests, AreThoseOfTheStandards) {
  const auto abc = crypto::BytesOf("abc");
  EXPECT_EQ(Hex(ReportDataForCertificate(abc)),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(Hex(TpmNonceForCertificate(abc)),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// SHA-3, not SHA-2: both have 64 bytes.
TEST(BindingDigests, OfTheKeyAreSha3) {
  const ReportData report_data = ReportDataForCertificate(kFile);
  const Bytes joined = Joined({Bytes(report_data.begin(), report_data.end()), RsaPublic()});
  const std::string bound = Hex(ReportDataWithAttestationKey(report_data, RsaPublic()));
  EXPECT_EQ(bound, Hex(crypto::DigestOf(crypto::DigestAlgorithm::kSha3_512, joined)));
  EXPECT_NE(bound, Hex(crypto::DigestOf(crypto::DigestAlgorithm::kSha512, joined)));
}

TEST(BindingOfCertificate, ChangesWithEveryBitOfTheFile) {
  std::set<std::string> seen = {Hex(ReportDataForCertificate(kFile)),
                                Hex(TpmNonceForCertificate(kFile))};
  for (std::size_t bit = 0; bit < kFile.size() * 8; ++bit) {
    Bytes changed = kFile;
    changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_TRUE(seen.insert(Hex(ReportDataForCertificate(changed))).second) << bit;
    EXPECT_TRUE(seen.insert(Hex(TpmNonceForCertificate(changed))).second) << bit;
  }
}

// The file is bytes, not a certificate: another spelling of the same certificate is another file.
TEST(BindingOfCertificate, ChangesWithLineEndsAndBlocks) {
  const Bytes windows =
      FromText("-----BEGIN CERTIFICATE-----\r\nTUlJ\r\n-----END CERTIFICATE-----\r\n");
  const Bytes unfinished(kFile.begin(), kFile.end() - 1);
  const Bytes twice = Joined({kFile, kFile});
  std::set<std::string> seen;
  for (const Bytes& file : {kFile, windows, unfinished, twice, Bytes{}}) {
    EXPECT_TRUE(seen.insert(Hex(ReportDataForCertificate(file))).second);
  }
}

TEST(BindingOfKey, ChangesWithEveryBitOfBothParts) {
  const ReportData report_data = ReportDataForCertificate(kFile);
  const Bytes key = RsaPublic();
  std::set<std::string> seen = {Hex(ReportDataWithAttestationKey(report_data, key))};
  for (std::size_t bit = 0; bit < key.size() * 8; ++bit) {
    Bytes changed = key;
    changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_TRUE(seen.insert(Hex(ReportDataWithAttestationKey(report_data, changed))).second);
  }
  for (std::size_t bit = 0; bit < 512; ++bit) {
    ReportData changed = report_data;
    changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_TRUE(seen.insert(Hex(ReportDataWithAttestationKey(changed, key))).second);
  }
}

// Up to v0.8.1 nothing ties the key: such report data never equals the bound one.
TEST(BindingOfKey, IsNotTheReportDataWithoutIt) {
  const ReportData plain = ReportDataForCertificate(kFile);
  EXPECT_NE(ReportDataWithAttestationKey(plain, RsaPublic()), plain);
  EXPECT_NE(ReportDataWithAttestationKey(plain, {}), plain);
  EXPECT_NE(ReportDataWithAttestationKey(plain, RsaPublic()),
            ReportDataWithAttestationKey(plain, EccPublic()));
}

TEST(PaddedNonces, KeepEveryByteAndEndInZeros) {
  for (std::size_t size = 1; size <= 64; ++size) {
    const Bytes nonce = Filled(size, 0xC3);
    const Result<ReportData> report_data = PadReportData(nonce);
    ASSERT_THAT(report_data, Succeeds()) << size;
    EXPECT_EQ(Bytes(report_data->begin(), report_data->end()), Joined({nonce, Filled(64 - size)}));
    const Result<TpmNonce> tpm_nonce = PadTpmNonce(nonce);
    ASSERT_EQ(tpm_nonce.has_value(), size <= 32) << size;
    if (tpm_nonce) {
      EXPECT_EQ(Bytes(tpm_nonce->begin(), tpm_nonce->end()), Joined({nonce, Filled(32 - size)}));
    }
  }
}

TEST(PaddedNonces, SayWhichSizesTheyTake) {
  EXPECT_THAT(PadReportData({}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("nonce of 0 bytes, want 1 to 64")));
  EXPECT_THAT(PadReportData(Filled(65)),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("nonce of 65 bytes, want 1 to 64")));
  EXPECT_THAT(PadTpmNonce({}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("nonce of 0 bytes, want 1 to 32")));
  EXPECT_THAT(PadTpmNonce(Filled(33)),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("nonce of 33 bytes, want 1 to 32")));
}

// The report that a vTPM answer carries by itself: 32 bytes of nonce, 32 of zeros. It is neither
// the binding of SNP nor that of SNP with vTPM.
TEST(PaddedNonces, OfATpmAreNoOtherBinding) {
  const TpmNonce nonce = TpmNonceForCertificate(kFile);
  const ReportData hidden = PadReportData(nonce).value();
  const ReportData plain = ReportDataForCertificate(kFile);
  EXPECT_NE(hidden, plain);
  EXPECT_NE(hidden, ReportDataWithAttestationKey(plain, RsaPublic()));
  EXPECT_NE(hidden, ReportDataWithAttestationKey(hidden, RsaPublic()));
}

}  // namespace
}  // namespace cocos::attestation
