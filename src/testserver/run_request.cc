#include "testserver/run_request.h"

#include <filesystem>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"

namespace cocos::testserver {
namespace {

constexpr std::size_t kMaxInputBytes = 1u << 30;

Result<std::string> FileDigest(const std::string& path) {
  const std::string content = COCOS_TRY(ReadFile(path, kMaxInputBytes));
  const auto digest = crypto::Sha3_256(crypto::BytesOf(content));
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

Result<std::string> UserKey(const std::string& path) {
  const std::string pem = COCOS_TRY(ReadFile(path));
  auto der = crypto::PublicKeyDer(pem);
  if (!der) return tl::unexpected(std::move(der).error().Within(path));
  return der;
}

Result<void> FillAgentConfig(const ComputationInputs& inputs, cvms::AgentConfig& config) {
  config.set_port(inputs.agent_port);
  config.set_cert_file(inputs.agent_cert_file);
  config.set_key_file(inputs.agent_key_file);
  config.set_attested_tls(inputs.attested_tls);
  if (!inputs.client_ca_path.empty()) {
    config.set_client_ca_file(COCOS_TRY(ReadFile(inputs.client_ca_path)));
  }
  return {};
}

}  // namespace

Result<cvms::ComputationRunReq> BuildRunRequest(const ComputationInputs& inputs) {
  const std::string key = COCOS_TRY(UserKey(inputs.public_key_path));
  cvms::ComputationRunReq request;
  request.set_id(inputs.id);
  request.set_name(inputs.name);
  cvms::Algorithm& algorithm = *request.mutable_algorithm();
  algorithm.set_hash(COCOS_TRY(FileDigest(inputs.algorithm_path)));
  algorithm.set_userkey(key);
  algorithm.set_algo_type(inputs.algorithm_type);
  for (const std::string& path : inputs.data_paths) {
    cvms::Dataset& dataset = *request.add_datasets();
    dataset.set_hash(COCOS_TRY(FileDigest(path)));
    dataset.set_userkey(key);
    dataset.set_filename(std::filesystem::path(path).filename());
  }
  request.add_result_consumers()->set_userkey(key);
  COCOS_TRY(FillAgentConfig(inputs, *request.mutable_agent_config()));
  return request;
}

}  // namespace cocos::testserver
