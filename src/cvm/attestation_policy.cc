#include "cvm/attestation_policy.h"

#include <algorithm>
#include <vector>

#include "attestation/policy/corim.h"
#include "attestation/policy/upstream_json.h"
#include "crypto/digest.h"
#include "cvm/reference_policy.h"

namespace cocos::cvm {
namespace {

namespace policy = attestation::policy;

policy::Uuid RandomUuid() {
  std::string digits = CvmId::Random().text();
  std::erase(digits, '-');
  const std::vector<std::byte> bytes = crypto::HexDecode(digits).value();
  policy::Uuid uuid{};
  std::ranges::copy(bytes, uuid.begin());
  return uuid;
}

Result<std::string> WriteJson(const policy::Policy& made) {
  const policy::WrittenPolicy written =
      COCOS_TRY(made.tdx ? policy::WriteTdxJson(made) : policy::WriteSnpJson(made));
  return written.text;
}

Result<std::string> WriteCorim(const policy::Policy& made, const PolicyFormOptions& options) {
  policy::CorimIds ids;
  ids.corim = RandomUuid();
  ids.tag = RandomUuid();
  ids.class_id = RandomUuid();
  std::vector<std::byte> bytes = COCOS_TRY(policy::WriteCorim(made, ids));
  if (options.corim_key) {
    bytes = COCOS_TRY(policy::SignCorim(bytes, *options.corim_key, options.signer_name));
  }
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

Result<std::string> WriteAttestationPolicy(const Snapshot& cvm, const PolicyFormOptions& options) {
  const policy::Policy made = COCOS_TRY(ReferencePolicy(cvm));
  switch (options.format) {
    case PolicyFormat::kJson:
      return WriteJson(made);
    case PolicyFormat::kCorim:
      if (made.snp || made.tdx) return WriteCorim(made, options);
      return Fail(ErrorCode::kFailedPrecondition,
                  "CVM {}: its policy is PCR values alone, and a CoRIM must name a launch "
                  "measurement: want MANAGER_ATTESTATION_POLICY_FORMAT=json",
                  cvm.id.text());
  }
  return Fail(ErrorCode::kInternal, "unknown policy format");
}

}  // namespace cocos::cvm
