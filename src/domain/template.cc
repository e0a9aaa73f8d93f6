#include "domain/template.h"

#include <array>
#include <vector>

#include "domain/ownership.h"

namespace cocos::domain {
namespace {

constexpr std::array kBootKinds = {BootKind::kDirectKernel, BootKind::kPflash, BootKind::kRom,
                                   BootKind::kIgvm};

std::optional<BootKind> BootKindFromName(std::string_view name) {
  for (const BootKind boot : kBootKinds) {
    if (BootKindName(boot) == name) return boot;
  }
  return std::nullopt;
}

// libvirt takes the first of repeated elements in some places and the last in others.
constexpr std::array kOnlyOnce = {"name", "metadata", "os", "cpu", "devices"};

Result<void> CheckRepeats(Element domain, std::string_view origin) {
  for (const char* name : kOnlyOnce) {
    const std::vector<Element> found = domain.Children(name);
    if (found.size() < 2) continue;
    return Fail(ErrorCode::kInvalidArgument, "{}, line {}: a second <{}>, want one", origin,
                found[1].Line(), name);
  }
  return {};
}

Result<void> CheckRoot(Element root, std::string_view origin) {
  if (root.Name() != "domain" || !root.Namespace().empty()) {
    return Fail(ErrorCode::kInvalidArgument, "{}, line {}: <{}>, want <domain> without namespace",
                origin, root.Line(), root.Name());
  }
  if (root.Attribute("type") != "kvm") {
    return Fail(
        ErrorCode::kInvalidArgument,
        "{}, line {}: <domain type='{}'>, want type='kvm' (the manager changes it where KVM "
        "is off)",
        origin, root.Line(), root.Attribute("type"));
  }
  return {};
}

Result<void> CheckOsType(Element domain, std::string_view origin) {
  const Element os = domain.Child("os");
  const Element type = os ? os.Child("type") : Element(nullptr);
  if (!type) return {};
  const bool is_x86 = !type.HasAttribute("arch") || type.Attribute("arch") == "x86_64";
  if (type.Text() == "hvm" && is_x86) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "{}, line {}: <type arch='{}'>{}</type>, want <type arch='x86_64'>hvm</type>", origin,
              type.Line(), type.Attribute("arch"), type.Text());
}

// The template's mark; empty if it has none.
Element FindMark(Element domain) {
  const Element metadata = domain.Child("metadata");
  if (!metadata) return Element(nullptr);
  for (const Element& child : metadata.Children()) {
    if (child.Name() == "guest" && child.Namespace() == kTemplateNamespace) return child;
  }
  return Element(nullptr);
}

tl::unexpected<Error> FailMark(Element mark, std::string_view origin, const char* attribute,
                               std::string_view accepted) {
  return Fail(ErrorCode::kInvalidArgument, "{}, line {}: <guest {}='{}'>, want {}", origin,
              mark.Line(), attribute, mark.Attribute(attribute), accepted);
}

Result<void> ReadMark(Element domain, std::string_view origin, std::optional<Tee>& tee,
                      std::optional<BootKind>& boot) {
  const Element mark = FindMark(domain);
  if (!mark) return {};
  if (mark.HasAttribute("tee")) {
    tee = TeeFromName(mark.Attribute("tee"));
    if (!tee) return FailMark(mark, origin, "tee", "none, sev-snp or tdx");
  }
  if (mark.HasAttribute("boot")) {
    boot = BootKindFromName(mark.Attribute("boot"));
    if (!boot) return FailMark(mark, origin, "boot", "direct-kernel, pflash, rom or igvm");
  }
  return {};
}

// It has done its work: the domain's metadata says which TEE the CVM has.
void RemoveMark(Element domain) {
  const Element mark = FindMark(domain);
  if (!mark) return;
  xmlUnlinkNode(mark.get());
  xmlFreeNode(mark.get());
}

}  // namespace

std::string_view BootKindName(BootKind boot) {
  switch (boot) {
    case BootKind::kDirectKernel:
      return "direct-kernel";
    case BootKind::kPflash:
      return "pflash";
    case BootKind::kRom:
      return "rom";
    case BootKind::kIgvm:
      return "igvm";
  }
  return "direct-kernel";
}

Result<DomainTemplate> DomainTemplate::Parse(std::string_view xml, std::string origin) {
  const std::string context = fmt::format("domain template {}", origin);
  auto document = std::make_shared<Document>();
  document->xml = COCOS_TRY(ParseXml(xml, context, ErrorCode::kInvalidArgument));
  const Element domain(xmlDocGetRootElement(document->xml.get()));
  COCOS_TRY(CheckRoot(domain, context));
  COCOS_TRY(CheckRepeats(domain, context));
  COCOS_TRY(CheckNothingOwned(domain, context));
  COCOS_TRY(CheckOsType(domain, context));
  COCOS_TRY(ReadMark(domain, context, document->tee, document->boot));
  RemoveMark(domain);
  return DomainTemplate(std::move(document), std::move(origin));
}

}  // namespace cocos::domain
