// The SEV-SNP vectors, where they are there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/snp/endorsements.h"
#include "attestation/snp/policy.h"
#include "attestation/snp/trust_anchors.h"
#include "crypto/certificate.h"

namespace cocos::attestation::snp::testing {

std::filesystem::path VectorFolder();
bool HaveVectors();
std::vector<std::byte> ReadVector(const std::string& file);
// vectors.json.
const nlohmann::json& VectorIndex();

// A day on which every certificate but the expired one is valid.
crypto::TimePoint TestClock();

// The leaf and the chain that a vector names, which must parse.
Endorsements EndorsementsOf(const nlohmann::json& vector);

// The synthetic root for all products, and nothing else.
TrustAnchors SyntheticAnchors();

}  // namespace cocos::attestation::snp::testing

// Ends a test, saying so, where the vectors are not there.
#define COCOS_NEED_SNP_VECTORS()                                                                   \
  if (!cocos::attestation::snp::testing::HaveVectors()) {                                          \
    GTEST_SKIP() << "no vectors in " << cocos::attestation::snp::testing::VectorFolder().string(); \
  }
