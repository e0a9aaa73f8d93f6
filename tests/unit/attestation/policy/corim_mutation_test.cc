// Every item of a CoRIM document changed in every way that CBOR allows: what is no longer the
// format of corim.h is refused, wherever it stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_corim.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;

constexpr unsigned kUnsigned = 0, kBytes = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6,
                   kSimple = 7;

using Change = std::function<void(CborTree& node)>;
using Choose = std::function<bool(const CborTree& node)>;

bool Any(const CborTree&) { return true; }
Choose OfMajor(unsigned major) {
  return [major](const CborTree& node) { return node.major == major; };
}

class CorimMutation : public ::testing::TestWithParam<Policy> {
 protected:
  const std::vector<std::byte> good_ = SampleCorim(GetParam());

  // Calls `see` with each document that has this change at one item, in the outer or the inner map.
  void ForEach(const Choose& choose, const Change& change,
               const std::function<void(const std::vector<std::byte>&)>& see) const {
    CorimTrees trees(good_);
    ForEachOf(trees.outer, choose, change, [&] { see(EncodeCbor(trees.outer)); });
    ForEachOf(trees.comid, choose, change, [&] { see(trees.Encode()); });
  }
  // How many documents were refused; all have to be.
  int ExpectRefused(const Choose& choose, const Change& change) const {
    int count = 0;
    ForEach(choose, change, [&count](const std::vector<std::byte>& document) {
      EXPECT_THAT(ReadCorim(document, nullptr), FailsWith(ErrorCode::kMalformed))
          << crypto::HexEncode(document);
      ++count;
    });
    return count;
  }

 private:
  // Children come before their parents, as a parent that is put back has new children.
  static void ForEachOf(CborTree& tree, const Choose& choose, const Change& change,
                        const std::function<void()>& see) {
    const std::vector<CborTree*> nodes = NodesOf(tree);
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      if (!choose(**node)) continue;
      CborTree saved = **node;
      change(**node);
      see();
      **node = std::move(saved);
    }
  }
};

TEST_P(CorimMutation, LeavesTheDocumentAsItIsWithoutAChange) {
  int count = 0;
  ForEach(
      Any, [](CborTree&) {},
      [&](const std::vector<std::byte>& document) { count += document == good_ ? 1 : 0; });
  EXPECT_GT(count, 30);
}

TEST_P(CorimMutation, RefusesEveryHeadThatIsNotTheShortest) {
  for (const unsigned width : {1U, 8U}) {
    const Choose is_shorter = [width](const CborTree& node) {
      return node.major != kSimple && ShortestWidth(node.argument) < width;
    };
    EXPECT_GT(ExpectRefused(is_shorter, [width](CborTree& node) { node.width = width; }), 20);
  }
}

TEST_P(CorimMutation, RefusesIndefiniteLengths) {
  for (const unsigned major : {kBytes, kText, kArray, kMap}) {
    EXPECT_GT(ExpectRefused(OfMajor(major), [](CborTree& node) { node.indefinite = true; }), 0);
  }
}

TEST_P(CorimMutation, RefusesAMoreMemberInAnyMap) {
  for (const CborTree& key : {CborUnsigned(77), CborUnsigned(2), CborUnsigned(3), CborText("x")}) {
    const Choose is_map_without = [&key](const CborTree& node) {
      for (std::size_t i = 0; i < node.items.size(); i += 2) {
        if (EncodeCbor(node.items[i]) == EncodeCbor(key)) return false;
      }
      return node.major == kMap;
    };
    EXPECT_GT(ExpectRefused(is_map_without,
                            [&key](CborTree& node) {
                              node.items.push_back(key);
                              node.items.push_back(CborUnsigned(1));
                            }),
              5);
  }
}

TEST_P(CorimMutation, RefusesAMemberTwice) {
  EXPECT_GT(ExpectRefused(OfMajor(kMap),
                          [](CborTree& node) {
                            node.items.insert(node.items.end(), {node.items[0], node.items[1]});
                          }),
            5);
}

TEST_P(CorimMutation, TakesMembersInAnyOrder) {
  ForEach(
      OfMajor(kMap),
      [](CborTree& node) {
        for (std::size_t i = 2; i < node.items.size(); i += 2) {
          std::swap_ranges(node.items.begin(), node.items.begin() + 2,
                           node.items.begin() + static_cast<std::ptrdiff_t>(i));
        }
      },
      [&](const std::vector<std::byte>& document) {
        const auto read = ReadCorim(document, nullptr);
        ASSERT_THAT(read, Succeeds());
        EXPECT_EQ(Describe(read->policy), Describe(GetParam()));
      });
}

// An instance and an SVN may be absent; without anything else the map is another one.
TEST_P(CorimMutation, RefusesAMapWithoutOneOfItsMembers) {
  for (const bool first : {true, false}) {
    int accepted = 0;
    ForEach([](const CborTree& node) { return node.major == kMap && !node.items.empty(); },
            [first](CborTree& node) {
              if (first) node.items.erase(node.items.begin(), node.items.begin() + 2);
              if (!first) node.items.resize(node.items.size() - 2);
            },
            [&](const std::vector<std::byte>& document) {
              const auto read = ReadCorim(document, nullptr);
              if (read) {
                ++accepted;
              } else {
                EXPECT_EQ(read.error().code(), ErrorCode::kMalformed);
              }
            });
    const bool has_svn = GetParam().snp && GetParam().snp->min_guest_svn != 0;
    EXPECT_EQ(accepted, first ? int{has_svn} : 1);
  }
}

TEST_P(CorimMutation, RefusesAMoreElementInAnyArray) {
  for (const CborTree& element : {CborNull(), CborUnsigned(0), CborBytes({}), CborText("x")}) {
    EXPECT_GT(ExpectRefused(OfMajor(kArray),
                            [&element](CborTree& node) { node.items.push_back(element); }),
              4);
  }
}

TEST_P(CorimMutation, RefusesAnEmptyArray) {
  EXPECT_GT(ExpectRefused(OfMajor(kArray), [](CborTree& node) { node.items.clear(); }), 4);
}

TEST_P(CorimMutation, RefusesAnyItemReplacedByOneOfAnotherKind) {
  const CborTree replacements[] = {CborNull(),
                                   {.major = kSimple, .argument = 20},             // false
                                   {.major = kSimple, .argument = 23},             // undefined
                                   {.major = kSimple, .argument = 0, .width = 2},  // a float
                                   {.major = 1, .argument = 99},
                                   {.major = kArray},
                                   {.major = kMap}};
  for (const CborTree& other : replacements) {
    const Choose differs = [&other](const CborTree& node) { return node.major != other.major; };
    EXPECT_GT(ExpectRefused(differs, [&other](CborTree& node) { node = other; }), 30);
  }
}

TEST_P(CorimMutation, RefusesAnyItemInOneMoreTagOrArray) {
  for (const unsigned major : {kTag, kArray}) {
    EXPECT_GT(ExpectRefused(Any,
                            [major](CborTree& node) {
                              CborTree inner = std::move(node);
                              node = {.major = major};
                              node.items.push_back(std::move(inner));
                            }),
              30);
  }
}

TEST_P(CorimMutation, RefusesEveryTagWithoutItsNumberOrAltogether) {
  for (const int step : {-1, 1}) {
    EXPECT_GT(ExpectRefused(
                  OfMajor(kTag),
                  [step](CborTree& node) { node.argument += static_cast<std::uint64_t>(step); }),
              3);
  }
  EXPECT_GT(ExpectRefused(OfMajor(kTag),
                          [](CborTree& node) {
                            CborTree inner = node.items.front();
                            node = std::move(inner);
                          }),
            3);
}

TEST_P(CorimMutation, RefusesTextForBytesAndBytesForText) {
  // Bytes that are ASCII, so that only the kind of the string is wrong.
  const Choose is_string = [](const CborTree& node) {
    return node.major == kText || node.major == kBytes;
  };
  EXPECT_GT(ExpectRefused(is_string,
                          [](CborTree& node) {
                            node.major = node.major == kText ? kBytes : kText;
                            for (std::byte& byte : node.bytes) byte &= std::byte{0x7f};
                          }),
            3);
}

TEST_P(CorimMutation, RefusesOtherDigestAlgorithmsAndKeysOfThisSize) {
  for (const std::uint64_t other : {0ULL, 1ULL, 6ULL, 8ULL, 12ULL, 0xffffffffffffffffULL}) {
    const Choose is_algorithm = [](const CborTree& node) {
      return node.major == kArray && node.items.size() == 2 && node.items[0].major == kUnsigned;
    };
    EXPECT_GT(ExpectRefused(is_algorithm,
                            [other](CborTree& node) { node.items[0] = CborUnsigned(other); }),
              0);
  }
}

TEST_P(CorimMutation, RefusesBytesOfAnotherLengthExceptInTexts) {
  int differing = 0;
  for (const bool longer : {true, false}) {
    ForEach(
        OfMajor(kBytes),
        [longer](CborTree& node) {
          node.bytes.resize(node.bytes.size() + (longer ? 1 : std::size_t(-1)));
        },
        [&](const std::vector<std::byte>& document) {
          const auto read = ReadCorim(document, nullptr);
          if (!read) return;
          // The name of the policy has any length.
          EXPECT_NE(read->policy.name, GetParam().name);
          ++differing;
        });
  }
  EXPECT_LE(differing, GetParam().name.empty() ? 0 : 2);
}

TEST_P(CorimMutation, RefusesAnEndThatIsNotTheDocumentsOwn) {
  std::vector<std::byte> longer = good_;
  longer.push_back(std::byte{0xf6});
  EXPECT_THAT(ReadCorim(longer, nullptr), FailsWith(ErrorCode::kMalformed));

  CorimTrees trees(good_);
  trees.Tag().bytes.push_back(std::byte{0xf6});
  EXPECT_THAT(ReadCorim(EncodeCbor(trees.outer), nullptr), FailsWith(ErrorCode::kMalformed));
}

// One PCR stands for all: they differ in numbers alone.
Policy WithOnePcr(Policy policy) {
  policy.tpm->expected_pcrs = {
      {crypto::DigestAlgorithm::kSha256, {{9, std::vector<std::byte>(32, std::byte{9})}}}};
  return policy;
}

std::string NameOf(const ::testing::TestParamInfo<Policy>& sample) {
  constexpr const char* kNames[] = {"SmallSnp", "FullSnp", "SmallTdx", "FullTdx"};
  return kNames[sample.index];
}

INSTANTIATE_TEST_SUITE_P(Samples, CorimMutation,
                         ::testing::Values(SmallSnp(), WithOnePcr(FullSnp()), SmallTdx(),
                                           WithOnePcr(FullTdx())),
                         NameOf);

}  // namespace
}  // namespace cocos::attestation::policy::testing
