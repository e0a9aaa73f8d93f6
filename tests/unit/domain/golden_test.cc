// The domain each shipped template makes, byte for byte, and what libvirt's schema says to it.
// Configure with -DCOCOS_UPDATE_GOLDEN=ON to have the expected files rewritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "domain/render.h"
#include "support/result_matchers.h"
#include "unit/domain/sample_specs.h"
#include "unit/domain/xml_inspect.h"

namespace cocos::domain::testing {
namespace {

using ::cocos::testing::Succeeds;

class Golden : public ::testing::TestWithParam<Sample> {
 protected:
  static Result<std::string> Render() {
    return RenderDomainXml(ShippedTemplate(GetParam().template_name), GetParam().spec);
  }
  static std::string Path() { return "tests/golden/" + GetParam().name + ".xml"; }
};

// libvirt 11.3 has no TDX: there, everything but that element is checked. The whole document is
// checked in tests/integration/domain with the schema of a later libvirt.
std::string SchemaErrors(const std::string& xml) {
  Inspected domain(xml);
  if (!SchemaKnowsTdx()) domain.Remove("/domain/launchSecurity[@type='tdx']");
  return domain.SchemaErrors();
}

TEST_P(Golden, MatchesTheExpectedFile) {
  const Result<std::string> rendered = Render();

  ASSERT_THAT(rendered, Succeeds());
  if constexpr (COCOS_UPDATE_GOLDEN) {
    std::ofstream(std::string(COCOS_SOURCE_DIR "/") + Path(), std::ios::binary) << *rendered;
  }
  EXPECT_EQ(*rendered, ReadSourceFile(Path()));
}

TEST_P(Golden, IsValidForLibvirtsSchema) {
  if (!HasSchema()) GTEST_SKIP() << "libvirt's schema is not installed";

  EXPECT_EQ(SchemaErrors(ReadSourceFile(Path())), "");
}

TEST_P(Golden, TemplateIsValidForLibvirtsSchemaAsItStands) {
  if (!HasSchema()) GTEST_SKIP() << "libvirt's schema is not installed";

  EXPECT_EQ(SchemaErrors(ReadSourceFile("domain-templates/" + GetParam().template_name + ".xml")),
            "");
}

TEST_P(Golden, IsTheSameForEveryDomainType) {
  Sample sample = GetParam();
  const std::string as_kvm = *RenderDomainXml(ShippedTemplate(sample.template_name), sample.spec);
  sample.spec.hypervisor = Hypervisor::kTest;

  std::string as_test = *RenderDomainXml(ShippedTemplate(sample.template_name), sample.spec);

  const std::string wanted = "type=\"test\"";
  ASSERT_LT(as_test.find(wanted), as_test.find('\n'));
  as_test.replace(as_test.find(wanted), wanted.size(), "type=\"kvm\"");
  EXPECT_EQ(as_test, as_kvm);
}

std::string TestName(const ::testing::TestParamInfo<Sample>& info) {
  std::string name = info.param.name;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Templates, Golden, ::testing::ValuesIn(AllSamples()), TestName);

TEST(Schema, RefusesADomainWithAnUnknownElement) {
  if (!HasSchema()) GTEST_SKIP() << "libvirt's schema is not installed";
  std::string xml = ReadSourceFile("tests/golden/plain-uefi.xml");
  xml.insert(xml.find("<devices>") + 9, "<teleporter/>");

  EXPECT_NE(Inspected(xml).SchemaErrors(), "");
}

}  // namespace
}  // namespace cocos::domain::testing
