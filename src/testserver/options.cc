#include "testserver/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>

namespace cocos::testserver {
namespace {

constexpr std::uint16_t kDefaultPort = 7001;
constexpr int kUsageStatus = 2;

// Go's flag package takes -algo-path for --algo-path; CLI11 would read it as a bundle of letters.
std::string WithTwoDashes(const std::string& argument) {
  const bool one_dash = argument.size() > 2 && argument[0] == '-' && argument[1] != '-';
  return one_dash ? "-" + argument : argument;
}

void AddComputationFlags(CLI::App& app, ComputationInputs& computation) {
  app.add_option("--algo-path", computation.algorithm_path, "algorithm file the manifest names")
      ->required();
  app.add_option("--data-paths", computation.data_paths, "dataset files, separated by commas")
      ->delimiter(',');
  app.add_option("--public-key-path", computation.public_key_path,
                 "PEM public key of the user who provides algorithm and data and gets the result")
      ->required();
  app.add_option("--algo-type", computation.algorithm_type, "algorithm type in the manifest");
  app.add_option("--computation-id", computation.id, "id of the computation")
      ->capture_default_str();
  app.add_option("--computation-name", computation.name, "name of the computation")
      ->capture_default_str();
  app.add_option("--agent-port", computation.agent_port, "port the agent serves its users on")
      ->capture_default_str();
  app.add_option("--agent-cert-file", computation.agent_cert_file,
                 "agent's server certificate: path in the guest");
  app.add_option("--agent-key-file", computation.agent_key_file,
                 "agent's server key: path in the guest");
  app.add_option("--client-ca-file", computation.client_ca_path,
                 "CA of the agent's users: local file whose content is sent");
  app.add_flag("--attested-tls-bool", computation.attested_tls, "ask the agent for attested TLS");
}

void AddListenerFlags(CLI::App& app, Options& options) {
  app.add_option("--host", options.host, "address to listen on")
      ->envname("HOST")
      ->capture_default_str();
  app.add_option("--port", options.port, "port to listen on; 0 takes a free one")
      ->envname("PORT")
      ->capture_default_str();
  auto* cert = app.add_option("--server-cert", options.server_cert_path,
                              "PEM certificate of this server; turns TLS on");
  auto* key = app.add_option("--server-key", options.server_key_path, "PEM key of this server");
  cert->needs(key);
  key->needs(cert);
  app.add_option("--client-ca", options.client_ca_path,
                 "PEM CA of the agents' certificates; turns mTLS on")
      ->needs(cert);
}

void AddOtherFlags(CLI::App& app, Options& options) {
  app.add_option("--ca-url", options.ca_url, "accepted for compatibility, not used");
  app.add_option("--cvm-id", options.cvm_id, "send the computation to this CVM only");
  app.add_flag("--commands", options.commands_on_stdin,
               "read commands from standard input: stop, state, disconnect; to managers: cms run "
               "[ID], cms stop [ID], cms policy [ID], cms info, cms terminate, cms drop, cms "
               "garbage, cms endless COUNT");
  app.add_flag("--cms-run", options.cms_run, "send the computation to every manager that connects");
  app.add_option("--cms-era", options.cms_era, "release whose service this is to managers")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, CmsEra>{{"v0.3.1", CmsEra::kV031}, {"v0.4.0", CmsEra::kV040}}))
      ->default_str("v0.4.0");
}

}  // namespace

std::variant<Options, EarlyExit> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  options.host = "0.0.0.0";
  options.port = kDefaultPort;
  options.computation.id = "1";
  options.computation.name = "test computation";
  options.computation.agent_port = "7002";

  CLI::App app(
      "Test server of cvms.Service and of a Computation Management Service: gives one computation "
      "to every agent that connects, or to managers",
      "cocos-cvms-testserver");
  AddComputationFlags(app, options.computation);
  AddListenerFlags(app, options);
  AddOtherFlags(app, options);
  std::vector<std::string> reversed(arguments.size());
  std::transform(arguments.rbegin(), arguments.rend(), reversed.begin(), WithTwoDashes);
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    std::ostringstream text;
    const int status = app.exit(error, text, text);
    return EarlyExit{status == 0 ? 0 : kUsageStatus, text.str()};
  }
  return options;
}

}  // namespace cocos::testserver
