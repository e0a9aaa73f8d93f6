#include "domain/ownership.h"

#include <algorithm>
#include <array>
#include <vector>

#include "domain/render.h"

namespace cocos::domain {
namespace {

// One thing that is the manager's. `path` leads from <domain> to an element; with `attribute`, only
// that attribute of the element is.
struct Owned {
  std::string_view path;
  const char* attribute;
  std::string_view set_from;
};

constexpr const char* kWholeElement = nullptr;

constexpr std::array kOwned = {
    Owned{"", "id", "what libvirt assigns"},
    Owned{"uuid", kWholeElement, "the CVM's id"},
    Owned{"memory", kWholeElement, "the class's memory"},
    Owned{"currentMemory", kWholeElement, "the class's memory"},
    Owned{"maxMemory", kWholeElement, "the class's memory slots"},
    Owned{"vcpu", kWholeElement, "the class's vCPUs"},
    Owned{"vcpus", kWholeElement, "the class's vCPUs"},
    Owned{"cpu", "mode", "the class's CPU model"},
    Owned{"cpu", "match", "the class's CPU model"},
    Owned{"cpu", "check", "the class's CPU model"},
    Owned{"cpu", "migratable", "the class's CPU model"},
    Owned{"cpu/model", kWholeElement, "the class's CPU model"},
    Owned{"cpu/topology", kWholeElement, "the class's vCPUs"},
    Owned{"cpu/numa", kWholeElement, "the class's memory"},
    Owned{"os", "firmware", "the class's firmware"},
    Owned{"os/type", "machine", "the class's machine type"},
    Owned{"os/firmware", kWholeElement, "the class's firmware"},
    Owned{"os/loader", kWholeElement, "the class's firmware"},
    Owned{"os/nvram", kWholeElement, "the class's firmware"},
    Owned{"os/varstore", kWholeElement, "the class's firmware"},
    Owned{"os/kernel", kWholeElement, "the class's kernel"},
    Owned{"os/initrd", kWholeElement, "the class's initrd"},
    Owned{"os/cmdline", kWholeElement, "the class's kernel command line"},
    Owned{"os/shim", kWholeElement, "the class's kernel"},
    Owned{"devices/emulator", kWholeElement, "the configured QEMU"},
    Owned{"devices/interface", kWholeElement,
          "the agent port; agents work with one interface only"},
    Owned{"devices/serial", kWholeElement, "the console log"},
    Owned{"devices/console", kWholeElement, "the console log"},
    Owned{"devices/vsock", kWholeElement, "the reserved context id"},
    Owned{"devices/tpm", kWholeElement, "the class's TPM"},
    Owned{"launchSecurity", kWholeElement, "the class's TEE settings"},
};

// The manager's 9p shares, by mount tag.
constexpr std::array<std::string_view, 2> kOwnedMountTags = {"certs_share", "env_share"};

// QEMU options that would override or repeat what the manager sets, without their dashes.
constexpr std::array<std::string_view, 15> kOwnedQemuOptions = {
    "append", "bios",   "cpu", "enable-kvm", "initrd", "kernel", "m",   "name",
    "net",    "netdev", "nic", "numa",       "serial", "smp",    "uuid"};

// What makes an IGVM file or a TEE, in the value of -object or -machine.
constexpr std::array<std::string_view, 4> kOwnedQemuValues = {
    "igvm-cfg", "confidential-guest-support", "sev-snp-guest", "tdx-guest"};

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

tl::unexpected<Error> Refuse(std::string_view origin, long line, std::string_view what,
                             std::string_view set_from) {
  return Fail(ErrorCode::kInvalidArgument,
              "{}, line {}: {} is set by the manager from {}; remove it from the template", origin,
              line, what, set_from);
}

// Every element at "a/b" below `top`.
std::vector<Element> Find(Element top, std::string_view path) {
  if (path.empty()) return {top};
  const std::size_t slash = path.find('/');
  const std::string_view rest =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  std::vector<Element> found;
  for (const Element& child : top.Children(path.substr(0, slash))) {
    const std::vector<Element> deeper = Find(child, rest);
    found.insert(found.end(), deeper.begin(), deeper.end());
  }
  return found;
}

// "<os><kernel>" for "os/kernel".
std::string Spell(std::string_view path) {
  std::string text = "<";
  for (const char c : path.empty() ? std::string_view("domain") : path) {
    if (c == '/') {
      text += "><";
    } else {
      text += c;
    }
  }
  return text + ">";
}

Result<void> CheckOwned(Element domain, std::string_view origin, const Owned& owned) {
  for (const Element& element : Find(domain, owned.path)) {
    if (owned.attribute == kWholeElement) {
      return Refuse(origin, element.Line(), Spell(owned.path), owned.set_from);
    }
    if (element.HasAttribute(owned.attribute)) {
      return Refuse(origin, element.Line(),
                    fmt::format("attribute {} of {}", owned.attribute, Spell(owned.path)),
                    owned.set_from);
    }
  }
  return {};
}

Result<void> CheckMountTags(Element domain, std::string_view origin) {
  for (const Element& target : Find(domain, "devices/filesystem/target")) {
    if (!Contains(kOwnedMountTags, target.Attribute("dir"))) continue;
    return Refuse(origin, target.Line(),
                  fmt::format("<filesystem> with mount tag {}", target.Attribute("dir")),
                  "the CVM's shares");
  }
  return {};
}

Result<void> CheckMetadata(Element domain, std::string_view origin) {
  for (const Element& metadata : domain.Children("metadata")) {
    for (const Element& child : metadata.Children()) {
      if (child.Namespace() != kMetadataNamespace) continue;
      return Refuse(origin, child.Line(),
                    fmt::format("metadata of namespace {}", kMetadataNamespace), "the CVM");
    }
  }
  return {};
}

Result<void> CheckQemuArgument(Element argument, std::string_view origin) {
  const std::string value = argument.Attribute("value");
  std::string_view option = value;
  if (option.starts_with('-')) option.remove_prefix(option.starts_with("--") ? 2 : 1);
  const bool is_owned_option = option.size() < value.size() && Contains(kOwnedQemuOptions, option);
  const bool is_owned_value = std::ranges::any_of(
      kOwnedQemuValues,
      [&value](std::string_view part) { return value.find(part) != std::string::npos; });
  if (!is_owned_option && !is_owned_value) return {};
  return Refuse(origin, argument.Line(), fmt::format("QEMU argument \"{}\"", value), "the class");
}

Result<void> CheckQemuExtensions(Element domain, std::string_view origin) {
  for (const Element& extension : domain.Children()) {
    if (extension.Namespace() != kQemuNamespace) continue;
    if (extension.Name() == "capabilities") {
      return Fail(ErrorCode::kInvalidArgument,
                  "{}, line {}: <qemu:capabilities> makes libvirt believe what the host cannot do; "
                  "remove it from the template",
                  origin, extension.Line());
    }
    if (extension.Name() != "commandline") continue;
    for (const Element& argument : extension.Children()) {
      if (argument.Name() == "arg") COCOS_TRY(CheckQemuArgument(argument, origin));
    }
  }
  return {};
}

Result<void> CheckPlaceholder(Element domain, std::string_view origin) {
  for (const Element& name : domain.Children("name")) {
    if (name.Text() == kPlaceholderName) continue;
    return Fail(
        ErrorCode::kInvalidArgument,
        "{}, line {}: <name> is set by the manager from the CVM's id; write the placeholder "
        "<name>{}</name>",
        origin, name.Line(), kPlaceholderName);
  }
  return {};
}

}  // namespace

Result<void> CheckNothingOwned(Element domain, std::string_view origin) {
  COCOS_TRY(CheckPlaceholder(domain, origin));
  for (const Owned& owned : kOwned) COCOS_TRY(CheckOwned(domain, origin, owned));
  COCOS_TRY(CheckMountTags(domain, origin));
  COCOS_TRY(CheckMetadata(domain, origin));
  return CheckQemuExtensions(domain, origin);
}

}  // namespace cocos::domain
