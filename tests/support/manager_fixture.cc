#include "support/manager_fixture.h"

#include <cstdlib>
#include <thread>

namespace cocos::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMinimalTemplate = R"(<domain type='kvm'>
  <name>filled-in-by-cocos-manager</name>
  <os><type arch='x86_64'>hvm</type></os>
  <devices/>
</domain>)";

}  // namespace

void MemoryLogger::Log(LogLevel level, std::string_view message,
                       std::initializer_list<LogAttribute> attributes) {
  constexpr const char* kNames[] = {"DEBUG", "INFO", "WARN", "ERROR"};
  const std::lock_guard lock(mutex_);
  text_ += fmt::format("{} {}", kNames[static_cast<int>(level)], message);
  for (const auto& [name, value] : attributes) text_ += fmt::format(" {}={}", name, value);
  text_ += '\n';
}

std::string MemoryLogger::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "cocos-test-XXXXXX").string();
  COCOS_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return condition();
}

cvm::ComputationClass MinimalClass(const std::string& name) {
  Result<domain::DomainTemplate> parsed =
      domain::DomainTemplate::Parse(kMinimalTemplate, "minimal template");
  if (!parsed) ADD_FAILURE() << parsed.error().message();
  COCOS_CHECK(parsed);
  cvm::ComputationClass minimal{.name = name, .domain_template = *parsed};
  minimal.hypervisor = domain::Hypervisor::kTest;
  return minimal;
}

ManagerFixture::ManagerFixture() {
  options_.instance_id = "test-instance";
  options_.runtime_dir = dir_.path() + "/run";
  options_.state_dir = dir_.path() + "/state";
  options_.console_dir = dir_.path() + "/console";
  options_.stop_timeout = 50ms;
  options_.is_port_free = [](const std::string&, std::uint16_t) { return true; };
  classes_.push_back(MinimalClass());
}

ManagerFixture::~ManagerFixture() {
  hypervisor_.SetHook({});
  hypervisor_.SetAfterHook({});
  StopManager();
}

cvm::Manager& ManagerFixture::StartManager() {
  StopManager();
  events_ = std::make_unique<cvm::EventQueue>();
  hypervisor_.SetSink(events_.get());
  auto opened = cvm::Manager::Open(hypervisor_, *events_, clock_, logger_, classes_, options_);
  if (!opened) ADD_FAILURE() << opened.error().message();
  COCOS_CHECK(opened);
  manager_ = *std::move(opened);
  manager_->Start();
  return *manager_;
}

void ManagerFixture::StopManager() {
  if (manager_) manager_->Close();
  manager_.reset();
  hypervisor_.SetSink(nullptr);
  events_.reset();
}

std::vector<std::string> ManagerFixture::ShareDirs() const {
  std::vector<std::string> names;
  const std::string root = options_.runtime_dir + "/" + options_.instance_id + "/cvms";
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(root, missing)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace cocos::testing
