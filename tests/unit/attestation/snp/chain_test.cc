#include "attestation/snp/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "attestation/snp/product.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::testing::CertificateSpec;
using crypto::testing::SigningStyle;
using ::testing::HasSubstr;
using namespace testing;

using Change = std::function<void(TestPlatform&)>;

// What a chain gives after one change to a good one.
Result<RootKind> Changed(const Change& change, SigningKey key = SigningKey::kVcek) {
  TestPlatform platform(Product::kMilan, key);
  change(platform);
  return platform.CheckChainOnly();
}

auto IsRefused(std::string_view certificate, std::string_view why) {
  return FailsWith(ErrorCode::kUntrusted,
                   ::testing::AllOf(::testing::StartsWith(std::string(certificate) + ": "),
                                    HasSubstr(std::string(why))));
}

// Sets every value of an attribute in a name.
void Rename(crypto::testing::NameParts& name, const std::string& attribute,
            const std::string& value) {
  for (auto& [part, text] : name) {
    if (part == attribute) text = value;
  }
}

TEST(SnpChain, IsAcceptedForEveryProductAndKey) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    for (const SigningKey key : {SigningKey::kVcek, SigningKey::kVlek}) {
      const auto root = TestPlatform(product, key).CheckChainOnly();
      ASSERT_THAT(root, Succeeds());
      EXPECT_EQ(*root, RootKind::kUnofficial);
    }
  }
}

TEST(SnpChain, NeedsATrustedRoot) {
  const TestPlatform platform(Product::kMilan);
  const auto check = [&platform](const TrustAnchors& anchors) {
    return CheckChain(platform.MakeEndorsements(), {Product::kMilan, SigningKey::kVcek}, anchors,
                      kNow);
  };
  EXPECT_THAT(check(platform.Anchors()), Succeeds());
  EXPECT_THAT(check(TrustAnchors()), IsRefused("ARK", "not a trusted root key of Milan"));
  EXPECT_THAT(check(AmdTrustAnchors()), IsRefused("ARK", "not a trusted root key of Milan"));
}

TEST(SnpChain, TrustsARootForItsProductAlone) {
  const TestPlatform platform(Product::kMilan);
  TrustAnchors anchors;
  anchors.AddUnofficialRoot(Product::kGenoa, platform.MakeEndorsements().ark);

  EXPECT_THAT(
      CheckChain(platform.MakeEndorsements(), {Product::kMilan, SigningKey::kVcek}, anchors, kNow),
      IsRefused("ARK", "not a trusted root key of Milan"));
  EXPECT_THAT(
      CheckChain(platform.MakeEndorsements(), {Product::kGenoa, SigningKey::kVcek}, anchors, kNow),
      IsRefused("ARK", "subject CN is \"ARK-Milan\", want \"ARK-Genoa\""));
}

TEST(SnpChain, IsRefusedForTheOtherKindOfKey) {
  const TestPlatform platform(Product::kMilan, SigningKey::kVlek);
  EXPECT_THAT(CheckChain(platform.MakeEndorsements(), {Product::kMilan, SigningKey::kVcek},
                         platform.Anchors(), kNow),
              IsRefused("ASK", "subject CN is \"SEV-VLEK-Milan\", want \"SEV-Milan\""));
}

// The three certificates of a chain, with the name that errors give them.
struct Link {
  const char* name;
  CertificateSpec TestPlatform::*spec;
};
constexpr Link kLinks[] = {
    {"ARK", &TestPlatform::ark}, {"ASK", &TestPlatform::ica}, {"VCEK", &TestPlatform::vek}};

TEST(SnpChain, RefusesEveryOtherSignatureAlgorithm) {
  for (const auto& [name, spec] : kLinks) {
    for (const SigningStyle style :
         {SigningStyle::kPkcs1Sha384, SigningStyle::kPssSha256, SigningStyle::kPssSha384Salt32,
          SigningStyle::kPssSha384MgfSha256, SigningStyle::kSha256}) {
      EXPECT_THAT(Changed([&](TestPlatform& p) { (p.*spec).style = style; }),
                  IsRefused(name, "signature algorithm, want RSASSA-PSS"));
    }
  }
}

TEST(SnpChain, RefusesASignatureByAnotherKey) {
  EXPECT_THAT(Changed([](TestPlatform& p) { p.ark.signer = p.ica.key; }),
              IsRefused("ARK", "not by the issuer's key"));
  EXPECT_THAT(Changed([](TestPlatform& p) { p.ica.signer = p.ica.key; }),
              IsRefused("ASK", "not by the issuer's key"));
  EXPECT_THAT(Changed([](TestPlatform& p) { p.vek.signer = p.ark.key; }),
              IsRefused("VCEK", "not by the issuer's key"));
}

TEST(SnpChain, ChecksTheValidityOfEveryCertificateToTheSecond) {
  using std::chrono::seconds;
  for (const auto& [name, spec] : kLinks) {
    EXPECT_THAT(Changed([&](TestPlatform& p) { (p.*spec).not_before = kNow; }), Succeeds());
    EXPECT_THAT(Changed([&](TestPlatform& p) { (p.*spec).not_before = kNow + seconds(1); }),
                IsRefused(name, "not valid at"));
    EXPECT_THAT(Changed([&](TestPlatform& p) { (p.*spec).not_after = kNow; }), Succeeds());
    EXPECT_THAT(Changed([&](TestPlatform& p) { (p.*spec).not_after = kNow - seconds(1); }),
                IsRefused(name, "expired"));
  }
}

TEST(SnpChain, KeepsTheReasonOfAnExpiredCertificate) {
  const auto expired =
      Changed([](TestPlatform& p) { p.vek.not_after = kNow - std::chrono::seconds(1); });
  ASSERT_FALSE(expired.has_value());
  EXPECT_EQ(expired.error().reason(), "expired");
}

TEST(SnpChain, WantsTheIssuerToBeTheNextSubject) {
  EXPECT_THAT(Changed([](TestPlatform& p) { Rename(p.vek.issuer, "OU", "Other"); }),
              IsRefused("VCEK", "issuer CN="));
  EXPECT_THAT(Changed([](TestPlatform& p) { Rename(p.ica.issuer, "O", "Other"); }),
              IsRefused("ASK", "issuer CN="));
}

TEST(SnpChain, WantsAmdsNames) {
  for (const char* const attribute : {"C", "L", "ST", "O", "OU"}) {
    const std::string value = attribute == std::string("C") ? "DE" : "Other";
    EXPECT_THAT(Changed([&](TestPlatform& p) { Rename(p.vek.subject, attribute, value); }),
                IsRefused("VCEK", attribute + std::string(" is \"") + value));
    EXPECT_THAT(Changed([&](TestPlatform& p) {
                  Rename(p.ica.subject, attribute, value);
                  Rename(p.vek.issuer, attribute, value);
                }),
                IsRefused("ASK", attribute + std::string(" is \"") + value));
    EXPECT_THAT(Changed([&](TestPlatform& p) {
                  Rename(p.ark.subject, attribute, value);
                  Rename(p.ark.issuer, attribute, value);
                  Rename(p.ica.issuer, attribute, value);
                }),
                IsRefused("ARK", attribute + std::string(" is \"") + value));
  }
}

TEST(SnpChain, WantsEveryAttributeOnce) {
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.vek.subject.push_back({"CN", "SEV-VCEK"});
              }),
              IsRefused("VCEK", "subject CN is \"SEV-VCEK\", \"SEV-VCEK\""));
  EXPECT_THAT(Changed([](TestPlatform& p) { p.vek.subject.pop_back(); }),
              IsRefused("VCEK", "subject CN is \"\""));
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.vek.subject.push_back({"OU", "Engineering"});
              }),
              IsRefused("VCEK", "OU is"));
}

TEST(SnpChain, WantsTheCommonNameOfEachPlace) {
  EXPECT_THAT(Changed([](TestPlatform& p) { Rename(p.vek.subject, "CN", "SEV-VLEK"); }),
              IsRefused("VCEK", "subject CN is \"SEV-VLEK\", want \"SEV-VCEK\""));
  EXPECT_THAT(Changed([](TestPlatform& p) {
                Rename(p.ica.subject, "CN", "SEV-Genoa");
                Rename(p.vek.issuer, "CN", "SEV-Genoa");
              }),
              IsRefused("ASK", "subject CN is \"SEV-Genoa\", want \"SEV-Milan\""));
}

TEST(SnpChain, WantsItsKindsOfKey) {
  EXPECT_THAT(Changed([](TestPlatform& p) { p.vek.key = crypto::testing::NewEcKey("P-256"); }),
              IsRefused("VCEK", "want one on P-384"));
  EXPECT_THAT(Changed([](TestPlatform& p) { p.vek.key = crypto::testing::NewEcKey("P-521"); }),
              IsRefused("VCEK", "want one on P-384"));
  EXPECT_THAT(Changed([](TestPlatform& p) { p.vek.key = crypto::testing::RsaKeyOne(); }),
              IsRefused("VCEK", "want one on P-384"));
  const auto small = crypto::testing::NewRsaKey(2048);
  EXPECT_THAT(Changed([&small](TestPlatform& p) {
                p.ica.key = small;
                p.vek.signer = small;
              }),
              IsRefused("ASK", "want RSA of 4096 bits"));
  EXPECT_THAT(Changed([&small](TestPlatform& p) {
                p.ark.key = small;
                p.ica.signer = small;
              }),
              IsRefused("ARK", "want RSA of 4096 bits"));
}

TEST(SnpChain, WantsAuthoritiesAboveAndAnEndEntityBelow) {
  EXPECT_THAT(Changed([](TestPlatform& p) { p.ark.text_extensions.pop_back(); }),
              IsRefused("ARK", "not a CA"));
  for (const char* const constraints :
       {"critical,CA:FALSE", "critical,CA:TRUE", "critical,CA:TRUE,pathlen:1"}) {
    EXPECT_THAT(Changed([&](TestPlatform& p) { p.ica.text_extensions[0].second = constraints; }),
                IsRefused("ASK", "not a CA with path length 0"));
  }
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.vek.text_extensions = {{"basicConstraints", "CA:TRUE"}};
              }),
              IsRefused("VCEK", "a CA, want an end entity"));
}

TEST(SnpChain, RefusesCriticalExtensionsItDoesNotKnow) {
  for (const auto& [name, spec] : kLinks) {
    EXPECT_THAT(Changed([&](TestPlatform& p) {
                  (p.*spec).raw_extensions.push_back({"1.2.3.4", DerInteger(1), true});
                }),
                IsRefused(name, "critical extension 1.2.3.4 is not known"));
    EXPECT_THAT(Changed([&](TestPlatform& p) {
                  (p.*spec).raw_extensions.push_back({"1.2.3.4", DerInteger(1), false});
                }),
                Succeeds());
  }
}

TEST(SnpChain, ChecksAListThatIsGiven) {
  EXPECT_THAT(Changed([](TestPlatform& p) { p.crl = p.EmptyCrl(); }), Succeeds());
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.crl = p.EmptyCrl();
                p.crl->serials = {{1, 0, 2}, {0x7F}};
              }),
              Succeeds());
}

TEST(SnpChain, RefusesARevokedIntermediateOrRoot) {
  for (const std::vector<unsigned char>& serial :
       {std::vector<unsigned char>{1, 0, 1}, std::vector<unsigned char>{1, 0, 0}}) {
    EXPECT_THAT(Changed([&serial](TestPlatform& p) {
                  p.crl = p.EmptyCrl();
                  p.crl->serials = {{5}, serial};
                }),
                IsRefused("revocation", "is revoked"));
  }
}

TEST(SnpChain, RefusesAListOfSomebodyElse) {
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.crl = p.EmptyCrl();
                p.crl->signer = p.ica.key;
              }),
              IsRefused("revocation", "not by the issuer's key"));
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.crl = p.EmptyCrl();
                p.crl->issuer = p.ica.subject;
              }),
              IsRefused("revocation", "not the list of"));
  EXPECT_THAT(Changed([](TestPlatform& p) {
                p.crl = p.EmptyCrl();
                p.crl->style = SigningStyle::kPkcs1Sha384;
              }),
              IsRefused("revocation", "signature algorithm"));
}

TEST(SnpChain, WantsACurrentList) {
  using std::chrono::seconds;
  const auto with = [](crypto::TimePoint from, crypto::TimePoint until) {
    return Changed([=](TestPlatform& p) {
      p.crl = p.EmptyCrl();
      p.crl->this_update = from;
      p.crl->next_update = until;
    });
  };
  EXPECT_THAT(with(kNow, kNow + seconds(1)), Succeeds());
  EXPECT_THAT(with(kNow + seconds(1), kNow + seconds(2)), IsRefused("revocation", "judged at"));
  EXPECT_THAT(with(kNow - seconds(1), kNow), IsRefused("revocation", "replaced since"));
}

}  // namespace
}  // namespace cocos::attestation::snp
