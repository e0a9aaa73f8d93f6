#include "cli/cvm_commands.h"

#include <google/protobuf/util/time_util.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/file.h"
#include "cli/format.h"
#include "cli/retry_pause.h"
#include "proto/manager.grpc.pb.h"
#include "proto/operator.grpc.pb.h"

namespace cocos::cli {
namespace {

using google::protobuf::operator<;  // of times
using operators::v1::Operator;

Result<std::unique_ptr<::manager::ManagerService::Stub>> ManagerStub(
    const ManagerOptions& manager) {
  return ::manager::ManagerService::NewStub(COCOS_TRY(OpenChannel(manager.connection)));
}

Result<std::unique_ptr<Operator::Stub>> OperatorStub(const ConnectionOptions& connection) {
  return Operator::NewStub(COCOS_TRY(OpenChannel(connection)));
}

Result<std::string> ReadOptional(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadFile(path);
}

// A token in a file usually ends with the line break an editor put there. What else is in the file
// is the secret's.
Result<std::string> ReadSecret(const std::string& path) {
  std::string secret = COCOS_TRY(ReadOptional(path));
  for (const std::string_view line_break : {"\r\n", "\n"}) {
    if (!secret.ends_with(line_break)) continue;
    secret.resize(secret.size() - line_break.size());
    break;
  }
  return secret;
}

Result<::manager::CreateReq> BuildRequest(const CreateOptions& options) {
  ::manager::CreateReq request;
  request.set_agent_cvm_server_url(options.server_url);
  request.set_agent_cvm_server_ca_cert(COCOS_TRY(ReadOptional(options.server_ca)));
  request.set_agent_cvm_client_key(COCOS_TRY(ReadOptional(options.client_key)));
  request.set_agent_cvm_client_cert(COCOS_TRY(ReadOptional(options.client_cert)));
  request.set_agent_cvm_ca_url(options.ca_url);
  request.set_agent_log_level(options.log_level);
  request.set_ttl(options.ttl);
  request.set_computation_class(options.computation_class);
  request.set_agent_certs_token(COCOS_TRY(ReadSecret(options.certs_token_file)));
  request.set_aws_access_key_id(options.aws_access_key_id);
  request.set_aws_secret_access_key(COCOS_TRY(ReadSecret(options.aws_secret_access_key_file)));
  request.set_aws_endpoint_url(options.aws_endpoint_url);
  request.set_aws_region(options.aws_region);
  request.set_aa_kbs_params(options.aa_kbs_params);
  return request;
}

Result<operators::v1::ListCvmsResponse> FetchList(const ManagerOptions& manager,
                                                  Operator::Stub& stub) {
  grpc::ClientContext context;
  ApplyTimeout(manager, context);
  operators::v1::ListCvmsResponse list;
  const grpc::Status status = stub.ListCvms(&context, {}, &list);
  if (!status.ok()) return tl::unexpected(StatusError(status));
  return list;
}

void PrintList(const ManagerOptions& manager, const operators::v1::ListCvmsResponse& list,
               const Streams& streams) {
  if (manager.json) {
    streams.out << ListJson(list).dump(2) << std::endl;
  } else {
    streams.out << FormatList(list, streams.out_columns) << std::flush;
  }
}

// One watch across connections.
class Watcher {
 public:
  Watcher(const ManagerOptions& manager, const WatchOptions& options, const Streams& streams,
          Operator::Stub& stub)
      : manager_(manager),
        options_(options),
        streams_(streams),
        stub_(stub),
        revision_(options.after_revision),
        left_(options.count) {}

  Result<void> Run();

 private:
  // True when the wanted number of changes was printed.
  bool FollowOnce(grpc::Status& status);
  std::string Prefix() const { return "cvmctl: " + options_.name + ": "; }
  void Print(const operators::v1::WatchCvmsResponse& change);
  // A revision to start from, so that a connection lost before the first change loses nothing.
  Result<void> FindStart();
  Result<void> ListAgain();

  const ManagerOptions& manager_;
  const WatchOptions& options_;
  const Streams& streams_;
  Operator::Stub& stub_;
  std::optional<std::uint64_t> revision_;
  std::uint64_t left_;
  RetryPause pause_;
};

Result<void> Watcher::FindStart() {
  const auto list = COCOS_TRY(FetchList(manager_, stub_));
  if (!revision_) revision_ = list.revision();
  if (options_.all_kinds) return {};
  // Whoever acts on what is watched must know from when on it is.
  streams_.err << Prefix() << "changes after revision " << *revision_ << std::endl;
  return {};
}

Result<void> Watcher::Run() {
  COCOS_TRY(FindStart());
  while (true) {
    grpc::Status status;
    if (FollowOnce(status)) return {};
    if (!options_.follow) {
      return status.ok() ? Result<void>() : tl::unexpected(StatusError(status));
    }
    switch (status.error_code()) {
      case grpc::StatusCode::OK:
      case grpc::StatusCode::UNAVAILABLE:
      case grpc::StatusCode::CANCELLED:  // the manager is shutting down
        streams_.err << Prefix() << DescribeStatus(status) << "; connecting again" << std::endl;
        pause_.Wait();
        break;
      case grpc::StatusCode::FAILED_PRECONDITION:
        streams_.err << Prefix() << status.error_message() << std::endl;
        static_cast<void>(ListAgain());
        pause_.Wait();  // also after a list: what is refused for another reason is refused again
        break;
      default:
        return tl::unexpected(StatusError(status));
    }
  }
}

bool Watcher::FollowOnce(grpc::Status& status) {
  grpc::ClientContext context;
  operators::v1::WatchCvmsRequest request;
  request.set_after_revision(*revision_);
  request.set_until_now(!options_.follow);
  if (options_.all_kinds) {
    for (const auto kind : {operators::v1::CHANGE_KIND_LIFE_CYCLE, operators::v1::CHANGE_KIND_AGENT,
                            operators::v1::CHANGE_KIND_ATTESTATION}) {
      request.add_kinds(kind);
    }
  }
  const auto reader = stub_.WatchCvms(&context, request);
  operators::v1::WatchCvmsResponse change;
  while (reader->Read(&change)) {
    pause_.Reset();
    revision_ = change.revision();
    if (options_.since && change.time() < *options_.since) continue;
    Print(change);
    const bool enough = left_ > 0 && --left_ == 0;
    if (enough || !streams_.out) {  // or nobody reads what we write
      context.TryCancel();
      static_cast<void>(reader->Finish());
      return true;
    }
  }
  status = reader->Finish();
  return false;
}

void Watcher::Print(const operators::v1::WatchCvmsResponse& change) {
  if (manager_.json) {
    streams_.out << ChangeJson(change).dump() << std::endl;
  } else {
    streams_.out << FormatChange(change) << std::flush;
  }
}

Result<void> Watcher::ListAgain() {
  const auto list = COCOS_TRY(FetchList(manager_, stub_));
  PrintList(manager_, list, streams_);
  revision_ = list.revision();
  return {};
}

}  // namespace

void ApplyTimeout(const ManagerOptions& manager, grpc::ClientContext& context) {
  if (!manager.timeout) return;
  context.set_deadline(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(*manager.timeout));
}

Result<void> CreateCvm(const ManagerOptions& manager, const CreateOptions& options,
                       const Streams& streams) {
  const ::manager::CreateReq request = COCOS_TRY(BuildRequest(options));
  const auto stub = COCOS_TRY(ManagerStub(manager));
  grpc::ClientContext context;
  ApplyTimeout(manager, context);
  ::manager::CreateRes response;
  const grpc::Status status = stub->CreateVm(&context, request, &response);
  if (!status.ok()) return tl::unexpected(StatusError(status));
  if (manager.json) {
    const nlohmann::ordered_json json = {{"id", response.cvm_id()},
                                         {"agent_port", response.forwarded_port()}};
    streams.out << json.dump() << std::endl;
  } else {
    streams.out << fmt::format("created CVM {}, agent port {}\n", response.cvm_id(),
                               response.forwarded_port());
  }
  return {};
}

Result<void> RemoveCvms(const ManagerOptions& manager, const std::vector<std::string>& ids,
                        const Streams& streams) {
  const auto stub = COCOS_TRY(ManagerStub(manager));
  nlohmann::ordered_json removed = nlohmann::ordered_json::array();
  std::string failed;
  for (const std::string& id : ids) {
    grpc::ClientContext context;
    ApplyTimeout(manager, context);
    ::manager::RemoveReq request;
    request.set_cvm_id(id);
    google::protobuf::Empty response;
    const grpc::Status status = stub->RemoveVm(&context, request, &response);
    if (status.ok()) {
      removed.push_back(id);
      if (!manager.json) streams.out << fmt::format("removed CVM {}\n", id) << std::flush;
    } else {
      failed += fmt::format("{}{}: {}", failed.empty() ? "" : "; ", id, DescribeStatus(status));
    }
  }
  if (manager.json) {
    streams.out << nlohmann::ordered_json{{"removed", removed}}.dump() << std::endl;
  }
  if (!failed.empty()) return tl::unexpected(Error(ErrorCode::kInternal, failed));
  return {};
}

Result<void> ListCvms(const ManagerOptions& manager, const Streams& streams) {
  const auto stub = COCOS_TRY(OperatorStub(manager.connection));
  PrintList(manager, COCOS_TRY(FetchList(manager, *stub)), streams);
  return {};
}

Result<void> ShowCvm(const ManagerOptions& manager, const std::string& id, const Streams& streams) {
  const auto stub = COCOS_TRY(OperatorStub(manager.connection));
  grpc::ClientContext context;
  ApplyTimeout(manager, context);
  operators::v1::GetCvmRequest request;
  request.set_id(id);
  operators::v1::GetCvmResponse response;
  const grpc::Status status = stub->GetCvm(&context, request, &response);
  if (!status.ok()) return tl::unexpected(StatusError(status));
  if (manager.json) {
    streams.out << CvmJson(response.cvm()).dump(2) << std::endl;
  } else {
    streams.out << FormatCvm(response.cvm(), streams.out_columns) << std::flush;
  }
  return {};
}

Result<void> WatchCvms(const ManagerOptions& manager, const WatchOptions& options,
                       const Streams& streams) {
  ConnectionOptions connection = manager.connection;
  if (options.follow) connection.keepalive = options.keepalive;
  const auto stub = COCOS_TRY(OperatorStub(connection));
  return Watcher(manager, options, streams, *stub).Run();
}

}  // namespace cocos::cli
