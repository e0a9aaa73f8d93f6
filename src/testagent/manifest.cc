#include "testagent/manifest.h"

#include "computation/manifest.h"

namespace cocos::testagent {

Result<void> CheckManifest(const cvms::ComputationRunReq& manifest) {
  COCOS_TRY(computation::CheckManifest(manifest));
  if (manifest.result_consumers().empty()) {
    return Fail(ErrorCode::kInvalidArgument, "computation {:?}: no result consumer", manifest.id());
  }
  return {};
}

}  // namespace cocos::testagent
