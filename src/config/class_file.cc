#include "config/class_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <limits>

#include "base/go_duration.h"
#include "config/values.h"

namespace cocos::config {
namespace {

// One key of a class file. `set` takes the scalar's text.
struct Key {
  std::string_view path;
  std::string_view accepts;
  std::function<Result<void>(ClassConfig&, const std::string&)> set;
};

// Makes a setter from a parser and a place to put the value.
template <typename Parse, typename Place>
auto Setter(Parse parse, Place place) {
  return [parse, place](ClassConfig& target, const std::string& text) -> Result<void> {
    place(target) = COCOS_TRY(parse(text));
    return {};
  };
}

Result<std::string> AnyText(std::string_view text) { return std::string(text); }

Result<std::string> AbsolutePath(std::string_view text) {
  if (text.empty() || text.front() == '/') return std::string(text);
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want an absolute path", text);
}

template <std::uint64_t max>
Result<unsigned> Count(std::string_view text) {
  return static_cast<unsigned>(COCOS_TRY(ParseUnsigned(text, max)));
}

Result<std::uint64_t> Bits64(std::string_view text) {
  return ParseUnsigned(text, std::numeric_limits<std::uint64_t>::max());
}

template <std::size_t bytes>
Result<std::string> Base64Of(std::string_view text) {
  return ParseBase64(text, bytes);
}

Result<std::uint16_t> GuestPort(std::string_view text) { return ParsePort(text); }

Result<std::chrono::nanoseconds> PositiveDuration(std::string_view text) {
  const std::chrono::nanoseconds duration = COCOS_TRY(ParseGoDuration(text));
  if (duration.count() <= 0) {
    return Fail(ErrorCode::kInvalidArgument, "{:?}: want a duration above zero", text);
  }
  return duration;
}

Result<TeeChoice> Tee(std::string_view text) {
  if (text == "auto") return TeeChoice::kAuto;
  if (text == "none") return TeeChoice::kNone;
  if (text == "sev-snp") return TeeChoice::kSevSnp;
  if (text == "tdx") return TeeChoice::kTdx;
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want auto, none, sev-snp or tdx", text);
}

Result<std::string> AttestationMode(std::string_view text) {
  if (text == "off" || text == "report" || text == "enforce") return std::string(text);
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want off, report or enforce", text);
}

#define COCOS_FIELD(field) \
  [](ClassConfig & target) -> auto& { return target.field; }

const std::vector<Key>& Keys() {
  static const std::vector<Key> keys = {
      {"name", "the file's name without .yaml", Setter(AnyText, COCOS_FIELD(name))},
      {"tee", "auto, none, sev-snp or tdx", Setter(Tee, COCOS_FIELD(tee))},
      {"template", "name of a domain template", Setter(AnyText, COCOS_FIELD(template_name))},
      {"resources.vcpus", "vCPUs", Setter(Count<4096>, COCOS_FIELD(vcpus))},
      {"resources.max_vcpus", "vCPUs with hot-added ones",
       Setter(Count<4096>, COCOS_FIELD(max_vcpus))},
      {"resources.memory", "size such as 2048M or 4G",
       Setter(ParseMemoryMib, COCOS_FIELD(memory_mib))},
      {"resources.memory_slots", "slots for hot-added memory, 0: none",
       Setter(Count<256>, COCOS_FIELD(memory_slots))},
      {"resources.max_memory", "size with all slots filled",
       Setter(ParseMemoryMib, COCOS_FIELD(max_memory_mib))},
      {"resources.cpu_model", "CPU model of QEMU, host or max",
       Setter(AnyText, COCOS_FIELD(cpu_model))},
      {"resources.machine", "machine type", Setter(AnyText, COCOS_FIELD(machine))},
      {"resources.emulator", "absolute path of a QEMU",
       Setter(AbsolutePath, COCOS_FIELD(emulator))},
      {"boot.kernel", "absolute path, empty: none", Setter(AbsolutePath, COCOS_FIELD(kernel))},
      {"boot.initrd", "absolute path, empty: none", Setter(AbsolutePath, COCOS_FIELD(initrd))},
      {"boot.cmdline", "kernel command line", Setter(AnyText, COCOS_FIELD(command_line))},
      {"boot.firmware_code", "absolute path of UEFI code, empty: none",
       Setter(AbsolutePath, COCOS_FIELD(firmware_code))},
      {"boot.firmware_vars", "absolute path of the UEFI variables template",
       Setter(AbsolutePath, COCOS_FIELD(firmware_vars))},
      {"boot.firmware", "absolute path of a stateless firmware image",
       Setter(AbsolutePath, COCOS_FIELD(firmware_rom))},
      {"boot.igvm", "absolute path of an IGVM file, empty: none",
       Setter(AbsolutePath, COCOS_FIELD(igvm))},
      {"network.guest_port", "port of the agent in the guest",
       Setter(GuestPort, COCOS_FIELD(guest_port))},
      {"network.vsock", "true or false", Setter(ParseBool, COCOS_FIELD(vsock))},
      {"launch_security.snp.policy", "guest policy, 64 bits",
       Setter(Bits64, COCOS_FIELD(snp.policy))},
      {"launch_security.snp.kernel_hashes", "true or false",
       Setter(ParseBool, COCOS_FIELD(snp.kernel_hashes))},
      {"launch_security.snp.host_data", "base64 of 32 bytes",
       Setter(Base64Of<32>, COCOS_FIELD(snp.host_data))},
      {"launch_security.snp.id_block", "base64 of 96 bytes",
       Setter(Base64Of<96>, COCOS_FIELD(snp.id_block))},
      {"launch_security.snp.id_auth", "base64 of 4096 bytes",
       Setter(Base64Of<4096>, COCOS_FIELD(snp.id_auth))},
      {"launch_security.snp.author_key", "true or false",
       Setter(ParseBool, COCOS_FIELD(snp.author_key))},
      {"launch_security.snp.vcek", "true or false", Setter(ParseBool, COCOS_FIELD(snp.vcek))},
      {"launch_security.tdx.policy", "TD attributes, 64 bits",
       Setter(Bits64, COCOS_FIELD(tdx.policy))},
      {"launch_security.tdx.mr_config_id", "base64 of 48 bytes",
       Setter(Base64Of<48>, COCOS_FIELD(tdx.mr_config_id))},
      {"launch_security.tdx.mr_owner", "base64 of 48 bytes",
       Setter(Base64Of<48>, COCOS_FIELD(tdx.mr_owner))},
      {"launch_security.tdx.mr_owner_config", "base64 of 48 bytes",
       Setter(Base64Of<48>, COCOS_FIELD(tdx.mr_owner_config))},
      {"launch_security.tdx.quote_generation_socket", "absolute path of a UNIX socket",
       Setter(AbsolutePath, COCOS_FIELD(tdx.quote_generation_socket))},
      {"lifecycle.ttl", "default TTL, Go duration",
       Setter(PositiveDuration, COCOS_FIELD(ttl_default))},
      {"lifecycle.ttl_max", "longest TTL, Go duration",
       Setter(PositiveDuration, COCOS_FIELD(ttl_max))},
      {"quota.max_cvms", "most CVMs of this class, 0: no limit",
       Setter(Count<1'000'000>, COCOS_FIELD(max_cvms))},
      {"attestation.mode", "off, report or enforce; no effect yet",
       Setter(AttestationMode, COCOS_FIELD(attestation.mode))},
      {"attestation.policy", "absolute path of a policy file; no effect yet",
       Setter(AbsolutePath, COCOS_FIELD(attestation.policy_path))},
  };
  return keys;
}

#undef COCOS_FIELD

// Walks a document; every mistake goes to `file.errors` with its place.
class Walker {
 public:
  Walker(const std::string& path, ClassFile& file) : path_(path), file_(file) {}

  void Document(const YAML::Node& document) {
    if (!document.IsMap()) return Complain(document, "", "want a map of keys");
    Map(document, "");
  }

 private:
  void Map(const YAML::Node& map, const std::string& prefix);
  void Entry(const YAML::Node& name, const YAML::Node& value, const std::string& prefix);
  void Scalar(const Key& key, const YAML::Node& value);
  void Match(const YAML::Node& list);
  void Complain(const YAML::Node& at, const std::string& key, std::string_view what);
  std::string Place(const YAML::Node& at) const;

  const std::string& path_;
  ClassFile& file_;
};

std::string Walker::Place(const YAML::Node& at) const {
  const YAML::Mark mark = at.Mark();
  return fmt::format("{}:{}", path_, mark.line + 1);
}

void Walker::Complain(const YAML::Node& at, const std::string& key, std::string_view what) {
  file_.errors.push_back(fmt::format("{}:{}: {}{}{}", Place(at), at.Mark().column + 1, key,
                                     key.empty() ? "" : ": ", what));
}

void Walker::Map(const YAML::Node& map, const std::string& prefix) {
  std::vector<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) {
      Complain(entry.first, prefix, "want a plain key");
      continue;
    }
    const std::string& name = entry.first.Scalar();
    if (std::ranges::find(seen, name) != seen.end()) {
      Complain(entry.first, prefix + name, "given twice");
    }
    seen.push_back(name);
    Entry(entry.first, entry.second, prefix);
  }
}

void Walker::Entry(const YAML::Node& name, const YAML::Node& value, const std::string& prefix) {
  const std::string path = prefix + name.Scalar();
  if (path == "match") return Match(value);
  const auto& keys = Keys();
  const auto key = std::ranges::find(keys, path, &Key::path);
  if (key != keys.end()) return Scalar(*key, value);
  const bool is_section = std::ranges::any_of(
      keys, [&path](const Key& each) { return each.path.starts_with(path + "."); });
  if (is_section) {
    if (value.IsMap()) return Map(value, path + ".");
    return Complain(value, path, "want a map of keys");
  }
  std::vector<std::string_view> known = {"match"};
  for (const Key& each : keys) known.push_back(each.path);
  const std::string_view nearest = NearestName(path, known);
  Complain(name, path,
           nearest.empty() ? "unknown key" : fmt::format("unknown key, did you mean {}?", nearest));
}

void Walker::Scalar(const Key& key, const YAML::Node& value) {
  if (!value.IsScalar()) {
    return Complain(value, std::string(key.path), fmt::format("want {}", key.accepts));
  }
  if (Result<void> set = key.set(file_.value, value.Scalar()); !set) {
    return Complain(value, std::string(key.path), set.error().message());
  }
  // Blobs are thousands of characters long.
  constexpr std::size_t kShown = 100;
  const std::string& text = value.Scalar();
  file_.settings.push_back({std::string(key.path),
                            text.size() > kShown ? text.substr(0, kShown) + "..." : text,
                            Place(value)});
}

void Walker::Match(const YAML::Node& list) {
  if (!list.IsSequence()) return Complain(list, "match", "want a list of {key, value}");
  file_.value.match.clear();
  for (const auto& rule : list) {
    const bool good = rule.IsMap() && rule.size() == 2 && rule["key"] && rule["key"].IsScalar() &&
                      rule["value"] && rule["value"].IsScalar();
    if (!good) {
      Complain(rule, "match", "want the two keys key and value");
      continue;
    }
    file_.value.match.push_back({rule["key"].Scalar(), rule["value"].Scalar()});
  }
}

void CheckName(const std::string& path, ClassFile& file) {
  const std::string stem = std::filesystem::path(path).stem().string();
  if (file.value.name != stem) {
    file.errors.push_back(
        fmt::format("{}: name {:?}: want the file's own name, {:?}", path, file.value.name, stem));
  }
  const bool plain = !stem.empty() && std::ranges::all_of(stem, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!plain) {
    file.errors.push_back(
        fmt::format("{}: class {:?}: want lower-case letters, digits, '-' and '_'", path, stem));
  }
}

}  // namespace

ClassFile ParseClassFile(const std::string& path, std::string_view text,
                         const ClassConfig& inherited) {
  ClassFile file{.value = inherited};
  file.value.name = std::filesystem::path(path).stem().string();
  file.value.origin = path;
  file.value.match.clear();
  // yaml-cpp reports mistakes by exceptions; none leaves this function.
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) {
      file.errors.push_back(fmt::format("{}: {} documents, want one", path, documents.size()));
    }
    for (const YAML::Node& document : documents) {
      if (!document.IsNull()) Walker(path, file).Document(document);  // an empty file inherits all
    }
  } catch (const YAML::Exception& error) {
    file.errors.push_back(
        fmt::format("{}:{}:{}: {}", path, error.mark.line + 1, error.mark.column + 1, error.msg));
  }
  CheckName(path, file);
  for (Setting& setting : file.settings) {
    setting.name = fmt::format("class {}: {}", file.value.name, setting.name);
  }
  return file;
}

std::string ClassKeysMarkdown() {
  std::string text = "| Key | Accepts |\n|---|---|\n";
  for (const Key& key : Keys()) text += fmt::format("| `{}` | {} |\n", key.path, key.accepts);
  text +=
      "| `match` | list of `key`, `value`: computations that belong to the class; no effect yet "
      "|\n";
  return text;
}

}  // namespace cocos::config
