#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/render.h"
#include "support/result_matchers.h"
#include "unit/domain/sample_specs.h"

namespace cocos::domain::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;

auto Refused(const std::string& message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(message));
}

CvmMetadata Full() {
  CvmMetadata metadata = SevSnpOvmf().metadata;
  metadata.vsock_cid = 9;
  metadata.phase = Phase::kRemoving;
  return metadata;
}

std::string RenderFull() { return *RenderMetadataXml(Full()); }

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  COCOS_CHECK(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

// What libvirt gives back when asked for the element by its namespace.
std::string AsLibvirtReturnsIt(std::string xml) {
  xml = Replaced(xml, " xmlns:cocos=\"urn:cocos-manager:cvm:1\"", "");
  for (std::size_t at = xml.find("cocos:"); at != std::string::npos; at = xml.find("cocos:", at)) {
    xml.erase(at, 6);
  }
  return xml;
}

TEST(Metadata, ReadsBackAsItWasWritten) {
  const Result<CvmMetadata> read = ParseMetadataXml(RenderFull());

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, Full());
}

TEST(Metadata, ReadsBackWithoutTheOptionalValues) {
  CvmMetadata metadata = Full();
  metadata.expires.reset();
  metadata.vsock_cid.reset();
  metadata.computation_id.clear();
  metadata.trace_id.clear();
  metadata.kernel_command_line.clear();
  metadata.agent_bind_address.clear();
  metadata.reference_values.clear();

  const Result<CvmMetadata> read = ParseMetadataXml(*RenderMetadataXml(metadata));

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, metadata);
}

TEST(Metadata, ReadsBackWithoutPrefix) {
  const Result<CvmMetadata> read = ParseMetadataXml(AsLibvirtReturnsIt(RenderFull()));

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, Full());
}

TEST(Metadata, KeepsMarkupInTexts) {
  CvmMetadata metadata = Full();
  metadata.kernel_command_line = "a=\"b\" c='<d/>' &amp; ]]> \xc3\xa9";

  const Result<CvmMetadata> read = ParseMetadataXml(*RenderMetadataXml(metadata));

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->kernel_command_line, metadata.kernel_command_line);
}

TEST(Metadata, KeepsNanoseconds) {
  CvmMetadata metadata = Full();
  metadata.created += std::chrono::nanoseconds(123456789);

  EXPECT_EQ(ParseMetadataXml(*RenderMetadataXml(metadata))->created, metadata.created);
}

TEST(Metadata, IgnoresElementsOfALaterRelease) {
  const std::string xml =
      Replaced(RenderFull(), "<cocos:tee>", "<cocos:later><a/></cocos:later><cocos:tee>");

  EXPECT_THAT(ParseMetadataXml(xml), Succeeds());
}

TEST(Metadata, IgnoresElementsOfOtherNamespaces) {
  const std::string xml =
      Replaced(RenderFull(), "<cocos:tee>", "<x:tee xmlns:x='urn:x'>bad</x:tee><cocos:tee>");

  EXPECT_THAT(ParseMetadataXml(xml), Succeeds());
}

TEST(Metadata, MustBeTheRightElement) {
  EXPECT_THAT(ParseMetadataXml("<vm/>"), Refused("root is <vm>"));
  EXPECT_THAT(ParseMetadataXml("<cvm xmlns='urn:other'/>"), Refused("namespace \"urn:other\""));
}

TEST(Metadata, MustBeWellFormed) {
  EXPECT_THAT(ParseMetadataXml("<cvm>"), Refused("CVM metadata, line 1"));
  EXPECT_THAT(ParseMetadataXml(""), Refused("CVM metadata, line 1"));
  EXPECT_THAT(ParseMetadataXml("<!DOCTYPE cvm><cvm/>"), Refused("document type declaration"));
}

class RequiredElement : public ::testing::TestWithParam<const char*> {};

TEST_P(RequiredElement, IsMissedByName) {
  const std::string name = GetParam();
  std::string xml = AsLibvirtReturnsIt(RenderFull());
  xml = Replaced(xml, "<" + name + ">", "<other>");
  xml = Replaced(xml, "</" + name + ">", "</other>");

  EXPECT_THAT(ParseMetadataXml(xml), Refused("<" + name + "> is missing"));
}

TEST_P(RequiredElement, MayNotBeThereTwice) {
  const std::string name = GetParam();
  const std::string xml =
      Replaced(AsLibvirtReturnsIt(RenderFull()), "<tee>", "<" + name + "/><tee>");

  EXPECT_THAT(ParseMetadataXml(xml), Refused("<" + name + "> is there more than once"));
}

INSTANTIATE_TEST_SUITE_P(Each, RequiredElement,
                         ::testing::Values("id", "instance", "class", "tee", "phase", "created",
                                           "agentPort", "memoryMib", "vcpus"));

struct BadCase {
  const char* element;
  const char* value;
};

class BadValue : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadValue, IsRefusedWithElementOrField) {
  const std::string name = GetParam().element;
  std::string xml = AsLibvirtReturnsIt(RenderFull());
  const std::size_t begin = xml.find("<" + name + ">") + name.size() + 2;
  xml.replace(begin, xml.find("</" + name + ">") - begin, GetParam().value);

  EXPECT_THAT(ParseMetadataXml(xml), Refused(name));
}

constexpr BadCase kBadCases[] = {
    {"id", "4f3d6c5e"},      {"id", ""},
    {"instance", ""},        {"class", ""},
    {"tee", "sgx"},          {"tee", ""},
    {"phase", "Running"},    {"created", "yesterday"},
    {"created", ""},         {"expires", "2026-13-01T00:00:00Z"},
    {"agentPort", "65536"},  {"agentPort", "-1"},
    {"agentPort", " 1"},     {"agentPort", "0x10"},
    {"agentPort", ""},       {"memoryMib", "18446744073709551616"},
    {"vcpus", "4294967296"}, {"instance", "<a/>"},
};

INSTANTIATE_TEST_SUITE_P(Each, BadValue, ::testing::ValuesIn(kBadCases));

TEST(MetadataVsock, RefusesTheHostsContextId) {
  const std::string xml = Replaced(RenderFull(), ">9<", ">2<");

  EXPECT_THAT(ParseMetadataXml(xml), Refused("vsock_cid: 2"));
}

TEST(MetadataReferences, AreHexAndThereOnce) {
  const std::string xml = RenderFull();

  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "00ff", "00f")), Refused("host-data"));
  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "sha384:kernel", "host-data")),
              Refused("\"host-data\" is there more than once"));
}

CvmMetadata WithVerdict() {
  CvmMetadata metadata = Full();
  metadata.attestation = AttestationNote{.mode = "enforce",
                                         .result = AttestationResult::kFailed,
                                         .release = Release::kRefused,
                                         .time = metadata.created + std::chrono::seconds(9),
                                         .summary = "snp.measurement: expected <a>, was <b>"};
  return metadata;
}

TEST(MetadataAttestation, ReadsBackAsItWasWritten) {
  const std::string xml = *RenderMetadataXml(WithVerdict());

  const Result<CvmMetadata> read = ParseMetadataXml(AsLibvirtReturnsIt(xml));

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, WithVerdict());
  EXPECT_THAT(xml, HasSubstr("<cocos:attestation mode=\"enforce\" result=\"failed\" "
                             "release=\"refused\" time=\"2026-01-01T00:00:09Z\">"));
}

TEST(MetadataAttestation, IsThereOnceWithKnownValues) {
  const std::string xml = *RenderMetadataXml(WithVerdict());

  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "\"failed\"", "\"perhaps\"")),
              Refused("<attestation> has no result of none, passed and failed"));
  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "\"refused\"", "\"\"")),
              Refused("<attestation> has no release of waiting, released and refused"));
  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "time=\"2026", "time=\"x")), Refused("<attestation>"));
  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "mode=\"enforce\"", "")),
              Refused("metadata.attestation.mode"));
  EXPECT_THAT(ParseMetadataXml(Replaced(xml, "<cocos:tee>", "<cocos:attestation/><cocos:tee>")),
              Refused("<attestation> is there more than once"));
}

TEST(MetadataRender, RefusesWhatXmlCannotCarry) {
  CvmMetadata metadata = Full();
  metadata.computation_id = "a\x01";

  EXPECT_THAT(RenderMetadataXml(metadata),
              FailsWith(ErrorCode::kInvalidArgument, AllOf(HasSubstr("metadata.computation_id"),
                                                           HasSubstr("U+0001 at byte 1"))));
}

TEST(Names, AreReadBack) {
  for (const Tee tee : {Tee::kNone, Tee::kSevSnp, Tee::kTdx}) {
    EXPECT_EQ(TeeFromName(TeeName(tee)), tee);
  }
  for (const Phase phase : {Phase::kCreating, Phase::kRunning, Phase::kRemoving}) {
    EXPECT_EQ(PhaseFromName(PhaseName(phase)), phase);
  }
  for (const auto result :
       {AttestationResult::kNone, AttestationResult::kPassed, AttestationResult::kFailed}) {
    EXPECT_EQ(AttestationResultFromName(AttestationResultName(result)), result);
  }
  for (const Release release : {Release::kWaiting, Release::kReleased, Release::kRefused}) {
    EXPECT_EQ(ReleaseFromName(ReleaseName(release)), release);
  }
  EXPECT_EQ(TeeFromName("SEV-SNP"), std::nullopt);
  EXPECT_EQ(PhaseFromName(""), std::nullopt);
}

}  // namespace
}  // namespace cocos::domain::testing
