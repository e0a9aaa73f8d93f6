// The shared TDX vectors: read at run time, absent on most machines.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/tdx/collateral.h"
#include "attestation/tdx/json_fields.h"
#include "attestation/tdx/trust_anchors.h"
#include "crypto/digest.h"

namespace cocos::attestation::tdx::vectors {

inline std::filesystem::path Folder() { return std::filesystem::path(COCOS_VECTORS_DIR) / "tdx"; }

inline std::vector<std::byte> Read(const std::string& name) {
  std::ifstream file(Folder() / name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_FALSE(text.empty()) << name;
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

// Entries of one kind; a single null when the vectors are not there, so that the test can say so.
inline std::vector<nlohmann::json> List(const char* kind) {
  std::ifstream file(Folder() / "vectors.json");
  if (!file) return {nullptr};
  const nlohmann::json all = nlohmann::json::parse(file);
  std::vector<nlohmann::json> list;
  for (const nlohmann::json& entry : all.at(kind)) list.push_back(entry);
  return list;
}

inline std::string Missing() { return "no vectors in " + Folder().string(); }

inline std::vector<std::byte> ReadIfNamed(const nlohmann::json& vector, const char* key) {
  return vector.contains(key) ? Read(vector.at(key)) : std::vector<std::byte>();
}

inline Collateral CollateralOf(const nlohmann::json& vector) {
  return {.tcb_info = ReadIfNamed(vector, "tcb_info"),
          .tcb_info_issuer_chain = ReadIfNamed(vector, "tcb_issuer_chain"),
          .qe_identity = ReadIfNamed(vector, "qe_identity"),
          .qe_identity_issuer_chain = ReadIfNamed(vector, "tcb_issuer_chain"),
          .root_crl = ReadIfNamed(vector, "root_ca_crl"),
          .pck_crl = ReadIfNamed(vector, "pck_crl"),
          .pck_chain = ReadIfNamed(vector, "pck_chain")};
}

inline crypto::TimePoint TimeOf(const nlohmann::json& vector) {
  return ParseUtcTime(vector.at("time").get<std::string>()).value();
}

// Quotes under Intel's root are judged with the built-in pin, all others with their own root.
inline TrustAnchors AnchorsOf(const nlohmann::json& vector) {
  const std::string root = vector.at("trusted_root");
  if (root.find("intel-sgx-root-ca") != std::string::npos) return IntelTrustAnchors();
  TrustAnchors anchors;
  anchors.Add(crypto::Certificate::FromDerOrPem(Read(root)).value());
  return anchors;
}

// A name that gtest accepts.
inline std::string NameOf(const std::string& text) {
  std::string name = text;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

}  // namespace cocos::attestation::tdx::vectors
