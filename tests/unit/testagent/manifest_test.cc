#include "testagent/manifest.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"
#include "unit/testagent/test_keys.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

cvms::ComputationRunReq Manifest() {
  static const std::string key = TestKey(KeyKind::kEd25519).PublicDer();
  cvms::ComputationRunReq manifest;
  manifest.mutable_algorithm()->set_hash(std::string(32, 'h'));
  manifest.mutable_algorithm()->set_userkey(key);
  auto& dataset = *manifest.add_datasets();
  dataset.set_hash(std::string(32, 'd'));
  dataset.set_userkey(key);
  dataset.set_filename("d1.csv");
  manifest.add_result_consumers()->set_userkey(key);
  return manifest;
}

TEST(CheckManifest, AcceptsAWholeOne) { EXPECT_THAT(CheckManifest(Manifest()), Succeeds()); }

TEST(CheckManifest, RefusesOneWithoutAlgorithm) {
  auto manifest = Manifest();
  manifest.clear_algorithm();

  EXPECT_THAT(CheckManifest(manifest),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("no algorithm")));
}

TEST(CheckManifest, RefusesADigestOfAnotherLength) {
  for (const std::size_t size : {0u, 31u, 33u}) {
    auto manifest = Manifest();
    manifest.mutable_datasets(0)->set_hash(std::string(size, 'd'));

    EXPECT_THAT(CheckManifest(manifest), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("32")));
  }
}

TEST(CheckManifest, RefusesAKeyThatDoesNotParse) {
  auto manifest = Manifest();
  manifest.mutable_result_consumers(0)->set_userkey("key");

  EXPECT_THAT(CheckManifest(manifest),
              FailsWith(ErrorCode::kMalformed, HasSubstr("result consumer")));
}

TEST(CheckManifest, RefusesADatasetNameThatLeavesTheDirectory) {
  auto manifest = Manifest();
  manifest.mutable_datasets(0)->set_filename("../d1.csv");

  EXPECT_THAT(CheckManifest(manifest), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("../d1")));
}

TEST(CheckManifest, AcceptsADatasetWithoutName) {
  auto manifest = Manifest();
  manifest.mutable_datasets(0)->clear_filename();

  EXPECT_THAT(CheckManifest(manifest), Succeeds());
}

TEST(CheckManifest, RefusesOneThatNobodyGetsTheResultOf) {
  auto manifest = Manifest();
  manifest.clear_result_consumers();

  EXPECT_THAT(CheckManifest(manifest), FailsWith(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace cocos::testagent
