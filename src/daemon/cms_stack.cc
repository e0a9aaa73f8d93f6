#include "daemon/cms_stack.h"

#include <pthread.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "cms/stream.h"
#include "daemon/default_gateway.h"

namespace cocos::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto kRenewalCheck = 5min;
constexpr auto kRenewBefore = std::chrono::hours(24 * 10);

std::string HostPort(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

// What certificates are dated in.
relay::TimePoint Seconds(const cvm::Clock& clock) {
  return std::chrono::floor<std::chrono::seconds>(clock.Now());
}

cms::Client::Options ClientOptions(const config::CmsConfig& config) {
  cms::Client::Options options;
  options.endpoint.address = config.url;
  options.endpoint.client_cert = config.client_cert;
  options.endpoint.client_key = config.client_key;
  options.endpoint.server_ca = config.server_ca_certs;
  options.endpoint.connect_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(config.timeout);
  return options;
}

std::size_t MaxRequestBytes(const config::CmsConfig& config) {
  return static_cast<std::size_t>(config.max_request_mib) << 20;
}

}  // namespace

CmsStack::CmsStack(Settings settings, Parts parts, relay::Pki pki)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      pki_(std::move(pki)),
      outbox_(cms::Outbox::Options{}) {}

CmsStack::~CmsStack() = default;

Result<std::unique_ptr<CmsStack>> CmsStack::Start(Settings settings, Parts parts) {
  if (settings.relay.guest_host.empty()) settings.relay.guest_host = COCOS_TRY(DefaultGateway());
  // Nothing is sent yet: certificates that cannot be used are found now, and not at night.
  COCOS_TRY(cms::Dial(ClientOptions(settings.service).endpoint));
  relay::Pki pki = COCOS_TRY(relay::Pki::Open(settings.pki_dir, Seconds(parts.clock)));
  std::unique_ptr<CmsStack> stack(
      new CmsStack(std::move(settings), std::move(parts), std::move(pki)));
  COCOS_TRY(stack->OpenRelay());
  COCOS_TRY(stack->Listen());
  stack->Connect();
  return stack;
}

Result<void> CmsStack::OpenRelay() {
  admissions_ = COCOS_TRY(relay::Admissions::Open(settings_.relay_dir));
  bridge_ = std::make_unique<AgentBridge>(
      AgentBridge::Parts{parts_.manager, parts_.clock, pki_, *admissions_, outbox_, parts_.logger},
      HostPort(settings_.relay.guest_host, settings_.relay.port),
      [this](std::string_view class_name) { return TermsOf(class_name); }, parts_.explainer);
  relay_ = std::make_unique<relay::Relay>(relay::Relay::Options{}, *admissions_,
                                          std::cref(parts_.appraiser), *bridge_, parts_.logger,
                                          relay::Relay::TimePoint::clock::now());
  bridge_->Join(*relay_);
  return {};
}

// Runs only get classes that are configured; one that is not would have nothing to demand.
relay::ReleaseTerms CmsStack::TermsOf(std::string_view class_name) const {
  const auto found = settings_.terms.find(class_name);
  COCOS_CHECK(found != settings_.terms.end());
  return found->second;
}

Result<void> CmsStack::Listen() {
  const relay::TimePoint now = Seconds(parts_.clock);
  COCOS_TRY(pki_.RotateIfDue(now));
  crypto::ServerNames names;
  names.ips = {settings_.relay.guest_host, settings_.relay.host};
  relay::ServerIdentity identity = COCOS_TRY(pki_.MakeServerIdentity(names, now));
  certificate_ends_ = identity.not_after;
  relay_server_.reset();  // the port, before it is taken again
  relay_server_ = COCOS_TRY(relay::RelayServer::Start(
      {.host = settings_.relay.host,
       .port = settings_.relay.port,
       .certificate_pem = std::move(identity.certificate_pem),
       .key_pem = std::move(identity.key_pem),
       .client_cas_pem = pki_.TrustedClientCas()},
      *relay_,
      [this](const std::string& pem) -> Result<cvm::CvmId> {
        // Nobody can be judged by a registry that is still empty. Agents try again.
        if (!parts_.manager.IsReady()) {
          return Fail(ErrorCode::kUnavailable, "the manager does not know its CVMs yet");
        }
        return pki_.CvmOf(std::as_bytes(std::span(pem)), Seconds(parts_.clock));
      },
      parts_.logger));
  return {};
}

void CmsStack::Connect() {
  runs_ = std::make_unique<cms::Runs>(cms::Runs::Options{.classes = settings_.run_classes},
                                      parts_.manager, *bridge_, outbox_, parts_.logger);
  commands_ = std::make_unique<cms::Commands>(
      cms::Commands::Options{
          .host = parts_.host,
          .max_request_bytes = MaxRequestBytes(settings_.service),
          .on_terminate = [this](const std::string& message) { OnTerminate(message); }},
      *runs_,
      [this](const cvm::Snapshot& cvm) {
        return cvm::WriteAttestationPolicy(cvm, parts_.policy_form);
      },
      outbox_, parts_.logger);
  client_ = std::make_unique<cms::Client>(
      ClientOptions(settings_.service), outbox_,
      cms::Client::Handler{[this] { runs_->ReportAll(); },
                           [this](const manager::ServerStreamMessage& message) {
                             return commands_->OnMessage(message);
                           }},
      parts_.logger);
  // A run that came before would find a manager that can make no CVM yet.
  reporter_ = std::make_unique<cms::ChangeReporter>(
      parts_.manager, *bridge_, outbox_,
      cms::ChangeReporter::Handler{[this] { client_->Start(); }, [this] { runs_->ReportAll(); }},
      parts_.logger);
  keeper_ = std::jthread([this](const std::stop_token& stop) { KeepListening(stop); });
  ::pthread_setname_np(keeper_.native_handle(), "relay-renewal");
}

CmsStatus CmsStack::status() const {
  const cms::Client::Status client = client_->status();
  const cms::Outbox::Dropped dropped = outbox_.dropped();
  CmsStatus status{.connected_since = {},
                   .connections = client.connections,
                   .last_error = client.last_error,
                   .queue_bytes = outbox_.bytes(),
                   .dropped_logs = dropped.logs,
                   .dropped_events = dropped.events};
  if (client.connected) status.connected_since = client.since;
  return status;
}

// A service may be allowed to retire a host; by default it can only hang up.
void CmsStack::OnTerminate(const std::string& message) {
  if (!settings_.service.exit_on_terminate) return;
  parts_.logger.Warn("The Computation Management Service ends this manager; CVMs run on",
                     {{"address", settings_.service.url},
                      {"message", message},
                      {"variable", "MANAGER_CMS_TERMINATE"}});
  parts_.end_manager();
}

// The listener's certificate lives for weeks, the daemon for years. Agents connect again by
// themselves.
void CmsStack::KeepListening(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, kRenewalCheck, [&stop] { return stop.stop_requested(); })) {
    if (certificate_ends_ - Seconds(parts_.clock) > kRenewBefore) continue;
    if (const Result<void> renewed = Listen(); !renewed) {
      parts_.logger.Error("The relay's certificate could not be renewed, it is tried again",
                          {{"error", renewed.error().message()}});
    }
  }
}

}  // namespace cocos::daemon
