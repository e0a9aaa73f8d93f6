#include "attestation/tdx/verify.h"

#include <fmt/chrono.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using namespace std::chrono_literals;

TEST(TdxVerify, AcceptsWhatIsUpToDate) {
  const TestPlatform platform;

  const Result<VerifiedQuote> result = Verify(platform);

  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->ResultName(), "UpToDate");
  EXPECT_EQ(result->report().mr_td, platform.report.mr_td);
  EXPECT_EQ(result->pck().fmspc, platform.pck_info.fmspc);
}

TEST(TdxVerify, TellsDatesAndNumbersOfTheVerdict) {
  TestPlatform platform;
  platform.pck.not_after = At("2026-06-15T00:00:00Z");

  const Result<VerifiedQuote> result = Verify(platform);

  ASSERT_THAT(result, Succeeds());
  const TcbVerdict& tcb = result->tcb().value();
  EXPECT_EQ(tcb.tcb_date, At("2025-06-01T00:00:00Z"));
  EXPECT_EQ(tcb.tcb_evaluation_data_number, 16U);  // that of the QE identity is lower
  EXPECT_EQ(tcb.expiries.size(), 7U);
  EXPECT_EQ(tcb.holds_until(), At("2026-06-15T00:00:00Z"));
  EXPECT_FALSE(tcb.relaunch);
}

TEST(TdxVerify, TellsWhenEachPieceExpires) {
  const Result<VerifiedQuote> result = Verify(TestPlatform());

  ASSERT_THAT(result, Succeeds());
  std::map<std::string_view, crypto::TimePoint> expiries;
  for (const PieceExpiry& piece : result->tcb()->expiries) {
    expiries[CollateralPieceName(piece.piece)] = piece.expires;
  }
  EXPECT_EQ(expiries.at("tcb-info"), At("2026-07-01T00:00:00Z"));
  EXPECT_EQ(expiries.at("qe-identity"), At("2026-08-01T00:00:00Z"));
  EXPECT_EQ(expiries.at("root-crl"), At("2026-12-01T00:00:00Z"));
  EXPECT_EQ(expiries.at("pck-crl"), At("2026-12-01T00:00:00Z"));
  EXPECT_EQ(expiries.at("pck-chain"), At("2045-01-01T00:00:00Z"));
  EXPECT_EQ(expiries.at("tcb-info-issuer-chain"), At("2045-01-01T00:00:00Z"));
  EXPECT_EQ(expiries.at("qe-identity-issuer-chain"), At("2045-01-01T00:00:00Z"));
}

TEST(TdxVerify, AcceptsVersionFive) {
  TestPlatform platform;
  platform.quote_version = 5;
  EXPECT_EQ(OutcomeOf(platform), "UpToDate");

  platform.report.v15 = TdReport15{};
  EXPECT_EQ(OutcomeOf(platform), "UpToDate");
}

TEST(TdxVerify, AcceptsAuthenticationDataOfAnySize) {
  TestPlatform platform;
  for (const std::size_t size : {0U, 1U, 32U, 1000U}) {
    platform.authentication_data.assign(size, std::byte{1});
    EXPECT_EQ(OutcomeOf(platform), "UpToDate") << size;
  }
}

TEST(TdxVerify, IgnoresATailAndNothingElse) {
  const TestPlatform platform;
  std::vector<std::byte> quote = platform.Quote();
  quote.insert(quote.end(), 70, std::byte{0});

  EXPECT_EQ(OutcomeOf(VerifyQuote(quote, platform.Collateral(), platform.Anchors(), platform.now)),
            "UpToDate");
}

TEST(TdxVerify, RefusesOtherRoots) {
  const TestPlatform platform;
  const TestPlatform other;  // has the same names

  const auto result =
      VerifyQuote(platform.Quote(), platform.Collateral(), other.Anchors(), platform.now);
  EXPECT_EQ(OutcomeOf(result), "UntrustedRoot");
  EXPECT_EQ(OutcomeOf(VerifyQuote(platform.Quote(), platform.Collateral(), IntelTrustAnchors(),
                                  platform.now)),
            "UntrustedRoot");
  EXPECT_EQ(OutcomeOf(VerifyQuote(platform.Quote(), platform.Collateral(), {}, platform.now)),
            "UntrustedRoot");
}

TEST(TdxVerify, RefusesCollateralOfAnotherHierarchy) {
  const TestPlatform platform;
  const Collateral foreign = TestPlatform().Collateral();
  const auto with = [&](std::vector<std::byte> Collateral::*piece) {
    Collateral mixed = platform.Collateral();
    mixed.*piece = foreign.*piece;
    return OutcomeOf(VerifyQuote(platform.Quote(), mixed, platform.Anchors(), platform.now));
  };

  EXPECT_EQ(with(&Collateral::root_crl), "BadCrlSignature");
  EXPECT_EQ(with(&Collateral::pck_crl), "BadCrlSignature");
  EXPECT_EQ(with(&Collateral::tcb_info), "BadTcbInfoSignature");
  EXPECT_EQ(with(&Collateral::qe_identity), "BadQeIdentitySignature");
  EXPECT_EQ(with(&Collateral::tcb_info_issuer_chain), "UntrustedRoot");
  EXPECT_EQ(with(&Collateral::qe_identity_issuer_chain), "UntrustedRoot");
}

TEST(TdxVerify, NamesTheMissingPiece) {
  const TestPlatform platform;
  const std::vector<std::pair<std::vector<std::byte> Collateral::*, std::string>> pieces = {
      {&Collateral::tcb_info, "missing-tcb-info"},
      {&Collateral::tcb_info_issuer_chain, "missing-tcb-info-issuer-chain"},
      {&Collateral::qe_identity, "missing-qe-identity"},
      {&Collateral::qe_identity_issuer_chain, "missing-qe-identity-issuer-chain"},
      {&Collateral::root_crl, "missing-root-crl"},
      {&Collateral::pck_crl, "missing-pck-crl"}};
  for (const auto& [piece, reason] : pieces) {
    Collateral collateral = platform.Collateral();
    (collateral.*piece).clear();

    const auto result = VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now);

    EXPECT_THAT(result, FailsWith(ErrorCode::kFailedPrecondition));
    EXPECT_EQ(OutcomeOf(result), reason);
  }
}

// Each piece is judged at the last moment it is valid and one second later.
struct Expiry {
  const char* what;
  std::function<void(TestPlatform&, crypto::TimePoint)> set;
  bool last_moment_counts;  // nextUpdate of a CRL is when the next one is there
};

std::vector<Expiry> Expiries() {
  const auto text = [](crypto::TimePoint time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
  };
  return {
      {"Root CA", [](auto& p, auto t) { p.root.not_after = t; }, true},
      {"Platform CA", [](auto& p, auto t) { p.intermediate.not_after = t; }, true},
      {"PCK Certificate", [](auto& p, auto t) { p.pck.not_after = t; }, true},
      {"TCB Signing", [](auto& p, auto t) { p.signer.not_after = t; }, true},
      {"tcb-info", [=](auto& p, auto t) { p.tcb_info["nextUpdate"] = text(t); }, true},
      {"qe-identity", [=](auto& p, auto t) { p.qe_identity["nextUpdate"] = text(t); }, true},
      {"root-crl", [](auto& p, auto t) { p.root_crl.next_update = t; }, false},
      {"pck-crl", [](auto& p, auto t) { p.pck_crl.next_update = t; }, false},
  };
}

TEST(TdxVerify, RefusesEveryPieceThatHasExpired) {
  for (const Expiry& expiry : Expiries()) {
    TestPlatform platform;
    const crypto::TimePoint last = platform.now + (expiry.last_moment_counts ? 0s : 1s);
    expiry.set(platform, last);
    EXPECT_EQ(OutcomeOf(platform), "UpToDate") << expiry.what;

    platform.now = last + (expiry.last_moment_counts ? 1s : 0s);
    const Result<VerifiedQuote> result = Verify(platform);
    EXPECT_EQ(OutcomeOf(result), "Expired") << expiry.what;
    EXPECT_THAT(result, FailsWith(ErrorCode::kUntrusted, HasSubstr(expiry.what)));
  }
}

TEST(TdxVerify, RefusesEveryPieceBeforeItsTime) {
  const auto outcome = [](const std::function<void(TestPlatform&)>& change) {
    TestPlatform platform;
    change(platform);
    return OutcomeOf(platform);
  };
  const crypto::TimePoint now = TestPlatform().now;
  const crypto::TimePoint later = now + 1s;

  EXPECT_EQ(outcome([&](auto& p) { p.root.not_before = now; }), "UpToDate");
  EXPECT_EQ(outcome([&](auto& p) { p.root.not_before = later; }), "NotYetValid");
  EXPECT_EQ(outcome([&](auto& p) { p.intermediate.not_before = later; }), "NotYetValid");
  EXPECT_EQ(outcome([&](auto& p) { p.pck.not_before = later; }), "NotYetValid");
  EXPECT_EQ(outcome([&](auto& p) { p.signer.not_before = later; }), "NotYetValid");
  EXPECT_EQ(outcome([&](auto& p) { p.root_crl.this_update = later; }), "NotYetValid");
  EXPECT_EQ(outcome([&](auto& p) { p.pck_crl.this_update = later; }), "NotYetValid");
  EXPECT_EQ(outcome([](auto& p) { p.tcb_info["issueDate"] = "2026-06-01T00:00:00Z"; }), "UpToDate");
  EXPECT_EQ(outcome([](auto& p) { p.tcb_info["issueDate"] = "2026-06-01T00:00:01Z"; }),
            "NotYetValid");
  EXPECT_EQ(outcome([](auto& p) { p.qe_identity["issueDate"] = "2026-06-01T00:00:01Z"; }),
            "NotYetValid");
}

TEST(TdxVerify, RefusesWhatIsRevoked) {
  TestPlatform platform;
  platform.root_crl.serials = {3, 9};  // the serial of the leaf means nothing on this list
  platform.pck_crl.serials = {2, 4};
  EXPECT_EQ(OutcomeOf(platform), "UpToDate");

  platform.root_crl.serials = {2};
  EXPECT_EQ(OutcomeOf(platform), "IntermediateRevoked");
  platform.root_crl.serials = {4};
  EXPECT_EQ(OutcomeOf(platform), "TcbSigningRevoked");
  platform.root_crl.serials = {};
  platform.pck_crl.serials = {3};
  EXPECT_EQ(OutcomeOf(platform), "PckRevoked");
}

TEST(TdxVerify, RefusesACrlOfAnotherCa) {
  TestPlatform platform;
  Collateral collateral = platform.Collateral();
  collateral.pck_crl = collateral.root_crl;
  EXPECT_EQ(OutcomeOf(VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now)),
            "BadCrlSignature");

  platform.pck_crl.issuer = "Intel SGX PCK Processor CA";
  EXPECT_EQ(OutcomeOf(platform), "BadCrlSignature");
}

TEST(TdxVerify, RefusesTcbInfoOfAnotherPlatform) {
  TestPlatform platform;
  platform.tcb_info["fmspc"] = "50806F000001";
  EXPECT_EQ(OutcomeOf(platform), "TcbInfoMismatch");

  platform.tcb_info["fmspc"] = "50806f000000";  // case does not matter
  EXPECT_EQ(OutcomeOf(platform), "UpToDate");
  platform.tcb_info["pceId"] = "0001";
  EXPECT_EQ(OutcomeOf(platform), "TcbInfoMismatch");
}

TEST(TdxVerify, RefusesAQeReportOfAnotherKey) {
  TestPlatform platform;
  const std::vector<std::byte> chain =
      Pem({platform.Pck(), platform.Intermediate(), platform.Root()});
  platform.pck_key = crypto::SigningKey::Generate(crypto::Curve::kP256);
  Collateral collateral = platform.Collateral();
  collateral.pck_chain = chain;  // for the key that did not sign

  EXPECT_EQ(OutcomeOf(VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now)),
            "BadQeReportSignature");
}

TEST(TdxVerify, RefusesAnAttestationKeyThatNobodyVouchesFor) {
  const TestPlatform platform;
  const auto flipped = [&](std::size_t at) {
    std::vector<std::byte> quote = platform.Quote();
    quote[at] ^= std::byte{1};
    return OutcomeOf(VerifyQuote(quote, platform.Collateral(), platform.Anchors(), platform.now));
  };

  EXPECT_EQ(flipped(kAttestationKeyAt), "QeReportDataMismatch");
  EXPECT_EQ(flipped(kAuthenticationDataAt), "QeReportDataMismatch");
  EXPECT_EQ(flipped(kSignatureAt), "BadQuoteSignature");
  EXPECT_EQ(flipped(184), "BadQuoteSignature");  // MR_TD
  EXPECT_EQ(flipped(kQeReportAt), "BadQeReportSignature");
}

TEST(TdxVerify, RefusesAnotherEnclave) {
  const auto outcome = [](const std::function<void(EnclaveReport&)>& change) {
    TestPlatform platform;
    change(platform.qe_report);
    return OutcomeOf(platform);
  };

  EXPECT_EQ(outcome([](auto& qe) { qe.attributes[0] = std::byte{0x11}; }), "UpToDate");
  EXPECT_EQ(outcome([](auto& qe) { qe.attributes[0] = std::byte{0x13}; }), "QeIdentityMismatch");
  EXPECT_EQ(outcome([](auto& qe) { qe.misc_select[3] = std::byte{1}; }), "QeIdentityMismatch");
  EXPECT_EQ(outcome([](auto& qe) { qe.mr_signer[31] ^= std::byte{1}; }), "QeIdentityMismatch");
  EXPECT_EQ(outcome([](auto& qe) { qe.isv_prod_id = 1; }), "QeIdentityMismatch");
  EXPECT_EQ(outcome([](auto& qe) { qe.isv_svn = 3; }), "OutOfDate");
  EXPECT_EQ(outcome([](auto& qe) { qe.isv_svn = 1; }), "Revoked");
  EXPECT_EQ(outcome([](auto& qe) { qe.isv_svn = 0; }), "TcbNotSupported");
}

TEST(TdxVerify, JoinsTheAdvisoriesOfAllLevels) {
  TestPlatform platform;
  platform.pck_info.sgx_svns[0] = 4;
  platform.report.tee_tcb_svn[0] = 3;
  platform.qe_report.isv_svn = 3;

  const Result<VerifiedQuote> result = Verify(platform);

  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->ResultName(), "OutOfDate");
  EXPECT_EQ(result->tcb()->advisories, (std::vector<std::string>{"SA-P2", "SA-M2", "SA-Q2"}));
}

TEST(TdxVerify, AdvisesRelaunchWhenOnlyTheLoadedModuleIsOld) {
  TestPlatform platform;
  platform.quote_version = 5;
  platform.report.tee_tcb_svn = {3, 1, 2};
  platform.report.v15 = TdReport15{.tee_tcb_svn_2 = {4, 1, 2}};

  const Result<VerifiedQuote> result = Verify(platform);

  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->ResultName(), "TDRelaunchAdvised");
  EXPECT_TRUE(result->tcb()->relaunch);
}

TEST(TdxVerifyWithoutCollateral, NeverSaysUpToDate) {
  const TestPlatform platform;

  const auto result =
      VerifyQuoteWithoutCollateral(platform.Quote(), {}, platform.Anchors(), platform.now);

  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->ResultName(), "SignatureValid");
  EXPECT_FALSE(result->tcb().has_value());
  EXPECT_EQ(result->pck_chain_expires(), At("2045-01-01T00:00:00Z"));
}

TEST(TdxVerifyWithoutCollateral, StillWantsEverySignatureAndTheRoot) {
  TestPlatform platform;
  const auto flipped = [&](std::size_t at) {
    std::vector<std::byte> quote = platform.Quote();
    quote[at] ^= std::byte{1};
    return OutcomeOf(VerifyQuoteWithoutCollateral(quote, {}, platform.Anchors(), platform.now));
  };

  EXPECT_EQ(flipped(kSignatureAt), "BadQuoteSignature");
  EXPECT_EQ(flipped(kAttestationKeyAt), "QeReportDataMismatch");
  EXPECT_EQ(flipped(kQeReportAt), "BadQeReportSignature");
  EXPECT_EQ(OutcomeOf(VerifyQuoteWithoutCollateral(platform.Quote(), {}, IntelTrustAnchors(),
                                                   platform.now)),
            "UntrustedRoot");
  EXPECT_EQ(OutcomeOf(VerifyQuoteWithoutCollateral(platform.Quote(), {}, platform.Anchors(),
                                                   platform.pck.not_after + 1s)),
            "Expired");
}

TEST(TdxVerify, WantsAChainByHandWhenTheQuoteHasNone) {
  TestPlatform platform;
  platform.certification_type = 3;
  const std::vector<std::byte> chain =
      Pem({platform.Pck(), platform.Intermediate(), platform.Root()});

  EXPECT_EQ(OutcomeOf(platform), "UnsupportedQuote");
  Collateral collateral = platform.Collateral();
  collateral.pck_chain = chain;
  EXPECT_EQ(OutcomeOf(VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now)),
            "UpToDate");
  EXPECT_EQ(OutcomeOf(VerifyQuoteWithoutCollateral(platform.Quote(), chain, platform.Anchors(),
                                                   platform.now)),
            "SignatureValid");
}

TEST(TdxCollateralFor, NamesPlatformAndCa) {
  TestPlatform platform;
  const Result<CollateralRequest> request = CollateralFor(platform.Quote());
  ASSERT_THAT(request, Succeeds());
  EXPECT_EQ(request->fmspc, platform.pck_info.fmspc);
  EXPECT_EQ(request->pck_ca, PckCa::kPlatform);

  platform.pck.issuer = "Intel SGX PCK Processor CA";
  EXPECT_EQ(CollateralFor(platform.Quote())->pck_ca, PckCa::kProcessor);
}

TEST(TdxCollateralFor, RefusesAQuoteWithoutAChain) {
  TestPlatform platform;
  platform.certification_type = 1;

  EXPECT_THAT(CollateralFor(platform.Quote()), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(CollateralFor({}), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::attestation::tdx
