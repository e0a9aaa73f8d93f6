#include <gtest/gtest.h>

#include "attestation/tdx/pck.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/verify.h"
#include "support/result_matchers.h"
#include "vectors.h"

namespace cocos::attestation::tdx {
namespace {

using nlohmann::json;
using testing::Succeeds;

// The name that the vectors give to an outcome.
std::string OutcomeOf(const Result<VerifiedQuote>& result) {
  return result ? std::string(result->ResultName()) : result.error().reason();
}

Result<VerifiedQuote> VerifyVector(const json& vector) {
  const std::vector<std::byte> quote = vectors::Read(vector.at("quote"));
  const TrustAnchors anchors = vectors::AnchorsOf(vector);
  const crypto::TimePoint now = vectors::TimeOf(vector);
  if (!vector.contains("tcb_info")) {
    return VerifyQuoteWithoutCollateral(quote, {}, anchors, now);
  }
  return VerifyQuote(quote, vectors::CollateralOf(vector), anchors, now);
}

bool HasFailed(const std::vector<Claim>& claims, std::string_view name) {
  for (const Claim& claim : claims) {
    if (claim.name == name) return claim.outcome == Outcome::kFailed;
  }
  ADD_FAILURE() << "no claim " << name;
  return false;
}

class VectorTest : public ::testing::TestWithParam<json> {
 protected:
  void SetUp() override {
    if (GetParam().is_null()) GTEST_SKIP() << vectors::Missing();
  }
};

std::string QuoteName(const ::testing::TestParamInfo<json>& info) {
  if (info.param.is_null()) return "absent";
  if (info.param.contains("name")) return vectors::NameOf(info.param.at("name"));
  const std::string file = info.param.at("quote");
  return fmt::format("{}_{}", vectors::NameOf(file), info.index);
}

class TdxSyntheticQuote : public VectorTest {};

TEST_P(TdxSyntheticQuote, HasTheOutcomeOfTheVector) {
  const Result<VerifiedQuote> result = VerifyVector(GetParam());

  EXPECT_EQ(OutcomeOf(result), GetParam().at("expect")) << (result ? "" : result.error().message());
}

TEST_P(TdxSyntheticQuote, IsStoppedByPolicyWhereTheVectorSaysSo) {
  if (!GetParam().contains("policy_expect")) return;
  ASSERT_EQ(GetParam().at("policy_expect"), "reject-debug");

  const Result<VerifiedQuote> result = VerifyVector(GetParam());

  ASSERT_THAT(result, Succeeds());
  EXPECT_TRUE(HasFailed(CheckPolicy(*result, {}), "tdx.debug"));
  EXPECT_FALSE(HasFailed(CheckPolicy(*result, {.allow_debug = true}), "tdx.debug"));
}

INSTANTIATE_TEST_SUITE_P(Vectors, TdxSyntheticQuote,
                         ::testing::ValuesIn(vectors::List("synthetic_quotes")), QuoteName);

class TdxRealQuote : public VectorTest {};

TEST_P(TdxRealQuote, HasTheOutcomeOfTheVector) {
  const Result<VerifiedQuote> result = VerifyVector(GetParam());

  EXPECT_EQ(OutcomeOf(result), GetParam().at("expect")) << (result ? "" : result.error().message());
}

// A quote that says of itself what has to be fetched asks for the collateral that verifies it.
TEST_P(TdxRealQuote, AsksForTheCollateralThatVerifiesIt) {
  const std::vector<std::byte> quote = vectors::Read(GetParam().at("quote"));

  const Result<CollateralRequest> request = CollateralFor(quote);

  // Its certificates are in files of their own: the quote does not say whose platform it is.
  if (GetParam().contains("pck_chain")) {
    EXPECT_THAT(request, cocos::testing::FailsWith(ErrorCode::kMalformed));
    return;
  }
  ASSERT_THAT(request, Succeeds());
  EXPECT_EQ(request->pck_ca, PckCa::kPlatform);
  const Result<VerifiedQuote> verified = VerifyVector(GetParam());
  if (verified) {
    EXPECT_EQ(request->fmspc, verified->pck().fmspc);
  }
}

INSTANTIATE_TEST_SUITE_P(Vectors, TdxRealQuote, ::testing::ValuesIn(vectors::List("real_quotes")),
                         QuoteName);

class TdxQuoteFields : public VectorTest {};

template <typename Bytes>
std::string Hex(const Bytes& bytes) {
  return crypto::HexEncode(std::as_bytes(std::span(bytes)));
}

TEST_P(TdxQuoteFields, AreThoseOfTheVector) {
  const json& vector = GetParam();

  const Result<Quote> quote = ParseQuote(vectors::Read(vector.at("quote")));

  ASSERT_THAT(quote, Succeeds());
  const TdReport& report = quote->report;
  EXPECT_EQ(quote->header.version, vector.at("version"));
  EXPECT_EQ(static_cast<int>(quote->body_type), vector.at("body_type"));
  EXPECT_EQ(Hex(quote->header.qe_vendor_id), vector.at("qe_vendor_id"));
  EXPECT_EQ(Hex(quote->header.user_data), vector.at("user_data"));
  EXPECT_EQ(Hex(report.tee_tcb_svn), vector.at("tee_tcb_svn"));
  EXPECT_EQ(Hex(report.mr_seam), vector.at("mr_seam"));
  EXPECT_EQ(Hex(report.mr_signer_seam), vector.at("mrsigner_seam"));
  EXPECT_EQ(Hex(report.seam_attributes), vector.at("seam_attributes"));
  EXPECT_EQ(Hex(report.td_attributes), vector.at("td_attributes"));
  EXPECT_EQ(Hex(report.xfam), vector.at("xfam"));
  EXPECT_EQ(Hex(report.mr_td), vector.at("mr_td"));
  EXPECT_EQ(Hex(report.mr_config_id), vector.at("mr_config_id"));
  EXPECT_EQ(Hex(report.mr_owner), vector.at("mr_owner"));
  EXPECT_EQ(Hex(report.mr_owner_config), vector.at("mr_owner_config"));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(Hex(report.rtmrs[i]), vector.at("rtmr").at(i));
  EXPECT_EQ(Hex(report.report_data), vector.at("report_data"));
  EXPECT_EQ(report.v15.has_value(), vector.contains("mr_servicetd"));
  if (report.v15) {
    EXPECT_EQ(Hex(report.v15->tee_tcb_svn_2), vector.at("tee_tcb_svn_2"));
    EXPECT_EQ(Hex(report.v15->mr_service_td), vector.at("mr_servicetd"));
  }
  EXPECT_EQ(quote->trailing_bytes, vector.at("trailing_bytes"));
  EXPECT_EQ(134 + 456 + quote->qe_authentication_data.size() + quote->certification_data.size(),
            vector.at("signature_data_length"));
}

INSTANTIATE_TEST_SUITE_P(Vectors, TdxQuoteFields,
                         ::testing::ValuesIn(vectors::List("quote_fields")), QuoteName);

TEST(TdxVectors, NameTheSameIntelRoot) {
  std::ifstream file(vectors::Folder() / "vectors.json");
  if (!file) GTEST_SKIP() << vectors::Missing();
  const json all = json::parse(file);
  const auto root =
      crypto::Certificate::FromDer(vectors::Read("collateral/intel-sgx-root-ca.der")).value();

  EXPECT_TRUE(IntelTrustAnchors().Trusts(root));
  EXPECT_EQ(Hex(root.SpkiSha256()), all.at("intel_root_spki_sha256"));
}

}  // namespace
}  // namespace cocos::attestation::tdx
