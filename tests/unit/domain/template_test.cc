#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/render.h"
#include "support/result_matchers.h"

namespace cocos::domain {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;

Result<DomainTemplate> Parse(const std::string& xml) {
  return DomainTemplate::Parse(xml, "/etc/cocos/site.xml");
}

// The inside stands on line 2.
Result<DomainTemplate> ParseWith(const std::string& inside) {
  return Parse("<domain type='kvm'>\n" + inside + "\n</domain>");
}

auto Refused(const std::string& what) {
  return FailsWith(ErrorCode::kInvalidArgument, HasSubstr(what));
}

TEST(TemplateParse, KeepsTheOriginForMessages) {
  const Result<DomainTemplate> parsed = ParseWith("");

  ASSERT_THAT(parsed, Succeeds());
  EXPECT_EQ(parsed->origin(), "/etc/cocos/site.xml");
}

TEST(TemplateParse, NamesOriginAndLineOfASyntaxError) {
  EXPECT_THAT(Parse("<domain type='kvm'>\n\n<os></domain>"),
              Refused("/etc/cocos/site.xml, line 3: Opening and ending tag mismatch"));
}

TEST(TemplateParse, RefusesAnEmptyText) { EXPECT_THAT(Parse(""), Refused("line 1")); }

TEST(TemplateParse, RefusesADocumentTypeDeclaration) {
  EXPECT_THAT(Parse("<?xml version='1.0'?>\n<!DOCTYPE domain [<!ENTITY a 'b'>]>\n<domain/>"),
              Refused("line 2: a document type declaration is not allowed"));
}

TEST(TemplateParse, RefusesEntitiesThatWouldGrow) {
  std::string xml = "<!DOCTYPE d [<!ENTITY a0 'aaaaaaaaaa'>";
  for (int i = 1; i < 12; ++i) {
    xml += fmt::format("<!ENTITY a{} '&a{};&a{};&a{};&a{};&a{};&a{};&a{};&a{};'>", i, i - 1, i - 1,
                       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
  }
  xml += "]><domain type='kvm'><title>&a11;</title></domain>";

  EXPECT_THAT(Parse(xml), Refused("document type declaration"));
}

TEST(TemplateParse, DoesNotReadOtherFiles) {
  EXPECT_THAT(Parse("<!DOCTYPE d SYSTEM 'file:///etc/passwd'><domain type='kvm'/>"),
              Refused("document type declaration"));
}

TEST(TemplateParse, RefusesMoreThanAMebibyte) {
  const std::string comment(1u << 20, ' ');

  EXPECT_THAT(ParseWith("<!--" + comment + "-->"), Refused("want at most 1048576"));
}

TEST(TemplateParse, RefusesEndlessNesting) {
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "<a>";

  EXPECT_THAT(ParseWith(deep), Refused("line 2"));
}

TEST(TemplateParse, RefusesInvalidUtf8) {
  EXPECT_THAT(ParseWith("<title>\xff\xfe</title>"), Refused("line 2"));
}

TEST(TemplateRoot, MustBeADomain) {
  EXPECT_THAT(Parse("<network type='kvm'/>"), Refused("<network>, want <domain>"));
  EXPECT_THAT(Parse("<domain xmlns='urn:x' type='kvm'/>"), Refused("without namespace"));
}

TEST(TemplateRoot, MustBeOfTypeKvm) {
  EXPECT_THAT(Parse("<domain type='qemu'/>"), Refused("<domain type='qemu'>, want type='kvm'"));
  EXPECT_THAT(Parse("<domain/>"), Refused("want type='kvm'"));
}

TEST(TemplateRoot, HasMostElementsOnce) {
  EXPECT_THAT(ParseWith("<devices/>\n<devices/>"), Refused("line 3: a second <devices>"));
}

TEST(TemplateOs, MustBeAFullyVirtualizedX86Machine) {
  EXPECT_THAT(ParseWith("<os><type arch='x86_64'>hvm</type></os>"), Succeeds());
  EXPECT_THAT(ParseWith("<os><type>hvm</type></os>"), Succeeds());
  EXPECT_THAT(ParseWith("<os><type arch='aarch64'>hvm</type></os>"), Refused("arch='aarch64'"));
  EXPECT_THAT(ParseWith("<os><type>exe</type></os>"), Refused("want <type arch='x86_64'>hvm"));
}

TEST(TemplateName, MayBeThePlaceholderOnly) {
  EXPECT_THAT(ParseWith("<name>filled-in-by-cocos-manager</name>"), Succeeds());
  EXPECT_THAT(ParseWith("<name>my-vm</name>"),
              Refused("line 2: <name> is set by the manager from the CVM's id"));
}

// One line for each thing the manager owns, and how the error spells it.
struct OwnedCase {
  const char* inside;
  const char* spelled;
};

class OwnedPart : public ::testing::TestWithParam<OwnedCase> {};

TEST_P(OwnedPart, IsRefusedWithItsNameAndLine) {
  EXPECT_THAT(
      ParseWith(GetParam().inside),
      FailsWith(ErrorCode::kInvalidArgument,
                AllOf(HasSubstr("/etc/cocos/site.xml, line 2: "),
                      HasSubstr(std::string(GetParam().spelled) + " is set by the manager"))));
}

constexpr OwnedCase kOwnedCases[] = {
    {"<uuid>4f3d6c5e-6b1f-4c0a-9d55-0a1b2c3d4e5f</uuid>", "<uuid>"},
    {"<memory>1</memory>", "<memory>"},
    {"<currentMemory>1</currentMemory>", "<currentMemory>"},
    {"<maxMemory>1</maxMemory>", "<maxMemory>"},
    {"<vcpu>1</vcpu>", "<vcpu>"},
    {"<vcpus><vcpu id='0' enabled='yes'/></vcpus>", "<vcpus>"},
    {"<cpu mode='host-model'/>", "attribute mode of <cpu>"},
    {"<cpu match='exact'/>", "attribute match of <cpu>"},
    {"<cpu check='full'/>", "attribute check of <cpu>"},
    {"<cpu migratable='on'/>", "attribute migratable of <cpu>"},
    {"<cpu><model>EPYC</model></cpu>", "<cpu><model>"},
    {"<cpu><topology sockets='1' cores='1' threads='1'/></cpu>", "<cpu><topology>"},
    {"<cpu><numa/></cpu>", "<cpu><numa>"},
    {"<os firmware='efi'/>", "attribute firmware of <os>"},
    {"<os><type machine='q35'>hvm</type></os>", "attribute machine of <os><type>"},
    {"<os><firmware/></os>", "<os><firmware>"},
    {"<os><loader>/a</loader></os>", "<os><loader>"},
    {"<os><nvram>/a</nvram></os>", "<os><nvram>"},
    {"<os><varstore/></os>", "<os><varstore>"},
    {"<os><kernel>/a</kernel></os>", "<os><kernel>"},
    {"<os><initrd>/a</initrd></os>", "<os><initrd>"},
    {"<os><cmdline>a</cmdline></os>", "<os><cmdline>"},
    {"<os><shim>/a</shim></os>", "<os><shim>"},
    {"<devices><emulator>/a</emulator></devices>", "<devices><emulator>"},
    {"<devices><interface type='user'/></devices>", "<devices><interface>"},
    {"<devices><interface type='network'/></devices>", "<devices><interface>"},
    {"<devices><serial type='pty'/></devices>", "<devices><serial>"},
    {"<devices><console type='pty'/></devices>", "<devices><console>"},
    {"<devices><vsock/></devices>", "<devices><vsock>"},
    {"<devices><tpm model='tpm-crb'><backend type='emulator'/></tpm></devices>", "<devices><tpm>"},
    {"<devices><filesystem><target dir='certs_share'/></filesystem></devices>",
     "<filesystem> with mount tag certs_share"},
    {"<devices><filesystem><target dir='env_share'/></filesystem></devices>",
     "<filesystem> with mount tag env_share"},
    {"<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>",
     "<launchSecurity>"},
    {"<metadata><c:cvm xmlns:c='urn:cocos-manager:cvm:1'/></metadata>",
     "metadata of namespace urn:cocos-manager:cvm:1"},
};

INSTANTIATE_TEST_SUITE_P(Each, OwnedPart, ::testing::ValuesIn(kOwnedCases));

Result<DomainTemplate> ParseWithQemu(const std::string& inside) {
  return ParseWith("<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>" +
                   inside + "</qemu:commandline>");
}

TEST(TemplateQemuArguments, MayAddWhatTheManagerDoesNotSet) {
  EXPECT_THAT(ParseWithQemu("<qemu:arg value='-fw_cfg'/><qemu:arg value='name=opt/x,string=1'/>"
                            "<qemu:env name='m' value='1'/>"),
              Succeeds());
  // A value that merely reads like the name of an option.
  EXPECT_THAT(ParseWithQemu("<qemu:arg value='-D'/><qemu:arg value='kernel'/>"), Succeeds());
}

TEST(TemplateQemuArguments, MayNotOverrideWhatTheManagerSets) {
  EXPECT_THAT(ParseWithQemu("<qemu:arg value='-append'/>"), Refused("QEMU argument \"-append\""));
  EXPECT_THAT(ParseWithQemu("<qemu:arg value='--kernel'/>"), Refused("QEMU argument \"--kernel\""));
  EXPECT_THAT(ParseWithQemu("<qemu:arg value='igvm-cfg,id=a,file=/b'/>"), Refused("igvm-cfg"));
  EXPECT_THAT(ParseWithQemu("<qemu:arg value='confidential-guest-support=a'/>"),
              Refused("confidential-guest-support"));
}

TEST(TemplateQemuCapabilities, AreForTestsOnly) {
  EXPECT_THAT(ParseWith("<q:capabilities xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
                        "<q:add capability='sev-snp-guest'/></q:capabilities>"),
              Refused("line 2: <qemu:capabilities>"));
}

TEST(TemplateMark, NamesAKnownTeeAndWayToBoot) {
  const auto with_mark = [](const std::string& attributes) {
    return ParseWith("<metadata><guest xmlns='urn:cocos-manager:template:1' " + attributes +
                     "/></metadata>");
  };

  EXPECT_THAT(with_mark("tee='tdx' boot='rom'"), Succeeds());
  EXPECT_THAT(with_mark(""), Succeeds());
  EXPECT_THAT(with_mark("tee='sev'"),
              Refused("line 2: <guest tee='sev'>, want none, sev-snp or tdx"));
  EXPECT_THAT(with_mark("boot='bios'"), Refused("want direct-kernel, pflash, rom or igvm"));
}

}  // namespace
}  // namespace cocos::domain
