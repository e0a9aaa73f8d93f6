#include "attestation/tdx/collateral.h"

#include <gtest/gtest.h>

#include <functional>

#include "attestation/tdx/certificate_chain.h"
#include "attestation/tdx/pcs_urls.h"
#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using Bytes = std::vector<std::byte>;

Bytes BytesFrom(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

TEST(TdxCollateral, IsCompleteWithoutAPckChain) {
  EXPECT_THAT(CheckComplete(TestPlatform().Collateral()), Succeeds());
  EXPECT_THAT(CheckComplete({}), FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("tcb-info")));
}

TEST(TdxCollateral, DescribesEveryPiece) {
  const TestPlatform platform;
  const std::vector<PieceState> states = DescribeCollateral(platform.Collateral());

  ASSERT_EQ(states.size(), 7U);
  EXPECT_EQ(states[0].expires, At("2026-07-01T00:00:00Z"));
  EXPECT_EQ(states[2].expires, At("2026-08-01T00:00:00Z"));
  EXPECT_EQ(states[4].expires, At("2026-12-01T00:00:00Z"));
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(states[i].present);
    EXPECT_EQ(states[i].problem, "");
    EXPECT_FALSE(states[i].StaleAt(platform.now));
  }
  EXPECT_FALSE(states[6].present);
  EXPECT_FALSE(states[6].expires.has_value());
}

TEST(TdxCollateral, TellsWhatIsStale) {
  const PieceState state = DescribeCollateral(TestPlatform().Collateral())[0];

  EXPECT_FALSE(state.StaleAt(At("2026-07-01T00:00:00Z")));
  EXPECT_TRUE(state.StaleAt(At("2026-07-01T00:00:01Z")));
}

TEST(TdxCollateral, TellsWhatDoesNotParse) {
  const Bytes broken = BytesFrom("{}");
  for (const PieceState& state :
       DescribeCollateral({broken, broken, broken, broken, broken, broken, broken})) {
    EXPECT_TRUE(state.present);
    EXPECT_FALSE(state.expires.has_value());
    EXPECT_FALSE(state.problem.empty()) << CollateralPieceName(state.piece);
  }
}

TEST(TdxCollateral, ReadsCrlsInTheirThreeForms) {
  const Bytes der = TestPlatform().Collateral().root_crl;
  const std::string hex = crypto::HexEncode(der);
  const std::string base64 = crypto::Base64Encode(der);
  std::string pem = "-----BEGIN X509 CRL-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) pem += base64.substr(i, 64) + "\n";
  pem += "-----END X509 CRL-----\n";

  EXPECT_THAT(ParseCollateralCrl(der), Succeeds());
  EXPECT_THAT(ParseCollateralCrl(BytesFrom(pem)), Succeeds());
  EXPECT_THAT(ParseCollateralCrl(BytesFrom(hex)), Succeeds());
  EXPECT_THAT(ParseCollateralCrl(BytesFrom(hex + "\r\n")), Succeeds());
  EXPECT_THAT(ParseCollateralCrl(BytesFrom(hex.substr(1))), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseCollateralCrl(BytesFrom(hex + "00")), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseCollateralCrl(BytesFrom(" " + hex)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseCollateralCrl(Bytes()), FailsWith(ErrorCode::kMalformed));
  EXPECT_EQ(ParseCollateralCrl(BytesFrom(hex))->next_update(), At("2026-12-01T00:00:00Z"));
}

TEST(TdxCollateral, BoundsTheSizeOfCrls) {
  EXPECT_THAT(ParseCollateralCrl(Bytes(4UL * 1024 * 1024 + 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("at most")));
}

// What the chain of a platform is refused for.
std::string ChainOutcome(const std::function<void(TestPlatform&)>& change) {
  TestPlatform platform;
  change(platform);
  const auto chain = VerifyPckChain({platform.Pck(), platform.Intermediate(), platform.Root()},
                                    platform.Anchors(), platform.now);
  return chain ? "" : chain.error().reason() + ": " + chain.error().message();
}

TEST(TdxPckChain, IsVerifiedInAnyOrder) {
  const TestPlatform p;
  std::vector<crypto::Certificate> chain = {p.Pck(), p.Intermediate(), p.Root()};
  EXPECT_THAT(VerifyPckChain(chain, p.Anchors(), p.now), Succeeds());
  std::swap(chain[0], chain[2]);
  const auto verified = VerifyPckChain(chain, p.Anchors(), p.now);
  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(verified->leaf().SubjectValues("CN").at(0), "Intel SGX PCK Certificate");
}

TEST(TdxPckChain, HasExactlyThreeCertificates) {
  const TestPlatform p;
  EXPECT_THAT(VerifyPckChain({p.Pck(), p.Intermediate()}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("want 3")));
  EXPECT_THAT(VerifyPckChain({}, p.Anchors(), p.now), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(VerifyPckChain({p.Pck(), p.Pck(), p.Root()}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("intermediate")));
  EXPECT_THAT(VerifyPckChain({p.Intermediate(), p.Intermediate(), p.Root()}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("PCK")));
}

TEST(TdxPckChain, WantsTheNamesOfIntelsHierarchy) {
  EXPECT_EQ(ChainOutcome([](auto&) {}), "");
  EXPECT_EQ(ChainOutcome([](auto& p) {
              p.intermediate.subject = p.pck.issuer = "Intel SGX PCK Processor CA";
            }),
            "");
  EXPECT_THAT(ChainOutcome([](auto& p) { p.intermediate.subject = p.pck.issuer = "Some CA"; }),
              HasSubstr("UntrustedRoot"));
  EXPECT_THAT(ChainOutcome([](auto& p) { p.pck.subject = "Intel SGX TCB Signing"; }),
              HasSubstr("UntrustedRoot"));
  EXPECT_THAT(ChainOutcome([](auto& p) { p.pck.issuer = "Intel SGX Root CA"; }),
              HasSubstr("UntrustedRoot"));
}

TEST(TdxPckChain, RefusesCriticalExtensionsThatAreNotKnown) {
  const auto with = [](bool critical) {
    return ChainOutcome([critical](auto& p) {
      p.pck.extensions = {der::Extension("1.2.3.4", critical, der::Integer(1))};
    });
  };
  EXPECT_EQ(with(false), "");
  EXPECT_THAT(with(true), HasSubstr("critical extension 1.2.3.4"));
}

TEST(TdxPckChain, RefusesAKeyOnAnotherCurve) {
  EXPECT_THAT(ChainOutcome([](auto& p) {
                p.intermediate_key = crypto::SigningKey::Generate(crypto::Curve::kP384);
              }),
              HasSubstr("P-256"));
}

// The pinned key vouches for its own certificate: dates beside it are nobody else's.
TEST(TdxPckChain, RefusesARootThatItsKeyDidNotSign) {
  const TestPlatform p;
  const TestPlatform other;
  const crypto::Certificate forged =
      der::MakeCertificate(p.root, p.root_key.public_key(), other.root_key);

  EXPECT_THAT(VerifyPckChain({p.Pck(), p.Intermediate(), forged}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(TdxSigningChain, HasExactlyTwoCertificates) {
  const TestPlatform p;
  EXPECT_THAT(VerifyTcbSigningChain({p.Signer(), p.Root()}, p.Anchors(), p.now), Succeeds());
  EXPECT_THAT(VerifyTcbSigningChain({p.Root(), p.Signer()}, p.Anchors(), p.now), Succeeds());
  EXPECT_THAT(VerifyTcbSigningChain({p.Signer()}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(VerifyTcbSigningChain({p.Signer(), p.Signer(), p.Root()}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted));
}

// A PCK is no signer of collateral, whoever issued it.
TEST(TdxSigningChain, WantsTheTcbSigningCertificate) {
  TestPlatform p;
  p.signer.subject = "Intel SGX PCK Certificate";
  EXPECT_THAT(VerifyTcbSigningChain({p.Signer(), p.Root()}, p.Anchors(), p.now),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("common name")));
}

TEST(TdxParseChain, AcceptsPemAndNothingElse) {
  const TestPlatform p;
  Bytes pem = Pem({p.Pck(), p.Intermediate(), p.Root()});
  pem.push_back(std::byte{0});  // as in quotes
  EXPECT_EQ(ParseChain(pem)->size(), 3U);

  pem.push_back(std::byte{'x'});
  EXPECT_THAT(ParseChain(pem), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseChain(Pem({p.Pck(), p.Pck(), p.Pck(), p.Pck()})),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseChain({}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseChain(Bytes(64UL * 1024 + 1, std::byte{' '})),
              FailsWith(ErrorCode::kMalformed, HasSubstr("at most")));
}

TEST(TdxTrustAnchors, TrustNobodyUnlessTold) {
  const TestPlatform platform;
  EXPECT_FALSE(TrustAnchors().Trusts(platform.Root()));
  EXPECT_FALSE(IntelTrustAnchors().Trusts(platform.Root()));
  EXPECT_TRUE(platform.Anchors().Trusts(platform.Root()));
  EXPECT_FALSE(platform.Anchors().Trusts(platform.Intermediate()));
}

TEST(TdxPcsUrls, AreThoseOfTheService) {
  const std::array<std::byte, 6> fmspc = {std::byte{0x90}, std::byte{0xc0}, std::byte{0x6f}};

  EXPECT_EQ(TcbInfoUrl(kIntelPcsUrl, fmspc),
            "https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=90C06F000000");
  EXPECT_EQ(QeIdentityUrl("http://cache:8081/"),
            "http://cache:8081/tdx/certification/v4/qe/identity");
  EXPECT_EQ(PckCrlUrl("http://cache", PckCa::kPlatform),
            "http://cache/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
  EXPECT_EQ(PckCrlUrl("http://cache//", PckCa::kProcessor),
            "http://cache/sgx/certification/v4/pckcrl?ca=processor&encoding=der");
}

TEST(TdxDecodeIssuerChain, DecodesTheHeader) {
  EXPECT_EQ(DecodeIssuerChain("-----BEGIN%20CERTIFICATE-----%0AMI+A%2b%2B%3D%0a").value(),
            "-----BEGIN CERTIFICATE-----\nMI+A++=\n");
  EXPECT_EQ(DecodeIssuerChain("").value(), "");
}

TEST(TdxDecodeIssuerChain, RefusesWhatIsNotUrlEncodedText) {
  for (const std::string_view header :
       {"%", "%2", "a%", "%zz", "%2g", "%%20", "%00", "%80", "%1b", "\x01", "\x7f", "a\xff"}) {
    EXPECT_THAT(DecodeIssuerChain(header), FailsWith(ErrorCode::kMalformed)) << header;
  }
  EXPECT_THAT(DecodeIssuerChain(std::string(64UL * 1024, 'a')), Succeeds());
  EXPECT_THAT(DecodeIssuerChain(std::string(64UL * 1024 + 1, 'a')),
              FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::tdx
