#include "config/load.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "config/class_check.h"
#include "config/class_file.h"
#include "config/daemon_variables.h"
#include "config/default_class.h"
#include "config/guest_access.h"
#include "config/match_rules.h"
#include "config/variable_reader.h"

namespace cocos::config {
namespace {

constexpr char kDefaultClass[] = "default";

// Puts a configuration together and collects what is wrong with it.
class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources), reader_(sources.environment) {}

  Result<Config> Load();

 private:
  void ReadFiles();
  void LoadVariables();
  void LoadDefault();
  void LoadOtherClasses();
  void AddClass(ClassFile parsed);
  void CheckClasses();
  void AddSettings(std::vector<Setting> settings) {
    config_.settings.insert(config_.settings.end(), settings.begin(), settings.end());
  }
  void AddErrors(const std::vector<std::string>& errors) {
    errors_.insert(errors_.end(), errors.begin(), errors.end());
  }

  const Sources& sources_;
  VariableReader reader_;
  Config config_;
  std::optional<ClassFileText> default_file_;
  std::vector<ClassFileText> other_files_;
  std::vector<Setting> default_file_settings_;
  std::vector<std::string> errors_;
};

bool IsDefault(const ClassFileText& file) {
  return std::filesystem::path(file.path).stem() == kDefaultClass;
}

void Loader::ReadFiles() {
  Result<std::vector<ClassFileText>> files =
      sources_.read_class_files(config_.config_dir + "/classes.d");
  if (!files) return errors_.push_back(files.error().message());
  for (ClassFileText& file : *files) {
    if (IsDefault(file) && !default_file_) {
      default_file_ = std::move(file);
    } else {
      other_files_.push_back(std::move(file));
    }
  }
}

void Loader::LoadDefault() {
  std::optional<ClassFile> file;
  if (default_file_) {
    file = ParseClassFile(default_file_->path, default_file_->text, ClassConfig());
    AddErrors(file->errors);
  }
  const bool usable = file && file->errors.empty();
  DefaultClass standard = LoadDefaultClass(reader_, {sources_.working_dir, sources_.environment},
                                           usable ? &*file : nullptr);
  config_.classes.push_back(std::move(standard.value));
  default_file_settings_ = std::move(standard.settings);
}

void Loader::LoadVariables() {
  LoadDaemonVariables(reader_, sources_.working_dir, config_);
  ReadFiles();
  LoadDefault();
  reader_.NoteWithoutMeaning();
  AddErrors(reader_.errors());
  config_.warnings = reader_.Warnings();
  WarnAboutPorts(config_);
  AddSettings(reader_.TakeSettings());
  AddSettings(std::move(default_file_settings_));
}

void Loader::AddClass(ClassFile parsed) {
  const auto earlier = std::ranges::find(config_.classes, parsed.value.name, &ClassConfig::name);
  if (earlier != config_.classes.end()) {
    errors_.push_back(fmt::format("{}: class \"{}\" is already defined by {}", parsed.value.origin,
                                  parsed.value.name, earlier->origin));
    return;
  }
  config_.classes.push_back(std::move(parsed.value));
  AddSettings(std::move(parsed.settings));
}

void Loader::LoadOtherClasses() {
  for (const ClassFileText& file : other_files_) {
    ClassFile parsed = ParseClassFile(file.path, file.text, config_.classes.front());
    AddErrors(parsed.errors);
    if (parsed.errors.empty()) AddClass(std::move(parsed));
  }
}

void Loader::CheckClasses() {
  for (const ClassConfig& each : config_.classes) {
    const ClassFindings findings = CheckClass(each);
    AddErrors(findings.errors);
    config_.warnings.insert(config_.warnings.end(), findings.warnings.begin(),
                            findings.warnings.end());
  }
  AddErrors(CheckMatchRules(config_.classes));
  GuestAccessFindings access = CheckGuestAccess(config_);
  AddErrors(access.errors);
  config_.warnings.insert(config_.warnings.end(), access.warnings.begin(), access.warnings.end());
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

Result<Config> Loader::Load() {
  LoadVariables();
  LoadOtherClasses();
  // With a number missing, its class would be called wrong for the wrong reason.
  if (errors_.empty()) CheckClasses();
  if (!errors_.empty()) return tl::unexpected(Error(ErrorCode::kInvalidArgument, Joined(errors_)));
  return std::move(config_);
}

}  // namespace

Result<Config> LoadConfig(const Sources& sources) { return Loader(sources).Load(); }

std::string DescribeConfig(const Config& config) {
  std::size_t width = 0;
  for (const Setting& setting : config.settings) {
    width = std::max(width, setting.name.size() + setting.value.size() + 1);
  }
  width = std::min<std::size_t>(width, 72);
  std::string text;
  for (const Setting& setting : config.settings) {
    text += fmt::format("{:<{}}  # {}\n", fmt::format("{}={}", setting.name, setting.value), width,
                        setting.origin);
  }
  for (const std::string& warning : config.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace cocos::config
