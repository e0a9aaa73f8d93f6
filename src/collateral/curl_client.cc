#include "collateral/curl_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/handle.h"

namespace cocos::collateral {
namespace {

using EasyHandle = Handle<CURL, curl_easy_cleanup>;
using MultiHandle = Handle<CURLM, curl_multi_cleanup>;

constexpr long kMaxRedirects = 3;
constexpr std::size_t kMaxHeaderBytes = 128UL * 1024;
constexpr int kPollMs = 1000;
constexpr int kFirstErrorStatus = 400;

// One transfer: what arrives, and why it was broken off if it was.
struct Transfer {
  CURL* easy = nullptr;
  std::size_t max_body_bytes = 0;
  HttpResponse response;
  std::size_t header_bytes = 0;
  bool too_large = false;
  std::array<char, CURL_ERROR_SIZE> error_text{};
};

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

int StatusOf(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

// A return value below the size given ends the transfer.
std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  // The page that comes with an error is of no use, and often larger than what was asked for.
  if (StatusOf(transfer.easy) >= kFirstErrorStatus) return bytes;
  if (bytes > transfer.max_body_bytes - transfer.response.body.size()) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(data, bytes);
  return bytes;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.too_large = true;
    return 0;
  }
  // A status line: the headers so far were those of a redirect or of an interim answer.
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    transfer.response.headers.emplace_back(LowerCase(Trimmed(line.substr(0, colon))),
                                           Trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

// The schemes libcurl may speak: that of the URL and no other, also behind a redirect.
Result<std::string> SchemeOf(const HttpRequest& request) {
  if (request.url.starts_with("https://")) return std::string("https");
  if (request.url.starts_with("http://")) {
    if (request.allow_plain_http) return std::string("http");
    return Fail(ErrorCode::kInvalidArgument, "GET {}: not encrypted, want https", request.url);
  }
  return Fail(ErrorCode::kInvalidArgument, "GET {}: want https or http", request.url);
}

template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  // Fails for an option this libcurl was built without; none of ours is optional.
  COCOS_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

void SetSecurity(CURL* easy, const CurlOptions& options, const std::string& scheme) {
  Set(easy, CURLOPT_PROTOCOLS_STR, scheme.c_str());
  Set(easy, CURLOPT_REDIR_PROTOCOLS_STR, scheme.c_str());
  Set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  Set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  Set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  if (options.ca_file.empty()) return;
  Set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  Set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

void SetLimits(CURL* easy, const CurlOptions& options) {
  Set(easy, CURLOPT_NOSIGNAL, 1L);
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  Set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  Set(easy, CURLOPT_FOLLOWLOCATION, 1L);
  Set(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
}

void SetReceivers(CURL* easy, Transfer& transfer) {
  Set(easy, CURLOPT_WRITEFUNCTION, OnBody);
  Set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  Set(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  Set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  Set(easy, CURLOPT_ERRORBUFFER, transfer.error_text.data());
}

// Runs the transfer until it ends or `stop` is requested, which wakes the wait at once.
Result<CURLcode> Perform(CURL* easy, const std::string& url, const std::stop_token& stop) {
  const MultiHandle multi(curl_multi_init());
  COCOS_CHECK(multi != nullptr);
  COCOS_CHECK(curl_multi_add_handle(multi.get(), easy) == CURLM_OK);
  CURLcode outcome = CURLE_OK;
  {
    const std::stop_callback wake(stop, [&multi] { curl_multi_wakeup(multi.get()); });
    for (int running = 1; running > 0 && !stop.stop_requested();) {
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) outcome = CURLE_FAILED_INIT;
      if (outcome != CURLE_OK) break;
      if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr);
    }
  }
  int left = 0;
  if (const CURLMsg* done = curl_multi_info_read(multi.get(), &left)) outcome = done->data.result;
  curl_multi_remove_handle(multi.get(), easy);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "GET {}: cancelled", url);
  return outcome;
}

ErrorCode CodeOf(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kDeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorCode::kUntrusted;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorCode::kFailedPrecondition;
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kInvalidArgument;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::kResourceExhausted;
    default:
      return ErrorCode::kUnavailable;
  }
}

Error ErrorOf(CURLcode code, const Transfer& transfer, const HttpRequest& request,
              const std::string& scheme) {
  if (transfer.too_large) {
    return {
        ErrorCode::kResourceExhausted,
        fmt::format("GET {}: the answer is larger than {} bytes; this is not what was asked for",
                    request.url, request.max_body_bytes)};
  }
  if (code == CURLE_TOO_MANY_REDIRECTS) {
    return {CodeOf(code), fmt::format("GET {}: more than {} redirects; check the base URL",
                                      request.url, kMaxRedirects)};
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL) {
    return {CodeOf(code), fmt::format("GET {}: redirected away from {}; check the base URL",
                                      request.url, scheme)};
  }
  const std::string_view text = transfer.error_text.data();
  return {CodeOf(code), fmt::format("GET {}: {}", request.url,
                                    text.empty() ? curl_easy_strerror(code) : text.data())};
}

}  // namespace

// libcurl counts these; since 7.84 that is thread-safe.
CurlClient::CurlClient(CurlOptions options) : options_(std::move(options)) {
  COCOS_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

CurlClient::~CurlClient() { curl_global_cleanup(); }

Result<HttpResponse> CurlClient::Get(const HttpRequest& request, std::stop_token stop) {
  const std::string scheme = COCOS_TRY(SchemeOf(request));
  Transfer transfer;
  transfer.max_body_bytes = request.max_body_bytes;
  const EasyHandle easy(curl_easy_init());
  COCOS_CHECK(easy != nullptr);
  transfer.easy = easy.get();
  Set(easy.get(), CURLOPT_URL, request.url.c_str());
  Set(easy.get(), CURLOPT_USERAGENT, "cocos-manager/" COCOS_VERSION);
  SetSecurity(easy.get(), options_, scheme);
  SetLimits(easy.get(), options_);
  SetReceivers(easy.get(), transfer);

  const CURLcode code = COCOS_TRY(Perform(easy.get(), request.url, stop));
  if (code != CURLE_OK) return tl::unexpected(ErrorOf(code, transfer, request, scheme));
  transfer.response.status = StatusOf(easy.get());
  return std::move(transfer.response);
}

}  // namespace cocos::collateral
