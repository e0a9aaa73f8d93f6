// CoRIM documents of the sample policies, and one taken apart to be changed anywhere.
#pragma once

#include <gtest/gtest.h>

#include "attestation/policy/corim.h"
#include "unit/attestation/policy/cbor_tree.h"
#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {

inline Uuid UsableUuid(unsigned first) {
  Uuid uuid = Octets<16>(first);
  uuid[6] = std::byte{0x40};
  uuid[8] = std::byte{0x80};
  return uuid;
}

inline CorimIds SampleIds() {
  return {.corim = UsableUuid(0x10),
          .tag = UsableUuid(0x30),
          .class_id = UsableUuid(0x50),
          .instance = ProductInstanceId("EPYC")};
}

inline std::vector<std::byte> SampleCorim(const Policy& policy) {
  return WriteCorim(policy, SampleIds()).value();
}

// The two documents of an unsigned CoRIM: the inner one lies in a byte string of the outer one.
struct CorimTrees {
  CborTree outer;
  CborTree comid;

  explicit CorimTrees(std::span<const std::byte> document)
      : outer(DecodeCbor(document).value()), comid(DecodeCbor(Tag().bytes).value()) {}

  // The byte string of the CoMID.
  CborTree& Tag() { return ValueOf(outer, 1)->items.at(0); }
  CborTree& Triple() { return ValueOf(*ValueOf(comid.items.at(0), 4), 0)->items.at(0); }
  CborTree& Environment() { return Triple().items.at(0); }
  CborTree& Measurements() { return Triple().items.at(1); }

  std::vector<std::byte> Encode() const {
    CorimTrees copy = *this;
    copy.Tag() = CborBytes(EncodeCbor(comid));
    return EncodeCbor(copy.outer);
  }
};

}  // namespace cocos::attestation::policy::testing
