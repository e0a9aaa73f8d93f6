// Certificates in each other's places: chains in every order, with one too many, one too few or
// one of somebody else.
#include <gtest/gtest.h>

#include <algorithm>

#include "attestation/tdx/certificate_chain.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::Certificate;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using Bytes = std::vector<std::byte>;
using Chain = std::vector<Certificate>;

// Calls `use` with every order of the chain.
template <typename Use>
void InEveryOrder(const Chain& chain, Use use) {
  std::vector<std::size_t> order(chain.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    Chain ordered;
    for (const std::size_t i : order) ordered.push_back(chain[i]);
    use(ordered);
  } while (std::ranges::next_permutation(order).found);
}

// Every list of `size` certificates out of these, with repetition.
template <typename Use>
void ForEveryList(const Chain& pool, std::size_t size, Use use) {
  std::vector<std::size_t> index(size);
  while (true) {
    Chain list;
    for (const std::size_t i : index) list.push_back(pool[i]);
    use(list);
    std::size_t place = 0;
    while (place < size && ++index[place] == pool.size()) index[place++] = 0;
    if (place == size) return;
  }
}

bool SameSet(const Chain& a, const Chain& b) {
  return a.size() == b.size() && std::ranges::is_permutation(a, b);
}

TEST(TdxPckChainPlaces, ComeInAnyOrder) {
  const TestPlatform p;
  InEveryOrder({p.Pck(), p.Intermediate(), p.Root()}, [&](const Chain& chain) {
    const auto verified = VerifyPckChain(chain, p.Anchors(), p.now);
    ASSERT_THAT(verified, Succeeds());
    EXPECT_EQ(verified->leaf().SubjectValues("CN").at(0), "Intel SGX PCK Certificate");
    EXPECT_EQ(verified->intermediate().SubjectValues("CN").at(0), "Intel SGX PCK Platform CA");
    EXPECT_EQ(verified->root().SubjectValues("CN").at(0), "Intel SGX Root CA");
  });
}

// Of all lists of three out of the certificates of a hierarchy, the six orders of the one chain.
TEST(TdxPckChainPlaces, TakeNoOtherCertificateOfTheHierarchy) {
  const TestPlatform p;
  const Chain pool = {p.Pck(), p.Intermediate(), p.Root(), p.Signer()};
  const Chain good = {pool[0], pool[1], pool[2]};
  int accepted = 0;
  ForEveryList(pool, 3, [&](const Chain& chain) {
    const auto verified = VerifyPckChain(chain, p.Anchors(), p.now);
    EXPECT_EQ(verified.has_value(), SameSet(chain, good));
    accepted += verified.has_value() ? 1 : 0;
    if (verified) return;
    EXPECT_EQ(verified.error().reason(), "UntrustedRoot");
  });
  EXPECT_EQ(accepted, 6);
}

TEST(TdxPckChainPlaces, AreThree) {
  const TestPlatform p;
  const Chain pool = {p.Pck(), p.Intermediate(), p.Root()};
  for (const std::size_t size : {1U, 2U, 4U}) {
    ForEveryList(pool, size, [&](const Chain& chain) {
      EXPECT_THAT(VerifyPckChain(chain, p.Anchors(), p.now),
                  FailsWith(ErrorCode::kUntrusted,
                            HasSubstr(fmt::format("{} certificates, want 3", size))));
    });
  }
}

TEST(TdxSigningChainPlaces, TakeNoOtherCertificateOfTheHierarchy) {
  const TestPlatform p;
  const Chain pool = {p.Pck(), p.Intermediate(), p.Root(), p.Signer()};
  const Chain good = {pool[2], pool[3]};
  int accepted = 0;
  ForEveryList(pool, 2, [&](const Chain& chain) {
    const auto verified = VerifyTcbSigningChain(chain, p.Anchors(), p.now);
    EXPECT_EQ(verified.has_value(), SameSet(chain, good));
    accepted += verified.has_value() ? 1 : 0;
    if (verified) return;
    EXPECT_EQ(verified.error().reason(), "UntrustedRoot");
  });
  EXPECT_EQ(accepted, 2);
}

TEST(TdxSigningChainPlaces, AreTwo) {
  const TestPlatform p;
  const Chain pool = {p.Signer(), p.Root()};
  for (const std::size_t size : {1U, 3U}) {
    ForEveryList(pool, size, [&](const Chain& chain) {
      EXPECT_THAT(VerifyTcbSigningChain(chain, p.Anchors(), p.now),
                  FailsWith(ErrorCode::kUntrusted,
                            HasSubstr(fmt::format("{} certificates, want 2", size))));
    });
  }
}

// Names are the same in both hierarchies: keys alone tell them apart.
TEST(TdxPckChainPlaces, TakeNoCertificateOfAnotherHierarchy) {
  const TestPlatform own;
  const TestPlatform other;
  const Chain ours = {own.Pck(), own.Intermediate(), own.Root()};
  const Chain theirs = {other.Pck(), other.Intermediate(), other.Root()};
  for (unsigned mixture = 0; mixture < 8; ++mixture) {
    Chain chain;
    for (std::size_t i = 0; i < 3; ++i) {
      chain.push_back((mixture >> i & 1) != 0 ? theirs[i] : ours[i]);
    }
    EXPECT_EQ(VerifyPckChain(chain, own.Anchors(), own.now).has_value(), mixture == 0) << mixture;
    EXPECT_EQ(VerifyPckChain(chain, other.Anchors(), own.now).has_value(), mixture == 7);
  }
}

// A trust anchor that is no root of these chains opens nothing.
TEST(TdxPckChainPlaces, EndAtTheRootAlone) {
  const TestPlatform p;
  const Chain chain = {p.Pck(), p.Intermediate(), p.Root()};
  for (const Certificate& certificate : chain) {
    TrustAnchors anchors;
    anchors.Add(certificate);
    EXPECT_EQ(VerifyPckChain(chain, anchors, p.now).has_value(), certificate == chain[2])
        << certificate.subject();
  }
}

TEST(TdxPckChainPlaces, AreTrustedByAnyOfSeveralAnchors) {
  const TestPlatform p;
  TrustAnchors anchors = IntelTrustAnchors();
  anchors.Add(TestPlatform().Root());
  EXPECT_THAT(VerifyPckChain({p.Pck(), p.Intermediate(), p.Root()}, anchors, p.now),
              FailsWith(ErrorCode::kUntrusted));
  anchors.Add(p.Root());
  EXPECT_THAT(VerifyPckChain({p.Pck(), p.Intermediate(), p.Root()}, anchors, p.now), Succeeds());
}

TEST(TdxPckChainPlaces, NeedAuthoritiesAndAnEndEntity) {
  const auto outcome = [](bool root, bool intermediate, bool leaf) {
    TestPlatform p;
    p.root.ca = root;
    p.intermediate.ca = intermediate;
    p.pck.ca = leaf;
    return VerifyPckChain({p.Pck(), p.Intermediate(), p.Root()}, p.Anchors(), p.now).has_value();
  };
  for (const bool root : {false, true}) {
    for (const bool intermediate : {false, true}) {
      for (const bool leaf : {false, true}) {
        EXPECT_EQ(outcome(root, intermediate, leaf), root && intermediate && !leaf)
            << root << intermediate << leaf;
      }
    }
  }
}

TEST(TdxPckChainPlaces, AreNamedByTheirIssuers) {
  const auto outcome = [](const std::function<void(TestPlatform&)>& change) {
    TestPlatform p;
    change(p);
    const auto chain = VerifyPckChain({p.Pck(), p.Intermediate(), p.Root()}, p.Anchors(), p.now);
    return chain ? std::string() : chain.error().message();
  };
  EXPECT_EQ(outcome([](auto& p) { p.root.subject = p.root.issuer = p.intermediate.issuer = "R"; }),
            "");
  EXPECT_THAT(outcome([](auto& p) { p.root.issuer = "R"; }), HasSubstr("of issuer CN=R, want"));
  EXPECT_THAT(outcome([](auto& p) { p.intermediate.issuer = "R"; }),
              HasSubstr("certificate CN=Intel SGX PCK Platform CA: of issuer CN=R"));
  EXPECT_THAT(outcome([](auto& p) { p.pck.issuer = "Intel SGX PCK Processor CA"; }),
              HasSubstr("want CN=Intel SGX PCK Platform CA"));
}

// The chain of the quote, replaced by one that the caller has.
class TdxPckChainByHand : public ::testing::Test {
 protected:
  std::string OutcomeWithChain(const Bytes& chain) const {
    Collateral collateral = platform_.Collateral();
    collateral.pck_chain = chain;
    return OutcomeWith(platform_, collateral);
  }

  TestPlatform platform_;
};

TEST_F(TdxPckChainByHand, GoesBeforeTheOneOfTheQuote) {
  EXPECT_EQ(OutcomeWithChain(Pem({platform_.Pck(), platform_.Intermediate(), platform_.Root()})),
            "UpToDate");
  const TestPlatform other;
  EXPECT_EQ(OutcomeWithChain(Pem({other.Pck(), other.Intermediate(), other.Root()})),
            "UntrustedRoot");
}

TEST_F(TdxPckChainByHand, IsOfThePlatformThatMadeTheQuote) {
  TestPlatform sibling = platform_;
  sibling.pck_key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  sibling.pck.serial = 33;
  EXPECT_EQ(OutcomeWithChain(Pem({sibling.Pck(), sibling.Intermediate(), sibling.Root()})),
            "BadQeReportSignature");
}

TEST_F(TdxPckChainByHand, IsWholeAndParses) {
  EXPECT_EQ(OutcomeWithChain(Pem({platform_.Pck()})), "UntrustedRoot");
  EXPECT_EQ(OutcomeWithChain(Pem({platform_.Pck(), platform_.Intermediate()})), "UntrustedRoot");
  EXPECT_EQ(OutcomeWithChain(Bytes(3, std::byte{'x'})), "UnsupportedQuote");
  Bytes chain = Pem({platform_.Pck(), platform_.Intermediate(), platform_.Root()});
  chain.pop_back();
  chain.pop_back();
  EXPECT_EQ(OutcomeWithChain(chain), "UnsupportedQuote");
}

TEST_F(TdxPckChainByHand, HasAnExpiryOfItsOwn) {
  TestPlatform longer = platform_;
  longer.pck.not_after = At("2044-01-01T00:00:00Z");
  Collateral collateral = platform_.Collateral();
  collateral.pck_chain = Pem({longer.Pck(), longer.Intermediate(), longer.Root()});
  const auto verified =
      VerifyQuote(platform_.Quote(), collateral, platform_.Anchors(), platform_.now);
  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(verified->pck_chain_expires(), At("2044-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace cocos::attestation::tdx
