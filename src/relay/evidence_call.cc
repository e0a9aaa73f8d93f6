#include "relay/evidence_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <optional>
#include <span>

#include "attestation/evidence/limits.h"
#include "computation/utf8_repair.h"
#include "proto/agent.grpc.pb.h"

namespace cocos::relay {
namespace {

constexpr int kMaxMessageBytes = 8 << 20;  // chunks are of 1 MiB
constexpr std::size_t kShownBytes = 200;

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What the agent says goes into texts for people.
std::string Words(const grpc::Status& status) {
  std::string words = status.error_message().substr(0, kShownBytes);
  computation::RepairUtf8(words);
  for (char& c : words) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return words;
}

Error ErrorOf(const EvidenceCall& call, const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Error(ErrorCode::kUnavailable,
                   fmt::format("no agent answers at {} in plain text ({}): agents listen once they "
                               "have a computation, and with TLS on this port they cannot be asked",
                               call.address, Words(status)));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Error(ErrorCode::kDeadlineExceeded,
                   fmt::format("the agent at {} did not answer in time", call.address));
    case grpc::StatusCode::UNIMPLEMENTED:
      return Error(ErrorCode::kFailedPrecondition,
                   fmt::format("the agent at {} is of a release that cannot be asked for evidence",
                               call.address));
    default:
      return Error(ErrorCode::kFailedPrecondition,
                   fmt::format("the agent at {} makes no evidence of type {}: {}", call.address,
                               static_cast<int>(call.type), Words(status)));
  }
}

// What the agent announced; none: nothing, or no number.
std::optional<std::string> Announced(const grpc::ClientContext& context) {
  const auto found = context.GetServerInitialMetadata().find("file-size");
  if (found == context.GetServerInitialMetadata().end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
}

tl::unexpected<Error> Bad(const EvidenceCall& call, const std::string& what) {
  return Fail(ErrorCode::kMalformed, "the agent at {}: {}", call.address, what);
}

}  // namespace

Result<std::string> FetchEvidence(const EvidenceCall& call) {
  grpc::ChannelArguments arguments;
  // A connection of its own: another's back-off would be counted in this deadline.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  const auto stub = agent::AgentService::NewStub(
      grpc::CreateCustomChannel(call.address, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(call.deadline);
  agent::AttestationRequest request;
  request.set_teenonce(TextOf(call.tee_nonce));
  request.set_vtpmnonce(TextOf(call.vtpm_nonce));
  request.set_type(static_cast<int>(call.type));
  const auto reader = stub->Attestation(&context, request);
  std::string evidence;
  agent::AttestationResponse piece;
  while (reader->Read(&piece)) {
    evidence += piece.file();
    if (evidence.size() <= attestation::kMaxEvidenceSize) continue;
    context.TryCancel();
    static_cast<void>(reader->Finish());
    return Bad(call, fmt::format("evidence of more than {} bytes", attestation::kMaxEvidenceSize));
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return tl::unexpected(ErrorOf(call, status));
  if (evidence.empty()) return Bad(call, "an answer without evidence");
  const std::optional<std::string> announced = Announced(context);
  if (announced && *announced != std::to_string(evidence.size())) {
    return Bad(call, fmt::format("{} bytes of evidence, {:?} were announced", evidence.size(),
                                 *announced));
  }
  return evidence;
}

}  // namespace cocos::relay
