#include "testserver/cvms_service.h"

#include <deque>
#include <utility>

#include "computation/utf8_repair.h"
#include "testserver/message_lines.h"

namespace cocos::testserver {
namespace {

constexpr std::string_view kProcessMethod = "/cvms.Service/Process";
constexpr char kJobIdKey[] = "job-id";
constexpr char kConnectionTypeKey[] = "connection-type";

std::string Metadata(const grpc::GenericCallbackServerContext& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto entry = metadata.find(key);
  return entry == metadata.end() ? "" : std::string(entry->second.data(), entry->second.size());
}

// The name of the client certificate: empty without mTLS.
std::string CertificateName(const grpc::GenericCallbackServerContext& context) {
  const auto auth = context.auth_context();
  const auto names = auth->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  return names.empty() ? "" : std::string(names.front().data(), names.front().size());
}

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer Serialize(const cvms::ServerStreamMessage& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

// One stream. gRPC calls it from its threads, one read and one write at a time.
class AgentSession final : public grpc::ServerGenericBidiReactor {
 public:
  AgentSession(CvmsService& service, const grpc::GenericCallbackServerContext& context)
      : service_(service),
        job_id_(Metadata(context, kJobIdKey)),
        connection_type_(Metadata(context, kConnectionTypeKey)) {
    Print("connected", {{"peer", context.peer()},
                        {"certificate_cn", CertificateName(context)},
                        {"connection_type", connection_type_}});
    service_.Add(this);
    SendGreeting();
    StartRead(&incoming_);
  }

  void Send(const cvms::ServerStreamMessage& message) {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    outgoing_.push_back(Serialize(message));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Close();
    std::string wire = Bytes(incoming_);
    computation::RepairAgentMessage(wire);
    cvms::ClientStreamMessage message;
    if (message.ParseFromString(wire)) {
      MessageLine line = DescribeMessage(message);
      Print(line.kind, std::move(line.fields));
    } else {
      Print("malformed_message", {{"bytes", wire.size()}});
    }
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Close();
    std::lock_guard lock(mutex_);
    outgoing_.pop_front();
    if (!outgoing_.empty() && !finished_) StartWrite(&outgoing_.front());
  }

  void OnCancel() override { Close(); }

  void OnDone() override {
    Print("disconnected", Fields::object());
    service_.Remove(this);
    delete this;
  }

 private:
  void SendGreeting() {
    if (!service_.only_cvm_id_.empty() && service_.only_cvm_id_ != job_id_) {
      Print("not_the_cvm", {{"want", service_.only_cvm_id_}});
      return;
    }
    for (const cvms::ServerStreamMessage& message : service_.greeting_) Send(message);
    Print("run_request_sent", {{"messages", service_.greeting_.size()}});
  }

  void Close() {
    std::lock_guard lock(mutex_);
    if (!std::exchange(finished_, true)) Finish(grpc::Status::OK);
  }

  void Print(const std::string& kind, Fields fields) {
    Fields all = {{"job_id", job_id_}};
    all.update(fields);
    service_.lines_.Print(kind, all);
  }

  CvmsService& service_;
  const std::string job_id_;
  const std::string connection_type_;
  grpc::ByteBuffer incoming_;
  std::mutex mutex_;
  bool finished_ = false;
  std::deque<grpc::ByteBuffer> outgoing_;  // the front one is being written
};

CvmsService::CvmsService(std::vector<cvms::ServerStreamMessage> greeting, std::string only_cvm_id,
                         JsonLines& lines)
    : greeting_(std::move(greeting)), only_cvm_id_(std::move(only_cvm_id)), lines_(lines) {}

std::size_t CvmsService::Broadcast(const cvms::ServerStreamMessage& message) {
  std::lock_guard lock(mutex_);
  for (AgentSession* session : sessions_) session->Send(message);
  return sessions_.size();
}

grpc::ServerGenericBidiReactor* CvmsService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (context->method() != kProcessMethod) {
    return grpc::CallbackGenericService::CreateReactor(context);  // UNIMPLEMENTED
  }
  return new AgentSession(*this, *context);
}

void CvmsService::Add(AgentSession* session) {
  std::lock_guard lock(mutex_);
  sessions_.insert(session);
}

void CvmsService::Remove(AgentSession* session) {
  std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

}  // namespace cocos::testserver
