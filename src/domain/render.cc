#include "domain/render.h"

#include <algorithm>
#include <array>

#include "domain/devices.h"
#include "domain/launch_security.h"
#include "domain/metadata.h"
#include "domain/spec_check.h"
#include "domain/template.h"

namespace cocos::domain {
namespace {

// Elements of <domain> in the order in which libvirt itself writes them. It reads any order; people
// who compare a rendered domain with `virsh dumpxml` are better off with this one.
constexpr std::array<std::string_view, 32> kDomainOrder = {"name",
                                                           "uuid",
                                                           "genid",
                                                           "title",
                                                           "description",
                                                           "metadata",
                                                           "maxMemory",
                                                           "memory",
                                                           "currentMemory",
                                                           "memoryBacking",
                                                           "blkiotune",
                                                           "memtune",
                                                           "vcpu",
                                                           "vcpus",
                                                           "iothreads",
                                                           "iothreadids",
                                                           "cputune",
                                                           "numatune",
                                                           "resource",
                                                           "sysinfo",
                                                           "bootloader",
                                                           "os",
                                                           "features",
                                                           "cpu",
                                                           "clock",
                                                           "on_poweroff",
                                                           "on_reboot",
                                                           "on_crash",
                                                           "pm",
                                                           "devices",
                                                           "seclabel",
                                                           "launchSecurity"};

std::size_t Rank(std::string_view name) {
  const auto* found = std::ranges::find(kDomainOrder, name);
  return static_cast<std::size_t>(found - kDomainOrder.begin());
}

// The child of <domain> with this name; a new one goes where libvirt would write it.
Element ChildOfDomain(Element domain, const char* name) {
  if (const Element existing = domain.Child(name)) return existing;
  for (const Element& child : domain.Children()) {
    if (Rank(child.Name()) > Rank(name)) return child.AddBefore(name);
  }
  return domain.Add(name);
}

std::string_view DomainType(Hypervisor hypervisor) {
  switch (hypervisor) {
    case Hypervisor::kKvm:
      return "kvm";
    case Hypervisor::kQemu:
      return "qemu";
    case Hypervisor::kTest:
      return "test";
  }
  return "kvm";
}

void FillIdentity(Element domain, const DomainSpec& spec) {
  domain.Set("type", DomainType(spec.hypervisor));
  ChildOfDomain(domain, "name").Clear().SetText(spec.name);
  ChildOfDomain(domain, "uuid").SetText(spec.metadata.id);
  FillMetadata(ChildOfDomain(domain, "metadata").Add("cvm"), spec.metadata);
}

void FillMemory(Element domain, const DomainSpec& spec) {
  // Slots bring NUMA tables, which TDX firmware measures, and memory added later is of no use to a
  // TEE guest. The documented defaults have slots for every guest, so this is not an error.
  if (spec.memory_slots && TeeOf(spec.launch_security) == Tee::kNone) {
    ChildOfDomain(domain, "maxMemory")
        .Set("slots", std::to_string(spec.memory_slots->slots))
        .Set("unit", "MiB")
        .SetText(std::to_string(spec.memory_slots->max_memory_mib));
  }
  ChildOfDomain(domain, "memory").Set("unit", "MiB").SetText(std::to_string(spec.memory_mib));
}

void FillCpuModel(Element cpu, const DomainSpec& spec) {
  if (spec.cpu_model == "host") {
    cpu.Set("mode", "host-passthrough").Set("check", "none").Set("migratable", "off");
    return;
  }
  if (spec.cpu_model == "max") {
    cpu.Set("mode", "maximum").Set("check", "none");
    return;
  }
  // Any other check refuses a model when the host lacks one of its features; QEMU alone would not.
  cpu.Set("mode", "custom").Set("match", "exact").Set("check", "none");
  cpu.AddFirst("model").Set("fallback", "forbid").SetText(spec.cpu_model);
}

// One socket with all the cores, which is how QEMU reads "-smp N,maxcpus=M" on q35; left alone,
// libvirt would make it M sockets.
void AddTopology(Element cpu, unsigned cores) {
  const Element model = cpu.Child("model");
  const std::vector<Element> children = cpu.Children();
  Element topology(nullptr);
  if (!model) {
    topology = cpu.AddFirst("topology");
  } else if (children.size() > 1) {
    topology = children[1].AddBefore("topology");
  } else {
    topology = cpu.Add("topology");
  }
  topology.Set("sockets", "1").Set("dies", "1");
  topology.Set("cores", std::to_string(cores)).Set("threads", "1");
}

void FillCpus(Element domain, const DomainSpec& spec) {
  ChildOfDomain(domain, "vcpu")
      .Set("placement", "static")
      .Set("current", std::to_string(spec.vcpus))
      .SetText(std::to_string(spec.max_vcpus));
  const Element cpu = ChildOfDomain(domain, "cpu");
  FillCpuModel(cpu, spec);
  AddTopology(cpu, spec.max_vcpus);
}

void AddFirmware(Element os, const Firmware& firmware) {
  if (const auto* pflash = std::get_if<PflashFirmware>(&firmware)) {
    os.Add("loader")
        .Set("readonly", "yes")
        .Set("type", "pflash")
        .Set("format", "raw")
        .SetText(pflash->code_path);
    os.Add("nvram")
        .Set("template", pflash->vars_template_path)
        .Set("templateFormat", "raw")
        .Set("format", "raw")
        .SetText(pflash->nvram_path);
  }
  if (const auto* rom = std::get_if<RomFirmware>(&firmware)) {
    os.Add("loader")
        .Set("readonly", "yes")
        .Set("type", "rom")
        .Set("stateless", "yes")
        .SetText(rom->path);
  }
}

void AddKernel(Element os, const DirectKernel& kernel) {
  os.Add("kernel").SetText(kernel.kernel_path);
  if (!kernel.initrd_path.empty()) os.Add("initrd").SetText(kernel.initrd_path);
  if (!kernel.command_line.empty()) os.Add("cmdline").SetText(kernel.command_line);
}

void FillBoot(Element domain, const DomainSpec& spec) {
  const Element os = ChildOfDomain(domain, "os");
  const Element type = os.Child("type") ? os.Child("type") : os.AddFirst("type").SetText("hvm");
  type.Set("arch", "x86_64").Set("machine", spec.machine);
  AddFirmware(os, spec.firmware);
  if (spec.kernel) AddKernel(os, *spec.kernel);
  if (!spec.igvm_path.empty()) AddIgvm(domain, spec.igvm_path);
}

void FillSecurity(Element domain, const DomainSpec& spec) {
  if (TeeOf(spec.launch_security) == Tee::kNone) return;
  FillLaunchSecurity(ChildOfDomain(domain, "launchSecurity"), spec.launch_security);
}

std::optional<BootKind> BootKindOf(const DomainSpec& spec) {
  if (!spec.igvm_path.empty()) return BootKind::kIgvm;
  if (std::holds_alternative<RomFirmware>(spec.firmware)) return BootKind::kRom;
  if (std::holds_alternative<PflashFirmware>(spec.firmware)) return BootKind::kPflash;
  if (spec.kernel) return BootKind::kDirectKernel;
  return std::nullopt;
}

// A TEE guest from a template made for another kind mostly fails late and with obscure messages.
Result<void> CheckFits(const std::string& origin, std::optional<Tee> made_for_tee,
                       std::optional<BootKind> made_for_boot, const DomainSpec& spec) {
  const Tee tee = TeeOf(spec.launch_security);
  if (made_for_tee && *made_for_tee != tee) {
    return Fail(ErrorCode::kInvalidArgument, "domain template {}: made for tee {}, the CVM has {}",
                origin, TeeName(*made_for_tee), TeeName(tee));
  }
  const std::optional<BootKind> boot = BootKindOf(spec);
  if (made_for_boot && made_for_boot != boot) {
    return Fail(ErrorCode::kInvalidArgument,
                "domain template {}: made for boot by {}, the CVM boots by {}", origin,
                BootKindName(*made_for_boot), boot ? BootKindName(*boot) : "its disk");
  }
  return {};
}

}  // namespace

Result<std::string> RenderDomainXml(const DomainTemplate& domain_template, const DomainSpec& spec) {
  COCOS_TRY(CheckSpec(spec));
  const DomainTemplate::Document& document = *domain_template.document_;
  COCOS_TRY(CheckFits(domain_template.origin(), document.tee, document.boot, spec));
  const XmlDocHandle copy(xmlCopyDoc(document.xml.get(), /*recursive=*/1));
  COCOS_CHECK(copy != nullptr);
  const Element domain(xmlDocGetRootElement(copy.get()));
  FillIdentity(domain, spec);
  FillMemory(domain, spec);
  FillCpus(domain, spec);
  FillBoot(domain, spec);
  AddDevices(ChildOfDomain(domain, "devices"), spec);
  FillSecurity(domain, spec);
  return ToText(domain);
}

}  // namespace cocos::domain
