#include "daemon/attestation_setup.h"

#include "attestation/policy/pcr_values.h"
#include "base/file.h"

namespace cocos::daemon {
namespace {

constexpr std::size_t kMaxSmallFileBytes = 64u << 10;
// Who vouches for the document; upstream's reader takes no signed one without a name.
constexpr char kSignerName[] = "cocos-manager";

tl::unexpected<Error> Bad(std::string_view variable, const std::string& path, const Error& error) {
  return Fail(ErrorCode::kInvalidArgument, "{} {}: {}", variable, path, error.message());
}

Result<crypto::SigningKey> LoadKey(const std::string& path) {
  const std::string pem = COCOS_TRY(ReadFile(path, kMaxSmallFileBytes));
  crypto::SigningKey key = COCOS_TRY(crypto::SigningKey::FromPem(pem));
  if (key.curve() == crypto::Curve::kP256) return key;
  return Fail(ErrorCode::kInvalidArgument, "not on P-256, which ES256 signatures need");
}

Result<void> CheckPcrFile(const std::string& path) {
  const std::string text = COCOS_TRY(ReadFile(path, kMaxSmallFileBytes));
  COCOS_TRY(attestation::policy::ReadPcrFile(text));
  return {};
}

}  // namespace

Result<cvm::PolicyFormOptions> LoadPolicyForm(const config::Config& config) {
  cvm::PolicyFormOptions options;
  options.format = config.attestation_policy_format == "corim" ? cvm::PolicyFormat::kCorim
                                                               : cvm::PolicyFormat::kJson;
  options.signer_name = kSignerName;
  const std::string& path = config.corim_signing_key_path;
  if (path.empty()) return options;
  Result<crypto::SigningKey> key = LoadKey(path);
  if (!key) return Bad("MANAGER_CORIM_SIGNING_KEY", path, key.error());
  options.corim_key = *std::move(key);
  return options;
}

Result<cvm::CaptureOptions> LoadCaptureOptions(const config::Config& config,
                                               const cvm::HostFacts* facts,
                                               std::uint32_t cpu_signature) {
  const std::string& path = config.pcr_values_path;
  if (!path.empty()) {
    const Result<void> checked = CheckPcrFile(path);
    if (!checked) return Bad("MANAGER_PCR_VALUES", path, checked.error());
  }
  cvm::CaptureOptions options;
  options.host_facts = facts;
  options.host_cpu_signature = cpu_signature;
  options.pcr_values_path = path;
  return options;
}

}  // namespace cocos::daemon
