// Prints the domain of one of the sample CVMs, for domain_argv_test.py.
//
// Usage: render_sample <sample> [<key>=<value>...]
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "domain/render.h"
#include "unit/domain/sample_specs.h"

namespace cocos::domain::testing {
namespace {

using Setter = std::function<void(DomainSpec&, const std::string&)>;

const std::map<std::string, Setter>& Setters() {
  static const std::map<std::string, Setter> setters = {
      {"hypervisor",
       [](DomainSpec& spec, const std::string& value) {
         spec.hypervisor = value == "test"   ? Hypervisor::kTest
                           : value == "qemu" ? Hypervisor::kQemu
                                             : Hypervisor::kKvm;
       }},
      {"cpu", [](DomainSpec& spec, const std::string& value) { spec.cpu_model = value; }},
      {"memory_mib",
       [](DomainSpec& spec, const std::string& value) { spec.memory_mib = std::stoul(value); }},
      {"max_vcpus",
       [](DomainSpec& spec, const std::string& value) {
         spec.max_vcpus = static_cast<unsigned>(std::stoul(value));
       }},
      {"port",
       [](DomainSpec& spec, const std::string& value) {
         spec.network.host_port = static_cast<std::uint16_t>(std::stoul(value));
       }},
      {"kernel",
       [](DomainSpec& spec, const std::string& value) { spec.kernel->kernel_path = value; }},
      {"initrd",
       [](DomainSpec& spec, const std::string& value) { spec.kernel->initrd_path = value; }},
      {"certs", [](DomainSpec& spec, const std::string& value) { spec.certs_dir = value; }},
      {"env", [](DomainSpec& spec, const std::string& value) { spec.env_dir = value; }},
      {"console",
       [](DomainSpec& spec, const std::string& value) { spec.console_log_path = value; }},
      {"nvram",
       [](DomainSpec& spec, const std::string& value) {
         std::get<PflashFirmware>(spec.firmware).nvram_path = value;
       }},
      {"rom_file",
       [](DomainSpec& spec, const std::string& value) { spec.network.rom_file = value; }},
      {"vsock", [](DomainSpec& spec, const std::string&) { spec.metadata.vsock_cid.reset(); }},
  };
  return setters;
}

bool Apply(DomainSpec& spec, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const auto setter = Setters().find(setting.substr(0, equals));
  if (equals == std::string::npos || setter == Setters().end()) return false;
  setter->second(spec, setting.substr(equals + 1));
  return true;
}

int Print(const std::string& name, int count, char** settings) {
  for (Sample& sample : AllSamples()) {
    if (sample.name != name) continue;
    for (int i = 0; i < count; ++i) {
      if (!Apply(sample.spec, settings[i])) return 64;
    }
    const Result<std::string> xml =
        RenderDomainXml(ShippedTemplate(sample.template_name), sample.spec);
    if (!xml) {
      std::fprintf(stderr, "%s\n", xml.error().message().c_str());
      return 1;
    }
    std::fputs(xml->c_str(), stdout);
    return 0;
  }
  return 64;
}

}  // namespace
}  // namespace cocos::domain::testing

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  return cocos::domain::testing::Print(argv[1], argc - 2, argv + 2);
}
