// What the writer of CoRIM makes, seen by another decoder: deterministic CBOR in the shape that
// upstream's reader takes. RFC 8949 section 4.2.1, draft-ietf-rats-corim.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/corim_items.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/policy_generator.h"
#include "unit/attestation/policy/sample_corim.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr unsigned kUnsigned = 0, kNegative = 1, kBytes = 2, kText = 3, kArray = 4, kMap = 5,
                   kTag = 6;

std::string TextOf(const CborTree& tree) {
  EXPECT_EQ(tree.major, kText);
  std::string text;
  for (const std::byte byte : tree.bytes) text.push_back(std::to_integer<char>(byte));
  return text;
}

// The content of this tag.
CborTree Untagged(const CborTree& tree, std::uint64_t tag) {
  EXPECT_EQ(tree.major, kTag);
  EXPECT_EQ(tree.argument, tag);
  return tree.items.empty() ? CborTree{} : tree.items.front();
}

std::vector<std::uint64_t> KeysOf(const CborTree& map) {
  EXPECT_EQ(map.major, kMap);
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < map.items.size(); i += 2) {
    EXPECT_EQ(map.items[i].major, kUnsigned);
    keys.push_back(map.items[i].argument);
  }
  return keys;
}

void ExpectDeterministic(CborTree tree) {
  for (const CborTree* node : NodesOf(tree)) {
    EXPECT_EQ(node->width, ShortestWidth(node->argument));
    if (node->major != kMap) continue;
    for (std::size_t i = 2; i < node->items.size(); i += 2) {
      EXPECT_LT(EncodeCbor(node->items[i - 2]), EncodeCbor(node->items[i]));
    }
  }
}

// Every sample that has a form in CoRIM.
std::vector<Policy> Samples() {
  std::vector<Policy> samples = {SmallSnp(), FullSnp(), UpstreamSnp(),
                                 SmallTdx(), FullTdx(), UpstreamTdx()};
  for (unsigned seed = 0; seed < 40; ++seed) {
    samples.push_back(PolicyGenerator(seed).MakeSnp());
    samples.push_back(PolicyGenerator(seed).MakeTdx());
  }
  return samples;
}

TEST(CorimBytes, AreDeterministicAtEveryDepth) {
  for (const Policy& policy : Samples()) {
    CorimTrees trees(SampleCorim(policy));
    ExpectDeterministic(trees.outer);
    ExpectDeterministic(trees.comid);
    EXPECT_EQ(trees.Encode(), SampleCorim(policy));
  }
}

TEST(CorimBytes, OfTheOuterMapAreAnIdAndOneTag) {
  for (const Policy& policy : Samples()) {
    CorimTrees trees(SampleCorim(policy));
    const std::string kind = policy.snp ? "snp" : "tdx";

    EXPECT_THAT(KeysOf(trees.outer), ::testing::ElementsAre(0, 1));
    EXPECT_EQ(TextOf(*ValueOf(trees.outer, 0)),
              kind + "-corim-10111213-1415-4017-8019-1a1b1c1d1e1f");
    EXPECT_EQ(ValueOf(trees.outer, 1)->items.size(), 1U);
    EXPECT_EQ(trees.Tag().major, kBytes);
    EXPECT_EQ(crypto::HexEncode(std::span(trees.Tag().bytes).first(3)), "d901fa");
  }
}

TEST(CorimBytes, OfTheCoMidAreAnIdentityAndOneReferenceTriple) {
  for (const Policy& policy : Samples()) {
    CorimTrees trees(SampleCorim(policy));
    CborTree comid = Untagged(trees.comid, 506);
    const std::string kind = policy.snp ? "snp" : "tdx";

    EXPECT_THAT(KeysOf(comid), ::testing::ElementsAre(1, 4));
    EXPECT_THAT(KeysOf(*ValueOf(comid, 1)), ::testing::ElementsAre(0));  // no version
    EXPECT_EQ(TextOf(*ValueOf(*ValueOf(comid, 1), 0)),
              kind + "-tag-30313233-3435-4037-8039-3a3b3c3d3e3f");
    EXPECT_THAT(KeysOf(*ValueOf(comid, 4)), ::testing::ElementsAre(0));
    EXPECT_EQ(ValueOf(*ValueOf(comid, 4), 0)->items.size(), 1U);
    EXPECT_EQ(trees.Triple().major, kArray);
    EXPECT_EQ(trees.Triple().items.size(), 2U);
  }
}

TEST(CorimBytes, OfTheEnvironmentAreItsClassAndInstance) {
  CorimTrees trees(SampleCorim(FullSnp()));
  CborTree& environment = trees.Environment();

  EXPECT_THAT(KeysOf(environment), ::testing::ElementsAre(0, 1));
  EXPECT_THAT(KeysOf(*ValueOf(environment, 0)), ::testing::ElementsAre(0));
  EXPECT_EQ(Untagged(*ValueOf(*ValueOf(environment, 0), 0), 37), [] {
    CborTree uuid = CborBytes(UsableUuid(0x50));
    uuid.argument = 16;
    return uuid;
  }());
  EXPECT_EQ(crypto::HexEncode(Untagged(*ValueOf(environment, 1), 37).bytes),
            "2c4762760d1c59f38d79693ec3752677");
}

// The digests of a document, each with its key, as far as the first item.
std::vector<std::pair<Uuid, std::string>> DigestsOf(CorimTrees& trees) {
  std::vector<std::pair<Uuid, std::string>> digests;
  for (CborTree& measurement : trees.Measurements().items) {
    if (ValueOf(measurement, 0)->major == kUnsigned) break;
    const CborTree key = Untagged(*ValueOf(measurement, 0), 37);
    Uuid uuid{};
    EXPECT_EQ(key.bytes.size(), uuid.size());
    std::ranges::copy(key.bytes, uuid.begin());
    const CborTree& list = *ValueOf(*ValueOf(measurement, 1), 2);
    EXPECT_EQ(list.items.size(), 1U);
    const CborTree& pair = list.items.at(0);
    EXPECT_EQ(pair.items.size(), 2U);
    EXPECT_EQ(pair.items.at(0).argument, 7U);  // sha-384
    EXPECT_EQ(pair.items.at(1).bytes.size(), 48U);
    digests.emplace_back(uuid, crypto::HexEncode(pair.items.at(1).bytes));
  }
  return digests;
}

TEST(CorimBytes, HaveEachSnpMeasurementAsADigestInOrder) {
  Policy policy = SmallSnp();
  for (unsigned i = 2; i < 5; ++i) policy.snp->measurements.push_back(Octets<48>(i));
  CorimTrees trees(SampleCorim(policy));

  const auto digests = DigestsOf(trees);

  ASSERT_EQ(digests.size(), 4U);
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(digests[i].first, NameUuid(UsableUuid(0x50), "measurement"));
    EXPECT_EQ(digests[i].second, crypto::HexEncode(Octets<48>(i + 1)));
  }
}

TEST(CorimBytes, NameEachTdxDigestAfterItsRegister) {
  CorimTrees trees(SampleCorim(UpstreamTdx()));
  const tdx::Policy tdx = UpstreamTdx().tdx.value();
  const std::vector<std::pair<std::string, tdx::Digest384>> wanted = {{"mrtd", tdx.mr_td[0]},
                                                                      {"mrseam", *tdx.mr_seam},
                                                                      {"rtmr0", *tdx.rtmrs[0]},
                                                                      {"rtmr1", *tdx.rtmrs[1]},
                                                                      {"rtmr3", *tdx.rtmrs[3]}};

  const auto digests = DigestsOf(trees);

  ASSERT_EQ(digests.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(digests[i].first, NameUuid(UsableUuid(0x50), wanted[i].first)) << wanted[i].first;
    EXPECT_EQ(digests[i].second, crypto::HexEncode(wanted[i].second)) << wanted[i].first;
  }
}

TEST(CorimBytes, HaveTheSvnAtTheFirstDigestAlone) {
  for (const std::uint32_t svn : {0U, 1U, 23U, 24U, 255U, 256U, 65536U, 0xffffffffU}) {
    Policy policy = SmallSnp();
    policy.snp->measurements.push_back(Octets<48>(2));
    policy.snp->min_guest_svn = svn;
    CorimTrees trees(SampleCorim(policy));
    CborTree& first = *ValueOf(trees.Measurements().items.at(0), 1);
    CborTree& second = *ValueOf(trees.Measurements().items.at(1), 1);

    EXPECT_EQ(ValueOf(first, 1) != nullptr, svn != 0);
    if (svn != 0) {
      EXPECT_EQ(Untagged(*ValueOf(first, 1), 552).argument, svn);
    }
    EXPECT_EQ(ValueOf(second, 1), nullptr);
  }
}

TEST(CorimBytes, HaveTheItemsBehindTheDigestsInTheOrderOfTheirNumbers) {
  for (const Policy& policy : Samples()) {
    CorimTrees trees(SampleCorim(policy));
    const std::size_t digests = DigestsOf(trees).size();
    const auto& entries = trees.Measurements().items;
    Items items;
    for (std::size_t i = digests; i < entries.size(); ++i) {
      CborTree entry = entries[i];
      ASSERT_EQ(ValueOf(entry, 0)->major, kUnsigned);
      const std::uint64_t code = ValueOf(entry, 0)->argument;
      EXPECT_TRUE(items.empty() || code > items.rbegin()->first) << code;
      EXPECT_THAT(KeysOf(*ValueOf(entry, 1)), ::testing::ElementsAre(4));
      items[code] = Untagged(*ValueOf(*ValueOf(entry, 1), 4), 560).bytes;
    }
    EXPECT_EQ(items, ItemsOf(policy));
  }
}

TEST(CorimBytes, OfASignedDocumentAreACoseSign1WithItsThreeHeaders) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const auto payload = SampleCorim(FullTdx());
  const CborTree message = Untagged(*DecodeCbor(*SignCorim(payload, key, "ACME")), 18);

  ASSERT_EQ(message.items.size(), 4U);
  ExpectDeterministic(message);
  CborTree header = *DecodeCbor(message.items[0].bytes);
  ExpectDeterministic(header);
  EXPECT_THAT(KeysOf(header), ::testing::ElementsAre(1, 3, 8));
  EXPECT_EQ(ValueOf(header, 1)->major, kNegative);
  EXPECT_EQ(ValueOf(header, 1)->argument, 6U);  // -7, ES256
  EXPECT_EQ(TextOf(*ValueOf(header, 3)), "application/rim+cbor");
  CborTree meta = *DecodeCbor(ValueOf(header, 8)->bytes);
  EXPECT_EQ(TextOf(*ValueOf(*ValueOf(meta, 0), 0)), "ACME");
  EXPECT_EQ(message.items[1].major, kMap);
  EXPECT_TRUE(message.items[1].items.empty());
  EXPECT_EQ(message.items[2].bytes, payload);
  EXPECT_EQ(message.items[3].bytes.size(), 64U);
}

// RFC 9052 section 4.4, put together by hand.
TEST(CorimBytes, OfASignatureAreOverTheStructureOfTheStandard) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const auto payload = SampleCorim(SmallSnp());
  const CborTree message = Untagged(*DecodeCbor(*SignCorim(payload, key, "ACME")), 18);
  CborTree input = {.major = kArray};
  input.items = {CborText("Signature1"), CborBytes(message.items.at(0).bytes), CborBytes({}),
                 CborBytes(payload)};
  const std::span signature(message.items.at(3).bytes);
  const crypto::EcdsaSignature both = {.r = {signature.begin(), signature.begin() + 32},
                                       .s = {signature.begin() + 32, signature.end()}};

  EXPECT_THAT(
      key.public_key().VerifyEcdsa(crypto::DigestAlgorithm::kSha256, EncodeCbor(input), both),
      Succeeds());
  input.items[0] = CborText("Signature");
  EXPECT_FALSE(
      key.public_key().VerifyEcdsa(crypto::DigestAlgorithm::kSha256, EncodeCbor(input), both));
}

TEST(CorimBytes, AreAtMostWhatTheReaderTakes) {
  const crypto::SigningKey key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  Policy policy = SmallSnp();
  const std::size_t small = SampleCorim(policy).size();
  const std::size_t most = (256 * 1024 - small) / 48 - 1;
  policy.snp->trusted_id_keys.resize(most, Octets<48>(9));
  const auto largest = WriteCorim(policy, SampleIds());
  ASSERT_THAT(largest, Succeeds());
  EXPECT_THAT(ReadCorim(*largest, nullptr), Succeeds());

  // What fits unsigned need not fit signed.
  EXPECT_THAT(SignCorim(*largest, key, std::string(256, 'x')),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want at most 262144")));
  policy.snp->trusted_id_keys.resize(most + 2, Octets<48>(9));
  EXPECT_THAT(WriteCorim(policy, SampleIds()),
              FailsWith(ErrorCode::kInvalidArgument, StartsWith("CoRIM: ")));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
