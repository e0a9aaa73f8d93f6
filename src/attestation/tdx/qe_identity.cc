#include "attestation/tdx/qe_identity.h"

#include <limits>

#include "attestation/tdx/quote_error.h"
#include "attestation/tdx/tcb_levels.h"

namespace cocos::attestation::tdx {
namespace {

Result<QeIdentity> ReadQeIdentity(std::span<const std::byte> object) {
  const JsonFields fields = COCOS_TRY(JsonFields::Parse(object, "enclaveIdentity"));
  if (COCOS_TRY(fields.Text("id")) != "TD_QE") return fields.Wrong("id", "TD_QE");
  if (COCOS_TRY(fields.Unsigned("version", 0xffff)) != 2) return fields.Wrong("version", "2");
  QeIdentity identity;
  identity.validity = COCOS_TRY(ReadValidity(fields));
  identity.tcb_evaluation_data_number = static_cast<std::uint32_t>(COCOS_TRY(
      fields.Unsigned("tcbEvaluationDataNumber", std::numeric_limits<std::uint32_t>::max())));
  identity.misc_select = COCOS_TRY(fields.Hex<4>("miscselect"));
  identity.misc_select_mask = COCOS_TRY(fields.Hex<4>("miscselectMask"));
  identity.attributes = COCOS_TRY(fields.Hex<16>("attributes"));
  identity.attributes_mask = COCOS_TRY(fields.Hex<16>("attributesMask"));
  identity.mr_signer = COCOS_TRY(fields.Hex<32>("mrsigner"));
  identity.isv_prod_id =
      static_cast<std::uint16_t>(COCOS_TRY(fields.Unsigned("isvprodid", 0xffff)));
  identity.levels = COCOS_TRY(ReadEnclaveLevels(fields));
  return identity;
}

}  // namespace

Result<QeIdentity> ParseQeIdentity(std::span<const std::byte> object) {
  return RefusedAs(QuoteError::kQeIdentityMismatch, ReadQeIdentity(object));
}

}  // namespace cocos::attestation::tdx
