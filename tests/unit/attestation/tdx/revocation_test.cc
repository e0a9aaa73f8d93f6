// Revocation lists: each certificate on each list, lists of each issuer, and their dates.
#include <gtest/gtest.h>

#include "attestation/tdx/verify.h"
#include "crypto/digest.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

// Serial numbers of the test platform.
constexpr std::uint64_t kRoot = 1;
constexpr std::uint64_t kIntermediate = 2;
constexpr std::uint64_t kPck = 3;
constexpr std::uint64_t kSigner = 4;

// A serial number means something on the list of its own issuer alone.
TEST(TdxRevocation, OfEachCertificateIsByTheListOfItsIssuer) {
  struct Row {
    std::uint64_t serial;
    const char* on_root_crl;
    const char* on_pck_crl;
  };
  for (const auto& [serial, on_root_crl, on_pck_crl] :
       {Row{kIntermediate, "IntermediateRevoked", "UpToDate"}, Row{kPck, "UpToDate", "PckRevoked"},
        Row{kSigner, "TcbSigningRevoked", "UpToDate"}, Row{99, "UpToDate", "UpToDate"}}) {
    EXPECT_EQ(OutcomeAfter([&](auto& p) { p.root_crl.serials = {serial}; }), on_root_crl);
    EXPECT_EQ(OutcomeAfter([&](auto& p) { p.pck_crl.serials = {serial}; }), on_pck_crl);
  }
}

TEST(TdxRevocation, IsFoundAnywhereOnAList) {
  for (std::size_t place = 0; place < 50; ++place) {
    TestPlatform platform;
    for (std::uint64_t serial = 100; serial < 149; ++serial) {
      platform.pck_crl.serials.push_back(serial);
    }
    EXPECT_EQ(OutcomeOf(platform), "UpToDate");
    platform.pck_crl.serials.insert(
        platform.pck_crl.serials.begin() + static_cast<std::ptrdiff_t>(place), kPck);
    EXPECT_EQ(OutcomeOf(platform), "PckRevoked") << place;
  }
}

// Serials are numbers: a neighbour, a prefix and a number with the same end are others.
TEST(TdxRevocation, IsOfOneSerialNumberAlone) {
  for (const std::uint64_t serial : {0x1234ULL, 0x80ULL, 0xffULL, 0x8000000000000000ULL}) {
    TestPlatform platform;
    platform.pck.serial = serial;
    for (const std::uint64_t other : {serial - 1, serial + 1, serial << 8, serial >> 8}) {
      platform.pck_crl.serials = {other};
      EXPECT_EQ(OutcomeOf(platform), "UpToDate") << serial << " with " << other;
    }
    platform.pck_crl.serials = {serial};
    EXPECT_EQ(OutcomeOf(platform), "PckRevoked") << serial;
  }
}

TEST(TdxRevocation, NamesTheCertificateAndTheList) {
  TestPlatform platform;
  platform.pck_crl.serials = {kPck};
  EXPECT_THAT(Verify(platform),
              FailsWith(ErrorCode::kUntrusted,
                        HasSubstr("certificate CN=Intel SGX PCK Certificate: revoked by "
                                  "CN=Intel SGX PCK Platform CA")));
  platform.pck_crl.serials = {};
  platform.root_crl.serials = {kIntermediate};
  EXPECT_THAT(Verify(platform), FailsWith(ErrorCode::kUntrusted,
                                          HasSubstr("certificate CN=Intel SGX PCK Platform CA: "
                                                    "revoked by CN=Intel SGX Root CA")));
}

// It takes collateral to know; the weaker verification says so by its result.
TEST(TdxRevocation, IsNotLookedAtWithoutCollateral) {
  TestPlatform platform;
  platform.pck_crl.serials = {kPck};
  EXPECT_EQ(OutcomeOf(VerifyQuoteWithoutCollateral(platform.Quote(), {}, platform.Anchors(),
                                                   platform.now)),
            "SignatureValid");
}

// TCB info and QE identity may have two signers.
class TdxTwoSigners : public ::testing::Test {
 protected:
  TdxTwoSigners() : other_(platform_) {
    other_.signer_key = crypto::SigningKey::Generate(crypto::Curve::kP256);
    other_.signer.serial = 44;
  }
  Collateral MixedCollateral() const {
    Collateral collateral = platform_.Collateral();
    const Collateral other = other_.Collateral();
    collateral.qe_identity = other.qe_identity;
    collateral.qe_identity_issuer_chain = other.qe_identity_issuer_chain;
    return collateral;
  }
  std::string Outcome() const { return OutcomeWith(platform_, MixedCollateral()); }

  TestPlatform platform_;
  TestPlatform other_;
};

TEST_F(TdxTwoSigners, AreJudgedEachByItself) {
  EXPECT_EQ(Outcome(), "UpToDate");
  platform_.root_crl.serials = {kSigner};
  EXPECT_EQ(Outcome(), "TcbSigningRevoked");
  platform_.root_crl.serials = {44};
  EXPECT_EQ(Outcome(), "TcbSigningRevoked");
  EXPECT_EQ(OutcomeOf(platform_), "UpToDate");  // who does not use the second is not harmed
}

TEST_F(TdxTwoSigners, ExpireEachByItself) {
  other_.signer.not_after = platform_.now;
  const auto verified =
      VerifyQuote(platform_.Quote(), MixedCollateral(), platform_.Anchors(), platform_.now);
  ASSERT_THAT(verified, Succeeds());
  EXPECT_EQ(verified->tcb()->holds_until(), platform_.now);
  for (const PieceExpiry& piece : verified->tcb()->expiries) {
    EXPECT_EQ(piece.expires == platform_.now,
              piece.piece == CollateralPiece::kQeIdentityIssuerChain)
        << CollateralPieceName(piece.piece);
  }
  platform_.now += 1s;
  EXPECT_EQ(Outcome(), "Expired");
}

TEST_F(TdxTwoSigners, DoNotSignForEachOther) {
  Collateral collateral = MixedCollateral();
  std::swap(collateral.tcb_info_issuer_chain, collateral.qe_identity_issuer_chain);
  EXPECT_EQ(OutcomeWith(platform_, collateral), "BadTcbInfoSignature");
  collateral = MixedCollateral();
  collateral.qe_identity_issuer_chain = collateral.tcb_info_issuer_chain;
  EXPECT_EQ(OutcomeWith(platform_, collateral), "BadQeIdentitySignature");
}

// Who may sign a list: nobody but the issuer that the list is for, by name and by key.
TEST(TdxRevocationList, IsSignedByItsIssuerAlone) {
  const TestPlatform platform;
  const std::vector<const crypto::SigningKey*> keys = {
      &platform.root_key, &platform.intermediate_key, &platform.pck_key, &platform.signer_key,
      &platform.attestation_key};
  for (const crypto::SigningKey* key : keys) {
    Collateral collateral = platform.Collateral();
    collateral.root_crl = der::MakeCrl(platform.root_crl, *key);
    EXPECT_EQ(OutcomeWith(platform, collateral),
              key == &platform.root_key ? "UpToDate" : "BadCrlSignature");
    collateral = platform.Collateral();
    collateral.pck_crl = der::MakeCrl(platform.pck_crl, *key);
    EXPECT_EQ(OutcomeWith(platform, collateral),
              key == &platform.intermediate_key ? "UpToDate" : "BadCrlSignature");
  }
}

TEST(TdxRevocationList, HasTheNameOfItsIssuer) {
  EXPECT_EQ(OutcomeAfter([](auto& p) { p.root_crl.issuer = "Intel SGX PCK Platform CA"; }),
            "BadCrlSignature");
  EXPECT_EQ(OutcomeAfter([](auto& p) { p.pck_crl.issuer = "Intel SGX Root CA"; }),
            "BadCrlSignature");
  EXPECT_EQ(OutcomeAfter([](auto& p) {
              p.pck_crl.issuer = p.intermediate.subject = p.pck.issuer =
                  "Intel SGX PCK Processor CA";
            }),
            "UpToDate");
}

TEST(TdxRevocationList, DoesNotStandInForTheOther) {
  const TestPlatform platform;
  Collateral collateral = platform.Collateral();
  std::swap(collateral.root_crl, collateral.pck_crl);
  EXPECT_EQ(OutcomeWith(platform, collateral), "BadCrlSignature");
}

TEST(TdxRevocationList, IsReadInHexAndPemAsInDer) {
  const auto bytes_of = [](const std::string& text) {
    const auto bytes = crypto::BytesOf(text);
    return Bytes(bytes.begin(), bytes.end());
  };
  TestPlatform platform;
  for (const bool revoked : {false, true}) {
    platform.pck_crl.serials =
        revoked ? std::vector<std::uint64_t>{kPck} : std::vector<std::uint64_t>{};
    Collateral collateral = platform.Collateral();
    const std::string base64 = crypto::Base64Encode(collateral.pck_crl);
    std::string pem = "-----BEGIN X509 CRL-----\n";
    for (std::size_t i = 0; i < base64.size(); i += 64) pem += base64.substr(i, 64) + "\n";
    pem += "-----END X509 CRL-----\n";
    const std::string hex = crypto::HexEncode(collateral.pck_crl);
    for (const Bytes& form : {collateral.pck_crl, bytes_of(pem), bytes_of(hex)}) {
      collateral.pck_crl = form;
      EXPECT_EQ(OutcomeWith(platform, collateral), revoked ? "PckRevoked" : "UpToDate");
    }
  }
}

TEST(TdxRevocationList, ThatDoesNotParseIsABadOne) {
  const TestPlatform platform;
  for (Bytes Collateral::*list : {&Collateral::root_crl, &Collateral::pck_crl}) {
    Collateral collateral = platform.Collateral();
    (collateral.*list).pop_back();
    EXPECT_EQ(OutcomeWith(platform, collateral), "BadCrlSignature");
    collateral.*list = platform.Intermediate().der();
    EXPECT_EQ(OutcomeWith(platform, collateral), "BadCrlSignature");
    collateral.*list = Bytes(1, std::byte{' '});
    EXPECT_EQ(OutcomeWith(platform, collateral), "BadCrlSignature");
  }
}

// RFC 5280: from thisUpdate on, until nextUpdate, which is when the next list is there.
TEST(TdxRevocationList, HoldsFromThisUpdateUntilBeforeNextUpdate) {
  for (der::CrlSpec TestPlatform::*list : {&TestPlatform::root_crl, &TestPlatform::pck_crl}) {
    const auto outcome = [&](std::chrono::seconds from, std::chrono::seconds until) {
      return OutcomeAfter([&](auto& p) {
        (p.*list).this_update = p.now + from;
        (p.*list).next_update = p.now + until;
      });
    };
    EXPECT_EQ(outcome(0s, 1s), "UpToDate");
    EXPECT_EQ(outcome(1s, 2s), "NotYetValid");
    EXPECT_EQ(outcome(-1s, 0s), "Expired");
    EXPECT_EQ(outcome(-2s, -1s), "Expired");
    EXPECT_NE(outcome(0s, 0s), "UpToDate");
    EXPECT_NE(outcome(1s, -1s), "UpToDate");
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
