#include "domain/capabilities.h"

#include <gmock/gmock.h>

#include <string>

#include "support/result_matchers.h"

namespace cocos::domain {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

std::string Document(const std::string& features) {
  return "<domainCapabilities><path>/usr/bin/qemu-system-x86_64</path><domain>kvm</domain>"
         "<machine>pc-q35-10.0</machine><arch>x86_64</arch><features>" +
         features + "</features></domainCapabilities>";
}

constexpr const char* kSev =
    "<sev supported='yes'><cbitpos>51</cbitpos><reducedPhysBits>1</reducedPhysBits>"
    "<maxGuests>410</maxGuests><maxESGuests>99</maxESGuests></sev>";

std::string LaunchSecurity(const std::string& supported, const std::string& values) {
  return "<launchSecurity supported='" + supported + "'><enum name='sectype'>" + values +
         "</enum></launchSecurity>";
}

TEST(ParseDomainCapabilitiesTest, ReadsAHostWithSevSnp) {
  const auto found = ParseDomainCapabilities(
      Document(kSev + LaunchSecurity("yes", "<value>sev</value><value>sev-snp</value>")));

  ASSERT_THAT(found, Succeeds());
  EXPECT_TRUE(found->sev_snp);
  EXPECT_FALSE(found->tdx);
  EXPECT_EQ(found->sev_cbitpos, 51u);
  EXPECT_EQ(found->sev_reduced_phys_bits, 1u);
  EXPECT_EQ(found->emulator, "/usr/bin/qemu-system-x86_64");
  EXPECT_EQ(found->domain_type, "kvm");
}

TEST(ParseDomainCapabilitiesTest, ReadsAHostWithTdx) {
  const auto found = ParseDomainCapabilities(
      Document("<sev supported='no'/>" + LaunchSecurity("yes", "<value>tdx</value>")));

  ASSERT_THAT(found, Succeeds());
  EXPECT_TRUE(found->tdx);
  EXPECT_FALSE(found->sev_snp);
  EXPECT_FALSE(found->sev_cbitpos);
}

TEST(ParseDomainCapabilitiesTest, DoesNotTakePlainSevForSevSnp) {
  const auto found =
      ParseDomainCapabilities(Document(kSev + LaunchSecurity("yes", "<value>sev</value>")));

  ASSERT_THAT(found, Succeeds());
  EXPECT_FALSE(found->sev_snp);
}

TEST(ParseDomainCapabilitiesTest, DoesNotBelieveTypesThatAreNotSupported) {
  const auto found = ParseDomainCapabilities(
      Document(LaunchSecurity("no", "<value>sev-snp</value><value>tdx</value>")));

  ASSERT_THAT(found, Succeeds());
  EXPECT_FALSE(found->sev_snp);
  EXPECT_FALSE(found->tdx);
}

TEST(ParseDomainCapabilitiesTest, LooksAtSecurityTypesOnly) {
  const auto found = ParseDomainCapabilities(
      Document("<launchSecurity supported='yes'><enum name='other'><value>tdx</value></enum>"
               "</launchSecurity>"));

  ASSERT_THAT(found, Succeeds());
  EXPECT_FALSE(found->tdx);
}

TEST(ParseDomainCapabilitiesTest, ReadsAHostWithoutTee) {
  const auto found =
      ParseDomainCapabilities(Document("<sev supported='no'/><launchSecurity supported='no'/>"));

  ASSERT_THAT(found, Succeeds());
  EXPECT_FALSE(found->sev_snp);
  EXPECT_FALSE(found->tdx);
}

TEST(ParseDomainCapabilitiesTest, ReadsADriverWithoutEmulatorAndFeatures) {
  const auto found =
      ParseDomainCapabilities("<domainCapabilities><domain>test</domain></domainCapabilities>");

  ASSERT_THAT(found, Succeeds());
  EXPECT_EQ(found->emulator, "");
  EXPECT_EQ(found->domain_type, "test");
}

TEST(ParseDomainCapabilitiesTest, RefusesANumberThatIsNone) {
  const std::string sev = "<sev supported='yes'><cbitpos>51x</cbitpos></sev>";

  EXPECT_THAT(ParseDomainCapabilities(Document(sev)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("<cbitpos> \"51x\"")));
}

TEST(ParseDomainCapabilitiesTest, RefusesAnotherDocument) {
  EXPECT_THAT(ParseDomainCapabilities("<capabilities/>"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("<capabilities>")));
  EXPECT_THAT(ParseDomainCapabilities("<domainCapabilities>"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseDomainCapabilities(""), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::domain
