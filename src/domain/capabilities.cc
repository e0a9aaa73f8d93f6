#include "domain/capabilities.h"

#include <charconv>

#include "domain/xml.h"

namespace cocos::domain {
namespace {

constexpr std::string_view kOrigin = "domain capabilities";

bool IsSupported(Element element) { return element && element.Attribute("supported") == "yes"; }

std::string ChildText(Element parent, std::string_view name) {
  const Element child = parent.Child(name);
  return child ? child.Text() : std::string();
}

Result<std::optional<unsigned>> ReadNumber(Element parent, std::string_view name) {
  const Element child = parent.Child(name);
  if (!child) return std::optional<unsigned>();
  const std::string text = child.Text();
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || parsed_to != end) {
    return Fail(ErrorCode::kMalformed, "{}: <{}> \"{}\": want a decimal number", kOrigin, name,
                text);
  }
  return std::optional<unsigned>(value);
}

bool OffersTee(Element launch_security, std::string_view tee) {
  if (!IsSupported(launch_security)) return false;
  for (const Element& list : launch_security.Children("enum")) {
    if (list.Attribute("name") != "sectype") continue;
    for (const Element& value : list.Children("value")) {
      if (value.Text() == tee) return true;
    }
  }
  return false;
}

Result<void> ReadFeatures(Element features, DomainCapabilities& result) {
  const Element launch_security = features.Child("launchSecurity");
  result.sev_snp = OffersTee(launch_security, "sev-snp");
  result.tdx = OffersTee(launch_security, "tdx");
  const Element sev = features.Child("sev");
  if (!IsSupported(sev)) return {};
  result.sev_cbitpos = COCOS_TRY(ReadNumber(sev, "cbitpos"));
  result.sev_reduced_phys_bits = COCOS_TRY(ReadNumber(sev, "reducedPhysBits"));
  return {};
}

}  // namespace

Result<DomainCapabilities> ParseDomainCapabilities(std::string_view xml) {
  const XmlDocHandle document = COCOS_TRY(ParseXml(xml, kOrigin, ErrorCode::kMalformed));
  const Element root(xmlDocGetRootElement(document.get()));
  if (root.Name() != "domainCapabilities") {
    return Fail(ErrorCode::kMalformed, "{}: <{}>, want <domainCapabilities>", kOrigin, root.Name());
  }
  DomainCapabilities result;
  result.emulator = ChildText(root, "path");
  result.domain_type = ChildText(root, "domain");
  if (const Element features = root.Child("features")) COCOS_TRY(ReadFeatures(features, result));
  return result;
}

}  // namespace cocos::domain
