#include "testagent/manifest.h"

#include <string>

#include "crypto/public_key.h"
#include "testagent/work_dir.h"

namespace cocos::testagent {
namespace {

constexpr std::size_t kDigestBytes = 32;

Result<void> CheckInput(const std::string& what, const std::string& hash, const std::string& key) {
  if (hash.size() != kDigestBytes) {
    return Fail(ErrorCode::kInvalidArgument, "{}: digest of {} bytes, want {} (SHA3-256)", what,
                hash.size(), kDigestBytes);
  }
  auto checked = crypto::CheckPublicKeyDer(key);
  if (!checked) return tl::unexpected(std::move(checked).error().Within(what));
  return {};
}

}  // namespace

Result<void> CheckManifest(const cvms::ComputationRunReq& manifest) {
  if (!manifest.has_algorithm()) {
    return Fail(ErrorCode::kInvalidArgument, "manifest \"{}\": no algorithm", manifest.id());
  }
  COCOS_TRY(CheckInput("algorithm", manifest.algorithm().hash(), manifest.algorithm().userkey()));
  for (const cvms::Dataset& dataset : manifest.datasets()) {
    COCOS_TRY(CheckInput("dataset", dataset.hash(), dataset.userkey()));
    if (!dataset.filename().empty()) COCOS_TRY(CheckFileName(dataset.filename()));
  }
  if (manifest.result_consumers().empty()) {
    return Fail(ErrorCode::kInvalidArgument, "manifest \"{}\": no result consumer", manifest.id());
  }
  for (const cvms::ResultConsumer& consumer : manifest.result_consumers()) {
    auto checked = crypto::CheckPublicKeyDer(consumer.userkey());
    if (!checked) return tl::unexpected(std::move(checked).error().Within("result consumer"));
  }
  return {};
}

}  // namespace cocos::testagent
