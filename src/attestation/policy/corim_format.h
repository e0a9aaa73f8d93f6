// Numbers of the CoRIM documents that corim.h describes. For its two sources alone.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "attestation/policy/uuid.h"

namespace cocos::attestation::policy {

// Tags.
inline constexpr std::uint64_t kTagUuid = 37;
inline constexpr std::uint64_t kTagComid = 506;
inline constexpr std::uint64_t kTagSvn = 552;
inline constexpr std::uint64_t kTagRawBytes = 560;

// Keys of unsigned-corim-map, concise-mid-tag, tag-identity-map and triples-map.
inline constexpr std::int64_t kCorimId = 0;
inline constexpr std::int64_t kCorimTags = 1;
inline constexpr std::int64_t kComidIdentity = 1;
inline constexpr std::int64_t kComidTriples = 4;
inline constexpr std::int64_t kIdentityTagId = 0;
inline constexpr std::int64_t kTriplesReference = 0;

// Keys of environment-map, class-map, measurement-map and measurement-values-map.
inline constexpr std::int64_t kEnvironmentClass = 0;
inline constexpr std::int64_t kEnvironmentInstance = 1;
inline constexpr std::int64_t kClassId = 0;
inline constexpr std::int64_t kMeasurementKey = 0;
inline constexpr std::int64_t kMeasurementValues = 1;
inline constexpr std::int64_t kValueSvn = 1;
inline constexpr std::int64_t kValueDigests = 2;
inline constexpr std::int64_t kValueRaw = 4;

// IANA "Named Information Hash Algorithm": sha-384.
inline constexpr std::uint64_t kHashSha384 = 7;

// COSE header with the corim-meta-map, its key of the signer and that one's key of the name.
inline constexpr std::int64_t kHeaderCorimMeta = 8;
inline constexpr std::int64_t kMetaSigner = 0;
inline constexpr std::int64_t kSignerName = 0;
inline constexpr std::string_view kCorimContentType = "application/rim+cbor";

inline constexpr std::size_t kMaxCorimBytes = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxMeasurements = 256;

// Measured elements. Their keys are UUIDs named after the class and these, so that a reader knows
// which is which even if some are missing.
inline constexpr std::string_view kSnpMeasurement = "measurement";
inline constexpr std::array<std::string_view, 6> kTdxElements = {"mrtd",  "mrseam", "rtmr0",
                                                                 "rtmr1", "rtmr2",  "rtmr3"};

}  // namespace cocos::attestation::policy
