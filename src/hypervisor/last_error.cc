#include "hypervisor/last_error.h"

#include <libvirt/virterror.h>

namespace cocos::hypervisor {

LibvirtError TakeLastError() {
  const virErrorPtr error = virGetLastError();
  if (error == nullptr) return {VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "no error was recorded"};
  return {error->code, error->domain, error->message == nullptr ? "" : error->message};
}

Error LastError(std::string_view operation) {
  return DecodeError(TakeLastError()).Within(operation);
}

}  // namespace cocos::hypervisor
