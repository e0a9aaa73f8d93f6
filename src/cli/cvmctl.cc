#include "cli/cvmctl.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string_view>

#include "base/go_duration.h"
#include "cli/activity.h"
#include "cli/address.h"
#include "cli/agent_commands.h"
#include "cli/attest_command.h"
#include "cli/attestation_commands.h"
#include "cli/cvm_commands.h"
#include "cli/since.h"
#include "cli/stream_commands.h"

#ifndef COCOS_VERSION
#define COCOS_VERSION "unknown"
#endif

namespace cocos::cli {
namespace {

// Whom a command talks to.
enum class Peer { kNobody, kManager, kAgent };

std::string Variable(const Environment& environment, const std::string& name,
                     const std::string& otherwise) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? otherwise : found->second;
}

// The texts of Go's parser name no option, and tell nobody what is accepted.
Result<std::chrono::nanoseconds> ParseOption(const std::string& name, const std::string& text) {
  const Result<std::chrono::nanoseconds> parsed = ParseGoDuration(text);
  if (parsed && parsed->count() >= 0) return parsed;
  return Fail(ErrorCode::kInvalidArgument,
              "{} {:?}: want 0 or numbers each with a unit of h, m, s, ms, us or ns, as in 1h30m",
              name, text);
}

// Everything the command line can say, and which command it says it to.
class CommandLine {
 public:
  CommandLine(const Environment& environment, const Streams& streams)
      : streams_(streams), app_("Creates and watches confidential VMs.", "cvmctl") {
    app_.set_version_flag("--version", "cvmctl " COCOS_VERSION);
    app_.require_subcommand(1);
    app_.fallthrough();
    AddGlobal(environment);
    AddCreate();
    AddSimple();
    AddWatch();
    AddGuest();
    AddAgent(environment);
    AddAttestation();
  }

  int Run(std::vector<std::string> arguments);

 private:
  using Command = std::function<Result<ExitStatus>()>;
  using SimpleCommand = std::function<Result<void>()>;

  void AddGlobal(const Environment& environment);
  void AddCreate();
  void AddSimple();
  void AddAttest();
  void AddWatch();
  void AddGuest();
  void AddAgent(const Environment& environment);
  void AddTransfers(CLI::App& agent);
  void AddAttestation();
  CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                       Peer peer, SimpleCommand command);
  int RunCommand() const;
  Result<void> ApplyTexts();
  Result<void> ApplySince();
  Result<void> CheckOptions() const;
  void WarnAboutPlainText() const;
  const ConnectionOptions& Connection() const {
    return peer_ == Peer::kAgent ? agent_.connection : manager_.connection;
  }

  const Streams& streams_;
  CLI::App app_;
  std::string name_;  // of the command that was given
  Peer peer_ = Peer::kNobody;
  Command command_;
  ExitStatus on_error_ = ExitStatus::kFailed;  // of the command
  ManagerOptions manager_;
  std::string timeout_;
  std::string output_ = "table";
  CreateOptions create_;
  std::vector<std::string> ids_;
  WatchOptions watch_;
  WatchOptions events_{
      .name = "events", .after_revision = 0, .all_kinds = true, .follow = false, .since = {}};
  std::string events_since_;
  LogsOptions logs_;
  std::string logs_since_;
  ConsoleOptions console_;
  AgentOptions agent_;
  std::string wait_ = "0";
  AlgorithmOptions algorithm_;
  std::vector<std::string> data_paths_;
  std::string result_path_ = "results.zip";
  bool overwrite_ = false;
  KeysOptions keys_;
  AttestationCommands attestation_{manager_.json};
};

CLI::App* CommandLine::AddCommand(CLI::App& parent, const std::string& name,
                                  const std::string& description, Peer peer,
                                  SimpleCommand command) {
  CLI::App* added = parent.add_subcommand(name, description);
  added->callback([this, name, peer, command = std::move(command)] {
    name_ = name;
    peer_ = peer;
    command_ = [command]() -> Result<ExitStatus> {
      COCOS_TRY(command());
      return ExitStatus::kDone;
    };
  });
  return added;
}

void CommandLine::AddAttestation() {
  attestation_.AddTo(
      app_, [this](CLI::App& parent, const std::string& name, const std::string& description,
                   ExitStatus on_error, AttestationCommands::Command command) {
        CLI::App* added = parent.add_subcommand(name, description);
        const std::string full_name = parent.get_name() + " " + name;
        added->callback([this, full_name, on_error, command = std::move(command)] {
          name_ = full_name;
          on_error_ = on_error;
          command_ = [this, command] { return ShowingActivity(name_, streams_, command); };
        });
        return added;
      });
}

void CommandLine::AddGlobal(const Environment& environment) {
  ConnectionOptions& connection = manager_.connection;
  connection.address = Variable(environment, "MANAGER_GRPC_URL", "localhost:7002");
  connection.client_cert = Variable(environment, "MANAGER_GRPC_CLIENT_CERT", "");
  connection.client_key = Variable(environment, "MANAGER_GRPC_CLIENT_KEY", "");
  connection.server_ca = Variable(environment, "MANAGER_GRPC_SERVER_CA_CERTS", "");
  app_.add_option("--manager", connection.address, "host:port of the manager [MANAGER_GRPC_URL]");
  app_.add_option("--cert", connection.client_cert,
                  "client certificate [MANAGER_GRPC_CLIENT_CERT]");
  app_.add_option("--key", connection.client_key, "its private key [MANAGER_GRPC_CLIENT_KEY]");
  app_.add_option("--ca", connection.server_ca,
                  "CA of the manager's certificate [MANAGER_GRPC_SERVER_CA_CERTS]");
  app_.add_option("--timeout", timeout_, "time limit of a call, e.g. 30s");
  app_.add_option("--output", output_, "table or json")->check(CLI::IsMember({"table", "json"}));
}

void CommandLine::AddCreate() {
  CLI::App* create =
      AddCommand(app_, "create", "create a CVM and wait until it runs", Peer::kManager,
                 [this] { return CreateCvm(manager_, create_, streams_); });
  create
      ->add_option("--server-url", create_.server_url,
                   "host:port of the computation service, as seen from the guest")
      ->required();
  create->add_option("--server-ca", create_.server_ca, "CA of that service, file");
  create->add_option("--client-key", create_.client_key, "the agent's private key, file");
  create->add_option("--client-cert,--client-crt", create_.client_cert,
                     "the agent's certificate, file");
  create->add_option("--ca-url", create_.ca_url, "certificate service for the agent");
  create->add_option("--log-level", create_.log_level, "log level of the agent");
  create->add_option("--ttl", create_.ttl, "remove the CVM after this time, e.g. 1h30m");
  create->add_option("--class", create_.computation_class, "computation class");
  create->add_option("--certs-token-file", create_.certs_token_file,
                     "file with the token for the certificate service");
  create->add_option("--aws-access-key-id", create_.aws_access_key_id, "AWS access key id");
  create->add_option("--aws-secret-access-key-file", create_.aws_secret_access_key_file,
                     "file with the AWS secret access key");
  create->add_option("--aws-endpoint-url", create_.aws_endpoint_url, "AWS endpoint");
  create->add_option("--aws-region", create_.aws_region, "AWS region");
  create->add_option("--aa-kbs-params", create_.aa_kbs_params,
                     "attestation agent parameters on the kernel command line");
}

void CommandLine::AddSimple() {
  AddCommand(app_, "list", "list all CVMs", Peer::kManager,
             [this] { return ListCvms(manager_, streams_); });
  CLI::App* info = AddCommand(app_, "info", "show one CVM", Peer::kManager,
                              [this] { return ShowCvm(manager_, ids_.front(), streams_); });
  info->add_option("id", ids_, "id of the CVM")->required()->expected(1);
  CLI::App* remove = AddCommand(app_, "remove", "remove CVMs", Peer::kManager,
                                [this] { return RemoveCvms(manager_, ids_, streams_); });
  remove->add_option("id", ids_, "ids of the CVMs")->required();
  AddAttest();
}

// Its exit statuses are those of the commands that verify.
void CommandLine::AddAttest() {
  CLI::App* attest = app_.add_subcommand(
      "attest", "ask the agent of a CVM for evidence and judge it as before a release");
  attest->add_option("id", ids_, "id of the CVM")->required()->expected(1);
  attest->callback([this] {
    name_ = "attest";
    peer_ = Peer::kManager;
    on_error_ = ExitStatus::kUsage;
    command_ = [this] { return AttestCvm(manager_, ids_.front(), streams_); };
  });
}

void CommandLine::AddWatch() {
  CLI::App* watch = AddCommand(app_, "watch", "follow every change of every CVM", Peer::kManager,
                               [this] { return WatchCvms(manager_, watch_, streams_); });
  watch->add_option("--after", watch_.after_revision, "changes after this revision");
  watch->add_option("--count", watch_.count, "end after so many changes");

  CLI::App* events =
      AddCommand(app_, "events", "show what happened to CVMs, their agents and their attestation",
                 Peer::kManager, [this] { return WatchCvms(manager_, events_, streams_); });
  events->add_flag("-f,--follow", events_.follow, "then follow what happens");
  events->add_option("--since", events_since_,
                     "after this revision, or since a time: 10m, 2026-11-24T18:00:00Z");
}

void CommandLine::AddGuest() {
  CLI::App* logs = AddCommand(
      app_, "logs", "show what a CVM's agent logged and its console printed", Peer::kManager,
      [this] { return ShowLogs(manager_, ids_.front(), logs_, streams_); });
  logs->add_option("id", ids_, "id of the CVM")->required()->expected(1);
  logs->add_flag("-f,--follow", logs_.follow, "then follow what comes");
  logs->add_option("--source", logs_.source, "agent, console or both")
      ->check(CLI::IsMember({"agent", "console", "both"}));
  logs->add_option("--since", logs_since_, "only from then on: 10m, 2026-11-24T18:00:00Z");
  logs->add_option("--tail", logs_.tail, "only the last entries of each source");

  CLI::App* console =
      AddCommand(app_, "console", "show a CVM's console as the guest wrote it", Peer::kManager,
                 [this] { return ShowConsole(manager_, ids_.front(), console_, streams_); });
  console->add_option("id", ids_, "id of the CVM")->required()->expected(1);
  console->add_flag("-f,--follow", console_.follow, "then follow what comes");
  console->add_flag("--raw", console_.raw, "control characters also to a terminal");
}

void CommandLine::AddAgent(const Environment& environment) {
  CLI::App* agent = app_.add_subcommand("agent", "talk to the agent in a CVM");
  agent->require_subcommand(1);
  ConnectionOptions& connection = agent_.connection;
  connection.address = Variable(environment, "AGENT_GRPC_URL", "");
  connection.client_cert = Variable(environment, "AGENT_GRPC_CLIENT_CERT", "");
  connection.client_key = Variable(environment, "AGENT_GRPC_CLIENT_KEY", "");
  connection.server_ca = Variable(environment, "AGENT_GRPC_SERVER_CA_CERTS", "");
  agent->add_option("--agent", connection.address,
                    "host:port of the agent, see `cvmctl list` [AGENT_GRPC_URL]");
  agent->add_option("--agent-ca", connection.server_ca,
                    "CA of the agent's certificate [AGENT_GRPC_SERVER_CA_CERTS]");
  agent->add_option("--agent-cert", connection.client_cert,
                    "client certificate [AGENT_GRPC_CLIENT_CERT]");
  agent->add_option("--agent-key", connection.client_key, "its key [AGENT_GRPC_CLIENT_KEY]");
  agent->add_option("--agent-name", connection.server_name,
                    "name the agent's certificate carries, where it is not that of the address");
  agent->add_option("--wait", wait_, "keep trying to reach the agent for so long, e.g. 60s");
  agent->fallthrough();
  AddTransfers(*agent);
}

void CommandLine::AddTransfers(CLI::App& agent) {
  const auto add_key = [this](CLI::App* command) {
    command
        ->add_option("--user-key", agent_.key_path,
                     "your private key, which signs the request, PEM file")
        ->required();
  };
  CLI::App* algo = AddCommand(agent, "algo", "upload the algorithm", Peer::kAgent,
                              [this] { return UploadAlgorithm(agent_, algorithm_, streams_); });
  algo->add_option("file", algorithm_.path, "the algorithm")->required();
  algo->add_option("--type", algorithm_.type, "bin, python, wasm or docker");
  algo->add_option("--arg,--args", algorithm_.arguments,
                   "argument of the algorithm, one each time; --arg=-x for one with a dash")
      ->allow_extra_args(false);
  algo->add_option("--requirements", algorithm_.requirements_path, "Python requirements file");
  algo->add_option("--python-runtime", algorithm_.python_runtime, "Python interpreter");
  add_key(algo);

  CLI::App* data = AddCommand(agent, "data", "upload data sets", Peer::kAgent,
                              [this] { return UploadData(agent_, data_paths_, streams_); });
  data->add_option("file", data_paths_, "data sets; their names must be those of the manifest")
      ->required();
  add_key(data);

  CLI::App* result = AddCommand(agent, "result", "download the result", Peer::kAgent, [this] {
    return DownloadResult(agent_, result_path_, overwrite_, streams_);
  });
  result->add_option("--out", result_path_, "file to write");
  result->add_flag("--force", overwrite_, "replace the file");
  add_key(result);

  CLI::App* keys = AddCommand(agent, "keys", "make a key pair: public.pem and private.pem",
                              Peer::kNobody, [this] { return MakeKeys(keys_, streams_); });
  keys->add_option("--type", keys_.type, "rsa, ecdsa or ed25519");
  keys->add_option("--dir", keys_.directory, "where to write them");
  keys->add_flag("--force", keys_.overwrite, "replace existing files");
}

Result<void> CommandLine::ApplyTexts() {
  manager_.json = output_ == "json";
  if (!timeout_.empty()) manager_.timeout = COCOS_TRY(ParseOption("--timeout", timeout_));
  if (manager_.timeout && manager_.timeout->count() == 0) {
    return Fail(ErrorCode::kInvalidArgument, "--timeout {:?}: want more than 0", timeout_);
  }
  if (!create_.ttl.empty()) COCOS_TRY(ParseOption("--ttl", create_.ttl));
  agent_.wait = COCOS_TRY(ParseOption("--wait", wait_));
  return ApplySince();
}

Result<void> CommandLine::ApplySince() {
  const auto now = google::protobuf::util::TimeUtil::GetCurrentTime();
  if (!logs_since_.empty()) logs_.since = COCOS_TRY(ParseSince("--since", logs_since_, now));
  if (events_since_.empty()) return {};
  // A number alone is no duration: those have units.
  const char* const end = events_since_.data() + events_since_.size();
  std::uint64_t revision = 0;
  const auto [parsed, error] = std::from_chars(events_since_.data(), end, revision);
  if (error == std::errc() && parsed == end) {
    events_.after_revision = revision;
    return {};
  }
  events_.since = COCOS_TRY(ParseSince("--since", events_since_, now));
  return {};
}

// What the options say together.
Result<void> CommandLine::CheckOptions() const {
  if (peer_ == Peer::kManager) return {};
  // They may be written anywhere, and an agent's commands have options of nearly the same names.
  for (const char* name : {"--cert", "--key", "--ca", "--timeout"}) {
    if (app_.get_option(name)->count() == 0) continue;
    if (peer_ == Peer::kNobody) {
      return Fail(ErrorCode::kInvalidArgument,
                  "{}: is for commands to the manager, not for this one", name);
    }
    return Fail(ErrorCode::kInvalidArgument,
                "{}: is for commands to the manager, want --agent-cert, --agent-key, --agent-ca, "
                "--wait, or --user-key for the key that signs",
                name);
  }
  if (peer_ == Peer::kAgent && agent_.connection.address.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "--agent: not given, want host:port or AGENT_GRPC_URL; `cvmctl list` shows the "
                "port of each CVM's agent");
  }
  return {};
}

void CommandLine::WarnAboutPlainText() const {
  if (peer_ == Peer::kNobody || UsesTls(Connection()) || IsLocalAddress(Connection().address)) {
    return;
  }
  const std::string_view prefix = peer_ == Peer::kAgent ? "--agent-" : "--";
  streams_.err << fmt::format(
                      "cvmctl: {}: plain text, whoever is on the way can read and change it; "
                      "{}ca turns TLS on",
                      Connection().address, prefix)
               << std::endl;
}

int CommandLine::Run(std::vector<std::string> arguments) {
  constexpr int kUsage = static_cast<int>(ExitStatus::kUsage);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    app_.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return app_.exit(error, streams_.out, streams_.err) == 0 ? 0 : kUsage;
  }
  for (const Result<void>& checked : {ApplyTexts(), CheckOptions()}) {
    if (checked) continue;
    streams_.err << "cvmctl: " << name_ << ": " << checked.error().message() << std::endl;
    return kUsage;
  }
  WarnAboutPlainText();
  return RunCommand();
}

int CommandLine::RunCommand() const {
  const Result<ExitStatus> done = command_();
  if (!done) {
    streams_.err << "cvmctl: " << name_ << ": " << done.error().message() << std::endl;
    return static_cast<int>(on_error_);
  }
  if (!streams_.out.flush()) {
    streams_.err << "cvmctl: " << name_ << ": cannot write to standard output" << std::endl;
    return static_cast<int>(*done == ExitStatus::kDone ? ExitStatus::kFailed : *done);
  }
  return static_cast<int>(*done);
}

}  // namespace

int RunCvmctl(const std::vector<std::string>& arguments, const Environment& environment,
              const Streams& streams) {
  return CommandLine(environment, streams).Run(arguments);
}

}  // namespace cocos::cli
