#include "cvm/metadata_keeper.h"

#include "cvm/spec_builder.h"
#include "domain/render.h"

namespace cocos::cvm {

Result<void> MetadataKeeper::Write(const CvmId& id, domain::Phase phase) const {
  const std::optional<Snapshot> cvm = registry_.Find(id);
  if (!cvm) return {};
  const std::string metadata =
      COCOS_TRY(domain::RenderMetadataXml(BuildMetadata(*cvm, instance_id_, phase)));
  return hypervisor_.SetMetadata(id, metadata);
}

void MetadataKeeper::MarkRemoving(const CvmId& id) const {
  static_cast<void>(Write(id, domain::Phase::kRemoving));
}

// No claim is held: a removal need not wait for this. One that begins meanwhile writes its own
// mark, and whoever comes last must write that one.
Result<void> MetadataKeeper::WriteRunning(const CvmId& id) const {
  const Result<void> written = Write(id, domain::Phase::kRunning);
  if (registry_.OperationOn(id) == Operation::kRemove) MarkRemoving(id);
  return written;
}

void MetadataKeeper::Record(const CvmId& id) const {
  while (true) {
    const Result<void> written = WriteRunning(id);
    const bool has_domain = written || written.error().code() != ErrorCode::kNotFound;
    if (!written && has_domain) {
      logger_.Warn("Metadata of a CVM could not be written, it is tried again",
                   {{"cvm", id.text()}, {"error", written.error().message()}});
    }
    if (!registry_.SettleRecorded(id, written || !has_domain)) return;
  }
}

}  // namespace cocos::cvm
