#include "hypervisor/error_map.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "hypervisor/known_causes.h"

namespace cocos::hypervisor {
namespace {

// QEMU quotes its arguments, and an ID authentication block alone is 5.5 kB of them.
constexpr std::size_t kMaxTextBytes = 2000;
constexpr int kAnyDomain = -1;

// What a (code, domain) pair of libvirt means without looking for a known cause in its text, except
// where `pattern` is needed to tell two meanings apart.
struct Rule {
  int code;
  int domain;
  std::string_view pattern;  // empty: whatever the text
  ErrorCode meaning;
  std::string_view reason;
};

// The first rule that fits is taken: special before general.
constexpr Rule kRules[] = {
    // virtlogd keeps the console files. The driver talks RPC to it, as we do to the driver.
    {VIR_ERR_SYSTEM_ERROR, kAnyDomain, "virtlogd-sock", ErrorCode::kFailedPrecondition,
     "virtlogd-unavailable"},
    // The connection.
    {VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, "ermission denied", ErrorCode::kUnavailable,
     "libvirt-access-denied"},
    {VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, "", ErrorCode::kUnavailable, "libvirt-unavailable"},
    {VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "", ErrorCode::kUnavailable, "libvirt-unavailable"},
    {VIR_ERR_INTERNAL_ERROR, VIR_FROM_REMOTE, "", ErrorCode::kUnavailable, "libvirt-unavailable"},
    {VIR_ERR_RPC, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-unavailable"},
    {VIR_ERR_NO_CONNECT, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-unavailable"},
    {VIR_ERR_INVALID_CONN, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-unavailable"},
    {VIR_ERR_AUTH_FAILED, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-access-denied"},
    {VIR_ERR_AUTH_UNAVAILABLE, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-access-denied"},
    {VIR_ERR_AUTH_CANCELLED, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-access-denied"},
    {VIR_ERR_ACCESS_DENIED, kAnyDomain, "", ErrorCode::kUnavailable, "libvirt-access-denied"},
    {VIR_ERR_INTERNAL_ERROR, kAnyDomain, "system bus connection", ErrorCode::kUnavailable,
     "libvirt-access-denied"},
    {VIR_ERR_OPERATION_TIMEOUT, kAnyDomain, "", ErrorCode::kUnavailable, "domain-busy"},

    {VIR_ERR_NO_DOMAIN, kAnyDomain, "", ErrorCode::kNotFound, "no-domain"},
    {VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, "already exists with uuid",
     ErrorCode::kAlreadyExists, "name-taken"},
    {VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, "already defined with uuid",
     ErrorCode::kAlreadyExists, "uuid-taken"},
    {VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, "is already defined", ErrorCode::kAlreadyExists,
     "uuid-taken"},
    {VIR_ERR_OPERATION_INVALID, kAnyDomain, "", ErrorCode::kFailedPrecondition, "wrong-state"},
    {VIR_ERR_INTERNAL_ERROR, VIR_FROM_TEST, "already running", ErrorCode::kFailedPrecondition,
     "wrong-state"},
    {VIR_ERR_INTERNAL_ERROR, VIR_FROM_TEST, "not running", ErrorCode::kFailedPrecondition,
     "wrong-state"},

    {VIR_ERR_XML_INVALID_SCHEMA, kAnyDomain, "", ErrorCode::kInvalidArgument, "xml-invalid"},
    {VIR_ERR_XML_DETAIL, kAnyDomain, "", ErrorCode::kInvalidArgument, "xml-invalid"},
    {VIR_ERR_XML_ERROR, kAnyDomain, "", ErrorCode::kInvalidArgument, "xml-invalid"},
    {VIR_ERR_INVALID_ARG, kAnyDomain, "", ErrorCode::kInvalidArgument, "invalid-argument"},

    {VIR_ERR_CONFIG_UNSUPPORTED, kAnyDomain, "", ErrorCode::kFailedPrecondition,
     "config-unsupported"},
    {VIR_ERR_CPU_INCOMPATIBLE, kAnyDomain, "", ErrorCode::kFailedPrecondition, "cpu-incompatible"},
    {VIR_ERR_NO_SUPPORT, kAnyDomain, "", ErrorCode::kFailedPrecondition, "not-supported"},
    {VIR_ERR_OPERATION_UNSUPPORTED, kAnyDomain, "", ErrorCode::kFailedPrecondition,
     "not-supported"},
    {VIR_ERR_NO_MEMORY, kAnyDomain, "", ErrorCode::kResourceExhausted, "no-memory"},

    // Files named in the domain: libvirt looks at them before it starts QEMU.
    {VIR_ERR_SYSTEM_ERROR, kAnyDomain, "No space left on device", ErrorCode::kResourceExhausted,
     "disk-full"},
    {VIR_ERR_SYSTEM_ERROR, kAnyDomain, "Cannot allocate memory", ErrorCode::kResourceExhausted,
     "no-memory"},
    {VIR_ERR_SYSTEM_ERROR, kAnyDomain, "No such file or directory", ErrorCode::kFailedPrecondition,
     "file-missing"},
    {VIR_ERR_SYSTEM_ERROR, kAnyDomain, "ermission denied", ErrorCode::kFailedPrecondition,
     "file-unreadable"},
    {VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "", ErrorCode::kFailedPrecondition, "file-missing"},
    {VIR_ERR_OPERATION_FAILED, kAnyDomain, "satisfying virtiofsd", ErrorCode::kFailedPrecondition,
     "virtiofsd-missing"},
};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

const Rule* FindRule(const LibvirtError& error) {
  for (const Rule& rule : kRules) {
    if (rule.code == error.code && (rule.domain == kAnyDomain || rule.domain == error.domain) &&
        Contains(error.text, rule.pattern)) {
      return &rule;
    }
  }
  return nullptr;
}

bool IsPasstFailure(const LibvirtError& error) {
  return error.code == VIR_ERR_INTERNAL_ERROR && error.domain == VIR_FROM_NONE &&
         Contains(error.text, "passt");
}

bool IsQemuExit(const LibvirtError& error) {
  return Contains(error.text, "process exited while connecting to monitor") ||
         Contains(error.text, "QEMU unexpectedly closed the monitor");
}

// Skips "2026-11-24T08:45:00.123456Z " at the start of a line of QEMU's stderr.
std::string_view WithoutTimestamp(std::string_view line) {
  const std::size_t space = line.find(' ');
  const bool stamped = space != std::string_view::npos && space >= 20 && line[space - 1] == 'Z' &&
                       std::isdigit(static_cast<unsigned char>(line[0])) != 0;
  return stamped ? line.substr(space + 1) : line;
}

// The lines that matter of what QEMU printed, as one line. libvirt puts it after "...monitor...: ".
std::string QemuOutput(std::string_view text) {
  const std::size_t monitor = text.find("monitor");
  const std::size_t start = text.find(": ", monitor);
  if (start == std::string_view::npos) return std::string(text);
  std::string output;
  for (std::string_view rest = text.substr(start + 2); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = WithoutTimestamp(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // A warning about the option QEMU 10 deprecates has a second line.
    const bool noise = Contains(line, ": warning:") || line.starts_with("Please use readonly=on");
    if (line.empty() || noise) continue;
    output.append(output.empty() ? "" : "; ").append(line);
  }
  return output.empty() ? std::string(text) : output;
}

// One line of bounded length.
std::string Tidy(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.pop_back();
  }
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) {
    text.replace(at, 1, "; ");
  }
  if (text.size() > kMaxTextBytes) {
    text.resize(kMaxTextBytes);
    text += "...";
  }
  return text;
}

Error MakeError(ErrorCode code, std::string_view reason, std::string_view explanation,
                std::string_view speaker, std::string text) {
  std::string message =
      explanation.empty() ? fmt::format("{}: {}", speaker, Tidy(std::move(text)))
                          : fmt::format("{} ({}: {})", explanation, speaker, Tidy(std::move(text)));
  return Error(code, std::move(message)).WithReason(std::string(reason));
}

Error FromCause(const KnownCause& cause, std::string_view speaker, std::string text) {
  return MakeError(cause.code, cause.reason, cause.explanation, speaker, std::move(text));
}

Error DecodePasst(const LibvirtError& error) {
  if (const KnownCause* cause = FindPasstCause(error.text)) {
    return FromCause(*cause, "libvirt", error.text);
  }
  return MakeError(ErrorCode::kFailedPrecondition, "passt-failed",
                   "passt, which forwards the agent's port, did not start", "libvirt", error.text);
}

Error DecodeQemuExit(const LibvirtError& error) {
  std::string output = QemuOutput(error.text);
  if (const KnownCause* cause = FindQemuCause(output)) {
    return FromCause(*cause, "QEMU", std::move(output));
  }
  return MakeError(ErrorCode::kFailedPrecondition, "qemu-refused",
                   "QEMU ended before the guest ran", "QEMU", std::move(output));
}

}  // namespace

Error DecodeError(const LibvirtError& error) {
  if (IsPasstFailure(error)) return DecodePasst(error);
  if (IsQemuExit(error)) return DecodeQemuExit(error);
  if (const KnownCause* cause = FindQemuCause(error.text)) {
    return FromCause(*cause, "libvirt", error.text);
  }
  if (const Rule* rule = FindRule(error)) {
    return MakeError(rule->meaning, rule->reason, "", "libvirt", error.text);
  }
  return MakeError(ErrorCode::kInternal, "", "", "libvirt",
                   fmt::format("{} (code {}, domain {})", error.text, error.code, error.domain));
}

}  // namespace cocos::hypervisor
