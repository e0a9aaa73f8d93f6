#include "relay/relay_server.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "relay/stream_session.h"

namespace cocos::relay {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kProcessMethod = "/cvms.Service/Process";
constexpr char kConnectionTypeKey[] = "connection-type";
constexpr std::string_view kLogForwarder = "log-forwarder";
constexpr int kMaxMessageBytes = 5 << 20;  // evidence of up to 4 MiB
constexpr auto kTick = 500ms;

bool SaysLogForwarder(const grpc::GenericCallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto entry = metadata.find(kConnectionTypeKey);
  return entry != metadata.end() &&
         std::string_view(entry->second.data(), entry->second.size()) == kLogForwarder;
}

std::string PeerCertificate(const grpc::GenericCallbackServerContext& context) {
  const auto values = context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return values.empty() ? "" : std::string(values.front().data(), values.front().size());
}

// Answers a call that gets no stream.
class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

class RelayService final : public grpc::CallbackGenericService {
 public:
  RelayService(Relay& relay, RelayServer::CvmOfCertificate cvm_of, Logger& logger)
      : relay_(relay), cvm_of_(std::move(cvm_of)), logger_(logger) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    if (context->method() != kProcessMethod) {
      return grpc::CallbackGenericService::CreateReactor(context);  // UNIMPLEMENTED
    }
    Result<cvm::CvmId> id = cvm_of_(PeerCertificate(*context));
    if (!id) {
      logger_.Warn("A client of the relay is refused", {{"error", id.error().message()}});
      return new RefusedCall(
          grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "not the certificate of a CVM"));
    }
    auto* const session =
        new StreamSession(relay_, *std::move(id), SaysLogForwarder(*context), logger_);
    session->Start();
    return session;
  }

 private:
  Relay& relay_;
  const RelayServer::CvmOfCertificate cvm_of_;
  Logger& logger_;
};

struct RelayServer::Impl {
  Impl(Relay& relay, CvmOfCertificate cvm_of, Logger& logger)
      : relay_(relay), service_(relay, std::move(cvm_of), logger) {}

  void Keep(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, kTick, [] { return false; });
      relay_.Tick(Relay::TimePoint::clock::now());
    }
  }

  Relay& relay_;
  RelayService service_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread keeper_;
};

RelayServer::RelayServer() = default;

RelayServer::~RelayServer() {
  impl_->keeper_ = {};
  if (impl_->server_) impl_->server_->Shutdown(std::chrono::system_clock::now());
}

Result<std::unique_ptr<RelayServer>> RelayServer::Start(const Options& options, Relay& relay,
                                                        CvmOfCertificate cvm_of, Logger& logger) {
  grpc::SslServerCredentialsOptions ssl(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = options.client_cas_pem;
  ssl.pem_key_cert_pairs.push_back({options.key_pem, options.certificate_pem});

  std::unique_ptr<RelayServer> relay_server(new RelayServer);
  relay_server->impl_ = std::make_unique<Impl>(relay, std::move(cvm_of), logger);
  Impl& impl = *relay_server->impl_;
  const std::string address = fmt::format("{}:{}", options.host, options.port);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::SslServerCredentials(ssl), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // Agents ping; a guest that is gone without a word is noticed.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.RegisterCallbackGenericService(&impl.service_);
  impl.server_ = builder.BuildAndStart();
  if (!impl.server_ || port == 0) {
    return Fail(
        ErrorCode::kUnavailable,
        "relay: cannot listen on {}: is the port in use? Its address is that of MANAGER_RELAY_HOST "
        "and MANAGER_RELAY_PORT",
        address);
  }
  relay_server->port_ = static_cast<std::uint16_t>(port);
  impl.keeper_ = std::jthread([&impl](const std::stop_token& stop) { impl.Keep(stop); });
  ::pthread_setname_np(impl.keeper_.native_handle(), "relay-keeper");
  logger.Info("Relay listens for agents", {{"address", address}});
  return relay_server;
}

}  // namespace cocos::relay
