#include "collateral/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/collateral/material.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using snp::Product;
using snp::SigningKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SnpMaterial;
using testing::TdxMaterial;

std::vector<std::string> Urls(const FetchPlan& plan) {
  std::vector<std::string> urls;
  for (const FetchItem& item : plan) urls.push_back(item.url);
  return urls;
}

std::vector<Piece> Pieces(const FetchPlan& plan) {
  std::vector<Piece> pieces;
  for (const FetchItem& item : plan) pieces.push_back(item.piece);
  return pieces;
}

TEST(BaseUrl, IsASchemeAHostAndMaybeAPath) {
  EXPECT_EQ(BaseUrl::Parse("https://kds.example.org").value().text(), "https://kds.example.org");
  EXPECT_EQ(BaseUrl::Parse("https://kds:8443/amd//").value().text(), "https://kds:8443/amd");
  EXPECT_FALSE(BaseUrl::Parse("https://kds").value().plain_http());
  EXPECT_TRUE(BaseUrl::Parse("http://[::1]:80/").value().plain_http());
}

TEST(BaseUrl, IsNothingElse) {
  for (const char* text :
       {"", "kds.example.org", "https://", "https:///path", "http://", "ftp://kds", "HTTPS://kds",
        "file:///etc", "https://user:secret@kds", "https://kds?x=1", "https://kds#x",
        "https://k ds", "https://kds\n", "https://kds\\x", "https://k\x7f"}) {
    EXPECT_THAT(BaseUrl::Parse(text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want https://")))
        << text;
  }
}

TEST(SnpPlan, FetchesTheChainBeforeTheList) {
  const FetchPlan plan = PlanSnp({}, Product::kGenoa, SigningKey::kVlek);
  EXPECT_THAT(Urls(plan), ElementsAre("https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain",
                                      "https://kdsintf.amd.com/vlek/v1/Genoa/crl"));
  EXPECT_FALSE(plan.front().plain_http);
}

TEST(SnpPlan, OfAReportNamesItsChipAndReportedTcb) {
  const SnpMaterial milan;
  const auto plan = PlanSnpReport({}, milan.report, std::nullopt);
  ASSERT_THAT(plan, Succeeds());
  EXPECT_THAT(Pieces(*plan), ElementsAre(Piece(milan.chain), Piece(milan.crl), Piece(milan.vcek)));
  EXPECT_THAT(plan->back().url,
              ::testing::EndsWith("40?blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219"));
}

TEST(SnpPlan, OfAReportSignedByAVlekHasNoCertificateOfAChip) {
  const SnpMaterial vlek(Product::kMilan, SigningKey::kVlek);
  const auto plan = PlanSnpReport({}, vlek.report, std::nullopt);
  ASSERT_THAT(plan, Succeeds());
  EXPECT_THAT(Pieces(*plan), ElementsAre(Piece(vlek.chain), Piece(vlek.crl)));
}

TEST(SnpPlan, WantsTheProductThatAnOldReportDoesNotTell) {
  snp::Report old = SnpMaterial().report;
  old.version = 2;
  old.cpu.reset();
  EXPECT_THAT(PlanSnpReport({}, old, std::nullopt),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("name it")));
  EXPECT_THAT(PlanSnpReport({}, old, Product::kGenoa), Succeeds());
}

TEST(SnpPlan, RefusesAnotherProductThanTheReports) {
  EXPECT_THAT(PlanSnpReport({}, SnpMaterial().report, Product::kGenoa),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("of Milan, not of Genoa")));
}

TEST(SnpPlan, RefusesReportsThatNoCertificateIsFor) {
  snp::Report masked = SnpMaterial().report;
  masked.chip_id.fill(std::byte{0});
  EXPECT_THAT(PlanSnpReport({}, masked, std::nullopt), FailsWith(ErrorCode::kInvalidArgument));
  snp::Report unsigned_report = SnpMaterial().report;
  unsigned_report.signing_key = SigningKey::kNone;
  EXPECT_THAT(PlanSnpReport({}, unsigned_report, std::nullopt),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(SnpPlan, UsesTheMirrorGiven) {
  Services services;
  services.kds = BaseUrl::Parse("http://mirror:8080/amd/").value();
  const FetchPlan plan = PlanSnp(services, Product::kMilan, SigningKey::kVcek);
  EXPECT_EQ(plan.front().url, "http://mirror:8080/amd/vcek/v1/Milan/cert_chain");
  EXPECT_TRUE(plan.front().plain_http);
}

TEST(TdxPlan, OfAQuoteHasEverythingWithTheRootListLast) {
  const TdxMaterial material;
  const auto plan = PlanTdxQuote({}, material.quote);
  ASSERT_THAT(plan, Succeeds());
  EXPECT_THAT(
      Urls(*plan),
      ElementsAre(
          "https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=50806F000000",
          "https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity",
          "https://api.trustedservices.intel.com/sgx/certification/v4/"
          "pckcrl?ca=platform&encoding=der",
          "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"));
  EXPECT_EQ(plan->at(0).chain_header, "tcb-info-issuer-chain");
  EXPECT_EQ(plan->at(1).chain_header, "sgx-enclave-identity-issuer-chain");
  EXPECT_EQ(plan->at(2).chain_header, "sgx-pck-crl-issuer-chain");
  EXPECT_EQ(plan->at(3).chain_header, "");
}

TEST(TdxPlan, HasTheListsOfBothCasWhenNoneIsNamed) {
  EXPECT_THAT(Pieces(PlanTdx({}, std::nullopt)),
              ElementsAre(Piece(TdxQeIdentity{}), Piece(TdxPckCrl{tdx::PckCa::kPlatform}),
                          Piece(TdxPckCrl{tdx::PckCa::kProcessor}), Piece(TdxRootCrl{})));
  EXPECT_THAT(Pieces(PlanTdx({}, tdx::PckCa::kProcessor)),
              ElementsAre(Piece(TdxQeIdentity{}), Piece(TdxPckCrl{tdx::PckCa::kProcessor}),
                          Piece(TdxRootCrl{})));
}

TEST(TdxPlan, UsesTheMirrorsGivenEachWithItsScheme) {
  Services services;
  services.pcs = BaseUrl::Parse("http://pccs:8081").value();
  const FetchPlan plan = PlanTdxPlatform(services, Fmspc{}, tdx::PckCa::kPlatform);
  EXPECT_EQ(plan.front().url, "http://pccs:8081/tdx/certification/v4/tcb?fmspc=000000000000");
  EXPECT_TRUE(plan.front().plain_http);
  EXPECT_FALSE(plan.back().plain_http);
}

TEST(TdxPlan, RefusesWhatIsNoQuote) {
  const std::vector<std::byte> garbage(700, std::byte{4});
  EXPECT_THAT(PlanTdxQuote({}, garbage), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::collateral
