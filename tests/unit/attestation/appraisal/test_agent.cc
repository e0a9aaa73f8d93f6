#include "unit/attestation/appraisal/test_agent.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::appraisal::testing {

namespace samples = attestation::testing;
namespace tpm2 = vtpm::testing;
using crypto::DigestAlgorithm;
using snp::testing::TestPlatform;

namespace {

// One platform for all tests, for its certificates take long.
const TestPlatform& SharedPlatform() {
  static const TestPlatform platform(snp::Product::kGenoa);
  return platform;
}

const snp::Endorsements& SharedEndorsements() {
  static const snp::Endorsements endorsements = SharedPlatform().MakeEndorsements();
  return endorsements;
}

Bytes Part(const Bytes& report, std::size_t offset, std::size_t size) {
  const auto at = report.begin() + static_cast<std::ptrdiff_t>(offset);
  return {at, at + static_cast<std::ptrdiff_t>(size)};
}

std::uint64_t Number(const Bytes& report, std::size_t offset, std::size_t size) {
  Bytes eight = Part(report, offset, size);
  eight.resize(8);
  return ByteReader(eight).Le<std::uint64_t>();
}

// CPUID(1).EAX of family, model and stepping in a report.
std::uint64_t FamilyModelStepping(const Bytes& report) {
  const std::uint64_t family = Number(report, 0x188, 1);
  const std::uint64_t model = Number(report, 0x189, 1);
  return (family - 0xf) << 20 | 0xf00 | (model & 0xf0) << 12 | (model & 0xf) << 4 |
         Number(report, 0x18a, 1);
}

struct Row {
  std::uint32_t field;
  std::size_t offset;
  std::size_t size;
};

}  // namespace

Bytes ReportMessageOf(const Bytes& report) {
  constexpr Row kIntegers[] = {{1, 0x000, 4},  {2, 0x004, 4},  {3, 0x008, 8},  {6, 0x030, 4},
                               {7, 0x034, 4},  {8, 0x038, 8},  {9, 0x040, 8},  {10, 0x048, 4},
                               {18, 0x180, 8}, {20, 0x1e0, 8}, {21, 0x1e8, 1}, {22, 0x1e9, 1},
                               {23, 0x1ea, 1}, {24, 0x1ec, 1}, {25, 0x1ed, 1}, {26, 0x1ee, 1},
                               {27, 0x1f0, 8}, {30, 0x1f8, 8}, {31, 0x200, 8}};
  constexpr Row kBytes[] = {{4, 0x010, 16},  {5, 0x020, 16},  {11, 0x050, 64}, {12, 0x090, 48},
                            {13, 0x0c0, 32}, {14, 0x0e0, 48}, {15, 0x110, 48}, {16, 0x140, 32},
                            {17, 0x160, 32}, {19, 0x1a0, 64}, {28, 0x2a0, 512}};
  samples::Message message;
  for (const Row& row : kIntegers) {
    const std::uint64_t value = Number(report, row.offset, row.size);
    if (value != 0) message[row.field] = samples::IntegerField(row.field, value);
  }
  for (const Row& row : kBytes) {
    message[row.field] = samples::BytesField(row.field, Part(report, row.offset, row.size));
  }
  message[29] = samples::IntegerField(29, FamilyModelStepping(report));
  return samples::Encode(message);
}

TestAgent::TestAgent()
    : certificate(samples::FromText("-----BEGIN CERTIFICATE-----\none\n")),
      platform(SharedPlatform()),
      ak_public(tpm.Raw().Write()),
      bound_key(ak_public),
      endorsements_(SharedEndorsements()) {
  const TpmNonce nonce = TpmNonceForCertificate(certificate);
  tpm_nonce.assign(nonce.begin(), nonce.end());
  // PCR 0 is extended twice, as the log says; PCR 7 never was.
  const Bytes data = samples::FromText("firmware");
  event_log = tpm2::LogBuilder({{0x000b, 32}, {0x000c, 48}})
                  .SpecId()
                  .Record(0, 8, data)
                  .Record(0, 4, tpm2::kSeparator)
                  .Take();
  for (const DigestAlgorithm bank : {DigestAlgorithm::kSha256, DigestAlgorithm::kSha384}) {
    const Bytes zero(crypto::DigestSize(bank));
    const Bytes value = tpm2::Extended(bank, tpm2::Extended(bank, zero, data), tpm2::kSeparator);
    quotes.push_back({bank, {{0, value}, {7, zero}}});
  }
}

Bytes TestAgent::SignedReport(bool beside_tpm) const {
  ReportData data = report_data.value_or(ReportDataForCertificate(certificate));
  if (beside_tpm && !bound_key.empty()) data = ReportDataWithAttestationKey(data, bound_key);
  TestPlatform signing = platform;
  snp::testing::Put(signing.report, snp::testing::kReportDataAt, {data.begin(), data.end()});
  return signing.SignedReport();
}

Bytes TestAgent::SevSnp(bool beside_tpm) const {
  samples::Message message;
  message[1] = samples::BytesField(1, ReportMessageOf(SignedReport(beside_tpm)));
  if (sends_chain) {
    message[2] =
        samples::BytesField(2, samples::Joined({samples::BytesField(1, endorsements_.vek.der()),
                                                samples::BytesField(2, endorsements_.ark.der()),
                                                samples::BytesField(3, endorsements_.ica.der())}));
  }
  return samples::Encode(message);
}

Bytes TestAgent::Quote(const BankQuote& quote) const {
  tpm2::RawAttest attest;
  attest.extra_data = tpm_nonce;
  attest.selections = {{vtpm::AlgorithmId(quote.bank), tpm2::Bitmap({0, 7})}};
  attest.pcr_digest =
      tpm2::DigestOfPcrs(DigestAlgorithm::kSha256, {quote.pcrs.at(0), quote.pcrs.at(7)});
  const Bytes bytes = attest.Write();
  Bytes pcrs = samples::IntegerField(1, vtpm::AlgorithmId(quote.bank));
  for (const auto& [index, value] : quote.pcrs) {
    pcrs = samples::Joined({pcrs, samples::PcrField(index, value)});
  }
  return samples::BytesField(
      2, samples::Joined({samples::BytesField(1, bytes), samples::BytesField(2, tpm.Sign(bytes)),
                          samples::BytesField(3, pcrs)}));
}

samples::Message TestAgent::TpmMessage() const {
  samples::Message message;
  message[1] = samples::BytesField(1, ak_public);
  for (const BankQuote& quote : quotes) {
    message[2] = samples::Joined({message[2], Quote(quote)});
  }
  if (!event_log.empty()) message[3] = samples::BytesField(3, event_log);
  return message;
}

Bytes TestAgent::SnpVtpm() const {
  samples::Message message = TpmMessage();
  message[8] = samples::BytesField(8, SevSnp(true));
  return samples::Encode(message);
}

Bytes TestAgent::VtpmOnly() const { return samples::Encode(TpmMessage()); }

Endorsements TestAgent::Root() const {
  Endorsements trusted;
  trusted.snp_anchors = platform.AnchorsOf(endorsements_);
  return trusted;
}

snp::CertificateTable TestAgent::Certificates() const {
  snp::CertificateTable table;
  table.vcek = endorsements_.vek.der();
  table.ask = endorsements_.ica.der();
  table.ark = endorsements_.ark.der();
  return table;
}

Expectation TestAgent::ExpectSnp() const {
  Expectation expectation;
  expectation.challenge = ChallengeOfCertificate(certificate).value();
  expectation.policy.snp = snp::Policy{};
  snp::Digest384 measurement{};
  std::ranges::copy(Part(platform.report, snp::testing::kMeasurementAt, 48), measurement.begin());
  expectation.policy.snp->measurements = {measurement};
  return expectation;
}

Expectation TestAgent::ExpectSnpVtpm() const {
  Expectation expectation = ExpectSnp();
  expectation.policy.tpm = vtpm::Policy{};
  expectation.policy.tpm->require_event_log = true;
  for (const BankQuote& quote : quotes) {
    expectation.policy.tpm->expected_pcrs[quote.bank][0] = quote.pcrs.at(0);
  }
  return expectation;
}

std::vector<std::string> Failed(const Appraisal& appraisal) {
  std::vector<std::string> names;
  for (const Claim& claim : appraisal.verdict.failures()) names.push_back(claim.name);
  return names;
}

Claim ClaimNamed(const Appraisal& appraisal, std::string_view name) {
  const auto named = [name](const Claim& claim) { return claim.name == name; };
  const auto& claims = appraisal.verdict.claims;
  if (std::ranges::count_if(claims, named) != 1) return {};
  return *std::ranges::find_if(claims, named);
}

}  // namespace cocos::attestation::appraisal::testing
