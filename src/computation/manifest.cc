#include "computation/manifest.h"

#include "computation/go_json.h"
#include "computation/utf8_repair.h"
#include "crypto/public_key.h"

namespace cocos::computation {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kMaxNameBytes = 255;

Result<void> CheckKey(std::string_view what, const std::string& key) {
  auto checked = crypto::CheckPublicKeyDer(key);
  if (!checked) return tl::unexpected(std::move(checked).error().Within(what));
  return {};
}

Result<void> CheckInput(std::string_view what, const std::string& hash, const std::string& key) {
  if (hash.size() != kDigestBytes) {
    return Fail(ErrorCode::kInvalidArgument, "{}: digest of {} bytes, want {} (SHA3-256)", what,
                hash.size(), kDigestBytes);
  }
  return CheckKey(what, key);
}

Result<void> CheckDataset(const cvms::Dataset& dataset, int index) {
  const std::string what = fmt::format("dataset {}", index + 1);
  COCOS_TRY(CheckInput(what, dataset.hash(), dataset.userkey()));
  if (dataset.filename().empty()) return {};
  Result<void> checked = CheckDatasetName(dataset.filename());
  if (!checked) return tl::unexpected(std::move(checked).error().Within(what));
  return {};
}

bool IsControl(char character) {
  const auto code = static_cast<unsigned char>(character);
  return code < 0x20 || code == 0x7F;
}

std::string Json(const cvms::Source& source) {
  GoJsonObject json;
  json.Text("type", source.type());
  json.Text("url", source.url());
  json.Text("kbs_resource_path", source.kbs_resource_path());
  json.True("encrypted", source.encrypted());
  return std::move(json).Finish();
}

std::string Json(const cvms::KBSConfig& kbs) {
  GoJsonObject json;
  json.Text("url", kbs.url());
  json.True("enabled", kbs.enabled());
  return std::move(json).Finish();
}

// In Go a pointer that is not nil is written, though what it points to be empty.
template <typename Item>
void AddOrigin(GoJsonObject& json, const Item& item) {
  if (item.has_source()) json.Raw("source", Json(item.source()));
}

std::string Json(const cvms::Dataset& dataset) {
  GoJsonObject json;
  json.ByteArray("hash", dataset.hash());
  json.Base64("user_key", dataset.userkey());
  json.Text("filename", dataset.filename());
  AddOrigin(json, dataset);
  json.True("decompress", dataset.decompress());
  if (dataset.has_kbs()) json.Raw("kbs", Json(dataset.kbs()));
  return std::move(json).Finish();
}

std::string Json(const cvms::Algorithm& algorithm) {
  GoJsonObject json;
  json.ByteArray("hash", algorithm.hash());
  json.Base64("user_key", algorithm.userkey());
  AddOrigin(json, algorithm);
  json.Text("algo_type", algorithm.algo_type());
  std::vector<std::string> arguments;
  for (const std::string& each : algorithm.algo_args()) arguments.push_back(GoJsonString(each));
  json.Raw("algo_args", GoJsonArray(arguments));
  if (algorithm.has_kbs()) json.Raw("kbs", Json(algorithm.kbs()));
  return std::move(json).Finish();
}

std::string Json(const manager::Dataset& dataset) {
  GoJsonObject json;
  json.ByteArray("hash", dataset.hash());
  json.Base64("user_key", dataset.userkey());
  json.Text("filename", dataset.filename());
  return std::move(json).Finish();
}

std::string Json(const manager::Algorithm& algorithm) {
  GoJsonObject json;
  json.ByteArray("hash", algorithm.hash());
  json.Base64("user_key", algorithm.userkey());
  return std::move(json).Finish();
}

template <typename Consumer>
std::string ConsumerJson(const Consumer& consumer) {
  GoJsonObject json;
  json.Base64("user_key", consumer.userkey());
  return std::move(json).Finish();
}

std::string Json(const cvms::ResultConsumer& consumer) { return ConsumerJson(consumer); }
std::string Json(const manager::ResultConsumer& consumer) { return ConsumerJson(consumer); }

std::string Json(const manager::AgentConfig& config) {
  GoJsonObject json;
  json.Text("log_level", config.log_level());
  json.Text("host", config.host());
  json.Text("port", config.port());
  json.Text("cert_file", config.cert_file());
  json.Text("server_key", config.key_file());  // upstream's name for it
  json.Text("server_ca_file", config.server_ca_file());
  json.Text("client_ca_file", config.client_ca_file());
  json.True("attested_tls", config.attested_tls());
  return std::move(json).Finish();
}

template <typename Items>
std::string JsonArray(const Items& items) {
  std::vector<std::string> elements;
  for (const auto& each : items) elements.push_back(Json(each));
  return GoJsonArray(elements);
}

// Everything but the agent's configuration, in the order of Go's fields.
template <typename Request>
GoJsonObject CommonJson(const Request& request, bool with_algorithm) {
  GoJsonObject json;
  json.Text("id", request.id());
  json.Text("name", request.name());
  json.Text("description", request.description());
  json.Raw("datasets", JsonArray(request.datasets()));
  if (with_algorithm) json.Raw("algorithm", Json(request.algorithm()));
  json.Raw("result_consumers", JsonArray(request.result_consumers()));
  return json;
}

}  // namespace

Result<void> CheckComputationId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes) {
    return Fail(ErrorCode::kInvalidArgument, "computation id: {} bytes, want 1 to {}", id.size(),
                kMaxIdBytes);
  }
  for (std::size_t at = 0; at < id.size();) {
    const std::size_t length = Utf8CharacterLength(id.substr(at));
    if (length == 0 || IsControl(id[at])) {
      return Fail(ErrorCode::kInvalidArgument,
                  "computation id {:?}: want UTF-8 without control characters", id);
    }
    at += length;
  }
  return {};
}

Result<void> CheckDatasetName(std::string_view name) {
  const bool plain = !name.empty() && name.size() <= kMaxNameBytes && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
  if (plain) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "dataset file name {:?}: want the name of a file, without directories", name);
}

Result<void> CheckManifest(const cvms::ComputationRunReq& manifest) {
  if (!manifest.has_algorithm()) {
    return Fail(ErrorCode::kInvalidArgument, "computation {:?}: no algorithm", manifest.id());
  }
  COCOS_TRY(CheckInput("algorithm", manifest.algorithm().hash(), manifest.algorithm().userkey()));
  for (int i = 0; i < manifest.datasets_size(); ++i) {
    COCOS_TRY(CheckDataset(manifest.datasets(i), i));
  }
  for (const cvms::ResultConsumer& consumer : manifest.result_consumers()) {
    COCOS_TRY(CheckKey("result consumer", consumer.userkey()));
  }
  return {};
}

std::string CanonicalJson(const manager::ComputationRunReq& request) {
  GoJsonObject json = CommonJson(request, true);
  json.Raw("agent_config", Json(request.agent_config()));
  return std::move(json).Finish();
}

std::string CanonicalJson(const cvms::ComputationRunReq& manifest) {
  return CommonJson(manifest, manifest.has_algorithm()).Finish();
}

}  // namespace cocos::computation
