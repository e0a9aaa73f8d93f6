// CheckPiece for AMD's pieces. Private to this module.
#pragma once

#include "collateral/check.h"

namespace cocos::collateral {

Result<CheckedPiece> CheckSnpChain(const SnpChain& piece, const std::string& pem,
                                   const snp::TrustAnchors& anchors);
Result<CheckedPiece> CheckSnpCrl(const SnpCrl& piece, const std::string& body,
                                 const std::string& chain_pem, const snp::TrustAnchors& anchors);
Result<CheckedPiece> CheckSnpVcek(const SnpVcek& piece, const std::string& body,
                                  const std::string& chain_pem, const snp::TrustAnchors& anchors,
                                  TimePoint now);

}  // namespace cocos::collateral
