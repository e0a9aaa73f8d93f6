#include "attestation/snp/product.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using ::testing::HasSubstr;

struct Model {
  std::uint8_t family;
  std::uint8_t model;
};

TEST(SnpProduct, FollowsFamilyAndModel) {
  for (const auto& [family, model] : {Model{0x19, 0x00}, Model{0x19, 0x01}, Model{0x19, 0x0F}}) {
    EXPECT_EQ(ProductOfCpu(family, model).value(), Product::kMilan);
  }
  for (const auto& [family, model] : {Model{0x19, 0x10}, Model{0x19, 0x11}, Model{0x19, 0x1F},
                                      Model{0x19, 0xA0}, Model{0x19, 0xAF}}) {
    EXPECT_EQ(ProductOfCpu(family, model).value(), Product::kGenoa);
  }
  for (const auto& [family, model] : {Model{0x1A, 0x00}, Model{0x1A, 0x02}, Model{0x1A, 0x11}}) {
    EXPECT_EQ(ProductOfCpu(family, model).value(), Product::kTurin);
  }
}

TEST(SnpProduct, RefusesProcessorsWithoutAKnownRoot) {
  for (const auto& [family, model] :
       {Model{0x17, 0x31}, Model{0x18, 0x01}, Model{0x1B, 0x01}, Model{0x19, 0x20},
        Model{0x19, 0x9F}, Model{0x19, 0xB0}, Model{0x1A, 0x12}, Model{0x1A, 0x50},
        Model{0x1A, 0x90}, Model{0x1A, 0xA0}, Model{0x1A, 0xC7}, Model{0x00, 0x00}}) {
    EXPECT_THAT(ProductOfCpu(family, model),
                FailsWith(ErrorCode::kUntrusted, HasSubstr("no root key is known")));
  }
}

TEST(SnpProduct, FollowsTheCpuSignature) {
  EXPECT_EQ(ProductOfCpuSignature(0x00A00F11).value(), Product::kMilan);
  EXPECT_EQ(ProductOfCpuSignature(0x00A10F10).value(), Product::kGenoa);
  EXPECT_EQ(ProductOfCpuSignature(0x00AA0F02).value(), Product::kGenoa);  // Bergamo: model 0xA0
  EXPECT_EQ(ProductOfCpuSignature(0x00B00F21).value(), Product::kTurin);
}

TEST(SnpProduct, RefusesCpuSignaturesOfOthers) {
  EXPECT_THAT(ProductOfCpuSignature(0x00830F10), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(ProductOfCpuSignature(0x00A00E11),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("too old")));
  EXPECT_THAT(ProductOfCpuSignature(0x0FF00F11),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("no known family")));
  EXPECT_THAT(ProductOfCpuSignature(0), FailsWith(ErrorCode::kUntrusted));
}

TEST(SnpProduct, HasTheNameOfTheKeyServer) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    EXPECT_EQ(ProductOfName(ProductName(product)), product);
  }
  EXPECT_EQ(ProductName(Product::kTurin), "Turin");
  for (const char* const other : {"", "milan", "Milan-B0", "Bergamo", "Turin ", "Venice"}) {
    EXPECT_EQ(ProductOfName(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace cocos::attestation::snp
