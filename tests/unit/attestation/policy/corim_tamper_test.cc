// Bytes of CoRIM documents changed, cut and replaced: unsigned ones never crash the reader nor give
// a policy that another reader would refuse, signed ones are never taken for what was signed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "attestation/cbor/cose_sign1.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/policy_generator.h"
#include "unit/attestation/policy/sample_corim.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;

using Bytes = std::vector<std::byte>;

// A policy that was read is one that can be written and read again.
void ExpectUsable(const ReadCorimPolicy& read) {
  EXPECT_THAT(CheckPolicy(read.policy), Succeeds());
  const auto again = WriteCorim(read.policy, SampleIds());
  ASSERT_THAT(again, Succeeds());
  const auto back = ReadCorim(*again, nullptr);
  ASSERT_THAT(back, Succeeds());
  EXPECT_EQ(Describe(back->policy), Describe(read.policy));
}

std::size_t OffsetOf(const Bytes& bytes, std::span<const std::byte> part) {
  const auto at = std::search(bytes.begin(), bytes.end(), part.begin(), part.end());
  EXPECT_NE(at, bytes.end());
  return static_cast<std::size_t>(at - bytes.begin());
}

class CorimTamper : public ::testing::TestWithParam<Policy> {
 protected:
  const Bytes good_ = SampleCorim(GetParam());

  // Where what matters begins: the list of measurements of a TDX document, whose keys are names;
  // the first digest of an SNP document, whose keys are anybody's.
  std::size_t DemandsAt() const {
    CorimTrees trees(good_);
    const auto part = GetParam().tdx ? EncodeCbor(trees.Measurements())
                                     : Bytes(GetParam().snp->measurements.at(0).begin(),
                                             GetParam().snp->measurements.at(0).end());
    return OffsetOf(good_, part);
  }
};

TEST_P(CorimTamper, OfAnyBitIsAnErrorOrAnotherValueButNoCrash) {
  std::size_t accepted = 0;
  for (std::size_t at = 0; at < good_.size(); ++at) {
    for (const std::size_t bit : {at % 8, (at + 5) % 8}) {
      Bytes bad = good_;
      bad[at] ^= static_cast<std::byte>(1U << bit);
      const auto read = ReadCorim(bad, nullptr);
      if (!read) continue;
      ++accepted;
      if (at % 16 == 0) ExpectUsable(*read);
    }
  }
  // Digests are any bytes, so many of these are documents.
  EXPECT_GT(accepted, std::size_t{48 * 2});
}

TEST_P(CorimTamper, OfTheDemandsIsNeverTheSamePolicy) {
  const std::string same = Describe(GetParam());
  for (std::size_t at = DemandsAt(); at < good_.size(); ++at) {
    for (const std::size_t bit : {at % 8, (at + 3) % 8}) {
      Bytes bad = good_;
      bad[at] ^= static_cast<std::byte>(1U << bit);
      const auto read = ReadCorim(bad, nullptr);
      EXPECT_TRUE(!read || Describe(read->policy) != same) << at << ":" << bit;
    }
  }
}

TEST_P(CorimTamper, WithAnyByteSetToTheEdgesOfCborIsNoCrash) {
  for (std::size_t at = 0; at < good_.size(); ++at) {
    for (const unsigned value : {0x9bU, 0xffU}) {
      Bytes bad = good_;
      bad[at] = static_cast<std::byte>(value);
      const auto read = ReadCorim(bad, nullptr);
      EXPECT_TRUE(!read || CheckPolicy(read->policy)) << at;
    }
  }
}

TEST_P(CorimTamper, IsRefusedWhenAByteIsMissingOrTwice) {
  for (std::size_t at = 0; at < good_.size(); ++at) {
    const auto place = static_cast<std::ptrdiff_t>(at);
    Bytes shorter = good_;
    shorter.erase(shorter.begin() + place);
    EXPECT_THAT(ReadCorim(shorter, nullptr), FailsWith(ErrorCode::kMalformed)) << at;
    Bytes longer = good_;
    longer.insert(longer.begin() + place, good_[at]);
    EXPECT_THAT(ReadCorim(longer, nullptr), FailsWith(ErrorCode::kMalformed)) << at;
  }
}

TEST_P(CorimTamper, IsRefusedWhenCutAnywhere) {
  for (std::size_t size = 0; size < good_.size(); ++size) {
    EXPECT_THAT(ReadCorim(std::span(good_).first(size), nullptr), FailsWith(ErrorCode::kMalformed))
        << size;
  }
}

// Without the many values of PCRs, whose form is that of the other items.
Policy WithoutPcrs(Policy policy) {
  policy.tpm->expected_pcrs.clear();
  return policy;
}

std::string NumberOf(const ::testing::TestParamInfo<Policy>& sample) {
  return std::to_string(sample.index);
}

INSTANTIATE_TEST_SUITE_P(Samples, CorimTamper,
                         ::testing::Values(SmallSnp(), WithoutPcrs(UpstreamSnp()),
                                           WithoutPcrs(FullTdx())),
                         NumberOf);

TEST(CorimRandom, NeverCrashesTheReader) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes(random() % 64);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    EXPECT_FALSE(ReadCorim(bytes, nullptr).has_value());
  }
}

TEST(CorimRandom, OfManyChangesNeverCrashesTheReader) {
  std::mt19937 random(8);
  for (unsigned seed = 0; seed < 300; ++seed) {
    Bytes bytes = SampleCorim(PolicyGenerator(seed).MakeTdx());
    for (int changes = 0; changes < 4; ++changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const auto read = ReadCorim(bytes, nullptr);
    if (read) ExpectUsable(*read);
  }
}

class CorimSigned : public ::testing::Test {
 protected:
  const crypto::SigningKey key_ = crypto::SigningKey::Generate(crypto::Curve::kP256);
  const crypto::VerifyingKey public_key_ = key_.public_key();
  const Bytes payload_ = SampleCorim(UpstreamTdx());
  const Bytes good_ = SignCorim(payload_, key_, "ACME").value();

  CborTree Message() const { return DecodeCbor(good_).value(); }
  static std::vector<CborTree>& Parts(CborTree& message) { return message.items.at(0).items; }
};

TEST_F(CorimSigned, IsNeverTakenWithAnyByteChanged) {
  ASSERT_THAT(ReadCorim(good_, &public_key_), Succeeds());
  for (std::size_t at = 0; at < good_.size(); ++at) {
    for (const unsigned change : {0x01U, 0x10U, 0x80U, 0xffU}) {
      Bytes bad = good_;
      bad[at] ^= static_cast<std::byte>(change);
      const auto read = ReadCorim(bad, &public_key_);
      ASSERT_FALSE(read.has_value()) << at;
      EXPECT_TRUE(read.error().code() == ErrorCode::kMalformed ||
                  read.error().code() == ErrorCode::kUntrusted);
    }
  }
}

TEST_F(CorimSigned, IsNotTakenWithAnotherDocumentsPayload) {
  CborTree message = Message();
  Parts(message)[2] = CborBytes(SampleCorim(SmallTdx()));

  EXPECT_THAT(ReadCorim(EncodeCbor(message), &public_key_), FailsWith(ErrorCode::kUntrusted));
  const auto unchecked = ReadCorim(EncodeCbor(message), nullptr);
  ASSERT_THAT(unchecked, Succeeds());
  EXPECT_EQ(unchecked->signature, CorimSignature::kNotChecked);
}

TEST_F(CorimSigned, IsNotTakenWithAnotherDocumentsHeaderOrSignature) {
  const CborTree other = DecodeCbor(*SignCorim(payload_, key_, "EVIL")).value();
  for (const std::size_t part : {0U, 3U}) {
    CborTree message = Message();
    Parts(message)[part] = other.items.at(0).items.at(part);
    EXPECT_THAT(ReadCorim(EncodeCbor(message), &public_key_), FailsWith(ErrorCode::kUntrusted))
        << part;
  }
}

TEST_F(CorimSigned, IsNotTakenWithTheHalvesOfTheSignatureSwappedOrZero) {
  const std::vector<std::function<void(Bytes&)>> changes = {
      [](Bytes& s) { std::swap_ranges(s.begin(), s.begin() + 32, s.begin() + 32); },
      [](Bytes& s) { std::fill_n(s.begin(), 32, std::byte{0}); },
      [](Bytes& s) { std::fill_n(s.begin() + 32, 32, std::byte{0}); },
      [](Bytes& s) { std::ranges::fill(s, std::byte{0}); },
      [](Bytes& s) { std::ranges::fill(s, std::byte{0xff}); }};
  for (const auto& change : changes) {
    CborTree message = Message();
    change(Parts(message)[3].bytes);
    EXPECT_THAT(ReadCorim(EncodeCbor(message), &public_key_), FailsWith(ErrorCode::kUntrusted));
  }
}

TEST_F(CorimSigned, HasASignatureOf64BytesAlone) {
  for (const std::size_t size : {0U, 1U, 32U, 63U, 65U, 96U, 128U}) {
    CborTree message = Message();
    Parts(message)[3].bytes.resize(size);
    EXPECT_THAT(ReadCorim(EncodeCbor(message), &public_key_), FailsWith(ErrorCode::kMalformed));
    EXPECT_THAT(ReadCorim(EncodeCbor(message), nullptr), FailsWith(ErrorCode::kMalformed));
  }
}

TEST_F(CorimSigned, IsACoseSign1UnderItsTagAlone) {
  for (const std::uint64_t tag : {16U, 17U, 19U, 97U, 98U, 501U, 502U}) {
    CborTree message = Message();
    message.argument = tag;
    EXPECT_THAT(ReadCorim(EncodeCbor(message), nullptr), FailsWith(ErrorCode::kMalformed)) << tag;
  }
  // Without the tag it is an array, which no unsigned document is.
  EXPECT_THAT(ReadCorim(EncodeCbor(Message().items.at(0)), nullptr),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadCorim(EncodeCbor(Message().items.at(0)), &public_key_),
              FailsWith(ErrorCode::kUntrusted));
}

TEST_F(CorimSigned, HasItsFourPartsAndNoDetachedPayload) {
  for (std::size_t part = 0; part < 4; ++part) {
    CborTree missing = Message();
    Parts(missing).erase(Parts(missing).begin() + static_cast<std::ptrdiff_t>(part));
    EXPECT_THAT(ReadCorim(EncodeCbor(missing), nullptr), FailsWith(ErrorCode::kMalformed)) << part;
    CborTree null = Message();
    Parts(null)[part] = CborNull();
    EXPECT_THAT(ReadCorim(EncodeCbor(null), nullptr), FailsWith(ErrorCode::kMalformed)) << part;
  }
  CborTree longer = Message();
  Parts(longer).push_back(CborNull());
  EXPECT_THAT(ReadCorim(EncodeCbor(longer), nullptr), FailsWith(ErrorCode::kMalformed));
}

TEST_F(CorimSigned, KnowsEs256Alone) {
  for (const std::uint64_t algorithm : {0ULL, 4ULL, 5ULL, 7ULL, 34ULL, 35ULL, 36ULL, 256ULL}) {
    CborTree message = Message();
    CborTree header = DecodeCbor(Parts(message)[0].bytes).value();
    *ValueOf(header, 1) = {.major = 1, .argument = algorithm};
    Parts(message)[0] = CborBytes(EncodeCbor(header));
    EXPECT_THAT(ReadCorim(EncodeCbor(message), nullptr), FailsWith(ErrorCode::kMalformed))
        << algorithm;
  }
}

TEST_F(CorimSigned, NeedsEachOfItsThreeHeadersInTheProtectedPart) {
  for (const std::uint64_t label : {1U, 3U, 8U}) {
    CborTree message = Message();
    CborTree header = DecodeCbor(Parts(message)[0].bytes).value();
    const std::ptrdiff_t at = &*ValueOf(header, label) - header.items.data();
    Parts(message)[1].items = {header.items[static_cast<std::size_t>(at) - 1],
                               header.items[static_cast<std::size_t>(at)]};
    header.items.erase(header.items.begin() + at - 1, header.items.begin() + at + 1);
    Parts(message)[0] = CborBytes(EncodeCbor(header));
    EXPECT_THAT(ReadCorim(EncodeCbor(message), nullptr), FailsWith(ErrorCode::kMalformed)) << label;
  }
}

TEST_F(CorimSigned, IsNotSignedTwice) {
  EXPECT_THAT(ReadCorim(SignCorim(good_, key_, "ACME").value(), &public_key_),
              FailsWith(ErrorCode::kMalformed));
}

TEST_F(CorimSigned, IsTakenWithTheSignersKeyAloneOfMany) {
  for (int i = 0; i < 8; ++i) {
    const crypto::SigningKey other = crypto::SigningKey::Generate(crypto::Curve::kP256);
    const crypto::VerifyingKey other_public = other.public_key();
    EXPECT_THAT(ReadCorim(good_, &other_public), FailsWith(ErrorCode::kUntrusted));
    EXPECT_THAT(ReadCorim(*SignCorim(payload_, other, "ACME"), &public_key_),
                FailsWith(ErrorCode::kUntrusted));
  }
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
