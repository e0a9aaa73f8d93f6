// A small agent for guests of tests and demonstrations; speaks what the real in-guest agent speaks.
#include <CLI/CLI.hpp>

#include <sys/stat.h>
#include <tss2/tss2_tcti_device.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/file.h"
#include "testagent/agent.h"
#include "testagent/cvms_client.h"
#include "testagent/environment.h"
#include "testagent/snp_chip.h"
#include "testagent/tls_material.h"
#include "testagent/tpm_evidence.h"

namespace cocos::testagent {
namespace {

constexpr int kFailureStatus = 1;

struct Flags {
  std::string environment_path = "/etc/cocos/environment";
  std::string work_root = "/cocos";
  std::string listen_host = "0.0.0.0";
  std::string chip_path = "/etc/test-tee/chip.json";
  std::string tpm_path = "/dev/tpmrm0";
  std::string event_log_path = "/sys/kernel/security/tpm0/binary_bios_measurements";
  unsigned flood_seconds = 0;
};

// Lines for the guest's console.
class ConsoleLogger final : public Logger {
 public:
  void Log(LogLevel, std::string_view message,
           std::initializer_list<LogAttribute> attributes) override {
    std::string line = fmt::format("agent: {}", message);
    for (const auto& [name, value] : attributes) line += fmt::format(" {}={}", name, value);
    line += '\n';
    std::lock_guard lock(mutex_);
    std::fputs(line.c_str(), stderr);  // a console that is gone must not stop the agent
  }

 private:
  std::mutex mutex_;
};

Result<Settings> ReadSettings(const std::string& path) {
  const std::string text = COCOS_TRY(ReadFile(path));
  return SettingsFrom(COCOS_TRY(ParseEnvironment(text)));
}

Result<void> MakeWorkRoot(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Fail(ErrorCode::kInternal, "{}: {}", path, ErrnoText(errno));
  }
  return {};
}

// Blocked here and so in every later thread; taken by sigwait.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// None where the host simulates no processor.
Result<std::unique_ptr<SnpChip>> FindChip(const std::string& path) {
  const Result<std::string> json = ReadFile(path);
  if (json) return SnpChip::Parse(*json);
  if (json.error().code() != ErrorCode::kNotFound) return tl::unexpected(json.error());
  return nullptr;
}

// The guest's TPM, beside the processor if there is one; null without a TPM.
std::unique_ptr<TpmEvidence> FindTpm(const Flags& flags, const SnpChip* chip) {
  if (access(flags.tpm_path.c_str(), F_OK) != 0) return nullptr;
  return std::make_unique<TpmEvidence>(TpmAddress{Tss2_Tcti_Device_Init, flags.tpm_path},
                                       flags.event_log_path, chip);
}

Result<std::string> ReadCertificate(const Settings& settings) {
  if (settings.client_cert_path.empty()) return std::string();
  return ReadFile(settings.client_cert_path);
}

// As fast as the stream takes them, and faster.
void Flood(Outbox& outbox, std::chrono::seconds duration, const std::stop_token& stop) {
  constexpr std::size_t kLogBytes = 16 * 1024;
  cvms::ClientStreamMessage message;
  message.mutable_agent_log()->set_level("INFO");
  message.mutable_agent_log()->set_message(std::string(kLogBytes, 'x'));
  const auto end = std::chrono::steady_clock::now() + duration;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < end) outbox.Push(message);
}

Result<void> RunAgent(const Flags& flags, Logger& logger) {
  const Settings settings = COCOS_TRY(ReadSettings(flags.environment_path));
  auto credentials = COCOS_TRY(ClientCredentials(settings));
  const std::unique_ptr<SnpChip> chip = COCOS_TRY(FindChip(flags.chip_path));
  const std::unique_ptr<TpmEvidence> tpm = FindTpm(flags, chip.get());
  EvidenceSource* const evidence = tpm ? static_cast<EvidenceSource*>(tpm.get()) : chip.get();
  std::string certificate = COCOS_TRY(ReadCertificate(settings));
  COCOS_TRY(MakeWorkRoot(flags.work_root));
  const sigset_t signals = BlockStopSignals();

  Outbox outbox;
  Agent agent({.listen_host = flags.listen_host,
               .work_root = flags.work_root,
               .log_level = settings.log_level,
               .evidence = evidence,
               .client_certificate_file = std::move(certificate)},
              outbox, logger);
  CvmsClient client(
      {.url = settings.cvms_url, .cvm_id = settings.cvm_id, .credentials = std::move(credentials)},
      outbox, [&agent](const auto& message) { return agent.OnMessage(message); }, logger);
  logger.Info("connecting", {{"url", settings.cvms_url}, {"cvm", settings.cvm_id}});
  const std::jthread stream([&client](std::stop_token stop) { client.Run(stop); });
  const std::jthread flood([&](std::stop_token stop) {
    Flood(outbox, std::chrono::seconds(flags.flood_seconds), stop);
  });
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  return {};
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("In-guest agent for tests and demonstrations", "cocos-test-agent");
  app.add_option("--environment", flags.environment_path, "file with NAME=value lines")
      ->capture_default_str();
  app.add_option("--work-dir", flags.work_root, "directory algorithms run in")
      ->capture_default_str();
  app.add_option("--host", flags.listen_host, "address to serve users on")->capture_default_str();
  app.add_option("--chip", flags.chip_path, "simulated SEV-SNP processor, if there is such a file")
      ->capture_default_str();
  app.add_option("--tpm", flags.tpm_path, "TPM with a resource manager, if there is one")
      ->capture_default_str();
  app.add_option("--event-log", flags.event_log_path, "what firmware has measured")
      ->capture_default_str();
  app.add_option("--flood", flags.flood_seconds, "send logs without pause for so many seconds");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  std::signal(SIGPIPE, SIG_IGN);
  ConsoleLogger logger;
  const auto done = RunAgent(flags, logger);
  if (!done) logger.Error("cannot start", {{"error", done.error().message()}});
  return done ? 0 : kFailureStatus;
}

}  // namespace
}  // namespace cocos::testagent

int main(int argc, char** argv) { return cocos::testagent::Main(argc, argv); }
