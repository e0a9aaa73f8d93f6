// The guest's `environment` file, and what the agent takes from it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/logger.h"
#include "base/result.h"

namespace cocos::testagent {

using Environment = std::map<std::string, std::string>;

// Parses lines KEY=value; empty lines and lines that begin with # or ; are skipped. Values are
// taken as they stand, the last of equal keys wins. Errors: kMalformed naming the line's number;
// the value is not repeated, it may be a secret.
Result<Environment> ParseEnvironment(std::string_view text);

struct Settings {
  std::string cvms_url;  // host:port
  std::string cvm_id;
  // Paths. No CA and no certificate: plain text.
  std::string client_cert_path;
  std::string client_key_path;
  std::string server_ca_path;
  LogLevel log_level = LogLevel::kDebug;  // least level of what is sent to the service
};

// An empty value counts as unset. Errors: kInvalidArgument for a client certificate without its key
// or a key without its certificate, and for a log level other than debug, info, warn or error.
Result<Settings> SettingsFrom(const Environment& environment);

}  // namespace cocos::testagent
