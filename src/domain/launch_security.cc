#include "domain/launch_security.h"

#include "domain/ownership.h"

namespace cocos::domain {
namespace {

void SetYesNo(Element element, const char* attribute, std::optional<bool> value) {
  if (value) element.Set(attribute, *value ? "yes" : "no");
}

void AddUnlessEmpty(Element parent, const char* name, const std::string& value) {
  if (!value.empty()) parent.Add(name).SetText(value);
}

// libvirt's schema wants lower-case hexadecimal digits.
std::string Hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

void FillSevSnp(Element element, const SevSnp& snp) {
  element.Set("type", "sev-snp");
  SetYesNo(element, "kernelHashes", snp.kernel_hashes);
  SetYesNo(element, "authorKey", snp.author_key);
  SetYesNo(element, "vcek", snp.vcek);
  if (snp.cbitpos) element.Add("cbitpos").SetText(std::to_string(*snp.cbitpos));
  if (snp.reduced_phys_bits) {
    element.Add("reducedPhysBits").SetText(std::to_string(*snp.reduced_phys_bits));
  }
  element.Add("policy").SetText(Hex(snp.policy));
  AddUnlessEmpty(element, "guestVisibleWorkarounds", snp.guest_visible_workarounds_base64);
  AddUnlessEmpty(element, "idBlock", snp.id_block_base64);
  AddUnlessEmpty(element, "idAuth", snp.id_auth_base64);
  AddUnlessEmpty(element, "hostData", snp.host_data_base64);
}

void FillTdx(Element element, const Tdx& tdx) {
  element.Set("type", "tdx");
  if (tdx.policy) element.Add("policy").SetText(Hex(*tdx.policy));
  AddUnlessEmpty(element, "mrConfigId", tdx.mr_config_id_base64);
  AddUnlessEmpty(element, "mrOwner", tdx.mr_owner_base64);
  AddUnlessEmpty(element, "mrOwnerConfig", tdx.mr_owner_config_base64);
  if (!tdx.quote_generation_socket) return;
  const Element service = element.Add("quoteGenerationService");
  if (!tdx.quote_generation_socket->empty()) service.Set("path", *tdx.quote_generation_socket);
}

// QEMU splits option values at commas; a doubled one stands for itself.
std::string EscapeCommas(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    escaped += c;
    if (c == ',') escaped += c;
  }
  return escaped;
}

// The administrator's <qemu:commandline> or a new one. Children share its namespace.
Element QemuCommandLine(Element domain) {
  for (const Element& child : domain.Children()) {
    if (child.Namespace() == kQemuNamespace && child.Name() == "commandline") return child;
  }
  xmlNs* qemu = DeclareNamespace(domain, "qemu", kQemuNamespace);
  const Element command_line = domain.Add("commandline");
  xmlSetNs(command_line.get(), qemu);
  return command_line;
}

void AddArgument(Element command_line, std::string_view value) {
  command_line.Add("arg").Set("value", value);
}

}  // namespace

void FillLaunchSecurity(Element element, const LaunchSecurity& launch_security) {
  if (const auto* snp = std::get_if<SevSnp>(&launch_security)) FillSevSnp(element, *snp);
  if (const auto* tdx = std::get_if<Tdx>(&launch_security)) FillTdx(element, *tdx);
}

void AddIgvm(Element domain, const std::string& igvm_path) {
  const Element command_line = QemuCommandLine(domain);
  AddArgument(command_line, "-object");
  AddArgument(command_line, fmt::format("igvm-cfg,id=igvm0,file={}", EscapeCommas(igvm_path)));
  // QEMU merges this with the -machine that libvirt writes.
  AddArgument(command_line, "-machine");
  AddArgument(command_line, "igvm-cfg=igvm0");
}

}  // namespace cocos::domain
