// CheckPiece for Intel's pieces. Private to this module.
#pragma once

#include "collateral/check.h"

namespace cocos::collateral {

Result<CheckedPiece> CheckTcbInfo(const TdxTcbInfo& piece, const Content& content,
                                  const tdx::TrustAnchors& anchors, TimePoint now);
Result<CheckedPiece> CheckQeIdentity(const Content& content, const tdx::TrustAnchors& anchors,
                                     TimePoint now);
Result<CheckedPiece> CheckPckCrl(const TdxPckCrl& piece, const Content& content,
                                 const tdx::TrustAnchors& anchors);
// `issuer_pem` holds the root among others.
Result<CheckedPiece> CheckRootCrl(const std::string& body, const std::string& issuer_pem,
                                  const tdx::TrustAnchors& anchors);

}  // namespace cocos::collateral
