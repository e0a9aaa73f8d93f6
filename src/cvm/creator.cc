#include "cvm/creator.h"

#include <optional>
#include <utility>

#include "base/trace_ids.h"
#include "cvm/host_data.h"
#include "cvm/spec_builder.h"
#include "domain/render.h"

namespace cocos::cvm {

// One creation. Each method is one step of the design's list; `Undo` knows how far it came.
class Creator::Run {
 public:
  Run(Creator& creator, const CreateRequest& request, const ComputationClass& computation_class,
      const IsCancelled& is_cancelled)
      : parts_(creator.parts_),
        options_(creator.options_),
        request_(request),
        is_cancelled_(is_cancelled),
        id_(request.id ? *request.id : CvmId::Random()),
        class_(BindHostData(computation_class, id_, request)) {}

  Result<Created> Execute();

 private:
  Result<void> Validate();
  Result<void> Reserve();
  Result<void> ReservedSteps();
  Result<void> Stage();
  Result<void> Capture();
  Result<void> DefineAndStart();
  Result<void> Define();
  Result<void> Start();
  Result<void> VerifyForwarding();
  Result<void> Settle();
  Result<void> CheckStillRuns(const Ended& ended);
  Result<void> Finish(CreateStep step);
  Error Explain(Error error) const;
  void Undo(const Error& error);

  Snapshot Current() const { return *parts_.registry.Find(id_); }

  const Parts& parts_;
  const Options& options_;
  const CreateRequest& request_;
  const IsCancelled& is_cancelled_;
  const CvmId id_;
  const ComputationClass class_;  // of this CVM alone: with its host data
  CheckedRequest checked_;
  CvmPaths paths_;
  bool started_ = false;           // the domain ran, if only for a moment
  bool hypervisor_knows_ = false;  // a define was attempted
};

Result<Created> Creator::Create(const CreateRequest& request,
                                const ComputationClass& computation_class,
                                const IsCancelled& is_cancelled) {
  return Run(*this, request, computation_class, is_cancelled).Execute();
}

Result<Created> Creator::Run::Execute() {
  COCOS_TRY(Validate());
  COCOS_TRY(Reserve());
  if (Result<void> done = ReservedSteps(); !done) {
    Error error = Explain(std::move(done).error());
    Undo(error);
    return tl::unexpected(std::move(error));
  }
  return Created{id_, Current().agent_port};
}

Result<void> Creator::Run::Finish(CreateStep step) {
  if (options_.after_step) options_.after_step(step);
  if (is_cancelled_ && is_cancelled_()) {
    return Fail(ErrorCode::kCancelled, "the caller went away after step \"{}\"",
                CreateStepName(step));
  }
  return {};
}

Result<void> Creator::Run::Validate() {
  checked_ = COCOS_TRY(CheckRequest(request_, class_));
  if (parts_.registry.Contains(id_)) {
    return Fail(ErrorCode::kAlreadyExists, "CVM {}: exists", id_.text());
  }
  return Finish(CreateStep::kValidate);
}

Result<void> Creator::Run::Reserve() {
  Reservation reservation = COCOS_TRY(parts_.reservations.Reserve(class_));
  const TimePoint now = parts_.clock.Now();
  Snapshot cvm{.id = id_, .class_name = class_.name, .tee = class_.tee, .created = now};
  // A deadline beyond what a clock can say is none.
  if (checked_.ttl && *checked_.ttl < TimePoint::max() - now) {
    cvm.expires = now + std::chrono::duration_cast<TimePoint::duration>(*checked_.ttl);
  }
  cvm.agent_bind_address = class_.network.bind_address;
  cvm.computation_id = request_.computation_id;
  cvm.trace_id = request_.trace_id.empty() ? NewTraceId() : request_.trace_id;
  cvm.kernel_command_line = checked_.kernel_command_line;
  cvm.memory_mib = class_.memory_mib;
  cvm.vcpus = class_.vcpus;
  parts_.registry.AddRequested(std::move(cvm));
  parts_.registry.SetReservation(id_, std::move(reservation));
  return {};
}

// Everything after the CVM is on the books: an error from here on is undone.
Result<void> Creator::Run::ReservedSteps() {
  COCOS_TRY(parts_.registry.Advance(id_, State::kReserved));
  COCOS_TRY(Finish(CreateStep::kReserve));
  COCOS_TRY(Stage());
  COCOS_TRY(Capture());
  COCOS_TRY(DefineAndStart());
  return Settle();
}

Result<void> Creator::Run::Stage() {
  paths_ = COCOS_TRY(parts_.workspace.Stage(id_, request_));
  COCOS_TRY(parts_.registry.Advance(id_, State::kStaged));
  return Finish(CreateStep::kStage);
}

Result<void> Creator::Run::Capture() {
  ReferenceValues values =
      COCOS_TRY(parts_.capture.Capture(id_, class_, checked_.kernel_command_line));
  parts_.registry.SetReferenceValues(id_, std::move(values));
  return Finish(CreateStep::kCapture);
}

// Between our probe and the start of the port forwarder, a stranger may take the port. The domain
// is then made again with the next one, until the range is used up.
Result<void> Creator::Run::DefineAndStart() {
  while (true) {
    COCOS_TRY(Define());
    const Result<void> started = Start();
    if (started || started.error().reason() != "port-in-use") return started;
    parts_.logger.Warn("The agent port was taken meanwhile, trying the next one",
                       {{"cvm", id_.text()}, {"error", started.error().message()}});
    COCOS_TRY(parts_.hypervisor.Destroy(id_));
    COCOS_TRY(parts_.hypervisor.Undefine(id_));
    COCOS_TRY(parts_.registry.MoveToNextPort(id_, parts_.reservations));
  }
}

Result<void> Creator::Run::Define() {
  const domain::DomainSpec spec = BuildSpec(class_, Current(), options_.instance_id, paths_);
  Result<std::string> xml = domain::RenderDomainXml(class_.domain_template, spec);
  if (!xml) {
    // The request has been checked: what cannot be rendered is the class, which an operator wrote.
    return Fail(ErrorCode::kFailedPrecondition, "class \"{}\": {}", class_.name,
                xml.error().message());
  }
  hypervisor_knows_ = true;
  COCOS_TRY(parts_.hypervisor.Define(*xml));
  COCOS_TRY(parts_.registry.Advance(id_, State::kDefined));
  return Finish(CreateStep::kDefine);
}

Result<void> Creator::Run::Start() {
  COCOS_TRY(parts_.registry.Advance(id_, State::kStarting));
  started_ = true;
  COCOS_TRY(parts_.hypervisor.Start(id_));
  COCOS_TRY(VerifyForwarding());
  return Finish(CreateStep::kStart);
}

// Old passt releases start although they could not listen (libvirt.md section 4.2).
Result<void> Creator::Run::VerifyForwarding() {
  if (class_.hypervisor == domain::Hypervisor::kTest) return {};
  const std::uint16_t port = Current().agent_port;
  const std::string& address = class_.network.bind_address;
  if (!options_.is_port_free(address, port)) return {};
  return tl::unexpected(
      Error(ErrorCode::kAlreadyExists,
            fmt::format("nothing listens on {}:{} although the port forwarder started", address,
                        port))
          .WithReason("port-in-use"));
}

Result<void> Creator::Run::Settle() {
  // Before the claim ends: from this mark on, a manager that starts anew adopts the CVM instead of
  // undoing it.
  const std::string metadata = COCOS_TRY(domain::RenderMetadataXml(
      BuildMetadata(Current(), options_.instance_id, domain::Phase::kRunning)));
  COCOS_TRY(parts_.hypervisor.SetMetadata(id_, metadata));
  COCOS_TRY(CheckStillRuns({}));  // its event may still be on the way
  while (const std::optional<Ended> ended = COCOS_TRY(parts_.registry.SettleRunning(id_))) {
    COCOS_TRY(CheckStillRuns(*ended));
  }
  return {};
}

Result<void> Creator::Run::CheckStillRuns(const Ended& ended) {
  // Forget first, then ask: an event that comes in between is met by SettleRunning.
  parts_.registry.ForgetEnded(id_);
  const DomainRecord domain = COCOS_TRY(parts_.hypervisor.Find(id_));
  if (domain.state != DomainState::kRunning) {
    const StopReason reason =
        ended.reason == StopReason::kUnknown ? domain.stop_reason : ended.reason;
    return tl::unexpected(
        Error(ErrorCode::kInternal,
              fmt::format("the domain ended right after its start: {}{}{}", StopReasonName(reason),
                          ended.detail.empty() ? "" : ": ", ended.detail))
            .WithReason("ended-at-once"));
  }
  return {};
}

// A domain that failed after its start usually says why on its console.
Error Creator::Run::Explain(Error error) const {
  if (!started_ || error.code() == ErrorCode::kCancelled) return error;
  const std::string tail = parts_.workspace.consoles().Tail(id_);
  if (tail.empty()) return error;
  std::string reason = error.reason();
  return Error(error.code(),
               fmt::format("{}; last lines of the guest console:\n{}", error.message(), tail))
      .WithReason(std::move(reason));
}

void Creator::Run::Undo(const Error& error) {
  const Result<void> undone =
      hypervisor_knows_ ? parts_.cleaner.CleanAll(id_) : parts_.cleaner.CleanFiles(id_);
  if (undone) {
    parts_.registry.Drop(id_, error.message());
    return;
  }
  // Not lost: the housekeeper tries again when the hypervisor answers.
  parts_.logger.Error("Undoing a failed creation did not finish, it will be tried again",
                      {{"cvm", id_.text()}, {"error", undone.error().message()}});
  parts_.registry.SettleUnreachable(id_, error.message());
}

}  // namespace cocos::cvm
