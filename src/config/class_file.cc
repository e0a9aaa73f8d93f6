#include "config/class_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "config/class_keys.h"
#include "config/match_rules.h"
#include "config/values.h"

namespace cocos::config {
namespace {

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
  void Scalar(const ClassKey& key, const YAML::Node& value);
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
  const std::vector<ClassKey>& keys = ClassKeys();
  const auto key = std::ranges::find(keys, path, &ClassKey::path);
  if (key != keys.end()) return Scalar(*key, value);
  const bool is_section = std::ranges::any_of(
      keys, [&path](const ClassKey& each) { return each.path.starts_with(path + "."); });
  if (is_section) {
    if (value.IsMap()) return Map(value, path + ".");
    return Complain(value, path, "want a map of keys");
  }
  std::vector<std::string_view> known = {"match"};
  for (const ClassKey& each : keys) known.push_back(each.path);
  const std::string_view nearest = NearestName(path, known);
  Complain(name, path,
           nearest.empty() ? "unknown key" : fmt::format("unknown key, did you mean {}?", nearest));
}

void Walker::Scalar(const ClassKey& key, const YAML::Node& value) {
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
    Result<MatchRule> parsed = ParseMatchRule(rule["key"].Scalar(), rule["value"].Scalar());
    if (!parsed) {
      Complain(rule, "match", parsed.error().message());
      continue;
    }
    file_.value.match.push_back(*std::move(parsed));
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

// A file that says "none" for the first of a pair, and nothing of the second, means neither.
void DropInheritedPartner(ClassFile& file, std::string_view first, std::string_view second,
                          std::string ClassConfig::*second_value) {
  const auto given = std::ranges::find(file.settings, first, &Setting::name);
  if (given == file.settings.end() || !given->value.empty()) return;
  if (std::ranges::find(file.settings, second, &Setting::name) != file.settings.end()) return;
  (file.value.*second_value).clear();
  const std::string origin = given->origin;
  file.settings.push_back({std::string(second), "", origin});
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
  DropInheritedPartner(file, "boot.kernel", "boot.initrd", &ClassConfig::initrd);
  DropInheritedPartner(file, "boot.firmware_code", "boot.firmware_vars",
                       &ClassConfig::firmware_vars);
  for (Setting& setting : file.settings) {
    setting.name = fmt::format("class {}: {}", file.value.name, setting.name);
  }
  return file;
}

}  // namespace cocos::config
