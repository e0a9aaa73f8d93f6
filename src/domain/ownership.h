// Which parts of a domain document the manager fills in and a template must therefore leave out.
// docs/domain-templates.md lists them for administrators.
#pragma once

#include <string_view>

#include "base/result.h"
#include "domain/xml.h"

namespace cocos::domain {

inline constexpr const char* kQemuNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";
// The <name> of every template: libvirt's schema demands one.
inline constexpr std::string_view kPlaceholderName = "filled-in-by-cocos-manager";

// Errors: kInvalidArgument with `origin`, line and name of the first element, attribute or QEMU
// argument below `domain` that is the manager's.
Result<void> CheckNothingOwned(Element domain, std::string_view origin);

}  // namespace cocos::domain
