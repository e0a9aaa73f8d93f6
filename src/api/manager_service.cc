#include "api/manager_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <chrono>

#include "api/request_scope.h"
#include "api/status.h"
#include "api/trace_context.h"

namespace cocos::api {
namespace {

constexpr char kClassMetadataKey[] = "cocos-computation-class";

// The class the request names by its field or by metadata; empty: none.
Result<std::string> RequestedClass(const grpc::ServerContext& context,
                                   const ::manager::CreateReq& request) {
  std::string name = request.computation_class();
  const auto [begin, end] = context.client_metadata().equal_range(kClassMetadataKey);
  for (auto entry = begin; entry != end; ++entry) {
    const std::string value(entry->second.data(), entry->second.size());
    if (!name.empty() && value != name) {
      return Fail(ErrorCode::kInvalidArgument,
                  "computation class: named twice, as \"{}\" and as \"{}\": want one of "
                  "computation_class and metadata {}, or the same in both",
                  Shortened(name), Shortened(value), kClassMetadataKey);
    }
    name = value;
  }
  return name;
}

cvm::CreateRequest ToCreateRequest(const ::manager::CreateReq& request, std::string class_name) {
  return {.class_name = std::move(class_name),
          .ttl = request.ttl(),
          .agent_log_level = request.agent_log_level(),
          .agent_cvm_server_url = request.agent_cvm_server_url(),
          .agent_cvm_ca_url = request.agent_cvm_ca_url(),
          .agent_certs_token = request.agent_certs_token(),
          .server_ca_pem = request.agent_cvm_server_ca_cert(),
          .client_key_pem = request.agent_cvm_client_key(),
          .client_cert_pem = request.agent_cvm_client_cert(),
          .aws_access_key_id = request.aws_access_key_id(),
          .aws_secret_access_key = request.aws_secret_access_key(),
          .aws_endpoint_url = request.aws_endpoint_url(),
          .aws_region = request.aws_region(),
          .aa_kbs_params = request.aa_kbs_params()};
}

bool IsAbandoned(const grpc::ServerContext& context) {
  return context.IsCancelled() || context.deadline() <= std::chrono::system_clock::now();
}

}  // namespace

grpc::Status ManagerService::CreateVm(grpc::ServerContext* context,
                                      const ::manager::CreateReq* request,
                                      ::manager::CreateRes* response) {
  const RequestScope scope("Run", "create_vm", logger_, observer_);
  const Result<cvm::Created> created = Create(*context, *request);
  if (created) {
    response->set_forwarded_port(fmt::format("{}", created->agent_port));
    response->set_cvm_id(created->id.text());
  }
  return scope.Finish(fmt::format("Method CreateVM for id {} on port {}", response->cvm_id(),
                                  response->forwarded_port()),
                      ErrorOf(created), LogLevel::kInfo, response->cvm_id());
}

Result<cvm::Created> ManagerService::Create(const grpc::ServerContext& context,
                                            const ::manager::CreateReq& request) {
  std::string class_name = COCOS_TRY(RequestedClass(context, request));
  cvm::CreateRequest wanted = ToCreateRequest(request, std::move(class_name));
  wanted.trace_id = TraceIdOf(context);
  return manager_.Create(wanted, [&context] { return IsAbandoned(context); });
}

grpc::Status ManagerService::RemoveVm(grpc::ServerContext*, const ::manager::RemoveReq* request,
                                      google::protobuf::Empty*) {
  const RequestScope scope("Stop", "remove_vm", logger_, observer_);
  const Result<cvm::CvmId> id = cvm::CvmId::Parse(request->cvm_id());
  const Result<void> removed =
      id ? manager_.Remove(*id) : Fail(ErrorCode::kNotFound, "entity not found");
  return scope.Finish(fmt::format("Method RemoveVM for vm {}", Shortened(request->cvm_id())),
                      ErrorOf(removed), LogLevel::kInfo, id ? id->text() : std::string());
}

grpc::Status ManagerService::CVMInfo(grpc::ServerContext*, const ::manager::CVMInfoReq* request,
                                     ::manager::CVMInfoRes* response) {
  const RequestScope scope("ReturnCVMInfo", "cvm_info", logger_, observer_);
  const Result<void> filled = FillInfo(request->id(), *response);
  return scope.Finish("Method ReturnCVMInfo for computation", ErrorOf(filled));
}

grpc::Status ManagerService::SVMInfo(grpc::ServerContext* context,
                                     const ::manager::CVMInfoReq* request,
                                     ::manager::CVMInfoRes* response) {
  return CVMInfo(context, request, response);
}

grpc::Status ManagerService::AttestationPolicy(grpc::ServerContext*,
                                               const ::manager::AttestationPolicyReq* request,
                                               ::manager::AttestationPolicyRes* response) {
  const RequestScope scope("FetchAttestationPolicy", "attestation_policy", logger_, observer_);
  const Result<std::string> fetched = FetchPolicy(request->id());
  if (fetched) {
    response->set_info(*fetched);
    response->set_id(request->id());
  }
  return scope.Finish(
      fmt::format("Method FetchAttestation  for computation {}", Shortened(request->id())),
      ErrorOf(fetched));
}

Result<cvm::Snapshot> ManagerService::Find(const std::string& id) const {
  const Result<cvm::CvmId> parsed = cvm::CvmId::Parse(id);
  if (!parsed) return Fail(ErrorCode::kNotFound, "entity not found");
  return manager_.Get(*parsed);
}

Result<void> ManagerService::FillInfo(const std::string& id,
                                      ::manager::CVMInfoRes& response) const {
  response.set_ovmf_version(host_.ovmf_version);
  response.set_eos_version(host_.eos_version);
  response.set_cpu_num(host_.cpu_num);
  response.set_cpu_type(host_.cpu_type);
  response.set_kernel_cmd(host_.kernel_cmd);
  if (id.empty()) return {};

  const cvm::Snapshot snapshot = COCOS_TRY(Find(id));
  response.set_id(id);
  response.set_cpu_num(static_cast<std::int32_t>(snapshot.vcpus));
  response.set_kernel_cmd(snapshot.kernel_command_line);
  // A CVM that outlived its class in the configuration keeps the host-wide type.
  const cvm::ComputationClass* const its_class = manager_.FindClass(snapshot.class_name);
  if (its_class != nullptr) response.set_cpu_type(its_class->cpu_model);
  return {};
}

Result<std::string> ManagerService::FetchPolicy(const std::string& id) const {
  const Result<cvm::Snapshot> snapshot = Find(id);
  if (snapshot) return cvm::WriteAttestationPolicy(*snapshot, policies_);
  if (snapshot.error().code() != ErrorCode::kNotFound) return tl::unexpected(snapshot.error());
  return Fail(ErrorCode::kNotFound, "computationId {} not found", Shortened(id));
}

}  // namespace cocos::api
