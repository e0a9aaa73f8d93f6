#include "cvm/cvm_id.h"

#include <set>

#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;

TEST(CvmId, RandomOnesAreVersion4UuidsAndDiffer) {
  std::set<CvmId> ids;
  for (int i = 0; i < 100; ++i) {
    const CvmId id = CvmId::Random();
    EXPECT_THAT(CvmId::Parse(id.text()), Succeeds());
    EXPECT_EQ(id.text()[14], '4');
    EXPECT_NE(std::string("89ab").find(id.text()[19]), std::string::npos);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 100u);
}

TEST(CvmId, ParsesUpperCaseToCanonicalForm) {
  const auto id = CvmId::Parse("E71CDCF5-21C0-4E1D-9471-AC6B4389D5F3");

  ASSERT_THAT(id, Succeeds());
  EXPECT_EQ(id->text(), "e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3");
}

class CvmIdBad : public ::testing::TestWithParam<const char*> {};

TEST_P(CvmIdBad, IsRefused) {
  EXPECT_THAT(CvmId::Parse(GetParam()), FailsWith(ErrorCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(All, CvmIdBad,
                         ::testing::Values("", "e71cdcf5-21c0-4e1d-9471-ac6b4389d5f",
                                           "e71cdcf5-21c0-4e1d-9471-ac6b4389d5f33",
                                           "e71cdcf5-21c0-4e1d-9471-ac6b4389d5fg",
                                           "e71cdcf5x21c0-4e1d-9471-ac6b4389d5f3",
                                           "../../../../../../../../etc/passwd-x"));

}  // namespace
}  // namespace cocos::cvm
