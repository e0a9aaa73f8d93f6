#include "relay/admissions.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace cocos::relay {
namespace {

constexpr std::size_t kMaxManifestBytes = std::size_t{128} << 20;
constexpr const char* kManifestFile = "manifest";
constexpr const char* kCertificateFile = "certificate.pem";
// "<mode> <destroy or keep> <deadline in seconds>\n<computation id>"
constexpr const char* kTermsFile = "terms";
// "<standing>[\n<why>]"; written last: an entry is whole once it is there
constexpr const char* kStandingFile = "standing";
constexpr std::string_view kKeep = "keep";
constexpr std::string_view kDestroy = "destroy";

FileAccess DirAccess() { return {::geteuid(), ::getegid(), 0700}; }
FileAccess SecretAccess() { return {::geteuid(), ::getegid(), 0600}; }

constexpr std::array<std::pair<ReleaseMode, std::string_view>, 3> kModes = {
    {{ReleaseMode::kOff, "off"},
     {ReleaseMode::kReport, "report"},
     {ReleaseMode::kEnforce, "enforce"}}};

constexpr std::array<std::pair<Standing, std::string_view>, 4> kStandings = {
    {{Standing::kWaiting, "waiting"},
     {Standing::kPassed, "passed"},
     {Standing::kFailed, "failed"},
     {Standing::kAccepted, "accepted"}}};

template <typename Table, typename Value>
std::string_view NameOf(const Table& table, Value value) {
  for (const auto& [each, name] : table) {
    if (each == value) return name;
  }
  return "";
}

template <typename Table>
auto ValueOf(const Table& table, std::string_view name)
    -> std::optional<typename Table::value_type::first_type> {
  for (const auto& [value, each] : table) {
    if (each == name) return value;
  }
  return std::nullopt;
}

// The first line, and what is behind it.
std::pair<std::string_view, std::string_view> SplitLine(std::string_view text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return {text, ""};
  return {text.substr(0, end), text.substr(end + 1)};
}

// A refusal under kEnforce is for good, and only evidence that passed opens the way to acceptance:
// what a guest says of itself does not.
bool MayFollow(ReleaseMode mode, Standing from, Standing to) {
  if (from == Standing::kAccepted) return to == Standing::kAccepted;
  if (mode != ReleaseMode::kEnforce) return true;
  if (from == Standing::kFailed) return to == Standing::kFailed;
  return to != Standing::kAccepted || from == Standing::kPassed;
}

std::string TermsLine(const ReleaseTerms& terms) {
  return fmt::format("{} {} {}", ReleaseModeName(terms.mode), terms.keep_refused ? kKeep : kDestroy,
                     terms.deadline.count());
}

std::optional<ReleaseTerms> ParseTermsLine(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto mode = ReleaseModeNamed(line.substr(0, first));
  const std::string_view refused = line.substr(first + 1, last - first - 1);
  const std::string_view number = line.substr(last + 1);
  std::chrono::seconds::rep seconds = 0;
  const char* const end = number.data() + number.size();
  const auto [parsed, error] = std::from_chars(number.data(), end, seconds);
  const bool known = refused == kKeep || refused == kDestroy;
  if (!mode || !known || error != std::errc() || parsed != end || seconds <= 0) return std::nullopt;
  return ReleaseTerms{*mode, refused == kKeep, std::chrono::seconds(seconds)};
}

}  // namespace

std::string_view ReleaseModeName(ReleaseMode mode) { return NameOf(kModes, mode); }
std::optional<ReleaseMode> ReleaseModeNamed(std::string_view name) { return ValueOf(kModes, name); }

Result<std::unique_ptr<Admissions>> Admissions::Open(const std::string& directory) {
  SecureDir opened = COCOS_TRY(SecureDir::OpenOrCreate(directory, DirAccess()));
  std::unique_ptr<Admissions> admissions(new Admissions(std::move(opened)));
  COCOS_TRY(admissions->Load());
  return admissions;
}

Result<void> Admissions::Load() {
  for (const std::string& name : COCOS_TRY(directory_.List())) {
    const Result<cvm::CvmId> id = cvm::CvmId::Parse(name);
    Result<Entry> entry = LoadEntry(name);
    if (id && entry) {
      entries_.emplace(*id, *std::move(entry));
      inherited_.insert(*id);
    } else {
      COCOS_TRY(directory_.RemoveTree(name));
    }
  }
  return {};
}

Result<Admissions::Entry> Admissions::LoadEntry(const std::string& name) const {
  const SecureDir child = COCOS_TRY(directory_.OpenChild(name));
  const auto read = [&child](const char* file) {
    return ReadFile(child.path() + "/" + file, kMaxManifestBytes);
  };
  Admission admission;
  admission.manifest = COCOS_TRY(read(kManifestFile));
  admission.certificate_pem = COCOS_TRY(read(kCertificateFile));
  const std::string terms = COCOS_TRY(read(kTermsFile));
  const std::string standing_text = COCOS_TRY(read(kStandingFile));
  const auto [terms_line, computation_id] = SplitLine(terms);
  const auto [standing_name, why] = SplitLine(standing_text);
  const auto kept_terms = ParseTermsLine(terms_line);
  const auto standing = ValueOf(kStandings, standing_name);
  if (!kept_terms || !standing || terms_line.size() == terms.size()) {
    return Fail(ErrorCode::kMalformed, "{}: not what this release writes", child.path());
  }
  admission.terms = *kept_terms;
  admission.computation_id = computation_id;
  return Entry{std::make_shared<const Admission>(std::move(admission)), *standing,
               std::string(why)};
}

Result<void> Admissions::Write(const cvm::CvmId& id, const Admission& admission) const {
  const SecureDir child = COCOS_TRY(directory_.Create(id.text(), DirAccess()));
  COCOS_TRY(child.WriteNewFile(kManifestFile, admission.manifest, SecretAccess()));
  COCOS_TRY(child.WriteNewFile(kCertificateFile, admission.certificate_pem, SecretAccess()));
  const std::string terms = TermsLine(admission.terms) + "\n" + admission.computation_id;
  COCOS_TRY(child.WriteNewFile(kTermsFile, terms, SecretAccess()));
  return child.WriteNewFile(kStandingFile, NameOf(kStandings, Standing::kWaiting), SecretAccess());
}

Result<void> Admissions::Add(const cvm::CvmId& id, Admission admission) {
  Result<void> written = Write(id, admission);
  if (!written) {
    // Of an entry that was there before nothing is touched.
    if (written.error().code() != ErrorCode::kAlreadyExists) {
      static_cast<void>(directory_.RemoveTree(id.text()));
    }
    return written;
  }
  std::lock_guard lock(mutex_);
  entries_[id] = {std::make_shared<const Admission>(std::move(admission)), Standing::kWaiting, ""};
  return {};
}

void Admissions::Remove(const cvm::CvmId& id) {
  {
    std::lock_guard lock(mutex_);
    if (entries_.erase(id) == 0) return;
  }
  static_cast<void>(directory_.RemoveTree(id.text()));
}

void Admissions::RetainInherited(const std::set<cvm::CvmId>& ids) {
  for (const cvm::CvmId& id : inherited_) {
    if (!ids.contains(id)) Remove(id);
  }
}

std::shared_ptr<const Admission> Admissions::Find(const cvm::CvmId& id) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.admission;
}

std::optional<Standing> Admissions::StandingOf(const cvm::CvmId& id) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second.standing;
}

// Under the lock while it writes a few bytes: what the file and the memory say must not differ.
bool Admissions::SetStanding(const cvm::CvmId& id, Standing standing, const std::string& why) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  if (!MayFollow(found->second.admission->terms.mode, found->second.standing, standing)) {
    return false;
  }
  return Keep(id, found->second, standing, why);
}

bool Admissions::FailIfWaiting(const cvm::CvmId& id, const std::string& why) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.standing != Standing::kWaiting) return false;
  return Keep(id, found->second, Standing::kFailed, why);
}

bool Admissions::Keep(const cvm::CvmId& id, Entry& entry, Standing standing,
                      const std::string& why) {
  if (entry.standing == Standing::kAccepted) return true;  // the same again
  const Result<SecureDir> child = directory_.OpenChild(id.text());
  if (!child) return false;
  std::string text(NameOf(kStandings, standing));
  if (!why.empty()) text += "\n" + why;
  if (!child->ReplaceFile(kStandingFile, text, SecretAccess())) return false;
  entry.standing = standing;
  entry.why = why;
  return true;
}

std::optional<std::string> Admissions::RefusalOf(const cvm::CvmId& id) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  const bool refused =
      entry.admission->terms.mode == ReleaseMode::kEnforce && entry.standing == Standing::kFailed;
  return refused ? std::optional(entry.why) : std::nullopt;
}

std::set<cvm::CvmId> Admissions::List() const {
  std::lock_guard lock(mutex_);
  std::set<cvm::CvmId> ids;
  for (const auto& [id, unused] : entries_) ids.insert(id);
  return ids;
}

}  // namespace cocos::relay
