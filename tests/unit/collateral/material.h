// Collateral of two platforms of our own: what their services would give, good at kTestNow.
#pragma once

#include <string>
#include <vector>

#include "attestation/snp/report.h"
#include "collateral/check.h"
#include "collateral/piece.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/attestation/tdx/test_platform.h"

namespace cocos::collateral::testing {

inline constexpr TimePoint kTestNow{std::chrono::sys_days(std::chrono::year(2026) / 6 / 1)};

std::string Text(const std::vector<std::byte>& bytes);

// An AMD platform: chain, CRL, VCEK, and the report they are for.
struct SnpMaterial {
  explicit SnpMaterial(snp::Product product = snp::Product::kMilan,
                       snp::SigningKey key = snp::SigningKey::kVcek);

  snp::testing::TestPlatform platform;
  SnpChain chain;
  SnpCrl crl;
  SnpVcek vcek;
  Content chain_content, crl_content, vcek_content;
  snp::Report report;
  // Another list of the same ARK.
  std::string Crl(TimePoint this_update, TimePoint next_update) const;
};

// An Intel platform: all four pieces, and the quote they are for.
struct TdxMaterial {
  TdxMaterial();

  tdx::TestPlatform platform;
  TdxTcbInfo tcb_info;
  TdxQeIdentity qe_identity;
  TdxPckCrl pck_crl;
  TdxRootCrl root_crl;
  Content tcb_info_content, qe_identity_content, pck_crl_content, root_crl_content;
  std::vector<std::byte> quote;

  // The TCB info with other dates, signed again. ISO 8601.
  Content TcbInfoOf(const std::string& issue_date, const std::string& next_update);

  // Every piece with its content, in the order in which they can be stored.
  std::vector<std::pair<Piece, Content>> All() const;
};

// Trust in the roots of both.
TrustAnchors AnchorsOf(const SnpMaterial& snp_material, const TdxMaterial& tdx_material);
TrustAnchors AnchorsOf(const SnpMaterial& material);
TrustAnchors AnchorsOf(const TdxMaterial& material);

}  // namespace cocos::collateral::testing
