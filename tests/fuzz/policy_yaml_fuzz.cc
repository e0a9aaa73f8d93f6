// Policy files. What is accepted can be written in every format that has a place for it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "attestation/policy/corim_items.h"
#include "attestation/policy/upstream_json.h"
#include "attestation/policy/yaml_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::policy;
  const auto policy = ReadPolicyYaml({reinterpret_cast<const char*>(data), size});
  if (!policy) return 0;
  COCOS_CHECK(CheckPolicy(*policy).has_value());
  if (policy->snp || policy->tpm) COCOS_CHECK(WriteSnpJson(*policy).has_value());
  if (policy->tdx) COCOS_CHECK(WriteTdxJson(*policy).has_value());
  // The items say of a policy what they say of one that was made of them.
  const Items items = ItemsOf(*policy);
  Policy back;
  if (policy->snp) back.snp.emplace();
  if (policy->tdx) back.tdx.emplace();
  COCOS_CHECK(ApplyItems(items, back).has_value());
  COCOS_CHECK(ItemsOf(back) == items);
  return 0;
}
