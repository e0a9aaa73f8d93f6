// Policies for tests, and a text of every field of a policy.
#pragma once

#include <string>

#include "attestation/policy/policy.h"

namespace cocos::attestation::policy::testing {

// N bytes that count up from `first`.
template <std::size_t N>
std::array<std::byte, N> Octets(unsigned first) {
  std::array<std::byte, N> octets{};
  for (std::size_t i = 0; i < N; ++i) octets[i] = static_cast<std::byte>(first + i);
  return octets;
}

// Every field has another value than its default; the profile is production.
Policy FullSnp();
Policy FullTdx();
vtpm::Policy FullTpm();

// What upstream's SEV-SNP JSON can carry, and no more.
Policy UpstreamSnp();
// The same of its TDX JSON.
Policy UpstreamTdx();

// A policy with one launch measurement, MRTD, and nothing else.
Policy SmallSnp();
Policy SmallTdx();

// One line a field. Two policies are the same if their texts are.
std::string Describe(const Policy& policy);

}  // namespace cocos::attestation::policy::testing
