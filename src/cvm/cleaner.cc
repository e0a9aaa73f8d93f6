#include "cvm/cleaner.h"

namespace cocos::cvm {

Result<void> Cleaner::CleanAll(const CvmId& id) const {
  COCOS_TRY(hypervisor_.Destroy(id));
  // Nothing reads the shares any more, so their secrets go even if the definition has to stay.
  const Result<void> undefined = hypervisor_.Undefine(id);
  const Result<void> cleaned = CleanFiles(id);
  return undefined ? cleaned : undefined;
}

Result<void> Cleaner::CleanFiles(const CvmId& id) const { return workspace_.Remove(id); }

}  // namespace cocos::cvm
