#include "domain/metadata.h"

#include <charconv>
#include <limits>
#include <vector>

#include "domain/render.h"
#include "domain/rfc3339.h"
#include "domain/spec_check.h"

namespace cocos::domain {
namespace {

void AddValue(Element cvm, const char* name, std::string_view value) {
  cvm.Add(name).SetText(value);
}

void AddUnlessEmpty(Element cvm, const char* name, std::string_view value) {
  if (!value.empty()) AddValue(cvm, name, value);
}

void AddAttestation(Element cvm, const AttestationNote& note) {
  cvm.Add("attestation")
      .Set("mode", note.mode)
      .Set("result", AttestationResultName(note.result))
      .Set("release", ReleaseName(note.release))
      .Set("time", FormatTime(note.time))
      .SetText(note.summary);
}

tl::unexpected<Error> FailElement(std::string_view name, std::string_view why) {
  return Fail(ErrorCode::kMalformed, "CVM metadata: <{}> {}", name, why);
}

// Reads the children of a <cvm> element by name. What is there must be well-formed; children we do
// not know come from a later release and are left alone.
class Reader {
 public:
  explicit Reader(Element cvm) : cvm_(cvm), namespace_(cvm.Namespace()) {}

  Result<std::optional<std::string>> Optional(std::string_view name) const;
  Result<std::string> Text(std::string_view name) const;
  Result<std::string> TextOrEmpty(std::string_view name) const;

  template <typename T>
  Result<T> Number(std::string_view name) const;
  template <typename T>
  Result<std::optional<T>> OptionalNumber(std::string_view name) const;

  Result<TimePoint> Time(std::string_view name) const;
  Result<std::optional<TimePoint>> OptionalTime(std::string_view name) const;
  Result<std::map<std::string, std::string>> References(std::string_view name) const;
  Result<std::optional<AttestationNote>> Attestation(std::string_view name) const;

 private:
  std::vector<Element> Find(std::string_view name) const;

  Element cvm_;
  std::string_view namespace_;
};

std::vector<Element> Reader::Find(std::string_view name) const {
  std::vector<Element> found = cvm_.Children();
  std::erase_if(found, [this, name](const Element& child) {
    return child.Name() != name || child.Namespace() != namespace_;
  });
  return found;
}

Result<std::optional<std::string>> Reader::Optional(std::string_view name) const {
  const std::vector<Element> found = Find(name);
  if (found.empty()) return std::optional<std::string>();
  if (found.size() > 1) return FailElement(name, "is there more than once, want it once");
  if (!found.front().Children().empty()) return FailElement(name, "holds elements, want text");
  return std::optional<std::string>(found.front().Text());
}

Result<std::string> Reader::Text(std::string_view name) const {
  std::optional<std::string> text = COCOS_TRY(Optional(name));
  if (!text) return FailElement(name, "is missing");
  return *std::move(text);
}

Result<std::string> Reader::TextOrEmpty(std::string_view name) const {
  return COCOS_TRY(Optional(name)).value_or("");
}

template <typename T>
Result<T> ParseNumber(std::string_view name, const std::string& text) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stopped == end) return value;
  return FailElement(name, fmt::format("is \"{}\", want a whole number from 0 to {}", text,
                                       std::numeric_limits<T>::max()));
}

template <typename T>
Result<T> Reader::Number(std::string_view name) const {
  return ParseNumber<T>(name, COCOS_TRY(Text(name)));
}

template <typename T>
Result<std::optional<T>> Reader::OptionalNumber(std::string_view name) const {
  const std::optional<std::string> text = COCOS_TRY(Optional(name));
  if (!text) return std::optional<T>();
  return std::optional<T>(COCOS_TRY(ParseNumber<T>(name, *text)));
}

Result<TimePoint> ParseTimeOf(std::string_view name, const std::string& text) {
  Result<TimePoint> time = ParseTime(text);
  if (time) return time;
  return tl::unexpected(std::move(time).error().Within(fmt::format("CVM metadata: <{}>", name)));
}

Result<TimePoint> Reader::Time(std::string_view name) const {
  return ParseTimeOf(name, COCOS_TRY(Text(name)));
}

Result<std::optional<TimePoint>> Reader::OptionalTime(std::string_view name) const {
  const std::optional<std::string> text = COCOS_TRY(Optional(name));
  if (!text) return std::optional<TimePoint>();
  return std::optional<TimePoint>(COCOS_TRY(ParseTimeOf(name, *text)));
}

Result<std::map<std::string, std::string>> Reader::References(std::string_view name) const {
  std::map<std::string, std::string> references;
  for (const Element& element : Find(name)) {
    const std::string key = element.Attribute("name");
    if (!references.emplace(key, element.Text()).second) {
      return FailElement(name, fmt::format("with name \"{}\" is there more than once", key));
    }
  }
  return references;
}

Result<std::optional<AttestationNote>> Reader::Attestation(std::string_view name) const {
  const std::optional<std::string> summary = COCOS_TRY(Optional(name));
  if (!summary) return std::optional<AttestationNote>();
  const Element element = Find(name).front();
  const auto result = AttestationResultFromName(element.Attribute("result"));
  const auto release = ReleaseFromName(element.Attribute("release"));
  if (!result) return FailElement(name, "has no result of none, passed and failed");
  if (!release) return FailElement(name, "has no release of waiting, released and refused");
  const TimePoint time = COCOS_TRY(ParseTimeOf(name, element.Attribute("time")));
  return AttestationNote{.mode = element.Attribute("mode"),
                         .result = *result,
                         .release = *release,
                         .time = time,
                         .summary = *summary};
}

Result<Tee> ReadTee(const Reader& reader) {
  const std::string name = COCOS_TRY(reader.Text("tee"));
  if (const std::optional<Tee> tee = TeeFromName(name)) return *tee;
  return FailElement("tee", fmt::format("is \"{}\", want none, sev-snp or tdx", name));
}

Result<Phase> ReadPhase(const Reader& reader) {
  const std::string name = COCOS_TRY(reader.Text("phase"));
  if (const std::optional<Phase> phase = PhaseFromName(name)) return *phase;
  return FailElement("phase", fmt::format("is \"{}\", want creating, running or removing", name));
}

Result<CvmMetadata> ReadAll(const Reader& reader) {
  CvmMetadata metadata;
  metadata.id = COCOS_TRY(reader.Text("id"));
  metadata.instance_id = COCOS_TRY(reader.Text("instance"));
  metadata.class_name = COCOS_TRY(reader.Text("class"));
  metadata.tee = COCOS_TRY(ReadTee(reader));
  metadata.phase = COCOS_TRY(ReadPhase(reader));
  metadata.created = COCOS_TRY(reader.Time("created"));
  metadata.expires = COCOS_TRY(reader.OptionalTime("expires"));
  metadata.agent_bind_address = COCOS_TRY(reader.TextOrEmpty("agentAddress"));
  metadata.agent_port = COCOS_TRY(reader.Number<std::uint16_t>("agentPort"));
  metadata.vsock_cid = COCOS_TRY(reader.OptionalNumber<std::uint32_t>("vsockCid"));
  metadata.computation_id = COCOS_TRY(reader.TextOrEmpty("computation"));
  metadata.trace_id = COCOS_TRY(reader.TextOrEmpty("traceId"));
  metadata.kernel_command_line = COCOS_TRY(reader.TextOrEmpty("kernelCommandLine"));
  metadata.memory_mib = COCOS_TRY(reader.Number<std::uint64_t>("memoryMib"));
  metadata.vcpus = COCOS_TRY(reader.Number<unsigned>("vcpus"));
  metadata.reference_values = COCOS_TRY(reader.References("reference"));
  metadata.attestation = COCOS_TRY(reader.Attestation("attestation"));
  return metadata;
}

}  // namespace

void FillMetadata(Element cvm, const CvmMetadata& metadata) {
  const std::string prefix(kMetadataPrefix);
  const std::string uri(kMetadataNamespace);
  xmlSetNs(cvm.get(), DeclareNamespace(cvm, prefix.c_str(), uri.c_str()));
  AddValue(cvm, "id", metadata.id);
  AddValue(cvm, "instance", metadata.instance_id);
  AddValue(cvm, "class", metadata.class_name);
  AddValue(cvm, "tee", TeeName(metadata.tee));
  AddValue(cvm, "phase", PhaseName(metadata.phase));
  AddValue(cvm, "created", FormatTime(metadata.created));
  if (metadata.expires) AddValue(cvm, "expires", FormatTime(*metadata.expires));
  AddUnlessEmpty(cvm, "agentAddress", metadata.agent_bind_address);
  AddValue(cvm, "agentPort", std::to_string(metadata.agent_port));
  if (metadata.vsock_cid) AddValue(cvm, "vsockCid", std::to_string(*metadata.vsock_cid));
  AddUnlessEmpty(cvm, "computation", metadata.computation_id);
  AddUnlessEmpty(cvm, "traceId", metadata.trace_id);
  AddUnlessEmpty(cvm, "kernelCommandLine", metadata.kernel_command_line);
  AddValue(cvm, "memoryMib", std::to_string(metadata.memory_mib));
  AddValue(cvm, "vcpus", std::to_string(metadata.vcpus));
  for (const auto& [name, value] : metadata.reference_values) {
    cvm.Add("reference").Set("name", name).SetText(value);
  }
  if (metadata.attestation) AddAttestation(cvm, *metadata.attestation);
}

Result<std::string> RenderMetadataXml(const CvmMetadata& metadata) {
  COCOS_TRY(CheckMetadataValues(metadata));
  const XmlDocHandle document = NewDocument("cvm");
  const Element cvm(xmlDocGetRootElement(document.get()));
  FillMetadata(cvm, metadata);
  return ToText(cvm);
}

Result<CvmMetadata> ParseMetadataXml(std::string_view xml) {
  const XmlDocHandle document = COCOS_TRY(ParseXml(xml, "CVM metadata", ErrorCode::kMalformed));
  const Element cvm(xmlDocGetRootElement(document.get()));
  // libvirt takes the namespace away when it returns an element by its namespace.
  const bool is_ours = cvm.Namespace() == kMetadataNamespace || cvm.Namespace().empty();
  if (cvm.Name() != "cvm" || !is_ours) {
    return Fail(ErrorCode::kMalformed,
                "CVM metadata: root is <{}> of namespace \"{}\", want <cvm> of {}", cvm.Name(),
                cvm.Namespace(), kMetadataNamespace);
  }
  CvmMetadata metadata = COCOS_TRY(ReadAll(Reader(cvm)));
  // The same rules as for writing; whoever may change a domain may have written anything.
  if (Result<void> checked = CheckMetadataValues(metadata); !checked) {
    return Fail(ErrorCode::kMalformed, "CVM {}", checked.error().message());
  }
  return metadata;
}

}  // namespace cocos::domain
