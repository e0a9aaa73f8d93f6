// Pieces of real services and of an independent test hierarchy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "attestation/snp/product.h"
#include "attestation/snp/vek.h"
#include "base/file.h"
#include "collateral/cache.h"
#include "support/result_matchers.h"
#include "unit/collateral/material.h"
#include "unit/collateral/temp_dir.h"

namespace cocos::collateral {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using snp::Product;
using snp::SigningKey;
using testing::kTestNow;
using testing::TempDir;

class CollateralVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no vectors in " << kFolder;
  }
  static std::string File(const std::string& name) {
    return ReadFile(std::string(kFolder) + "/" + name).value();
  }
  static nlohmann::json Index(const std::string& format) {
    return nlohmann::json::parse(File(format + "/vectors.json"));
  }
  static crypto::Certificate Certificate(const std::string& name) {
    return crypto::Certificate::FromDerOrPem(crypto::BytesOf(File(name))).value();
  }
  static SnpVcek PieceOf(const crypto::Certificate& certificate) {
    const auto identity = snp::ReadVekIdentity(certificate, SigningKey::kVcek).value();
    SnpVcek piece{.product = identity.product, .tcb = identity.tcb};
    std::ranges::copy(identity.hardware_id, piece.chip_id.begin());
    return piece;
  }

  static constexpr char kFolder[] = COCOS_VECTORS_DIR;
  TempDir dir_;
  CollateralCache cache_{dir_.path() + "/collateral"};
};

TEST_F(CollateralVectors, KeepsAmdsOwnChains) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    for (const SigningKey key : {SigningKey::kVcek, SigningKey::kVlek}) {
      std::string name(snp::ProductName(product));
      name[0] = static_cast<char>(name[0] - 'A' + 'a');
      const Content content{File(fmt::format("sev-snp/chains/{}_{}_chain.pem", name,
                                             key == SigningKey::kVlek ? "vlek" : "vcek")),
                            ""};
      EXPECT_THAT(cache_.Store(SnpChain{product, key}, content, VendorTrustAnchors(), kTestNow),
                  Succeeds());
      EXPECT_FALSE(CheckPiece(
          SnpChain{product, key == SigningKey::kVlek ? SigningKey::kVcek : SigningKey::kVlek},
          content, "", VendorTrustAnchors(), kTestNow));
    }
  }
}

TEST_F(CollateralVectors, KeepsCertificatesOfRealChipsUnderTheirNames) {
  const nlohmann::json index = Index("sev-snp");
  int kept = 0;
  for (const auto& vector : index.at("reports")) {
    if (!vector.contains("vek") || vector.at("vek").is_null()) continue;
    const std::string file = "sev-snp/" + vector.at("vek").get<std::string>();
    const SnpVcek piece = PieceOf(Certificate(file));
    const Content chain{File("sev-snp/" + vector.at("chain").get<std::string>()), ""};
    ASSERT_THAT(cache_.Store(SnpChain{piece.product, SigningKey::kVcek}, chain,
                             VendorTrustAnchors(), kTestNow),
                Succeeds());
    EXPECT_THAT(cache_.Store(piece, {File(file), ""}, VendorTrustAnchors(), kTestNow), Succeeds())
        << file;
    EXPECT_EQ(VcekOfFileName(piece.product, FilesOf(piece).body), piece);
    ++kept;
  }
  EXPECT_GE(kept, 5);
}

TEST_F(CollateralVectors, RefusesEachWrongVcekOfTheTestHierarchy) {
  const Content chain{File("sev-snp/synthetic/milan_vcek_chain.pem"), ""};
  const auto certificates = crypto::Certificate::ListFromPem(chain.body, 2).value();
  TrustAnchors anchors;
  anchors.amd.AddUnofficialRoot(Product::kMilan, certificates[1]);
  const SnpVcek piece = PieceOf(Certificate("sev-snp/synthetic/milan_vcek.der"));
  ASSERT_THAT(cache_.Store(SnpChain{Product::kMilan, SigningKey::kVcek}, chain, anchors, kTestNow),
              Succeeds());
  EXPECT_THAT(
      cache_.Store(piece, {File("sev-snp/synthetic/milan_vcek.der"), ""}, anchors, kTestNow),
      Succeeds());
  for (const char* name : {"by_ark", "by_asvk", "expired", "hwid_and_cspid", "no_hwid", "no_ucode",
                           "p256", "pkcs1", "pss_sha256"}) {
    const Content wrong{File(fmt::format("sev-snp/synthetic/milan_vcek_{}.der", name)), ""};
    EXPECT_FALSE(cache_.Store(piece, wrong, anchors, kTestNow)) << name;
  }
  EXPECT_EQ(cache_.Read(piece).value().body, File("sev-snp/synthetic/milan_vcek.der"));
}

struct TdxFiles {
  const char* name;
  const char* fmspc;
  TimePoint now;
};

TEST_F(CollateralVectors, KeepsIntelsOwnCollateral) {
  for (const TdxFiles& files :
       {TdxFiles{"phala-b0c06f-2025-06", "b0c06f000000", tdx::At("2025-06-25T00:00:00Z")},
        TdxFiles{"phala-90c06f-2026-02", "90c06f000000", tdx::At("2026-03-01T00:00:00Z")}}) {
    const std::string prefix = fmt::format("tdx/collateral/{}-", files.name);
    const std::string signing_chain = File(prefix + "tcb-issuer-chain.pem");
    const std::vector<std::pair<Piece, Content>> all = {
        {TdxTcbInfo{ParseFmspc(files.fmspc).value()},
         {File(prefix + "tcbinfo.json"), signing_chain}},
        {TdxQeIdentity{}, {File(prefix + "qeidentity.json"), signing_chain}},
        {TdxPckCrl{tdx::PckCa::kPlatform},
         {File(prefix + "pck-platform.crl.der"), File(prefix + "pck-crl-issuer-chain.pem")}},
        {TdxRootCrl{}, {File(prefix + "root-ca.crl.der"), ""}}};
    for (const auto& [piece, content] : all) {
      EXPECT_THAT(cache_.Store(piece, content, VendorTrustAnchors(), files.now), Succeeds())
          << prefix << PieceText(piece);
    }
  }
}

TEST_F(CollateralVectors, RefusesEachWrongPieceOfTheTestHierarchy) {
  TrustAnchors anchors;
  anchors.intel.Add(Certificate("tdx/synthetic/root-ca.pem"));
  const std::string signing_chain = File("tdx/synthetic/tcb-signing-chain.pem");
  const std::string pck_chain = File("tdx/synthetic/pck-crl-issuer-chain.pem");
  const TdxTcbInfo info{ParseFmspc("50806f000000").value()};
  const auto store = [&](const Piece& piece, const std::string& file, const std::string& chain) {
    return cache_.Store(piece, {File("tdx/synthetic/" + file), chain}, anchors, kTestNow);
  };
  EXPECT_THAT(store(info, "tcbinfo-base.json", signing_chain), Succeeds());
  EXPECT_THAT(store(TdxQeIdentity{}, "qeid-base.json", signing_chain), Succeeds());
  EXPECT_THAT(store(TdxPckCrl{}, "platform-ca.crl.der", pck_chain), Succeeds());
  EXPECT_THAT(store(TdxRootCrl{}, "root-ca.crl.der", ""), Succeeds());
  for (const char* file : {"tcbinfo-tcb-id-sgx.json", "tcbinfo-tcbinfo-reformat.json",
                           "tcbinfo-tcbinfo-tamper.json", "tcbinfo-tcbinfo-wrongkey.json"}) {
    EXPECT_THAT(store(info, file, signing_chain), FailsWith(ErrorCode::kUntrusted)) << file;
  }
  EXPECT_FALSE(
      store(info, "tcbinfo-base.json", File("tdx/synthetic/tcb-chain-tcbsigning-expired.pem")));
  for (const char* file :
       {"qeid-qe-id-sgx.json", "qeid-qeid-expired.json", "qeid-qeid-tamper.json"}) {
    EXPECT_FALSE(store(TdxQeIdentity{}, file, signing_chain)) << file;
  }
  EXPECT_FALSE(store(TdxPckCrl{}, "pck-crl-pckcrl-expired.der", pck_chain));
  EXPECT_FALSE(store(TdxRootCrl{}, "root-crl-rootcrl-expired.der", ""));
  EXPECT_FALSE(store(TdxRootCrl{}, "platform-ca.crl.der", ""));
  EXPECT_EQ(cache_.Read(info).value().body, File("tdx/synthetic/tcbinfo-base.json"));
}

}  // namespace
}  // namespace cocos::collateral
