#include "attestation/policy/read_policy.h"

#include <gmock/gmock.h>

#include "attestation/policy/upstream_json.h"
#include "crypto/sign.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_corim.h"

namespace cocos::attestation::policy {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Policy Sample() {
  Policy policy;
  policy.snp = snp::Policy{};
  policy.snp->measurements.push_back({});
  return policy;
}

TEST(ReadAnyPolicy, ReadsYaml) {
  const auto read = ReadAnyPolicy("snp: {vmpl: 2}\n", Profile::kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->format, "yaml");
  EXPECT_EQ(read->policy.snp->vmpl, 2u);
  EXPECT_THAT(read->notes, IsEmpty());
}

TEST(ReadAnyPolicy, ReadsJsonUnderTheGivenProfile) {
  const std::string json = WriteSnpJson(Sample())->text;

  const auto read = ReadAnyPolicy("\n  " + json, Profile::kDebug);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->format, "json");
  EXPECT_EQ(read->policy.profile, Profile::kDebug);
}

TEST(ReadAnyPolicy, ReadsCorimAndSaysThatNobodySignedIt) {
  const std::vector<std::byte> bytes = testing::SampleCorim(Sample());

  const auto read = ReadAnyPolicy({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                  Profile::kProduction);

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->format, "corim");
  EXPECT_THAT(read->notes, Not(IsEmpty()));
}

TEST(ReadAnyPolicy, WantsACorimWhereAKeyIsGiven) {
  const std::string pem = crypto::GenerateKeyPair(crypto::KeyType::kEcdsaP256)->public_key;
  const auto key = crypto::VerifyingKey::FromPem(pem);
  ASSERT_THAT(key, Succeeds());

  EXPECT_THAT(ReadAnyPolicy("snp: {vmpl: 2}\n", Profile::kProduction, &*key),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("CoRIM")));
}

TEST(ReadAnyPolicy, RefusesAnEmptyText) {
  EXPECT_FALSE(ReadAnyPolicy("", Profile::kProduction).has_value());
}

}  // namespace
}  // namespace cocos::attestation::policy
