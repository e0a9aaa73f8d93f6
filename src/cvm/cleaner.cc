#include "cvm/cleaner.h"

namespace cocos::cvm {

Result<void> Cleaner::CleanAll(const CvmId& id) const {
  COCOS_TRY(hypervisor_.Destroy(id));
  COCOS_TRY(hypervisor_.Undefine(id));
  return CleanFiles(id);
}

Result<void> Cleaner::CleanFiles(const CvmId& id) const { return workspace_.Remove(id); }

}  // namespace cocos::cvm
