// Whatever a value holds, it stays a value: it is refused with the name of its field, or the domain
// has the structure it has with a harmless value, and libvirt reads the value back as it was given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <random>

#include "domain/render.h"
#include "support/result_matchers.h"
#include "unit/domain/sample_specs.h"
#include "unit/domain/xml_inspect.h"

namespace cocos::domain::testing {
namespace {

struct Field {
  const char* name;  // as errors spell it
  std::function<std::string&(DomainSpec&)> value;
  const char* xpath;  // where libvirt, or ParseMetadataXml, reads it
};

PflashFirmware& PflashOf(DomainSpec& spec) { return std::get<PflashFirmware>(spec.firmware); }
SevSnp& SnpOf(DomainSpec& spec) { return std::get<SevSnp>(spec.launch_security); }
Tdx& TdxOf(DomainSpec& spec) { return std::get<Tdx>(spec.launch_security); }

std::vector<Field> CommonFields() {
  return {
      {"name", [](DomainSpec& s) -> std::string& { return s.name; }, "/domain/name"},
      {"metadata.id", [](DomainSpec& s) -> std::string& { return s.metadata.id; }, "/domain/uuid"},
      {"metadata.instance_id", [](DomainSpec& s) -> std::string& { return s.metadata.instance_id; },
       "//cocos:instance"},
      {"metadata.class_name", [](DomainSpec& s) -> std::string& { return s.metadata.class_name; },
       "//cocos:class"},
      {"metadata.agent_bind_address",
       [](DomainSpec& s) -> std::string& { return s.metadata.agent_bind_address; },
       "//cocos:agentAddress"},
      {"metadata.computation_id",
       [](DomainSpec& s) -> std::string& { return s.metadata.computation_id; },
       "//cocos:computation"},
      {"metadata.trace_id", [](DomainSpec& s) -> std::string& { return s.metadata.trace_id; },
       "//cocos:traceId"},
      {"metadata.kernel_command_line",
       [](DomainSpec& s) -> std::string& { return s.metadata.kernel_command_line; },
       "//cocos:kernelCommandLine"},
      {"metadata.reference_values",
       [](DomainSpec& s) -> std::string& { return s.metadata.reference_values["host-data"]; },
       "//cocos:reference[@name='host-data']"},
      {"machine", [](DomainSpec& s) -> std::string& { return s.machine; },
       "/domain/os/type/@machine"},
      {"kernel.kernel_path", [](DomainSpec& s) -> std::string& { return s.kernel->kernel_path; },
       "/domain/os/kernel"},
      {"kernel.initrd_path", [](DomainSpec& s) -> std::string& { return s.kernel->initrd_path; },
       "/domain/os/initrd"},
      {"kernel.command_line", [](DomainSpec& s) -> std::string& { return s.kernel->command_line; },
       "/domain/os/cmdline"},
      {"network.bind_address", [](DomainSpec& s) -> std::string& { return s.network.bind_address; },
       "//portForward/@address"},
      {"certs_dir", [](DomainSpec& s) -> std::string& { return s.certs_dir; },
       "//filesystem[target/@dir='certs_share']/source/@dir"},
      {"env_dir", [](DomainSpec& s) -> std::string& { return s.env_dir; },
       "//filesystem[target/@dir='env_share']/source/@dir"},
      {"console_log_path", [](DomainSpec& s) -> std::string& { return s.console_log_path; },
       "//serial/source/@path"},
  };
}

std::vector<Field> PlainUefiFields() {
  return {
      {"emulator", [](DomainSpec& s) -> std::string& { return s.emulator; }, "//emulator"},
      {"cpu_model", [](DomainSpec& s) -> std::string& { return s.cpu_model; }, "/domain/cpu/model"},
      {"firmware.code_path", [](DomainSpec& s) -> std::string& { return PflashOf(s).code_path; },
       "/domain/os/loader"},
      {"firmware.vars_template_path",
       [](DomainSpec& s) -> std::string& { return PflashOf(s).vars_template_path; },
       "/domain/os/nvram/@template"},
      {"firmware.nvram_path", [](DomainSpec& s) -> std::string& { return PflashOf(s).nvram_path; },
       "/domain/os/nvram"},
  };
}

std::vector<Field> DirectKernelFields() {
  return {{"network.rom_file", [](DomainSpec& s) -> std::string& { return s.network.rom_file; },
           "//interface/rom/@file"}};
}

std::vector<Field> IgvmFields() {
  return {{"igvm_path", [](DomainSpec& s) -> std::string& { return s.igvm_path; },
           "//qemu:arg[starts-with(@value, 'igvm-cfg,')]/@value"}};
}

std::vector<Field> OvmfFields() {
  return {
      {"firmware.path",
       [](DomainSpec& s) -> std::string& { return std::get<RomFirmware>(s.firmware).path; },
       "/domain/os/loader"},
      {"launch_security.host_data",
       [](DomainSpec& s) -> std::string& { return SnpOf(s).host_data_base64; }, "//hostData"},
      {"launch_security.id_block",
       [](DomainSpec& s) -> std::string& { return SnpOf(s).id_block_base64; }, "//idBlock"},
      {"launch_security.id_auth",
       [](DomainSpec& s) -> std::string& { return SnpOf(s).id_auth_base64; }, "//idAuth"},
      {"launch_security.guest_visible_workarounds",
       [](DomainSpec& s) -> std::string& { return SnpOf(s).guest_visible_workarounds_base64; },
       "//guestVisibleWorkarounds"},
  };
}

std::vector<Field> TdxFields() {
  return {
      {"launch_security.mr_config_id",
       [](DomainSpec& s) -> std::string& { return TdxOf(s).mr_config_id_base64; }, "//mrConfigId"},
      {"launch_security.mr_owner",
       [](DomainSpec& s) -> std::string& { return TdxOf(s).mr_owner_base64; }, "//mrOwner"},
      {"launch_security.mr_owner_config",
       [](DomainSpec& s) -> std::string& { return TdxOf(s).mr_owner_config_base64; },
       "//mrOwnerConfig"},
      {"launch_security.quote_generation_socket",
       [](DomainSpec& s) -> std::string& { return *TdxOf(s).quote_generation_socket; },
       "//quoteGenerationService/@path"},
  };
}

struct Family {
  Sample sample;
  std::vector<Field> fields;
};

std::vector<Family> Families() {
  return {{{"plain-uefi", PlainUefi()}, PlainUefiFields()},
          {{"plain-uefi", PlainUefi()}, CommonFields()},
          {{"direct-kernel", DirectKernelBoot()}, DirectKernelFields()},
          {{"sev-snp-igvm", SevSnpIgvm()}, IgvmFields()},
          {{"sev-snp-ovmf", SevSnpOvmf()}, OvmfFields()},
          {{"tdx", TdxGuest()}, TdxFields()}};
}

using namespace std::string_view_literals;

constexpr std::array kFragments = {"<"sv,
                                   ">"sv,
                                   "&"sv,
                                   "\""sv,
                                   "'"sv,
                                   "]]>"sv,
                                   "<![CDATA["sv,
                                   "&lt;"sv,
                                   "&amp;"sv,
                                   "&#0;"sv,
                                   "&#x3c;"sv,
                                   "&undefined;"sv,
                                   "%pe;"sv,
                                   "</name>"sv,
                                   "</domain>"sv,
                                   "<domain>"sv,
                                   "<!--"sv,
                                   "-->"sv,
                                   "<?php ?>"sv,
                                   "<!DOCTYPE a [<!ENTITY b 'c'>]>"sv,
                                   "' xmlns='urn:x"sv,
                                   "\" xmlns:qemu=\"x"sv,
                                   ","sv,
                                   ",,"sv,
                                   ",id=x"sv,
                                   "/"sv,
                                   "/../"sv,
                                   " "sv,
                                   "  "sv,
                                   "\t"sv,
                                   "\n"sv,
                                   "\r"sv,
                                   "\r\n"sv,
                                   "\0"sv,
                                   "\x01"sv,
                                   "\x1b[31m"sv,
                                   "\x7f"sv,
                                   "\xc2\x85"sv,
                                   "\xff"sv,
                                   "\xc0\xaf"sv,
                                   "\xed\xa0\x80"sv,
                                   "\xef\xbf\xbe"sv,
                                   "\xf4\x90\x80\x80"sv,
                                   "\xe2\x80"sv,
                                   "\xc3\xa9"sv,
                                   "\xe2\x80\xae"sv,
                                   "\xf0\x9f\x98\x80"sv,
                                   "a"sv,
                                   "Z9"sv,
                                   "=="sv,
                                   "${x}"sv,
                                   "{}"sv,
                                   "%s%n"sv};

class HostileValues {
 public:
  explicit HostileValues(unsigned seed) : random_(seed) {}

  // Half of the values look like paths and half are free of what is always refused, so that enough
  // of them get past the checks.
  std::string Next() {
    const bool harmless_bytes = Pick(2) == 0;
    std::string value = Pick(2) == 0 ? "/" : "";
    const std::size_t pieces = 1 + Pick(6);
    for (std::size_t i = 0; i < pieces; ++i) Append(value, harmless_bytes);
    if (Pick(50) == 0) value.append(10'000, 'x');
    return value;
  }

 private:
  std::size_t Pick(std::size_t bound) { return random_() % bound; }

  void Append(std::string& value, bool harmless_bytes) {
    if (!harmless_bytes && Pick(10) == 0) {
      value += static_cast<char>(Pick(256));
      return;
    }
    std::string_view fragment = kFragments[Pick(kFragments.size())];
    while (harmless_bytes && fragment.find_first_not_of(kPrintable) != std::string_view::npos) {
      fragment = kFragments[Pick(kFragments.size())];
    }
    value += fragment;
  }

  static constexpr std::string_view kPrintable =
      " !\"#$%&'()*+,-./"
      "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz"
      "{|}~";
  std::mt19937 random_;
};

std::string Unescaped(std::string igvm_argument) {
  const std::string prefix = "igvm-cfg,id=igvm0,file=";
  std::string path = igvm_argument.substr(prefix.size());
  for (std::size_t at = path.find(",,"); at != std::string::npos; at = path.find(",,", at + 1)) {
    path.erase(at, 1);
  }
  return path;
}

std::string ReadBack(const Inspected& domain, const Field& field) {
  const std::string text = domain.One(field.xpath);
  return field.name == "igvm_path"sv ? Unescaped(text) : text;
}

class HostileValue : public ::testing::TestWithParam<std::size_t> {
 protected:
  void Try(const Field& field, const std::string& value);

  const Family family_ = Families().at(GetParam());
  const DomainTemplate template_ = ShippedTemplate(family_.sample.name);
  const std::string structure_ =
      Inspected(*RenderDomainXml(template_, family_.sample.spec)).Structure();
  int accepted_ = 0;
  int refused_ = 0;
};

void HostileValue::Try(const Field& field, const std::string& value) {
  DomainSpec spec = family_.sample.spec;
  field.value(spec) = value;
  const Result<std::string> rendered = RenderDomainXml(template_, spec);
  if (!rendered) {
    ++refused_;
    EXPECT_EQ(rendered.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(rendered.error().message(), ::testing::HasSubstr(field.name));
    return;
  }
  ++accepted_;
  const Inspected domain(*rendered);
  EXPECT_EQ(domain.Structure(), structure_) << field.name << " = " << value;
  EXPECT_EQ(ReadBack(domain, field), value) << field.name;
  if (accepted_ % 16 == 0 && HasSchema() && family_.sample.name != "tdx") {
    EXPECT_EQ(domain.SchemaErrors(), "") << field.name << " = " << value;
  }
}

TEST_P(HostileValue, StaysAValueOrIsRefused) {
  constexpr int kValuesPerField = 300;
  HostileValues values(/*seed=*/20260101);

  for (const Field& field : family_.fields) {
    for (int i = 0; i < kValuesPerField && !HasFailure(); ++i) Try(field, values.Next());
  }

  EXPECT_GT(accepted_, 20);
  EXPECT_GT(refused_, 20);
}

INSTANTIATE_TEST_SUITE_P(EveryField, HostileValue, ::testing::Range<std::size_t>(0, 6));

TEST(HostileValueInName, OfAReferenceValueStaysAValue) {
  DomainSpec spec = PlainUefi();
  const std::string name = "a'\"<b/>&lt;]]>";
  spec.metadata.reference_values = {{name, "ab"}};

  const Result<std::string> rendered = RenderDomainXml(ShippedTemplate("plain-uefi"), spec);

  ASSERT_THAT(rendered, ::cocos::testing::Succeeds());
  EXPECT_EQ(Inspected(*rendered).One("//cocos:reference/@name"), name);
}

TEST(HostileValueInPath, EscapesCommasForQemu) {
  DomainSpec spec = SevSnpIgvm();
  spec.igvm_path = "/img/a,file=/etc/shadow";

  const Result<std::string> rendered = RenderDomainXml(ShippedTemplate("sev-snp-igvm"), spec);

  ASSERT_THAT(rendered, ::cocos::testing::Succeeds());
  EXPECT_THAT(Inspected(*rendered).All("//qemu:arg/@value"),
              ::testing::Contains("igvm-cfg,id=igvm0,file=/img/a,,file=/etc/shadow"));
}

}  // namespace
}  // namespace cocos::domain::testing
