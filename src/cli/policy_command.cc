#include "cli/policy_command.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "attestation/policy/corim.h"
#include "attestation/policy/upstream_json.h"
#include "base/file.h"
#include "cli/judgement.h"
#include "cli/policy_demands.h"
#include "cli/printable.h"
#include "cli/table.h"
#include "crypto/digest.h"
#include "crypto/key.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
using nlohmann::ordered_json;

// Of the names that converted documents get.
constexpr policy::Uuid kNameSpace = {
    std::byte{0x2f}, std::byte{0x6e}, std::byte{0x1b}, std::byte{0x0c},
    std::byte{0x5a}, std::byte{0x83}, std::byte{0x4d}, std::byte{0x7e},
    std::byte{0x9c}, std::byte{0x41}, std::byte{0xd0}, std::byte{0x37},
    std::byte{0xe8}, std::byte{0x52}, std::byte{0xa6}, std::byte{0x19}};

Result<ReadPolicyFile> ReadFor(const PolicyOptions& options, const Streams& streams) {
  PolicyFile file = options.file;
  file.profile = policy::ProfileNamed(options.profile).value_or(policy::Profile::kProduction);
  ReadPolicyFile read = COCOS_TRY(ReadPolicy(file));
  for (const std::string& note : read.notes) {
    streams.err << "cvmctl: note: " << Printable(note, false) << std::endl;
  }
  return read;
}

ordered_json DemandsJson(const std::vector<Demand>& demands) {
  ordered_json list = ordered_json::array();
  for (const Demand& demand : demands) {
    list.push_back({{"key", demand.key}, {"value", demand.value}});
  }
  return list;
}

std::string DemandsText(const std::vector<Demand>& demands, std::size_t max_width) {
  std::vector<Row> rows;
  for (const Demand& demand : demands) rows.push_back({demand.key + ":", FreeText(demand.value)});
  return FormatTable(rows, max_width);
}

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

Result<Bytes> MakeCorim(const policy::Policy& demands, const ConvertOptions& options) {
  Bytes corim = COCOS_TRY(policy::WriteCorim(demands, IdsOf(demands)));
  if (options.signing_key.empty()) return corim;
  constexpr std::size_t kMaxKeyBytes = 64UL * 1024;
  const std::string pem = COCOS_TRY(ReadFile(options.signing_key, kMaxKeyBytes));
  const Result<crypto::SigningKey> key = crypto::SigningKey::FromPem(pem);
  if (!key) return tl::unexpected(Error(key.error()).Within(options.signing_key));
  return policy::SignCorim(corim, *key, options.signer);
}

Result<policy::WrittenPolicy> MakeJson(const policy::Policy& demands) {
  if (demands.snp && demands.tdx) {
    return Fail(ErrorCode::kInvalidArgument,
                "has demands of both SNP and TDX, of which a JSON policy holds one");
  }
  return demands.tdx ? policy::WriteTdxJson(demands) : policy::WriteSnpJson(demands);
}

Result<void> WriteJson(const policy::Policy& demands, const Streams& streams) {
  const policy::WrittenPolicy written = COCOS_TRY(MakeJson(demands));
  for (const std::string& dropped : written.dropped) {
    streams.err << "cvmctl: policy convert: not demanded any more: " << dropped << std::endl;
  }
  streams.out << written.text;
  return {};
}

Result<void> WriteCorimTo(const policy::Policy& demands, const ConvertOptions& options,
                          const Streams& streams) {
  const Bytes corim = COCOS_TRY(MakeCorim(demands, options));
  streams.out.write(reinterpret_cast<const char*>(corim.data()),
                    static_cast<std::streamsize>(corim.size()));
  return {};
}

// Why the options do not go together; empty: they do.
std::string_view WrongTogether(const ConvertOptions& options, const Streams& streams) {
  const bool corim = options.to == "corim";
  if (!corim && !options.signing_key.empty()) return "--signing-key: only a CoRIM is signed";
  if (options.signing_key.empty() != options.signer.empty()) {
    return "--signing-key and --signer: want both or none";
  }
  if (corim && streams.out_columns > 0) {
    return "--to corim: is binary and not for a terminal; send it to a file with >";
  }
  return "";
}

}  // namespace

Result<ExitStatus> ShowPolicy(const PolicyOptions& options, const Streams& streams) {
  const ReadPolicyFile read = COCOS_TRY(ReadFor(options, streams));
  const std::vector<Demand> demands = DemandsOf(read.policy);
  if (options.json) {
    streams.out << JsonText({{"format", read.format}, {"demands", DemandsJson(demands)}});
  } else {
    streams.out << DemandsText(demands, streams.out_columns);
  }
  return ExitStatus::kDone;
}

Result<ExitStatus> CheckPolicyFile(const PolicyOptions& options, const Streams& streams) {
  const ReadPolicyFile read = COCOS_TRY(ReadFor(options, streams));
  const std::string profile(policy::ProfileName(read.policy.profile));
  if (options.json) {
    streams.out << JsonText({{"format", read.format}, {"profile", profile}});
  } else {
    streams.out << fmt::format("{}: good, {}, {} profile\n", Printable(options.file.path, false),
                               read.format, profile);
  }
  return ExitStatus::kDone;
}

Result<ExitStatus> ConvertPolicy(const ConvertOptions& options, const Streams& streams) {
  if (const std::string_view wrong = WrongTogether(options, streams); !wrong.empty()) {
    streams.err << "cvmctl: policy convert: " << wrong << std::endl;
    return ExitStatus::kUsage;
  }
  const ReadPolicyFile read = COCOS_TRY(ReadFor(options.policy, streams));
  Result<void> written = options.to == "corim" ? WriteCorimTo(read.policy, options, streams)
                                               : WriteJson(read.policy, streams);
  if (!written) return tl::unexpected(std::move(written).error().Within(options.policy.file.path));
  return ExitStatus::kDone;
}

}  // namespace cocos::cli
