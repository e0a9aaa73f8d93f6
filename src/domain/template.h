// What a parsed template holds; shared by template.cc and render.cc.
#pragma once

#include <optional>
#include <string_view>

#include "domain/render.h"
#include "domain/xml.h"

namespace cocos::domain {

// How a guest made from a template boots.
enum class BootKind { kDirectKernel, kPflash, kRom, kIgvm };
// "direct-kernel", "pflash", "rom", "igvm".
std::string_view BootKindName(BootKind boot);

// The mark in a template's <metadata> that says what kind of guest it is for:
//   <guest xmlns='urn:cocos-manager:template:1' tee='sev-snp' boot='igvm'/>
// Each attribute may be left out, and the whole mark too: then the template suits any guest.
inline constexpr std::string_view kTemplateNamespace = "urn:cocos-manager:template:1";

struct DomainTemplate::Document {
  XmlDocHandle xml;  // read by many threads at once, hence never changed
  std::optional<Tee> tee;
  std::optional<BootKind> boot;
};

}  // namespace cocos::domain
