#include "attestation/launch/cpu_model.h"

#include <gtest/gtest.h>

#include <set>

#include "support/result_matchers.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using ::testing::HasSubstr;

struct ModelCase {
  const char* name;
  std::uint32_t signature;
};

class CpuModelTable : public ::testing::TestWithParam<ModelCase> {};

TEST_P(CpuModelTable, GivesTheSignatureOfQemu) {
  const auto identity = FindCpuModel(GetParam().name);

  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(SignatureOf(*identity), GetParam().signature);
  EXPECT_EQ(IdentityOf(GetParam().signature), *identity);
}

// CPUID(1).EAX as the models of QEMU have it.
INSTANTIATE_TEST_SUITE_P(
    Models, CpuModelTable,
    ::testing::Values(ModelCase{"EPYC", 0x00800F12}, ModelCase{"EPYC-v1", 0x00800F12},
                      ModelCase{"EPYC-v2", 0x00800F12}, ModelCase{"EPYC-v3", 0x00800F12},
                      ModelCase{"EPYC-v4", 0x00800F12}, ModelCase{"EPYC-v5", 0x00800F12},
                      ModelCase{"EPYC-IBPB", 0x00800F12}, ModelCase{"EPYC-Rome", 0x00830F10},
                      ModelCase{"EPYC-Rome-v1", 0x00830F10}, ModelCase{"EPYC-Rome-v4", 0x00830F10},
                      ModelCase{"EPYC-Milan", 0x00A00F11}, ModelCase{"EPYC-Milan-v2", 0x00A00F11},
                      ModelCase{"EPYC-Genoa", 0x00A10F10}, ModelCase{"EPYC-Genoa-v1", 0x00A10F10},
                      ModelCase{"EPYC-Turin", 0x00B00F00}, ModelCase{"EPYC-Turin-v1", 0x00B00F00}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      std::erase(name, '-');
      return name;
    });

TEST(CpuModelName, IsMatchedWhole) {
  for (const char* const name :
       {"EPY", "EPYCC", "EPYC-", "EPYC-Rom", "EPYC-Romee", "EPYC-milan", "EPYC Milan", " EPYC",
        "EPYC ", "EPYC-v1-v2", "EPYC-v123", "EPYC-v-1", "EPYC-V4", "EPYC-Rome-v4x", "v1", "host",
        "max", "Opteron_G5", ""}) {
    EXPECT_THAT(FindCpuModel(name),
                FailsWith(ErrorCode::kNotFound, HasSubstr("\"" + std::string(name) + "\"")))
        << name;
  }
}

TEST(CpuModelTableItself, NamesNoModelTwiceAndNoVersions) {
  std::set<std::string_view> names;
  for (const CpuModel& model : CpuModels()) {
    EXPECT_TRUE(names.insert(model.name).second) << model.name;
    EXPECT_EQ(model.name.find("-v"), std::string_view::npos);
  }
  EXPECT_EQ(names.size(), 6U);
}

TEST(CpuSignature, HasEachFieldAtItsBits) {
  EXPECT_EQ(SignatureOf({.family = 0, .model = 0, .stepping = 15}), 0x0000000FU);
  EXPECT_EQ(SignatureOf({.family = 0, .model = 15, .stepping = 0}), 0x000000F0U);
  EXPECT_EQ(SignatureOf({.family = 15, .model = 0, .stepping = 0}), 0x00000F00U);
  EXPECT_EQ(SignatureOf({.family = 15, .model = 0xF0, .stepping = 0}), 0x000F0F00U);
  EXPECT_EQ(SignatureOf({.family = 16, .model = 0, .stepping = 0}), 0x00100F00U);
  EXPECT_EQ(SignatureOf({.family = 270, .model = 255, .stepping = 15}), 0x0FFF0FFFU);
}

// Families below 15 have no extended model, so only small models survive.
TEST(CpuSignature, IsReadBackToTheSameIdentityForEveryFamilyModelAndStepping) {
  for (std::uint32_t family = 0; family <= 270; ++family) {
    const std::uint32_t models = family < 15 ? 16 : 256;
    for (std::uint32_t model = 0; model < models; ++model) {
      const CpuIdentity identity = {.family = family, .model = model, .stepping = model % 16};
      ASSERT_EQ(IdentityOf(SignatureOf(identity)), identity) << family << " " << model;
    }
  }
}

TEST(CpuSignature, OfAFamilyBelowFifteenIgnoresExtendedFieldsWhenRead) {
  EXPECT_EQ(IdentityOf(0x0FFF06F2), (CpuIdentity{.family = 6, .model = 15, .stepping = 2}));
  EXPECT_EQ(IdentityOf(0x0FFF0EF2), (CpuIdentity{.family = 14, .model = 15, .stepping = 2}));
  EXPECT_EQ(IdentityOf(0x0FFF0FF2), (CpuIdentity{.family = 270, .model = 255, .stepping = 2}));
}

TEST(CpuSignature, DoesNotLookAtReservedBitsWhenRead) {
  for (const unsigned bit : {12U, 13U, 14U, 15U, 28U, 29U, 30U, 31U}) {
    EXPECT_EQ(IdentityOf(0x00A00F11 | 1U << bit), IdentityOf(0x00A00F11)) << bit;
  }
}

}  // namespace
}  // namespace cocos::attestation::launch
