#include "cvm/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/go_duration.h"
#include "base/log_level.h"
#include "crypto/pem.h"

namespace cocos::cvm {
namespace {

constexpr std::size_t kMaxTextSize = 4096;  // what the guest's init accepts in one line, generously
constexpr std::size_t kMaxPemSize = 256 * 1024;
// x86 kernels cut the command line at 2048 bytes, the terminator included.
constexpr std::size_t kMaxKernelCommandLine = 2047;

enum class Secrecy { kPublic, kSecret };

struct TextField {
  std::string_view name;
  const std::string& value;
  Secrecy secrecy;
};

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

tl::unexpected<Error> Refuse(const TextField& field, std::string_view want) {
  if (field.secrecy == Secrecy::kSecret) {
    return Fail(ErrorCode::kInvalidArgument, "{}: {}", field.name, want);
  }
  return Fail(ErrorCode::kInvalidArgument, "{} {:?}: {}", field.name, field.value, want);
}

// The value becomes one line of a file that systemd reads as EnvironmentFile=: a line break would
// inject a variable, and what systemd unquotes would reach the agent changed.
Result<void> CheckEnvironmentText(const TextField& field) {
  const std::string& value = field.value;
  if (value.size() > kMaxTextSize) {
    return Fail(ErrorCode::kInvalidArgument, "{}: {} bytes, want at most {}", field.name,
                value.size(), kMaxTextSize);
  }
  if (std::ranges::any_of(value, IsControl)) {
    return Fail(ErrorCode::kInvalidArgument, "{}: holds a control character, want printable text",
                field.name);
  }
  if (value.empty()) return {};
  if (IsBlank(value.front()) || IsBlank(value.back())) {
    return Refuse(field, "want no white space at either end");
  }
  if (value.find('\\') != std::string::npos || value.front() == '"' || value.front() == '\'') {
    return Refuse(field, "want no backslash and no quote in front");
  }
  return {};
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// host:port or [IPv6]:port, optionally behind a gRPC resolver scheme such as dns:///.
bool IsHostPort(std::string_view text) {
  if (const auto scheme = text.find(":///"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 4);
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !IsPort(text.substr(colon + 1)))
    return false;
  const std::string_view host = text.substr(0, colon);
  if (host.front() == '[') return host.size() > 2 && host.back() == ']';
  return host.find_first_of(":/ @") == std::string_view::npos;
}

bool IsHttpUrl(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return !rest.empty() && rest.front() != '/' && rest.front() != ':' &&
           rest.find(' ') == std::string_view::npos;
  }
  return false;
}

Result<void> CheckTexts(const CreateRequest& request) {
  const std::array<TextField, 9> fields = {{
      {"agent_log_level", request.agent_log_level, Secrecy::kPublic},
      {"agent_cvm_server_url", request.agent_cvm_server_url, Secrecy::kPublic},
      {"agent_cvm_ca_url", request.agent_cvm_ca_url, Secrecy::kPublic},
      {"agent_certs_token", request.agent_certs_token, Secrecy::kSecret},
      {"aws_access_key_id", request.aws_access_key_id, Secrecy::kSecret},
      {"aws_secret_access_key", request.aws_secret_access_key, Secrecy::kSecret},
      {"aws_endpoint_url", request.aws_endpoint_url, Secrecy::kPublic},
      {"aws_region", request.aws_region, Secrecy::kPublic},
      {"aa_kbs_params", request.aa_kbs_params, Secrecy::kPublic},
  }};
  for (const TextField& field : fields) COCOS_TRY(CheckEnvironmentText(field));

  if (!request.agent_log_level.empty() && !ParseLogThreshold(request.agent_log_level)) {
    return Refuse(fields[0],
                  "want debug, info, warn or error, in any case, or with an offset as INFO+2");
  }
  if (!request.agent_cvm_server_url.empty() && !IsHostPort(request.agent_cvm_server_url)) {
    return Refuse(fields[1], "want host:port with a port from 1 to 65535");
  }
  if (!request.agent_cvm_ca_url.empty() && !IsHttpUrl(request.agent_cvm_ca_url)) {
    return Refuse(fields[2], "want an http:// or https:// URL");
  }
  if (!request.aws_endpoint_url.empty() && !IsHttpUrl(request.aws_endpoint_url)) {
    return Refuse(fields[6], "want an http:// or https:// URL");
  }
  return {};
}

Result<void> CheckPemSize(std::string_view name, const std::string& pem) {
  if (pem.size() <= kMaxPemSize) return {};
  return Fail(ErrorCode::kInvalidArgument, "{}: {} bytes, want at most {}", name, pem.size(),
              kMaxPemSize);
}

// PEM errors of the crypto module say what is wrong with the text, never the text.
Result<void> AsInvalidArgument(Result<void> checked, std::string_view name) {
  if (checked) return {};
  return Fail(ErrorCode::kInvalidArgument, "{}: {}", name, checked.error().message());
}

Result<void> CheckPem(const CreateRequest& request) {
  COCOS_TRY(CheckPemSize("agent_cvm_server_ca_cert", request.server_ca_pem));
  COCOS_TRY(CheckPemSize("agent_cvm_client_cert", request.client_cert_pem));
  COCOS_TRY(CheckPemSize("agent_cvm_client_key", request.client_key_pem));
  if (!request.server_ca_pem.empty()) {
    COCOS_TRY(AsInvalidArgument(crypto::CheckCertificatePem(request.server_ca_pem),
                                "agent_cvm_server_ca_cert"));
  }
  if (request.client_cert_pem.empty() != request.client_key_pem.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "agent_cvm_client_cert and agent_cvm_client_key: want both or neither, got only the {}",
        request.client_cert_pem.empty() ? "key" : "certificate");
  }
  if (request.client_cert_pem.empty()) return {};
  COCOS_TRY(AsInvalidArgument(crypto::CheckCertificatePem(request.client_cert_pem),
                              "agent_cvm_client_cert"));
  COCOS_TRY(AsInvalidArgument(crypto::CheckPrivateKeyPem(request.client_key_pem),
                              "agent_cvm_client_key"));
  return AsInvalidArgument(
      crypto::CheckKeyMatchesCertificate(request.client_key_pem, request.client_cert_pem),
      "agent_cvm_client_key");
}

Result<std::optional<std::chrono::nanoseconds>> CheckTtl(
    const std::string& text, const ComputationClass& computation_class) {
  std::optional<std::chrono::nanoseconds> ttl = computation_class.ttl_default;
  if (!text.empty()) {
    const std::chrono::nanoseconds asked = COCOS_TRY(ParseGoDuration(text));
    if (asked.count() < 0) {
      return Fail(ErrorCode::kInvalidArgument, "ttl {:?}: want a duration that is not negative",
                  text);
    }
    // Upstream reads 0 as "no expiry".
    ttl = asked.count() == 0 ? std::nullopt : std::optional(asked);
  }
  const std::optional<std::chrono::nanoseconds>& max = computation_class.ttl_max;
  if (max && (!ttl || *ttl > *max)) {
    // A class with a maximum has no CVMs without an end.
    if (text.empty()) return max;
    return Fail(ErrorCode::kInvalidArgument, "ttl {:?}: class \"{}\" allows at most {}", text,
                computation_class.name, FormatGoDuration(*max));
  }
  return ttl;
}

Result<std::string> BuildCommandLine(const std::string& aa_kbs_params,
                                     const ComputationClass& computation_class) {
  const BootSpec& boot = computation_class.boot;
  std::string command_line = boot.command_line;
  if (!aa_kbs_params.empty()) {
    if (boot.kernel_path.empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "aa_kbs_params: class \"{}\" boots without a kernel command line to carry them",
                  computation_class.name);
    }
    if (aa_kbs_params.find_first_of(" \t\"'") != std::string::npos) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "aa_kbs_params {:?}: want no white space or quotes, they would add kernel arguments",
          aa_kbs_params);
    }
    if (!command_line.empty()) command_line += ' ';
    command_line += "agent.aa_kbc_params=" + aa_kbs_params;
  }
  if (boot.command_line.size() > kMaxKernelCommandLine) {
    return Fail(ErrorCode::kFailedPrecondition,
                "class \"{}\": its kernel command line is {} bytes long, want at most {}",
                computation_class.name, boot.command_line.size(), kMaxKernelCommandLine);
  }
  if (command_line.size() > kMaxKernelCommandLine) {
    return Fail(ErrorCode::kInvalidArgument,
                "aa_kbs_params: the kernel command line becomes {} bytes long, want at most {}",
                command_line.size(), kMaxKernelCommandLine);
  }
  return command_line;
}

}  // namespace

Result<CheckedRequest> CheckRequest(const CreateRequest& request,
                                    const ComputationClass& computation_class) {
  CheckedRequest checked;
  checked.ttl = COCOS_TRY(CheckTtl(request.ttl, computation_class));
  COCOS_TRY(CheckTexts(request));
  COCOS_TRY(CheckPem(request));
  checked.kernel_command_line =
      COCOS_TRY(BuildCommandLine(request.aa_kbs_params, computation_class));
  return checked;
}

}  // namespace cocos::cvm
