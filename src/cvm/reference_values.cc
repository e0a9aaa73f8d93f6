#include "cvm/reference_values.h"

#include "attestation/launch/id_block.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::cvm {
namespace {

namespace launch = attestation::launch;

template <typename T>
std::string NumberHex(T number) {
  ByteWriter writer;
  writer.Be(number);
  return crypto::HexEncode(writer.view());
}

void Set(ReferenceValues& values, std::string_view name, std::string hex) {
  values.emplace(std::string(name), std::move(hex));
}

Result<void> SetBase64(ReferenceValues& values, std::string_view name, const std::string& base64) {
  if (base64.empty()) return {};
  Set(values, name, crypto::HexEncode(COCOS_TRY(crypto::Base64Decode(base64))));
  return {};
}

Result<void> AddIdBlock(const domain::SevSnp& snp, ReferenceValues& values) {
  const auto block_bytes = COCOS_TRY(crypto::Base64Decode(snp.id_block_base64));
  const auto auth_bytes = COCOS_TRY(crypto::Base64Decode(snp.id_auth_base64));
  const launch::IdBlock block = COCOS_TRY(launch::ParseIdBlock(block_bytes));
  const launch::IdAuth auth = COCOS_TRY(launch::ParseIdAuth(auth_bytes));
  const launch::VerifiedIdBlock verified = COCOS_TRY(launch::VerifyIdBlock(block, auth));
  Set(values, reference::kSnpGuestSvn, NumberHex(block.guest_svn));
  Set(values, reference::kSnpFamilyId, crypto::HexEncode(block.family_id));
  Set(values, reference::kSnpImageId, crypto::HexEncode(block.image_id));
  Set(values, reference::kSnpIdKeyDigest, crypto::HexEncode(verified.id_key_digest()));
  if (snp.author_key.value_or(false) && verified.author_key_digest()) {
    Set(values, reference::kSnpAuthorKeyDigest, crypto::HexEncode(*verified.author_key_digest()));
  }
  return {};
}

Result<void> AddSnp(const domain::SevSnp& snp, ReferenceValues& values) {
  Set(values, reference::kSnpGuestPolicy, NumberHex(snp.policy));
  // The firmware writes zeros where the host gave none: that is a claim like any other.
  Set(values, reference::kSnpHostData, std::string(64, '0'));
  if (!snp.host_data_base64.empty()) {
    values[std::string(reference::kSnpHostData)] =
        crypto::HexEncode(COCOS_TRY(crypto::Base64Decode(snp.host_data_base64)));
  }
  if (!snp.id_block_base64.empty()) COCOS_TRY(AddIdBlock(snp, values));
  return {};
}

Result<void> AddTdx(const domain::Tdx& tdx, ReferenceValues& values) {
  if (tdx.policy) Set(values, reference::kTdxAttributes, NumberHex(*tdx.policy));
  COCOS_TRY(SetBase64(values, reference::kTdxMrConfigId, tdx.mr_config_id_base64));
  COCOS_TRY(SetBase64(values, reference::kTdxMrOwner, tdx.mr_owner_base64));
  return SetBase64(values, reference::kTdxMrOwnerConfig, tdx.mr_owner_config_base64);
}

}  // namespace

Result<ReferenceValues> LaunchSettingValues(const ComputationClass& computation_class) {
  const BootSpec& boot = computation_class.boot;
  ReferenceValues values;
  Result<void> added;
  if (const auto* snp = std::get_if<domain::SevSnp>(&computation_class.launch_security)) {
    added = AddSnp(*snp, values);
    const bool hashes = snp->kernel_hashes.value_or(false) && !boot.kernel_path.empty();
    if (hashes && boot.igvm_path.empty()) Set(values, reference::kSnpKernelHashes, "01");
  } else if (const auto* tdx = std::get_if<domain::Tdx>(&computation_class.launch_security)) {
    added = AddTdx(*tdx, values);
  }
  if (computation_class.bind_host_data) Set(values, reference::kHostDataIsDigest, "01");
  if (added) return values;
  return Fail(ErrorCode::kFailedPrecondition, "class \"{}\": {}", computation_class.name,
              added.error().message());
}

}  // namespace cocos::cvm
