// What differs between libvirt's drivers, as far as we use them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::hypervisor {

struct DriverTraits {
  unsigned define_flags = 0;    // virDomainDefineFlags
  unsigned undefine_flags = 0;  // virDomainUndefineFlagsValues
  bool has_daemon = false;      // another process that can go away or freeze
  // The driver finds running domains when it starts, and needs a moment to get hold of them.
  bool reconnects_to_domains = false;
  std::string embed_root;  // directory of an embedded driver, else empty
};

// Errors: kInvalidArgument for a URI that is not one of qemu:///system, qemu:///session,
// qemu:///embed?root=DIR, test:///default, or qemu and test URIs like them.
Result<DriverTraits> TraitsOfUri(std::string_view uri);

}  // namespace cocos::hypervisor
