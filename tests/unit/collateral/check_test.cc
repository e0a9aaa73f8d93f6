#include "collateral/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collateral/validity.h"
#include "support/result_matchers.h"
#include "unit/collateral/material.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using snp::Product;
using snp::SigningKey;
using std::chrono::seconds;
using testing::AnchorsOf;
using ::testing::HasSubstr;
using testing::kTestNow;
using testing::SnpMaterial;
using testing::TdxMaterial;

Result<CheckedPiece> Check(const SnpMaterial& material, const Piece& piece, const Content& content,
                           TimePoint now = kTestNow) {
  return CheckPiece(piece, content, material.chain_content.body, AnchorsOf(material), now);
}

Result<CheckedPiece> Check(const TdxMaterial& material, const Piece& piece, const Content& content,
                           TimePoint now = kTestNow) {
  return CheckPiece(piece, content, material.pck_crl_content.issuer_chain, AnchorsOf(material),
                    now);
}

class SnpCheck : public ::testing::TestWithParam<Product> {};

TEST_P(SnpCheck, AcceptsEachPiece) {
  const SnpMaterial material(GetParam());
  EXPECT_THAT(Check(material, material.chain, material.chain_content), Succeeds());
  EXPECT_THAT(Check(material, material.crl, material.crl_content), Succeeds());
  EXPECT_THAT(Check(material, material.vcek, material.vcek_content), Succeeds());
}

INSTANTIATE_TEST_SUITE_P(AllProducts, SnpCheck,
                         ::testing::Values(Product::kMilan, Product::kGenoa, Product::kTurin));

TEST(SnpChainCheck, AcceptsAnAsvk) {
  const SnpMaterial vlek(Product::kMilan, SigningKey::kVlek);
  EXPECT_THAT(Check(vlek, vlek.chain, vlek.chain_content), Succeeds());
}

TEST(SnpChainCheck, RefusesTheOtherKeysChain) {
  const SnpMaterial vlek(Product::kMilan, SigningKey::kVlek);
  EXPECT_THAT(
      Check(vlek, SnpChain{Product::kMilan, SigningKey::kVcek}, vlek.chain_content),
      FailsWith(ErrorCode::kUntrusted, HasSubstr("CN is \"SEV-VLEK-Milan\", want \"SEV-Milan\"")));
}

TEST(SnpChainCheck, RefusesAnotherProductsChain) {
  const SnpMaterial genoa(Product::kGenoa);
  const SnpMaterial milan(Product::kMilan);
  EXPECT_THAT(Check(milan, milan.chain, genoa.chain_content), FailsWith(ErrorCode::kUntrusted));
}

TEST(SnpChainCheck, RefusesARootThatIsNotPinned) {
  const SnpMaterial material;
  EXPECT_THAT(
      CheckPiece(material.chain, material.chain_content, "", VendorTrustAnchors(), kTestNow),
      FailsWith(ErrorCode::kUntrusted, HasSubstr("not a trusted root key")));
}

TEST(SnpChainCheck, RefusesAnAskThatTheRootDidNotSign) {
  SnpMaterial material;
  material.platform.ica.signer = material.platform.ica.key;
  const auto forged =
      crypto::Certificate::FromDer(crypto::testing::MakeCertificate(material.platform.ica));
  const auto ark =
      crypto::Certificate::FromDer(crypto::testing::MakeCertificate(material.platform.ark));
  EXPECT_THAT(Check(material, material.chain, {forged.value().Pem() + ark.value().Pem(), ""}),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(SnpChainCheck, RefusesAnotherSignatureAlgorithm) {
  SnpMaterial material;
  material.platform.ica.style = crypto::testing::SigningStyle::kPkcs1Sha384;
  const auto ica =
      crypto::Certificate::FromDer(crypto::testing::MakeCertificate(material.platform.ica));
  const auto ark =
      crypto::Certificate::FromDer(crypto::testing::MakeCertificate(material.platform.ark));
  EXPECT_THAT(Check(material, material.chain, {ica.value().Pem() + ark.value().Pem(), ""}),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("RSASSA-PSS")));
}

TEST(SnpChainCheck, RefusesGarbage) {
  const SnpMaterial material;
  for (const std::string& body : {std::string(), std::string("<html>busy</html>"),
                                  material.vcek_content.body, std::string(5000, '\0')}) {
    EXPECT_THAT(Check(material, material.chain, {body, ""}), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(SnpCrlCheck, TellsWhenTheListHolds) {
  const SnpMaterial material;
  const TimePoint from = kTestNow - std::chrono::days(1);
  const TimePoint until = kTestNow + std::chrono::days(1);
  const auto checked = Check(material, material.crl, {material.Crl(from, until), ""});
  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->validity, (Validity{from, until}));
  EXPECT_EQ(checked->issued, from);
  EXPECT_TRUE(checked->validity.HoldsAt(from));
  EXPECT_FALSE(checked->validity.HoldsAt(from - seconds(1)));
  EXPECT_TRUE(checked->validity.HoldsAt(until - seconds(1)));
  EXPECT_FALSE(checked->validity.HoldsAt(until));
}

TEST(SnpCrlCheck, KnowsAGoodListThatHasExpired) {
  const SnpMaterial material;
  const auto checked =
      Check(material, material.crl,
            {material.Crl(kTestNow - std::chrono::days(9), kTestNow - std::chrono::days(8)), ""});
  ASSERT_THAT(checked, Succeeds());
  EXPECT_FALSE(checked->validity.HoldsAt(kTestNow));
}

TEST(SnpCrlCheck, RefusesAListOfAnotherKey) {
  const SnpMaterial material;
  crypto::testing::CrlSpec spec = material.platform.EmptyCrl();
  spec.signer = material.platform.ica.key;
  EXPECT_THAT(Check(material, material.crl, {testing::Text(MakeCrl(spec)), ""}),
              FailsWith(ErrorCode::kUntrusted));
}

// Every seventh byte: each costs three RSA signatures.
TEST(SnpCrlCheck, RefusesFlippedBytes) {
  const SnpMaterial material;
  for (std::size_t i = 0; i < material.crl_content.body.size(); i += 7) {
    Content changed = material.crl_content;
    changed.body[i] = static_cast<char>(changed.body[i] ^ 1);
    EXPECT_FALSE(Check(material, material.crl, changed)) << i;
  }
}

TEST(SnpVcekCheck, RefusesAnotherChip) {
  const SnpMaterial material;
  SnpVcek other = material.vcek;
  other.chip_id.back() ^= std::byte{1};
  EXPECT_THAT(Check(material, other, material.vcek_content),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("for chip 0102")));
}

TEST(SnpVcekCheck, RefusesAnotherTcb) {
  const SnpMaterial material;
  SnpVcek other = material.vcek;
  --other.tcb.microcode;
  EXPECT_THAT(Check(material, other, material.vcek_content),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("for TCB 4.1.24.219, want 4.1.24.218")));
}

TEST(SnpVcekCheck, RefusesAKeyUnderAnotherChain) {
  const SnpMaterial milan;
  const SnpMaterial genoa(Product::kGenoa);
  EXPECT_THAT(CheckPiece(milan.vcek, milan.vcek_content, genoa.chain_content.body, AnchorsOf(genoa),
                         kTestNow),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(SnpVcekCheck, HoldsUntilTheLastSecondOfTheFirstCertificateToExpire) {
  SnpMaterial material;
  material.platform.vek.not_after = kTestNow + seconds(5);
  const Content content{testing::Text(crypto::testing::MakeCertificate(material.platform.vek)), ""};
  const auto checked = Check(material, material.vcek, content);
  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->validity.until, kTestNow + seconds(6));
  // The same judgement long after.
  EXPECT_EQ(Check(material, material.vcek, content, kTestNow + std::chrono::years(1)).value(),
            *checked);
}

TEST(TdxCheck, AcceptsEachPiece) {
  const TdxMaterial material;
  for (const auto& [piece, content] : material.All()) {
    EXPECT_THAT(Check(material, piece, content), Succeeds()) << PieceText(piece);
  }
}

TEST(TdxCheck, AcceptsListsInEachForm) {
  const TdxMaterial material;
  const std::string hex = crypto::HexEncode(crypto::BytesOf(material.root_crl_content.body));
  EXPECT_THAT(Check(material, TdxRootCrl{}, {hex, ""}), Succeeds());
  EXPECT_THAT(Check(material, TdxRootCrl{}, {hex + "\n", ""}), Succeeds());
  EXPECT_FALSE(Check(material, TdxRootCrl{}, {hex.substr(1), ""}));
}

TEST(TdxCheck, RefusesEachPieceUnderAnotherRoot) {
  const TdxMaterial material;
  for (const auto& [piece, content] : material.All()) {
    EXPECT_THAT(CheckPiece(piece, content, material.pck_crl_content.issuer_chain,
                           VendorTrustAnchors(), kTestNow),
                FailsWith(ErrorCode::kUntrusted, HasSubstr("trust anchor")))
        << PieceText(piece);
  }
}

TEST(TdxCheck, RefusesOnePieceInThePlaceOfAnother) {
  const TdxMaterial material;
  const auto all = material.All();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) {
      if (i == j) continue;
      EXPECT_FALSE(Check(material, all[i].first, all[j].second)) << i << " " << j;
    }
  }
}

TEST(TdxCheck, RefusesAnotherFmspc) {
  const TdxMaterial material;
  TdxTcbInfo other = material.tcb_info;
  other.fmspc[5] ^= std::byte{1};
  EXPECT_THAT(Check(material, other, material.tcb_info_content),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("want 50806f000001")));
}

TEST(TdxCheck, RefusesTheListOfTheOtherCa) {
  const TdxMaterial material;
  EXPECT_THAT(Check(material, TdxPckCrl{tdx::PckCa::kProcessor}, material.pck_crl_content),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("no Intel SGX PCK Processor CA")));
}

TEST(TdxCheck, RefusesACaThatTheRootDidNotSign) {
  TdxMaterial material;
  const std::string root = material.platform.Root().Pem();
  material.platform.root_key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  Content content = material.pck_crl_content;
  content.issuer_chain = material.platform.Intermediate().Pem() + root;
  const TdxMaterial original = [&] {
    TdxMaterial copy = material;
    copy.pck_crl_content = content;
    return copy;
  }();
  TrustAnchors anchors;
  anchors.intel.Add(crypto::Certificate::ListFromPem(root, 1).value().front());
  EXPECT_THAT(CheckPiece(original.pck_crl, content, "", anchors, kTestNow),
              FailsWith(ErrorCode::kUntrusted));
}

TEST(TdxCheck, TellsWhenSignedJsonHolds) {
  TdxMaterial material;
  const auto checked = Check(material, material.tcb_info,
                             material.TcbInfoOf("2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z"));
  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->issued, tdx::At("2026-05-01T00:00:00Z"));
  EXPECT_EQ(checked->validity.until, tdx::At("2026-05-31T00:00:01Z"));
}

// Every third byte of the bodies, signatures included.
TEST(TdxCheck, RefusesFlippedBytes) {
  const TdxMaterial material;
  for (const auto& [piece, content] : material.All()) {
    for (std::size_t i = 0; i < content.body.size(); i += 3) {
      Content changed = content;
      changed.body[i] = static_cast<char>(changed.body[i] ^ 1);
      EXPECT_FALSE(Check(material, piece, changed)) << PieceText(piece) << " byte " << i;
    }
  }
}

TEST(Validity, OfTwoIsTheTimeInBoth) {
  const Validity early{kTestNow, kTestNow + seconds(10)};
  const Validity late{kTestNow + seconds(5), kTestNow + seconds(20)};
  EXPECT_EQ(Intersect(early, late).value(), (Validity{late.from, early.until}));
  EXPECT_THAT(Intersect(early, {early.until, late.until}), FailsWith(ErrorCode::kUntrusted));
  EXPECT_EQ(NearestTo(kTestNow - seconds(1), early), early.from);
  EXPECT_EQ(NearestTo(kTestNow + seconds(3), early), kTestNow + seconds(3));
  EXPECT_EQ(NearestTo(late.until, early), early.until - seconds(1));
}

}  // namespace
}  // namespace cocos::collateral
