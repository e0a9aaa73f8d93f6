// libvirt's errors as errors of ours. Pure: tests feed it the texts that libvirt, QEMU and passt
// were seen to produce.
#pragma once

#include <string>

#include "base/result.h"

namespace cocos::hypervisor {

// A copy of a virError: `code` is a virErrorNumber, `domain` a virErrorDomain (the part of libvirt
// that raised it), `text` virError.message.
struct LibvirtError {
  int code = 0;
  int domain = 0;
  std::string text;
};

// The error with a code a caller can act on, a reason where the cause is known, an explanation in
// our words and what libvirt (or QEMU, or passt) said. Code and domain of libvirt decide first, the
// text only where they do not tell the causes apart (code 1 covers many unrelated failures).
//
// Reasons in use: see error_map.cc and known_causes.cc; the most important are "port-in-use"
// (kAlreadyExists), "libvirt-unavailable" (kUnavailable), "no-domain" (kNotFound), "file-missing",
// "xml-invalid" and "qemu-refused".
Error DecodeError(const LibvirtError& error);

}  // namespace cocos::hypervisor
