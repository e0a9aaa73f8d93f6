#include "testagent/agent_server.h"

#include <grpcpp/grpcpp.h>

#include <charconv>
#include <chrono>
#include <utility>

#include "crypto/digest.h"
#include "proto/agent.grpc.pb.h"
#include "testagent/tls_material.h"

namespace cocos::testagent {
namespace {

constexpr std::uint16_t kDefaultPort = 7002;
constexpr std::size_t kMaxUploadBytes = 512u << 20;
constexpr std::size_t kResultChunkBytes = 1u << 20;
constexpr int kMaxMessageBytes = 64 << 20;
constexpr std::chrono::seconds kShutdownTimeout(1);

grpc::Status ToStatus(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUntrusted:
      return {grpc::StatusCode::UNAUTHENTICATED, error.message()};
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kMalformed:
      return {grpc::StatusCode::INVALID_ARGUMENT, error.message()};
    case ErrorCode::kResourceExhausted:
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, error.message()};
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kCancelled:
      return {grpc::StatusCode::FAILED_PRECONDITION, error.message()};
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kInternal:
      break;
  }
  return {grpc::StatusCode::INTERNAL, error.message()};
}

std::string Text(const grpc::string_ref& value) { return {value.data(), value.size()}; }

std::vector<std::string> MetadataValues(const grpc::ServerContext& context, const char* key) {
  std::vector<std::string> values;
  const auto [begin, end] = context.client_metadata().equal_range(key);
  for (auto entry = begin; entry != end; ++entry) values.push_back(Text(entry->second));
  return values;
}

std::string MetadataValue(const grpc::ServerContext& context, const char* key) {
  const auto values = MetadataValues(context, key);
  return values.empty() ? "" : values.front();
}

Credentials CredentialsOf(const grpc::ServerContext& context) {
  return {.role = MetadataValue(context, "user-id"),
          .signature = MetadataValue(context, "signature")};
}

// Appends a piece of an upload, within the limit for the whole.
Result<void> Append(const std::string& piece, std::string& whole) {
  if (whole.size() + piece.size() > kMaxUploadBytes) {
    return Fail(ErrorCode::kResourceExhausted, "upload of more than {} bytes", kMaxUploadBytes);
  }
  whole += piece;
  return {};
}

Result<AlgorithmUpload> ReadAlgorithm(const grpc::ServerContext& context,
                                      grpc::ServerReader<agent::AlgoRequest>& reader) {
  AlgorithmUpload upload = {.content = {},
                            .type = MetadataValue(context, "algo_type"),
                            .python_runtime = MetadataValue(context, "python_runtime"),
                            .arguments = MetadataValues(context, "algo_args")};
  agent::AlgoRequest request;
  while (reader.Read(&request)) {
    if (!request.requirements().empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "requirements: this agent cannot install Python packages");
    }
    COCOS_TRY(Append(request.algorithm(), upload.content));
  }
  return upload;
}

class Service final : public agent::AgentService::Service {
 public:
  Service(Computation& computation, EvidenceSource* evidence)
      : computation_(computation), evidence_(evidence) {}

  grpc::Status Algo(grpc::ServerContext* context, grpc::ServerReader<agent::AlgoRequest>* reader,
                    agent::AlgoResponse*) override {
    return StatusOf(ReceiveAlgorithm(*context, *reader));
  }

  grpc::Status Data(grpc::ServerContext* context, grpc::ServerReader<agent::DataRequest>* reader,
                    agent::DataResponse*) override {
    return StatusOf(ReceiveDataset(*context, *reader));
  }

  grpc::Status Result(grpc::ServerContext* context, const agent::ResultRequest*,
                      grpc::ServerWriter<agent::ResultResponse>* writer) override {
    const auto result = computation_.TakeResult(CredentialsOf(*context));
    if (!result) return ToStatus(result.error());
    context->AddInitialMetadata("file-size", std::to_string(result->size()));
    for (std::size_t offset = 0; offset < result->size(); offset += kResultChunkBytes) {
      agent::ResultResponse response;
      response.set_file(result->substr(offset, kResultChunkBytes));
      if (!writer->Write(response)) break;
    }
    return grpc::Status::OK;
  }

  grpc::Status Attestation(grpc::ServerContext*, const agent::AttestationRequest* request,
                           grpc::ServerWriter<agent::AttestationResponse>* writer) override {
    const auto evidence = MakeEvidence(*request);
    if (!evidence) return ToStatus(evidence.error());
    agent::AttestationResponse response;
    response.set_file(*evidence);
    writer->Write(response);
    return grpc::Status::OK;
  }

 private:
  static grpc::Status StatusOf(const cocos::Result<void>& outcome) {
    return outcome ? grpc::Status::OK : ToStatus(outcome.error());
  }

  // A nonce that was left out stays zero: only evidence that has a place for it needs one.
  cocos::Result<std::string> MakeEvidence(const agent::AttestationRequest& request) {
    if (evidence_ == nullptr) {
      return Fail(ErrorCode::kFailedPrecondition, "no TEE: this guest cannot make evidence");
    }
    EvidenceChallenge challenge;
    if (!request.teenonce().empty()) {
      challenge.report_data =
          COCOS_TRY(attestation::PadReportData(crypto::BytesOf(request.teenonce())));
    }
    if (!request.vtpmnonce().empty()) {
      challenge.tpm_nonce =
          COCOS_TRY(attestation::PadTpmNonce(crypto::BytesOf(request.vtpmnonce())));
    }
    return evidence_->Evidence(challenge);
  }

  cocos::Result<void> ReceiveAlgorithm(const grpc::ServerContext& context,
                                       grpc::ServerReader<agent::AlgoRequest>& reader) {
    const Credentials credentials = CredentialsOf(context);
    COCOS_TRY(computation_.Authorize(kAlgorithmProviderRole, credentials));
    const AlgorithmUpload upload = COCOS_TRY(ReadAlgorithm(context, reader));
    return computation_.ReceiveAlgorithm(credentials, upload);
  }

  cocos::Result<void> ReceiveDataset(const grpc::ServerContext& context,
                                     grpc::ServerReader<agent::DataRequest>& reader) {
    const Credentials credentials = CredentialsOf(context);
    COCOS_TRY(computation_.Authorize(kDataProviderRole, credentials));
    if (MetadataValue(context, "decompress") == "true") {
      return Fail(ErrorCode::kInvalidArgument, "decompress: this agent takes datasets as they are");
    }
    std::string content;
    std::string name;
    agent::DataRequest request;
    while (reader.Read(&request)) {
      if (!request.filename().empty()) name = request.filename();
      COCOS_TRY(Append(request.dataset(), content));
    }
    return computation_.ReceiveDataset(credentials, name, content);
  }

  Computation& computation_;
  EvidenceSource* const evidence_;
};

Result<std::uint16_t> ParsePort(const std::string& text) {
  std::uint16_t port = kDefaultPort;
  if (text.empty()) return port;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(ErrorCode::kInvalidArgument, "agent_config: port \"{}\": want 0 to 65535", text);
  }
  return port;
}

class GrpcAgentServer final : public AgentServer {
 public:
  GrpcAgentServer(Computation& computation, EvidenceSource* evidence)
      : service_(computation, evidence) {}
  ~GrpcAgentServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + kShutdownTimeout);
  }

  Result<void> Listen(const std::string& host, std::uint16_t wanted_port,
                      const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    int port = 0;
    const std::string address = fmt::format("{}:{}", host, wanted_port);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, credentials, &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0) {
      return Fail(ErrorCode::kUnavailable, "agent service: cannot listen on {}", address);
    }
    port_ = static_cast<std::uint16_t>(port);
    return {};
  }

  std::uint16_t port() const override { return port_; }

 private:
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<AgentServer>> AgentServer::Start(const std::string& host,
                                                        const cvms::AgentConfig& config,
                                                        Computation& computation,
                                                        EvidenceSource* evidence) {
  const std::uint16_t port = COCOS_TRY(ParsePort(config.port()));
  const auto credentials = COCOS_TRY(ServerCredentials(config));
  auto server = std::make_unique<GrpcAgentServer>(computation, evidence);
  COCOS_TRY(server->Listen(host, port, credentials));
  return std::unique_ptr<AgentServer>(std::move(server));
}

}  // namespace cocos::testagent
