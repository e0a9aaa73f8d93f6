// What a computation must say before anybody relies on it, and the digest that binds a CVM to it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/cvms.pb.h"
#include "proto/manager.pb.h"

namespace cocos::computation {

inline constexpr std::size_t kMaxIdBytes = 256;

// An id ends up in libvirt's metadata, logs and file names of users: 1 to kMaxIdBytes bytes of
// UTF-8 without control characters. Errors: kInvalidArgument.
Result<void> CheckComputationId(std::string_view id);

// The name of a file in a directory and nothing else: not empty, no slash, not "." or "..", at most
// 255 bytes, no NUL. Errors: kInvalidArgument.
Result<void> CheckDatasetName(std::string_view name);

// What makes agents end or refuse to serve (cocos-compat.md section 5.3): there must be an
// algorithm, digests have 32 bytes, keys are PKIX DER of RSA, ECDSA or Ed25519, names of datasets
// are plain. Errors: kInvalidArgument or kMalformed, naming the item.
Result<void> CheckManifest(const cvms::ComputationRunReq& manifest);

// The computation as agents of v0.4.0 hash it: the JSON of Go's encoding/json (cocos-compat.md
// section 3.5). Its SHA3-256 is the HOST_DATA they compare with. Digests must have been checked.
std::string CanonicalJson(const manager::ComputationRunReq& request);

// The computation as agents of v0.10 hash it into PCR 16.
std::string CanonicalJson(const cvms::ComputationRunReq& manifest);

}  // namespace cocos::computation
