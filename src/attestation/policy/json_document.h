// JSON text to a tree: the one place that knows the JSON library's parser.
#pragma once

#include <string_view>

#include "attestation/policy/node.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// RFC 8259, of at most kMaxDocumentBytes. Integers keep every digit; a name given twice is an
// error. Errors: kMalformed, "<line>:<column>: ...".
Result<Node> ReadJson(std::string_view text);

}  // namespace cocos::attestation::policy
