// No byte of a valid input may change without the verdict noticing.
//
// The quote and every piece of collateral are changed at every byte, one at a time, and verified
// again from the start. A change is harmless only if what is signed stays the same; those places
// are described one by one below, and for them alone the verdict may stay.
#include <gtest/gtest.h>

#include <set>

#include "attestation/tdx/verify.h"
#include "support/result_matchers.h"
#include "test_platform.h"
#include "vectors.h"

namespace cocos::attestation::tdx {
namespace {

using testing::Succeeds;
using Bytes = std::vector<std::byte>;

struct Input {
  Bytes quote;
  Collateral collateral;
  TrustAnchors anchors;
  crypto::TimePoint now;
};

Input OwnInput() {
  const TestPlatform platform;
  return {platform.Quote(), platform.Collateral(), platform.Anchors(), platform.now};
}

bool IsVerified(const Input& input) {
  return VerifyQuote(input.quote, input.collateral, input.anchors, input.now).has_value();
}

// By its signatures alone: weaker, so what is refused here is refused with collateral too.
bool IsVerifiedAtAll(const Input& input) {
  return VerifyQuoteWithoutCollateral(input.quote, {}, input.anchors, input.now).has_value();
}

// Positions in `bytes` where changing one byte by `mask` leaves the input verified.
template <typename Verified>
std::set<std::size_t> Survivors(Input& input, Bytes& bytes, std::size_t end, std::byte mask,
                                Verified verified) {
  std::set<std::size_t> survivors;
  for (std::size_t i = 0; i < end; ++i) {
    bytes[i] ^= mask;
    if (verified(input)) survivors.insert(i);
    bytes[i] ^= mask;
  }
  return survivors;
}

// Base64 has places where a changed character says the same: the bits of the last character before
// padding that belong to no byte. White space between PEM lines may be another white space.
// A chain that reads as the same certificates is the same chain.
bool ReadsAsTheSameChain(Bytes pem, std::size_t at, std::byte mask) {
  const auto list = [](const Bytes& bytes) {
    return crypto::Certificate::ListFromPem(
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 3);
  };
  const auto before = list(pem);
  pem[at] ^= mask;
  const auto after = list(pem);
  return before && after && *before == *after;
}

void ExpectOnlyPemSpelling(const Bytes& pem, const std::set<std::size_t>& survivors,
                           std::byte mask) {
  for (const std::size_t at : survivors) {
    EXPECT_TRUE(ReadsAsTheSameChain(pem, at, mask)) << "byte " << at;
  }
  // A handful of places for each certificate, not a part of it.
  EXPECT_LE(survivors.size(), pem.size() / 20);
}

std::size_t EndOfQuote(const Bytes& quote) {
  return quote.size() - ParseQuote(quote)->trailing_bytes;
}

void ExpectEveryByteOfTheQuoteCounts(Input input, std::byte mask) {
  ASSERT_TRUE(IsVerified(input));
  const Quote quote = ParseQuote(input.quote).value();
  const std::size_t end = EndOfQuote(input.quote);
  const std::size_t chain = end - quote.certification_data.size();

  const std::set<std::size_t> survivors = Survivors(input, input.quote, end, mask, IsVerifiedAtAll);

  std::set<std::size_t> in_chain;
  for (const std::size_t at : survivors) {
    EXPECT_GE(at, chain) << "a byte outside of the PEM chain";
    in_chain.insert(at - chain);
  }
  ExpectOnlyPemSpelling(quote.certification_data, in_chain, mask);
}

TEST(TdxMutation, EveryByteOfAQuoteCounts) {
  ExpectEveryByteOfTheQuoteCounts(OwnInput(), std::byte{0x01});
}

// Judges the collateral for a PCK chain that is known to be good.
class CollateralJudge {
 public:
  CollateralJudge()
      : chain_(VerifyPckChain({platform_.Pck(), platform_.Intermediate(), platform_.Root()},
                              platform_.Anchors(), platform_.now)
                   .value()),
        anchors_(platform_.Anchors()),
        collateral(platform_.Collateral()) {}

  bool Accepts() const {
    return VerifyCollateral(collateral, chain_, anchors_, platform_.now).has_value();
  }

 private:
  TestPlatform platform_;
  VerifiedPckChain chain_;
  TrustAnchors anchors_;

 public:
  Collateral collateral;
};

std::set<std::size_t> Survivors(CollateralJudge& judge, Bytes Collateral::*piece, std::size_t begin,
                                std::byte mask) {
  std::set<std::size_t> survivors;
  Bytes& bytes = judge.collateral.*piece;
  for (std::size_t i = begin; i < bytes.size(); ++i) {
    bytes[i] ^= mask;
    if (judge.Accepts()) survivors.insert(i);
    bytes[i] ^= mask;
  }
  return survivors;
}

void ExpectEveryByteOfJsonCounts(Bytes Collateral::*piece) {
  CollateralJudge judge;
  ASSERT_TRUE(judge.Accepts());

  EXPECT_TRUE(Survivors(judge, piece, 0, std::byte{0x01}).empty());
}

TEST(TdxMutation, EveryByteOfTcbInfoCounts) { ExpectEveryByteOfJsonCounts(&Collateral::tcb_info); }

TEST(TdxMutation, EveryByteOfTheQeIdentityCounts) {
  ExpectEveryByteOfJsonCounts(&Collateral::qe_identity);
}

// The one spelling of signed JSON that says nothing: the case of the signature's digits.
TEST(TdxMutation, OnlyTheCaseOfTheSignaturesDigitsDoesNotCount) {
  CollateralJudge judge;
  const Bytes& text = judge.collateral.tcb_info;
  const std::string view(reinterpret_cast<const char*>(text.data()), text.size());
  const std::size_t signature = view.rfind("\":\"") + 3;
  std::set<std::size_t> letters;
  for (std::size_t i = signature; i < view.size(); ++i) {
    if (view[i] >= 'a' && view[i] <= 'f') letters.insert(i);
  }

  EXPECT_EQ(Survivors(judge, &Collateral::tcb_info, signature, std::byte{0x20}), letters);
}

TEST(TdxMutation, EveryByteOfTheCrlsCounts) {
  CollateralJudge judge;
  for (Bytes Collateral::*const piece : {&Collateral::root_crl, &Collateral::pck_crl}) {
    for (const std::byte mask : {std::byte{0x01}, std::byte{0x02}, std::byte{0x80}}) {
      EXPECT_TRUE(Survivors(judge, piece, 0, mask).empty());
    }
  }
}

TEST(TdxMutation, EveryByteOfTheIssuerChainsCounts) {
  CollateralJudge judge;
  for (Bytes Collateral::*const piece :
       {&Collateral::tcb_info_issuer_chain, &Collateral::qe_identity_issuer_chain}) {
    const std::set<std::size_t> survivors = Survivors(judge, piece, 0, std::byte{0x01});
    ExpectOnlyPemSpelling(judge.collateral.*piece, survivors, std::byte{0x01});
  }
}

// Cutting the end off is no better than changing it.
TEST(TdxMutation, NoShorterQuoteIsVerified) {
  Input input = OwnInput();
  const Bytes whole = input.quote;
  const std::size_t chain = whole.size() - ParseQuote(whole)->certification_data.size();
  for (std::size_t size = 0; size < whole.size(); size += size < chain ? 1 : 16) {
    input.quote.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_FALSE(IsVerifiedAtAll(input)) << size;
  }
}

// The same with a quote of Intel's hardware and Intel's collateral.
TEST(TdxMutation, EveryByteOfARealQuoteCounts) {
  const std::vector<nlohmann::json> list = vectors::List("real_quotes");
  if (list.front().is_null()) GTEST_SKIP() << vectors::Missing();
  const nlohmann::json& vector = list.front();
  ASSERT_EQ(vector.at("expect"), "UpToDate");

  ExpectEveryByteOfTheQuoteCounts({vectors::Read(vector.at("quote")), vectors::CollateralOf(vector),
                                   vectors::AnchorsOf(vector), vectors::TimeOf(vector)},
                                  std::byte{0x01});
}

TEST(TdxMutation, EveryByteOfARealQeIdentityCounts) {
  const std::vector<nlohmann::json> list = vectors::List("real_quotes");
  if (list.front().is_null()) GTEST_SKIP() << vectors::Missing();
  const nlohmann::json& vector = list.front();
  Input input{vectors::Read(vector.at("quote")), vectors::CollateralOf(vector),
              vectors::AnchorsOf(vector), vectors::TimeOf(vector)};
  ASSERT_TRUE(IsVerified(input));

  Bytes& bytes = input.collateral.qe_identity;
  EXPECT_TRUE(Survivors(input, bytes, bytes.size(), std::byte{0x01}, IsVerified).empty());
}

}  // namespace
}  // namespace cocos::attestation::tdx
