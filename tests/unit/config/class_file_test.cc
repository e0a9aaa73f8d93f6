#include "config/class_file.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace cocos::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

ClassFile Parse(const std::string& text, const ClassConfig& inherited = {}) {
  return ParseClassFile("/etc/cocos/classes.d/small.yaml", text, inherited);
}

TEST(ClassFile, InheritsWhatItLeavesOut) {
  ClassConfig inherited;
  inherited.kernel = "/boot/bzImage";
  inherited.match = {{"a", "b"}};
  const ClassFile file = Parse("resources:\n  vcpus: 2\n  memory: 1G\n", inherited);

  EXPECT_THAT(file.errors, IsEmpty());
  EXPECT_EQ(file.value.name, "small");
  EXPECT_EQ(file.value.vcpus, 2u);
  EXPECT_EQ(file.value.memory_mib, 1024u);
  EXPECT_EQ(file.value.kernel, "/boot/bzImage");
  EXPECT_THAT(file.value.match, IsEmpty());
}

TEST(ClassFile, SaysWhereEachSettingIs) {
  const ClassFile file = Parse("tee: none\nresources:\n  vcpus: 2\n");
  ASSERT_EQ(file.settings.size(), 2u);
  EXPECT_EQ(file.settings[1].name, "class small: resources.vcpus");
  EXPECT_EQ(file.settings[1].value, "2");
  EXPECT_EQ(file.settings[1].origin, "/etc/cocos/classes.d/small.yaml:3");
}

TEST(ClassFile, AcceptsAnEmptyFile) {
  EXPECT_THAT(Parse("").errors, IsEmpty());
  EXPECT_THAT(Parse("# nothing\n").errors, IsEmpty());
}

TEST(ClassFile, IsOneDocument) {
  EXPECT_THAT(Parse("tee: none\n---\nbogus: 1\n").errors,
              ElementsAre(HasSubstr("2 documents, want one"), HasSubstr("bogus")));
}

TEST(ClassFile, NamesTheNearestOfAnUnknownKeyWithLineAndColumn) {
  EXPECT_THAT(Parse("resources:\n  memroy: 1G\n").errors,
              ElementsAre("/etc/cocos/classes.d/small.yaml:2:3: resources.memroy: unknown key, did "
                          "you mean resources.memory?"));
}

TEST(ClassFile, ReportsEveryMistake) {
  EXPECT_THAT(
      Parse("tee: sgx\nresources:\n  vcpus: many\nlifecycle:\n  ttl: 0s\n").errors,
      ElementsAre(AllOf(HasSubstr(":1:6: tee: "), HasSubstr("want auto, none, sev-snp or tdx")),
                  AllOf(HasSubstr(":3:10: resources.vcpus: "), HasSubstr("\"many\"")),
                  AllOf(HasSubstr(":5:8: lifecycle.ttl: "), HasSubstr("above zero"))));
}

TEST(ClassFile, RefusesValuesOfAnotherShape) {
  EXPECT_THAT(Parse("resources: 4\n").errors, ElementsAre(HasSubstr("want a map of keys")));
  EXPECT_THAT(Parse("tee: [none]\n").errors, ElementsAre(HasSubstr("tee: want auto")));
  EXPECT_THAT(Parse("- tee\n").errors, ElementsAre(HasSubstr("want a map of keys")));
  EXPECT_THAT(Parse("[a]: b\n").errors, ElementsAre(HasSubstr("want a plain key")));
}

TEST(ClassFile, RefusesAKeyGivenTwice) {
  EXPECT_THAT(Parse("tee: none\ntee: tdx\n").errors, ElementsAre(HasSubstr("tee: given twice")));
}

TEST(ClassFile, PlacesBadYaml) {
  EXPECT_THAT(Parse("tee: none\n\tx: [").errors,
              ElementsAre(StartsWith("/etc/cocos/classes.d/small.yaml:2:")));
}

TEST(ClassFile, MustCarryTheNameOfItsFile) {
  EXPECT_THAT(Parse("name: small\n").errors, IsEmpty());
  EXPECT_THAT(Parse("name: big\n").errors, ElementsAre(HasSubstr("want the file's own name")));
  EXPECT_THAT(ParseClassFile("/c/Big One.yaml", "", {}).errors,
              ElementsAre(HasSubstr("want lower-case letters")));
}

TEST(ClassFile, ReadsMatchRules) {
  const ClassFile file =
      Parse("match:\n  - {key: id_prefix, value: red-}\n  - {key: name, value: b}\n");
  EXPECT_THAT(file.errors, IsEmpty());
  ASSERT_EQ(file.value.match.size(), 2u);
  EXPECT_EQ(file.value.match[0].key, "id_prefix");
  EXPECT_EQ(file.value.match[0].value, "red-");
}

TEST(ClassFile, RefusesOtherMatchRules) {
  EXPECT_THAT(Parse("match: all\n").errors, ElementsAre(HasSubstr("want a list")));
  for (const char* rule : {"{key: a}", "{key: a, value: b, more: c}", "a", "{key: [], value: b}"}) {
    EXPECT_THAT(Parse(std::string("match:\n  - ") + rule + "\n").errors,
                ElementsAre(HasSubstr("the two keys key and value")))
        << rule;
  }
  EXPECT_THAT(Parse("match:\n  - {key: team, value: red}\n").errors,
              ElementsAre(HasSubstr("small.yaml:2:5: match: key \"team\": want id, id_prefix")));
}

TEST(ClassFile, BoundsTheDeadlineOfEvidence) {
  const auto deadline = [](const std::string& text) {
    return Parse("attestation: {deadline: " + text + "}\n");
  };
  EXPECT_EQ(deadline("1s").value.attestation.deadline.count(), 1);
  EXPECT_EQ(deadline("24h").value.attestation.deadline.count(), 86400);
  for (const std::string text : {"0s", "-5s", "500ms", "24h1s", "1500ms"}) {
    EXPECT_THAT(deadline(text).errors, ElementsAre(HasSubstr("want whole seconds, 1s to 24h")))
        << text;
  }
}

TEST(ClassFile, WantsBlobsOfTheirExactLength) {
  const auto snp = [](const std::string& key, const std::string& value) {
    return Parse("launch_security:\n  snp:\n    " + key + ": \"" + value + "\"\n").errors;
  };
  EXPECT_THAT(snp("id_block", std::string(128, 'A')), IsEmpty());
  EXPECT_THAT(snp("id_block", std::string(124, 'A')), ElementsAre(HasSubstr("base64 of 96 bytes")));
  EXPECT_THAT(snp("host_data", std::string(64, 'A')), ElementsAre(HasSubstr("32 bytes")));
}

TEST(ClassFile, SetsTheNetworkDevice) {
  const ClassFile file = Parse(
      "network:\n  bind: 127.0.0.1\n  pci_addr: 10\n  disable_legacy: off\n"
      "  iommu_platform: off\n  rom_file: /rom\n");
  EXPECT_THAT(file.errors, IsEmpty());
  EXPECT_EQ(file.value.bind_address, "127.0.0.1");
  EXPECT_EQ(file.value.pci_slot, 0x10u);
  EXPECT_FALSE(file.value.disable_legacy);
  EXPECT_FALSE(file.value.iommu_platform);
  EXPECT_EQ(file.value.rom_file, "/rom");

  EXPECT_THAT(Parse("network:\n  bind: localhost\n").errors,
              ElementsAre(AllOf(HasSubstr(":2:9: network.bind"), HasSubstr("127.0.0.1"))));
  EXPECT_THAT(Parse("network:\n  pci_addr: 0\n").errors, ElementsAre(HasSubstr("PCI slot")));
  EXPECT_THAT(Parse("network:\n  rom_file: rom\n").errors, ElementsAre(HasSubstr("absolute")));
}

TEST(ClassFile, SetsWhatSevSnpFindsOnTheHost) {
  const ClassFile file = Parse(
      "launch_security:\n  snp:\n    cbitpos: 47\n    reduced_phys_bits: 5\n"
      "    guest_visible_workarounds: AAAAAAAAAAAAAAAAAAAAAA==\n");
  EXPECT_THAT(file.errors, IsEmpty());
  EXPECT_EQ(file.value.snp.cbitpos, 47u);
  EXPECT_EQ(file.value.snp.reduced_phys_bits, 5u);
  EXPECT_EQ(file.value.snp.guest_visible_workarounds, "AAAAAAAAAAAAAAAAAAAAAA==");

  EXPECT_THAT(Parse("launch_security: {snp: {cbitpos: 64}}\n").errors,
              ElementsAre(HasSubstr("0 to 63")));
}

TEST(ClassFile, RefusesAGuestPolicyTheFirmwareWouldRefuse) {
  EXPECT_THAT(Parse("launch_security: {snp: {policy: 0x30000}}\n").errors, IsEmpty());
  EXPECT_THAT(Parse("launch_security: {snp: {policy: 0x10000}}\n").errors,
              ElementsAre(AllOf(HasSubstr(":1:33: launch_security.snp.policy: \"0x10000\""),
                                HasSubstr("bit 17"))));
}

TEST(ClassFile, DropsTheInheritedPartnerOfWhatItDrops) {
  ClassConfig inherited;
  inherited.kernel = "/k";
  inherited.initrd = "/i";
  inherited.firmware_code = "/code";
  inherited.firmware_vars = "/vars";

  const ClassFile file = Parse("boot:\n  kernel: ''\n  firmware_code: ''\n", inherited);
  EXPECT_EQ(file.value.initrd, "");
  EXPECT_EQ(file.value.firmware_vars, "");
  EXPECT_THAT(file.settings, Contains(AllOf(Field(&Setting::name, "class small: boot.initrd"),
                                            Field(&Setting::value, ""),
                                            Field(&Setting::origin, EndsWith("small.yaml:2")))));

  EXPECT_EQ(Parse("boot:\n  kernel: /other\n", inherited).value.initrd, "/i");
  EXPECT_EQ(Parse("boot:\n  kernel: ''\n  initrd: /i\n", inherited).value.initrd, "/i");
}

TEST(ClassFile, WantsAbsolutePaths) {
  EXPECT_THAT(Parse("boot:\n  kernel: /boot/k\n").errors, IsEmpty());
  EXPECT_THAT(Parse("boot:\n  kernel: boot/k\n").errors,
              ElementsAre(HasSubstr("want an absolute path")));
}

TEST(ShippedClasses, Parse) {
  for (const std::string name : {"small", "standard", "large"}) {
    const std::string path = COCOS_SOURCE_DIR "/policies/classes/" + name + ".yaml";
    std::ifstream in(path);
    ASSERT_TRUE(in) << path;
    std::stringstream text;
    text << in.rdbuf();
    const ClassFile file = ParseClassFile(path, text.str(), {});
    EXPECT_THAT(file.errors, IsEmpty());
    EXPECT_THAT(file.settings, ::testing::Not(IsEmpty())) << path;
    EXPECT_LE(file.value.vcpus, file.value.max_vcpus) << path;
  }
}

}  // namespace
}  // namespace cocos::config
