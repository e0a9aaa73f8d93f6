#include "relay/stream_session.h"

#include <utility>
#include <vector>

#include "computation/utf8_repair.h"

namespace cocos::relay {
namespace {

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

// What the relay holds: it may keep it longer than gRPC keeps the session.
class StreamSession::Handle final : public AgentStream {
 public:
  explicit Handle(StreamSession* session) : session_(session) {}

  void Send(const cvms::ServerStreamMessage& message) override {
    std::lock_guard lock(mutex_);
    if (session_ != nullptr) session_->Send(message);
  }
  void Close() override {
    std::lock_guard lock(mutex_);
    if (session_ != nullptr) session_->Close();
  }
  void Detach() {
    std::lock_guard lock(mutex_);
    session_ = nullptr;
  }

 private:
  std::mutex mutex_;
  StreamSession* session_;
};

StreamSession::StreamSession(Relay& relay, cvm::CvmId id, bool says_log_forwarder, Logger& logger)
    : relay_(relay),
      id_(std::move(id)),
      says_log_forwarder_(says_log_forwarder),
      logger_(logger),
      handle_(std::make_shared<Handle>(this)) {}

void StreamSession::Start() {
  StartSendInitialMetadata();
  relay_.OnConnected(id_, handle_, says_log_forwarder_, Relay::TimePoint::clock::now());
  StartRead(&incoming_);
}

void StreamSession::OnReadDone(bool ok) {
  if (!ok) return Close();
  HandleWire(Bytes(incoming_));
  StartRead(&incoming_);
}

void StreamSession::HandleWire(std::string wire) {
  computation::RepairAgentMessage(wire);
  cvms::ClientStreamMessage message;
  if (!message.ParseFromString(wire)) {
    const std::string size = std::to_string(wire.size());
    return logger_.Warn("Message of an agent does not parse, ignored",
                        {{"cvm", id_.text()}, {"bytes", size}});
  }
  relay_.OnMessage(id_, handle_, message);
}

void StreamSession::OnWriteDone(bool ok) {
  if (!ok) return Close();
  std::lock_guard lock(mutex_);
  outgoing_.pop_front();
  if (!outgoing_.empty() && !finished_) StartWrite(&outgoing_.front());
}

void StreamSession::OnCancel() { Close(); }

void StreamSession::OnDone() {
  handle_->Detach();
  relay_.OnDisconnected(id_, handle_);
  delete this;
}

void StreamSession::Send(const cvms::ServerStreamMessage& message) {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  outgoing_.push_back(Serialize(message));
  if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
}

void StreamSession::Close() {
  std::lock_guard lock(mutex_);
  if (!std::exchange(finished_, true)) Finish(grpc::Status::OK);
}

}  // namespace cocos::relay
