#include "cvm/host_data.h"

#include <utility>
#include <variant>

#include "crypto/digest.h"
#include "cvm/guest_env.h"

namespace cocos::cvm {
namespace {

constexpr std::string_view kShareFormat = "cocos-shares-1\n";

// "<path> <bytes>\n<content>\n": the length keeps contents from being taken for further files.
void AddFile(std::string& document, std::string_view path, std::string_view content) {
  document += fmt::format("{} {}\n{}\n", path, content.size(), content);
}

std::string Base64Digest(crypto::DigestAlgorithm algorithm, std::string_view input) {
  return crypto::Base64Encode(crypto::DigestOf(algorithm, crypto::BytesOf(input)));
}

}  // namespace

std::string HostDataInput(const CvmId& id, const CreateRequest& request) {
  if (!request.computation_json.empty()) return request.computation_json;
  std::string document(kShareFormat);
  AddFile(document, "certs/ca.pem", request.server_ca_pem);
  AddFile(document, "certs/cert.pem", request.client_cert_pem);
  AddFile(document, "certs/key.pem", request.client_key_pem);
  AddFile(document, "env/environment", RenderGuestEnvironment(id, request));
  return document;
}

ComputationClass BindHostData(const ComputationClass& computation_class, const CvmId& id,
                              const CreateRequest& request) {
  ComputationClass bound = computation_class;
  if (!std::exchange(bound.bind_host_data, false)) return bound;
  auto* const snp = std::get_if<domain::SevSnp>(&bound.launch_security);
  if (snp != nullptr && snp->host_data_base64.empty()) {
    snp->host_data_base64 =
        Base64Digest(crypto::DigestAlgorithm::kSha3_256, HostDataInput(id, request));
    bound.bind_host_data = true;
  }
  auto* const tdx = std::get_if<domain::Tdx>(&bound.launch_security);
  if (tdx != nullptr && tdx->mr_config_id_base64.empty()) {
    tdx->mr_config_id_base64 =
        Base64Digest(crypto::DigestAlgorithm::kSha384, HostDataInput(id, request));
    bound.bind_host_data = true;
  }
  return bound;
}

}  // namespace cocos::cvm
