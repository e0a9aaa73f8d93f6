#include "daemon/refusal_explainer.h"

#include <gtest/gtest.h>

namespace cocos::daemon {
namespace {

using attestation::Claim;
using attestation::Outcome;
using attestation::Verdict;

Claim Measurement(const std::string& name, const std::string& actual,
                  Outcome outcome = Outcome::kFailed) {
  return {.name = name, .expected = "", .actual = actual, .outcome = outcome};
}

TEST(RefusedMeasurement, IsThatOfTheFailedClaim) {
  for (const char* name : {"snp.measurement", "tdx.mr-td"}) {
    const auto found = RefusedMeasurement(Verdict{{Measurement(name, std::string(96, 'b'))}});

    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ(found->front(), std::byte{0xbb});
  }
}

TEST(RefusedMeasurement, IsNoneWhereSomethingElseFailedOrNothing) {
  const std::string digest(96, 'b');
  EXPECT_FALSE(RefusedMeasurement({}).has_value());
  EXPECT_FALSE(RefusedMeasurement(Verdict{{Measurement("snp.host-data", digest)}}).has_value());
  EXPECT_FALSE(
      RefusedMeasurement(Verdict{{Measurement("snp.measurement", digest, Outcome::kPassed)}})
          .has_value());
  EXPECT_FALSE(
      RefusedMeasurement(Verdict{{Measurement("snp.measurement", "not hex")}}).has_value());
}

}  // namespace
}  // namespace cocos::daemon
