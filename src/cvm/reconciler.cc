#include "cvm/reconciler.h"

#include <utility>

#include "domain/render.h"

namespace cocos::cvm {
namespace {

Snapshot SnapshotOf(const domain::CvmMetadata& metadata, const CvmId& id) {
  return {.id = id,
          .class_name = metadata.class_name,
          .tee = metadata.tee,
          .created = metadata.created,
          .changed = metadata.created,
          .expires = metadata.expires,
          .agent_bind_address = metadata.agent_bind_address,
          .agent_port = metadata.agent_port,
          .vsock_cid = metadata.vsock_cid,
          .computation_id = metadata.computation_id,
          .trace_id = metadata.trace_id,
          .kernel_command_line = metadata.kernel_command_line,
          .memory_mib = metadata.memory_mib,
          .vcpus = metadata.vcpus,
          .reference_values = metadata.reference_values,
          .attestation = metadata.attestation};
}

}  // namespace

Verdict Judge(const domain::CvmMetadata& metadata, const std::string& instance_id,
              DomainState state, const std::optional<Operation>& operation) {
  if (metadata.instance_id != instance_id) return Verdict::kIgnore;
  if (operation && *operation != Operation::kNone) return Verdict::kIgnore;
  const bool runs = state == DomainState::kRunning;
  if (operation) return runs ? Verdict::kStillRuns : Verdict::kEnded;
  switch (metadata.phase) {
    case domain::Phase::kCreating:
      return Verdict::kUndo;
    case domain::Phase::kRemoving:
      return Verdict::kFinishRemoval;
    case domain::Phase::kRunning:
      return runs ? Verdict::kAdopt : Verdict::kEnded;
  }
  return Verdict::kIgnore;
}

Result<void> Reconciler::Run() {
  // A domain that ends after the listing is met by its event.
  const std::vector<DomainRecord> domains = COCOS_TRY(hypervisor_.ListDomains());
  std::set<CvmId> listed;
  for (const DomainRecord& record : domains) {
    if (Result<CvmId> id = CvmId::Parse(record.id)) listed.insert(*std::move(id));
    Handle(record);
  }
  HandleVanished(listed);
  WipeOrphanedFiles(listed);
  return {};
}

void Reconciler::Handle(const DomainRecord& record) {
  const Result<CvmId> id = CvmId::Parse(record.id);
  const Result<domain::CvmMetadata> metadata = domain::ParseMetadataXml(record.metadata_xml);
  if (!id || !metadata || metadata->id != id->text()) {
    // Whoever wrote this, we cannot know that it is ours: a forged or copied mark is never acted
    // upon.
    logger_.Warn(
        "A domain carries metadata of this kind that cannot be used; it is left alone",
        {{"domain", record.name},
         {"error", metadata ? "its id is not the domain's UUID" : metadata.error().message()}});
    return;
  }
  const std::optional<Operation> operation = registry_.OperationOn(*id);
  if (Judge(*metadata, instance_id_, record.state, operation) == Verdict::kIgnore) return;
  // The listing is older than `operation`: meanwhile a creation may have been answered or a removal
  // finished. What is asked for now cannot be.
  const Result<DomainRecord> now = hypervisor_.Find(*id);
  if (!now) return;
  const Result<domain::CvmMetadata> fresh = domain::ParseMetadataXml(now->metadata_xml);
  if (!fresh) return;
  switch (Judge(*fresh, instance_id_, now->state, operation)) {
    case Verdict::kIgnore:
      return;
    case Verdict::kAdopt:
      Adopt(*fresh, *id, State::kRunning, "adopted from an earlier run of the manager");
      logger_.Info("Adopted a running CVM", {{"cvm", id->text()}, {"class", fresh->class_name}});
      return;
    case Verdict::kStillRuns:
      registry_.MarkRunning(*id);
      return;
    case Verdict::kEnded:
      ReportEnded(*fresh, *id, *now);
      return;
    case Verdict::kUndo:
      Adopt(*fresh, *id, State::kUnknown, "its creation was interrupted");
      reaper_.Remove(*id, "its creation was interrupted");
      return;
    case Verdict::kFinishRemoval:
      Adopt(*fresh, *id, State::kUnknown, "its removal was interrupted");
      reaper_.Remove(*id, "its removal was interrupted");
      return;
  }
}

void Reconciler::Adopt(const domain::CvmMetadata& metadata, const CvmId& id, State state,
                       const std::string& cause) {
  Snapshot cvm = SnapshotOf(metadata, id);
  cvm.state = state;
  cvm.cause = cause;
  registry_.AddFound(std::move(cvm), reservations_.Adopt(metadata.class_name, metadata.agent_port,
                                                         metadata.vsock_cid));
}

void Reconciler::ReportEnded(const domain::CvmMetadata& metadata, const CvmId& id,
                             const DomainRecord& record) {
  if (!registry_.Contains(id)) {
    Adopt(metadata, id, State::kUnknown, "found ended");
  }
  const Ended ended{.reason = record.stop_reason, .detail = "noticed by a listing"};
  if (registry_.NoteEnded(id, ended, workspace_.consoles().Tail(id))) reaper_.CleanEnded(id);
}

// An administrator undefined it, or it was transient and ended.
void Reconciler::HandleVanished(const std::set<CvmId>& listed) {
  for (const Snapshot& cvm : registry_.All()) {
    if (listed.contains(cvm.id) || cvm.state == State::kFailed) continue;
    const Ended ended{.reason = StopReason::kUnknown, .detail = "its domain is gone from libvirt"};
    // NoteEnded refuses a CVM that a thread works on, for instance one that is not defined yet.
    if (registry_.OperationOn(cvm.id) != Operation::kNone) continue;
    // It may have been created after the listing began; and no answer is no proof that it is gone.
    const Result<DomainRecord> found = hypervisor_.Find(cvm.id);
    if (found || found.error().code() != ErrorCode::kNotFound) continue;
    if (registry_.NoteEnded(cvm.id, ended, workspace_.consoles().Tail(cvm.id))) {
      reaper_.CleanEnded(cvm.id);
    }
  }
}

void Reconciler::WipeOrphanedFiles(const std::set<CvmId>& listed) {
  const Result<std::set<CvmId>> with_files = workspace_.List();
  if (!with_files) {
    logger_.Error("Listing the files of CVMs failed", {{"error", with_files.error().message()}});
    return;
  }
  for (const CvmId& id : *with_files) {
    // A creation is in the registry before its first file exists.
    if (listed.contains(id) || registry_.Contains(id)) continue;
    if (const Result<void> removed = workspace_.Remove(id); !removed) {
      logger_.Error("Wiping files without a CVM failed",
                    {{"cvm", id.text()}, {"error", removed.error().message()}});
      continue;
    }
    logger_.Info("Wiped files without a CVM", {{"cvm", id.text()}});
  }
}

}  // namespace cocos::cvm
