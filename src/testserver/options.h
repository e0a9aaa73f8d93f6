// The command line of cocos-cvms-testserver.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "testserver/cms_service.h"
#include "testserver/run_request.h"

namespace cocos::testserver {

struct Options {
  std::string host;
  std::uint16_t port = 0;  // 0: any free port, shown by the "listening" line
  // PEM files of the listener. No certificate: plain text. No client CA: clients need no
  // certificate.
  std::string server_cert_path;
  std::string server_key_path;
  std::string client_ca_path;
  ComputationInputs computation;
  std::string ca_url;  // accepted as upstream's server does; not used
  std::string cvm_id;  // send the computation to the CVM with this id only; empty: to every one
  bool commands_on_stdin = false;
  CmsEra cms_era = CmsEra::kV040;  // towards managers
  bool cms_run = false;            // send the computation to every manager that connects
};

// Text to print and exit status to leave with: help, or a complaint about the command line.
struct EarlyExit {
  int status = 0;
  std::string text;
};

// Flags may be spelled with one or two dashes. Errors in values are EarlyExit with status 2.
std::variant<Options, EarlyExit> ParseOptions(const std::vector<std::string>& arguments);

}  // namespace cocos::testserver
