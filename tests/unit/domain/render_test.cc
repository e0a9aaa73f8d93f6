#include "domain/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "support/result_matchers.h"
#include "unit/domain/sample_specs.h"
#include "unit/domain/xml_inspect.h"

namespace cocos::domain::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

DomainTemplate Template(const std::string& inside) {
  Result<DomainTemplate> parsed =
      DomainTemplate::Parse("<domain type='kvm'>" + inside + "</domain>", "test.xml");
  COCOS_CHECK(parsed.has_value());
  return *std::move(parsed);
}

std::string Render(const DomainTemplate& domain_template, const DomainSpec& spec) {
  Result<std::string> xml = RenderDomainXml(domain_template, spec);
  COCOS_CHECK(xml.has_value());
  return *std::move(xml);
}

std::string Render(const DomainSpec& spec) { return Render(Template(""), spec); }

TEST(RenderIdentity, ReplacesThePlaceholderName) {
  const Inspected domain(
      Render(Template("<name>filled-in-by-cocos-manager</name>"), DirectKernelBoot()));

  EXPECT_EQ(domain.One("/domain/name"), std::string("cvm-") + kSampleId);
}

TEST(RenderIdentity, TakesTheUuidFromTheCvm) {
  EXPECT_EQ(Inspected(Render(DirectKernelBoot())).One("/domain/uuid"), kSampleId);
}

TEST(RenderIdentity, HoldsMetadataThatReadsBackEqual) {
  const DomainSpec spec = SevSnpOvmf();

  const std::string metadata = Inspected(Render(spec)).Xml("/domain/metadata/cocos:cvm");

  const Result<CvmMetadata> read = ParseMetadataXml(metadata);
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, spec.metadata);
}

TEST(RenderIdentity, GivesEveryCvmItsOwnStableMacAddress) {
  DomainSpec spec = DirectKernelBoot();
  spec.metadata.id = "00000000-0000-4000-8000-0000000abcde";

  EXPECT_EQ(Inspected(Render(spec)).One("//interface/mac/@address"), "52:54:00:0a:bc:de");
}

TEST(RenderDomainType, FollowsTheHypervisor) {
  DomainSpec spec = PlainUefi();

  EXPECT_EQ(Inspected(Render(spec)).One("/domain/@type"), "kvm");
  spec.hypervisor = Hypervisor::kQemu;
  EXPECT_EQ(Inspected(Render(spec)).One("/domain/@type"), "qemu");
  spec.hypervisor = Hypervisor::kTest;
  EXPECT_EQ(Inspected(Render(spec)).One("/domain/@type"), "test");
}

TEST(RenderMemory, HasSlotsWhereTheSpecHasThem) {
  const Inspected domain(Render(PlainUefi()));

  EXPECT_EQ(domain.One("/domain/memory"), "2048");
  EXPECT_EQ(domain.One("/domain/maxMemory"), "30720");
  EXPECT_EQ(domain.One("/domain/maxMemory/@slots"), "5");
}

TEST(RenderMemory, HasNoSlotsWithoutThem) {
  DomainSpec spec = PlainUefi();
  spec.memory_slots.reset();

  EXPECT_EQ(Inspected(Render(spec)).One("/domain/maxMemory"), "<none>");
}

TEST(RenderMemory, HasNoSlotsInATeeGuest) {
  EXPECT_EQ(Inspected(Render(SevSnpIgvm())).One("/domain/maxMemory"), "<none>");
  EXPECT_EQ(Inspected(Render(TdxGuest())).One("/domain/maxMemory"), "<none>");
}

TEST(RenderCpu, ModelIsExactAndNotCheckedAgainstTheHost) {
  const Inspected domain(Render(PlainUefi()));

  EXPECT_EQ(domain.One("/domain/cpu/model"), "EPYC");
  EXPECT_EQ(domain.One("/domain/cpu/model/@fallback"), "forbid");
  EXPECT_EQ(domain.One("/domain/cpu/@check"), "none");
}

TEST(RenderCpu, HostIsPassedThrough) {
  DomainSpec spec = PlainUefi();
  spec.cpu_model = "host";

  const Inspected domain(Render(spec));

  EXPECT_EQ(domain.One("/domain/cpu/@mode"), "host-passthrough");
  EXPECT_EQ(domain.One("/domain/cpu/@migratable"), "off");
  EXPECT_EQ(domain.One("/domain/cpu/model"), "<none>");
}

TEST(RenderCpu, MaxIsWhatTheEmulatorCan) {
  DomainSpec spec = PlainUefi();
  spec.cpu_model = "max";

  EXPECT_EQ(Inspected(Render(spec)).One("/domain/cpu/@mode"), "maximum");
}

TEST(RenderCpu, TopologyIsOneSocketOfAllCores) {
  EXPECT_EQ(Inspected(Render(PlainUefi())).Xml("/domain/cpu/topology"),
            "<topology sockets=\"1\" dies=\"1\" cores=\"64\" threads=\"1\"/>");
}

TEST(RenderNetwork, ForwardsTheAgentPort) {
  DomainSpec spec = PlainUefi();
  spec.network.bind_address = "::1";
  spec.network.host_port = 6123;
  spec.network.guest_port = 7002;

  EXPECT_EQ(Inspected(Render(spec)).Xml("//portForward/@address | //portForward/range"),
            " address=\"::1\"<range start=\"6123\" to=\"7002\"/>");
}

TEST(RenderNetwork, ListensEverywhereWithoutAnAddress) {
  DomainSpec spec = PlainUefi();
  spec.network.bind_address.clear();

  EXPECT_EQ(Inspected(Render(spec)).One("//portForward/@address"), "<none>");
}

TEST(RenderNetwork, CanBeALegacyDevice) {
  DomainSpec spec = PlainUefi();
  spec.network.disable_legacy = false;
  spec.network.iommu_platform = false;

  const Inspected domain(Render(spec));

  EXPECT_EQ(domain.One("//interface/model/@type"), "virtio");
  EXPECT_EQ(domain.One("//interface/driver"), "<none>");
}

TEST(RenderNetwork, SitsAtTheSlotGiven) {
  DomainSpec spec = PlainUefi();
  spec.network.pci_slot = 30;

  EXPECT_EQ(Inspected(Render(spec)).One("//interface/address/@slot"), "0x1e");
}

TEST(RenderBoot, LeavesOutWhatAKernelDoesNotHave) {
  DomainSpec spec = DirectKernelBoot();
  spec.kernel->initrd_path.clear();
  spec.kernel->command_line.clear();

  const Inspected domain(Render(spec));

  EXPECT_EQ(domain.One("/domain/os/kernel"), "/var/lib/cocos-manager/img/bzImage");
  EXPECT_EQ(domain.One("/domain/os/initrd"), "<none>");
  EXPECT_EQ(domain.One("/domain/os/cmdline"), "<none>");
}

TEST(RenderSecurity, LeavesOutWhatIsEmpty) {
  DomainSpec spec = SevSnpIgvm();
  spec.launch_security = SevSnp{};

  EXPECT_EQ(Inspected(Render(spec)).Xml("/domain/launchSecurity/@* | /domain/launchSecurity/*"),
            " type=\"sev-snp\"<policy>0x30000</policy>");
}

TEST(RenderSecurity, TdxWithoutQuotesHasNoQuoteService) {
  DomainSpec spec = TdxGuest();
  spec.launch_security = Tdx{};

  EXPECT_EQ(Inspected(Render(spec)).Xml("/domain/launchSecurity"),
            "<launchSecurity type=\"tdx\"/>");
}

TEST(RenderSecurity, TdxWithTheDefaultSocketHasNoPath) {
  DomainSpec spec = TdxGuest();
  spec.launch_security = Tdx{.quote_generation_socket = ""};

  EXPECT_EQ(Inspected(Render(spec)).Xml("/domain/launchSecurity/*"), "<quoteGenerationService/>");
}

TEST(RenderVsock, HasTheReservedContextId) {
  EXPECT_EQ(Inspected(Render(DirectKernelBoot())).One("//vsock/cid/@address"), "7");
  EXPECT_EQ(Inspected(Render(PlainUefi())).One("//vsock"), "<none>");
}

constexpr const char* kAdministratorsTemplate = R"(
  <metadata><site:rack xmlns:site='urn:site'>7</site:rack></metadata>
  <cputune><vcpupin vcpu='0' cpuset='2'/></cputune>
  <cpu><feature policy='disable' name='svm'/></cpu>
  <devices>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <filesystem type='mount'><source dir='/srv/data'/><target dir='data'/></filesystem>
  </devices>
  <qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <qemu:arg value='-fw_cfg'/>
    <qemu:arg value='name=opt/x,string=1'/>
  </qemu:commandline>)";

TEST(RenderAdditions, AreKept) {
  const Inspected domain(Render(Template(kAdministratorsTemplate), PlainUefi()));

  EXPECT_EQ(domain.One("//vcpupin/@cpuset"), "2");
  EXPECT_EQ(domain.One("//rng/backend"), "/dev/urandom");
  EXPECT_EQ(domain.One("/domain/cpu/feature/@name"), "svm");
  EXPECT_EQ(domain.One("/domain/metadata/*[local-name()='rack']"), "7");
  EXPECT_THAT(domain.All("//filesystem/target/@dir"),
              ElementsAre("data", "certs_share", "env_share"));
}

TEST(RenderAdditions, StandBeforeTheManagersQemuArguments) {
  DomainSpec spec = SevSnpIgvm();
  spec.igvm_path = "/a.igvm";

  const Inspected domain(Render(Template(kAdministratorsTemplate), spec));

  EXPECT_THAT(domain.All("/domain/qemu:commandline/qemu:arg/@value"),
              ElementsAre("-fw_cfg", "name=opt/x,string=1", "-object",
                          "igvm-cfg,id=igvm0,file=/a.igvm", "-machine", "igvm-cfg=igvm0"));
}

TEST(RenderAdditions, MakeAValidDomain) {
  if (!HasSchema()) GTEST_SKIP() << "libvirt's schema is not installed";

  EXPECT_EQ(Inspected(Render(Template(kAdministratorsTemplate), PlainUefi())).SchemaErrors(), "");
}

TEST(RenderOutput, HasNoCommentsOfTheTemplate) {
  EXPECT_THAT(Render(ShippedTemplate("plain-uefi"), PlainUefi()),
              AllOf(Not(HasSubstr("<!--")), Not(HasSubstr("urn:cocos-manager:template"))));
}

TEST(RenderOutput, IsTheSameEveryTime) {
  const DomainTemplate domain_template = ShippedTemplate("sev-snp-ovmf");

  EXPECT_EQ(Render(domain_template, SevSnpOvmf()), Render(domain_template, SevSnpOvmf()));
}

TEST(RenderOutput, IsTheSameFromManyThreads) {
  const DomainTemplate domain_template = ShippedTemplate("sev-snp-igvm");
  const std::string expected = Render(domain_template, SevSnpIgvm());
  std::vector<int> differences(4, 0);

  {
    std::vector<std::jthread> threads;
    for (int& difference : differences) {
      threads.emplace_back([&difference, &domain_template, &expected] {
        for (int i = 0; i < 50; ++i) {
          if (Render(domain_template, SevSnpIgvm()) != expected) ++difference;
        }
      });
    }
  }

  EXPECT_THAT(differences, ElementsAre(0, 0, 0, 0));
}

TEST(RenderFit, RefusesATemplateForAnotherTee) {
  EXPECT_THAT(RenderDomainXml(ShippedTemplate("sev-snp-ovmf"), TdxGuest()),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("sev-snp-ovmf.xml"),
                              HasSubstr("made for tee sev-snp, the CVM has tdx"))));
}

TEST(RenderFit, RefusesATemplateForAnotherWayToBoot) {
  EXPECT_THAT(RenderDomainXml(ShippedTemplate("sev-snp-igvm"), SevSnpOvmf()),
              FailsWith(ErrorCode::kInvalidArgument,
                        HasSubstr("made for boot by igvm, the CVM boots by rom")));
}

TEST(RenderFit, TakesAnyGuestInATemplateWithoutMark) {
  for (const Sample& sample : AllSamples()) {
    EXPECT_THAT(RenderDomainXml(Template(""), sample.spec), Succeeds()) << sample.name;
  }
}

}  // namespace
}  // namespace cocos::domain::testing
