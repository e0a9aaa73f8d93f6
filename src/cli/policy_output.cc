#include "cli/policy_output.h"

#include "attestation/policy/corim.h"
#include "attestation/policy/upstream_json.h"
#include "attestation/policy/yaml_policy.h"
#include "base/file.h"
#include "cli/evidence_files.h"
#include "cli/policy_demands.h"
#include "crypto/key.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;

// Of the names that documents get.
constexpr policy::Uuid kNameSpace = {
    std::byte{0x2f}, std::byte{0x6e}, std::byte{0x1b}, std::byte{0x0c},
    std::byte{0x5a}, std::byte{0x83}, std::byte{0x4d}, std::byte{0x7e},
    std::byte{0x9c}, std::byte{0x41}, std::byte{0xd0}, std::byte{0x37},
    std::byte{0xe8}, std::byte{0x52}, std::byte{0xa6}, std::byte{0x19}};

// The same document for the same policy: its names are made of what it demands.
policy::CorimIds IdsOf(const policy::Policy& demands) {
  std::string text;
  for (const Demand& demand : DemandsOf(demands)) text += demand.key + "=" + demand.value + "\n";
  policy::CorimIds ids;
  ids.corim = policy::NameUuid(kNameSpace, "corim " + text);
  ids.tag = policy::NameUuid(kNameSpace, "tag " + text);
  ids.class_id = policy::NameUuid(kNameSpace, demands.snp ? "class snp" : "class tdx");
  return ids;
}

Result<Bytes> MakeCorim(const policy::Policy& demands, const PolicyOutput& output) {
  Bytes corim = COCOS_TRY(policy::WriteCorim(demands, IdsOf(demands)));
  if (output.signing_key.empty()) return corim;
  constexpr std::size_t kMaxKeyBytes = 64UL * 1024;
  const std::string pem = COCOS_TRY(ReadFile(output.signing_key, kMaxKeyBytes));
  const Result<crypto::SigningKey> key = crypto::SigningKey::FromPem(pem);
  if (!key) return tl::unexpected(Error(key.error()).Within(output.signing_key));
  return policy::SignCorim(corim, *key, output.signer);
}

Result<policy::WrittenPolicy> MakeJson(const policy::Policy& demands) {
  if (demands.snp && demands.tdx) {
    return Fail(ErrorCode::kInvalidArgument,
                "has demands of both SNP and TDX, of which a JSON policy holds one");
  }
  return demands.tdx ? policy::WriteTdxJson(demands) : policy::WriteSnpJson(demands);
}

Result<void> WriteJson(const policy::Policy& demands, std::string_view command,
                       const Streams& streams) {
  const policy::WrittenPolicy written = COCOS_TRY(MakeJson(demands));
  for (const std::string& dropped : written.dropped) {
    streams.err << "cvmctl: " << command << ": its readers do not demand: " << dropped << std::endl;
  }
  streams.out << written.text;
  return {};
}

}  // namespace

std::string WhyNotWritable(const PolicyOutput& output, const Streams& streams) {
  const bool corim = output.to == "corim";
  if (!corim && !output.signing_key.empty()) return "--signing-key: only a CoRIM is signed";
  if (output.signing_key.empty() != output.signer.empty()) {
    return "--signing-key and --signer: want both or none";
  }
  if (corim && streams.out_columns > 0) {
    return "--to corim: is binary and not for a terminal; send it to a file with >";
  }
  return "";
}

Result<void> WritePolicy(const policy::Policy& demands, const PolicyOutput& output,
                         std::string_view command, const Streams& streams) {
  if (output.to == "json") return WriteJson(demands, command, streams);
  if (output.to == "yaml") {
    streams.out << COCOS_TRY(policy::WritePolicyYaml(demands));
    return {};
  }
  const Bytes corim = COCOS_TRY(MakeCorim(demands, output));
  streams.out.write(reinterpret_cast<const char*>(corim.data()),
                    static_cast<std::streamsize>(corim.size()));
  return {};
}

}  // namespace cocos::cli
