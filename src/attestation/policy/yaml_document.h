// YAML text to a tree: the one place that knows yaml-cpp.
#pragma once

#include <string_view>

#include "attestation/policy/node.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// One document of at most kMaxDocumentBytes. Scalars are kText however they are written, an absent
// value is kNull. Anchors and aliases are refused: a few lines of them stand for millions of
// values. Errors: kMalformed, "<line>:<column>: ...".
Result<Node> ReadYaml(std::string_view text);

}  // namespace cocos::attestation::policy
