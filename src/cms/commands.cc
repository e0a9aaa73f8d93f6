#include "cms/commands.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "cms/messages.h"

namespace cocos::cms {
namespace {

// What a task costs besides its request: questions and stops must not pile up without bound either.
constexpr std::size_t kTaskBytes = 512;

}  // namespace

Commands::Commands(Options options, Runs& runs, PolicyOf policy_of, Outbox& outbox, Logger& logger)
    : options_(std::move(options)),
      runs_(runs),
      policy_of_(std::move(policy_of)),
      outbox_(outbox),
      logger_(logger),
      assembler_(options_.max_request_bytes) {
  for (unsigned i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    ::pthread_setname_np(workers_.back().native_handle(), "cms-worker");
  }
}

Commands::~Commands() = default;

bool Commands::OnMessage(const manager::ServerStreamMessage& message) {
  using Kind = manager::ServerStreamMessage;
  switch (message.message_case()) {
    case Kind::kRunReqChunks:
      OnChunk(message.runreqchunks());
      return true;
    case Kind::kRunReq:
      OnRunBytes(message.runreq().SerializeAsString());
      return true;
    case Kind::kStopComputation: {
      const std::string& id = message.stopcomputation().computation_id();
      Post(id, 0, [this, id] { runs_.Stop(id); });
      return true;
    }
    case Kind::kAttestationPolicyReq: {
      const std::string& id = message.attestationpolicyreq().id();
      Post(id, 0, [this, id] { SendPolicy(id); });
      return true;
    }
    case Kind::kSvmInfoReq:
      SendInfo(message.svminforeq().id());
      return true;
    case Kind::kTerminateReq:
      logger_.Warn("The service ends the connection",
                   {{"message", message.terminatereq().message()}});
      if (options_.on_terminate) options_.on_terminate(message.terminatereq().message());
      return false;
    case Kind::MESSAGE_NOT_SET:
      break;
  }
  logger_.Warn("Unknown message of the service, ignored");
  return true;
}

void Commands::OnChunk(const manager::RunReqChunks& chunk) {
  const auto bytes = assembler_.Add({chunk.id(), chunk.data(), chunk.is_last()},
                                    computation::ChunkAssembler::TimePoint::clock::now());
  if (bytes && *bytes) return OnRunBytes(**bytes);
  if (bytes) return;
  runs_.Refuse(chunk.id(), bytes.error());
}

void Commands::OnRunBytes(const std::string& bytes) {
  manager::ComputationRunReq request;
  if (!request.ParseFromString(bytes)) {
    const std::string size = std::to_string(bytes.size());
    return logger_.Warn("Run request does not parse, ignored", {{"bytes", size}});
  }
  const std::string id = request.id();
  Post(id, bytes.size(), [this, request = std::move(request)] { runs_.Run(request); });
}

// A service that sends faster than CVMs start must not fill the memory: what does not fit is
// refused like any run that finds no slot.
void Commands::Post(std::string computation_id, std::size_t bytes, std::function<void()> work) {
  bytes += kTaskBytes;
  {
    std::lock_guard lock(mutex_);
    if (task_bytes_ + bytes <= options_.max_request_bytes) {
      task_bytes_ += bytes;
      tasks_.push_back({std::move(computation_id), bytes, std::move(work)});
      posted_.notify_all();
      return;
    }
  }
  runs_.Refuse(computation_id,
               Error(ErrorCode::kResourceExhausted,
                     fmt::format("more than {} bytes of run requests wait for their CVMs",
                                 options_.max_request_bytes)));
}

Result<std::string> Commands::FindPolicy(const std::string& computation_id) const {
  const cvm::Snapshot cvm = COCOS_TRY(runs_.Find(computation_id));
  return policy_of_(cvm);
}

void Commands::SendPolicy(const std::string& computation_id) {
  const Result<std::string> policy = FindPolicy(computation_id);
  if (!policy) {
    logger_.Warn("No attestation policy for the service",
                 {{"computation", computation_id}, {"error", policy.error().message()}});
    return outbox_.Push(
        ManagerLog(computation_id, "WARN", "no attestation policy: " + policy.error().message()),
        Weight::kEvent);
  }
  manager::ClientStreamMessage answer;
  answer.mutable_attestationpolicy()->set_id(computation_id);
  answer.mutable_attestationpolicy()->set_info(*policy);
  outbox_.Push(std::move(answer), Weight::kEvent);
}

void Commands::SendInfo(const std::string& id) {
  manager::ClientStreamMessage answer;
  manager::SVMInfo& info = *answer.mutable_svm_info();
  info.set_id(id);
  info.set_ovmf_version(options_.host.ovmf_version);
  info.set_cpu_num(options_.host.cpu_num);
  info.set_cpu_type(options_.host.cpu_type);
  info.set_kernel_cmd(options_.host.kernel_cmd);
  info.set_eos_version(options_.host.eos_version);
  outbox_.Push(std::move(answer), Weight::kEvent);
}

// The first task of a computation that nobody is at.
std::deque<Commands::Task>::iterator Commands::NextTask() {
  return std::ranges::find_if(
      tasks_, [this](const Task& task) { return !busy_.contains(task.computation_id); });
}

void Commands::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (posted_.wait(lock, stop, [this] { return NextTask() != tasks_.end(); })) {
    if (stop.stop_requested()) return;
    const auto next = NextTask();
    const Task task = std::move(*next);
    tasks_.erase(next);
    busy_.insert(task.computation_id);
    lock.unlock();
    task.work();
    lock.lock();
    task_bytes_ -= task.bytes;
    busy_.erase(task.computation_id);
    posted_.notify_all();  // the next task of this computation may go
  }
}

}  // namespace cocos::cms
