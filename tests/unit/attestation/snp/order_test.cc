// Of several faults the one that is looked for first is told: what nobody has vouched for is never
// compared with anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/snp/verify.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using namespace testing;
using std::chrono::seconds;

// What is handed over beside what the platform makes.
struct Handover {
  bool trust_nobody = false;
  bool change_after_signing = false;
};

using Change = void (*)(TestPlatform&, Handover&);
struct Fault {
  ErrorCode code;
  const char* message;
  Change put_in;
};

// In the order of the checks.
constexpr Fault kFaults[] = {
    {ErrorCode::kMalformed, "SNP report: version 6, want 2 to 5",
     [](TestPlatform& p, Handover&) { PutU32(p.report, kVersionAt, 6); }},
    {ErrorCode::kUntrusted, "SNP report: not signed: signing key VCEK, chip key masked",
     [](TestPlatform& p, Handover&) { PutU32(p.report, kKeyInfoAt, 2); }},
    {ErrorCode::kMalformed, "endorsement key certificate: structVersion 1, want 0",
     [](TestPlatform& p, Handover&) { p.Extension("1") = DerInteger(1); }},
    {ErrorCode::kUntrusted, "SNP report: made on Genoa, but its key is one of Milan",
     [](TestPlatform& p, Handover&) { Put(p.report, kCpuIdAt + 1, {std::byte{0x11}}); }},
    {ErrorCode::kUntrusted, "ARK: not a trusted root key of Milan",
     [](TestPlatform&, Handover& h) { h.trust_nobody = true; }},
    {ErrorCode::kUntrusted, "ARK: certificate",
     [](TestPlatform& p, Handover&) { p.ark.not_after = kNow - seconds(1); }},
    {ErrorCode::kUntrusted, "ASK: not a CA with path length 0",
     [](TestPlatform& p, Handover&) { p.ica.text_extensions[0].second = "critical,CA:TRUE"; }},
    {ErrorCode::kUntrusted, "VCEK: a CA, want an end entity",
     [](TestPlatform& p, Handover&) {
       p.vek.text_extensions = {{"basicConstraints", "CA:TRUE"}};
     }},
    {ErrorCode::kUntrusted, "revocation: ",
     [](TestPlatform& p, Handover&) {
       p.crl = p.EmptyCrl();
       p.crl->serials = {p.ica.serial};
     }},
    {ErrorCode::kUntrusted, "SNP report: signature: not made by this key over these bytes",
     [](TestPlatform&, Handover& h) { h.change_after_signing = true; }},
    {ErrorCode::kMalformed, "a byte reserved on Milan and Genoa is not zero",
     [](TestPlatform& p, Handover&) { Put(p.report, kLaunchTcbAt + 2, {std::byte{1}}); }},
    {ErrorCode::kUntrusted, "SNP report: reported TCB boot-loader=4",
     [](TestPlatform& p, Handover&) { p.Extension("3.1") = DerInteger(5); }},
    {ErrorCode::kUntrusted, "SNP report: chip id ee02",
     [](TestPlatform& p, Handover&) { Put(p.report, kChipIdAt, {std::byte{0xEE}}); }},
};

Result<VerifiedReport> VerifyWith(std::initializer_list<const Fault*> faults) {
  TestPlatform platform(Product::kMilan);
  Handover handover;
  for (const Fault* fault : faults) fault->put_in(platform, handover);
  const Endorsements endorsements = platform.MakeEndorsements();
  Bytes report = platform.SignedReport();
  if (handover.change_after_signing) report[kReportDataAt] ^= std::byte{1};
  const TrustAnchors anchors =
      handover.trust_nobody ? TrustAnchors() : platform.AnchorsOf(endorsements);
  return Verify(report, endorsements, anchors, kNow);
}

TEST(SnpOrderOfChecks, FindsEveryFaultAlone) {
  EXPECT_THAT(VerifyWith({}), Succeeds());
  for (const Fault& fault : kFaults) {
    EXPECT_THAT(VerifyWith({&fault}), FailsWith(fault.code, HasSubstr(fault.message)));
  }
}

TEST(SnpOrderOfChecks, TellsTheFirstOfTwoFaults) {
  for (const Fault& first : kFaults) {
    for (const Fault* second = &first + 1; second != std::end(kFaults); ++second) {
      EXPECT_THAT(VerifyWith({&first, second}), FailsWith(first.code, HasSubstr(first.message)))
          << "with " << second->message;
    }
  }
}

// A VLEK has no chip: the last fault is none for it.
TEST(SnpOrderOfChecks, EndsWithTheChipWhichAVlekDoesNotHave) {
  TestPlatform platform(Product::kMilan, SigningKey::kVlek);
  Put(platform.report, kChipIdAt, {std::byte{0xEE}});
  const auto verified = platform.VerifyAll();
  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->chip_bound());
}

}  // namespace
}  // namespace cocos::attestation::snp
