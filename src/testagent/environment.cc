#include "testagent/environment.h"

#include <algorithm>
#include <cctype>

namespace cocos::testagent {
namespace {

constexpr std::string_view kDefaultUrl = "localhost:7001";

bool IsName(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::ranges::all_of(name, fits);
}

std::string ValueOf(const Environment& environment, const std::string& name) {
  const auto entry = environment.find(name);
  return entry == environment.end() ? "" : entry->second;
}

Result<LogLevel> ParseLogLevel(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower.empty() || lower == "debug") return LogLevel::kDebug;
  if (lower == "info") return LogLevel::kInfo;
  if (lower == "warn") return LogLevel::kWarn;
  if (lower == "error") return LogLevel::kError;
  return Fail(ErrorCode::kInvalidArgument,
              "AGENT_LOG_LEVEL \"{}\": want debug, info, warn or error", text);
}

Result<void> AddLine(std::string_view line, int number, Environment& environment) {
  if (line.empty() || line.front() == '#' || line.front() == ';') return {};
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || !IsName(line.substr(0, equals))) {
    return Fail(ErrorCode::kMalformed, "environment: line {}: want NAME=value", number);
  }
  environment[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  return {};
}

}  // namespace

Result<Environment> ParseEnvironment(std::string_view text) {
  Environment environment;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    COCOS_TRY(AddLine(text.substr(0, end), number, environment));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return environment;
}

Result<Settings> SettingsFrom(const Environment& environment) {
  const LogLevel log_level = COCOS_TRY(ParseLogLevel(ValueOf(environment, "AGENT_LOG_LEVEL")));
  Settings settings{
      .cvms_url = ValueOf(environment, "AGENT_CVM_GRPC_URL"),
      .cvm_id = ValueOf(environment, "AGENT_CVM_ID"),
      .client_cert_path = ValueOf(environment, "AGENT_CVM_GRPC_CLIENT_CERT"),
      .client_key_path = ValueOf(environment, "AGENT_CVM_GRPC_CLIENT_KEY"),
      .server_ca_path = ValueOf(environment, "AGENT_CVM_GRPC_SERVER_CA_CERTS"),
      .log_level = log_level,
  };
  if (settings.cvms_url.empty()) settings.cvms_url = kDefaultUrl;
  if (settings.client_cert_path.empty() != settings.client_key_path.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "AGENT_CVM_GRPC_CLIENT_CERT and AGENT_CVM_GRPC_CLIENT_KEY: want both or neither");
  }
  return settings;
}

}  // namespace cocos::testagent
