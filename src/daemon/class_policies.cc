#include "daemon/class_policies.h"

#include <algorithm>
#include <utility>

#include "attestation/policy/read_policy.h"
#include "base/file.h"
#include "cvm/reference_policy.h"

namespace cocos::daemon {
namespace {

namespace policy = attestation::policy;
using domain::Tee;

// The TEE whose evidence the policy demands and that a class with `tee` does not have.
std::optional<Tee> ForeignTee(const policy::Policy& demands, Tee tee) {
  if (demands.snp && tee != Tee::kSevSnp) return Tee::kSevSnp;
  if (demands.tdx && tee != Tee::kTdx) return Tee::kTdx;
  return std::nullopt;
}

}  // namespace

Result<policy::Policy> ClassPolicies::Read(const Source& source) {
  const std::string text = COCOS_TRY(ReadFile(source.path, policy::kMaxPolicyFileBytes));
  Result<policy::AnyPolicy> read = policy::ReadAnyPolicy(text, source.profile);
  if (!read) return tl::unexpected(std::move(read).error().Within(source.path));
  return std::move(read->policy);
}

Result<ClassPolicies> ClassPolicies::Load(const config::Config& config,
                                          const std::vector<cvm::ComputationClass>& classes) {
  ClassPolicies policies;
  for (const config::ClassConfig& each : config.classes) {
    Source source{
        .path = each.attestation.policy_path,
        .profile = each.allow_debug ? policy::Profile::kDebug : policy::Profile::kProduction,
        .without_tee = each.tee == config::TeeChoice::kNone,
        .enforced = each.attestation.mode == "enforce"};
    policies.sources_[each.name] = source;
    if (source.path.empty()) continue;
    const std::string about =
        fmt::format("class \"{}\" ({}): attestation.policy", each.name, each.origin);
    const Result<policy::Policy> read = Read(source);
    if (!read) {
      return Fail(ErrorCode::kInvalidArgument, "{}: {}", about, read.error().message());
    }
    const auto built = std::ranges::find(classes, each.name, &cvm::ComputationClass::name);
    if (built == classes.end()) continue;
    const std::optional<Tee> foreign = ForeignTee(*read, built->tee);
    if (!foreign) continue;
    const std::string text =
        fmt::format("{}: {} demands evidence of {}, which CVMs of tee {} never have", about,
                    source.path, domain::TeeName(*foreign), domain::TeeName(built->tee));
    // What `auto` becomes is the host's matter: such a file is right on another one.
    if (each.tee != config::TeeChoice::kAuto) return Fail(ErrorCode::kInvalidArgument, "{}", text);
    policies.warnings_.push_back(text);
  }
  return policies;
}

Result<std::vector<NamedPolicy>> ClassPolicies::DemandsOn(const cvm::Snapshot& cvm) const {
  const auto source = sources_.find(cvm.class_name);
  if (source == sources_.end()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "class {:?} is not configured any more, so what it demands is not known",
                cvm.class_name);
  }
  const bool without_tee = cvm.tee == Tee::kNone;
  // Of a TPM the host may quote what it likes: nobody who expects a TEE may get that for it.
  if (without_tee && !source->second.without_tee) {
    return Fail(ErrorCode::kFailedPrecondition,
                "CVM {} runs without a TEE, and its class {:?} does not say tee: none",
                cvm.id.text(), cvm.class_name);
  }
  const bool has_file = !source->second.path.empty();
  const bool file_alone = has_file && without_tee && !cvm::HasPcrValues(cvm);
  std::vector<NamedPolicy> demands;
  if (!file_alone) {
    policy::Policy captured = COCOS_TRY(cvm::ReferencePolicy(cvm));
    demands.push_back({"as captured", std::move(captured)});
  }
  if (has_file) {
    Result<policy::Policy> read = Read(source->second);
    if (!read) return tl::unexpected(std::move(read).error().Within("class policy"));
    const bool demands_pcrs = read->tpm && !read->tpm->expected_pcrs.empty();
    if (file_alone && source->second.enforced && !demands_pcrs) {
      return Fail(ErrorCode::kFailedPrecondition,
                  "class policy {}: demands no PCR value, so under enforce every boot would pass",
                  source->second.path);
    }
    demands.push_back({"class policy " + source->second.path, *std::move(read)});
  }
  return demands;
}

}  // namespace cocos::daemon
