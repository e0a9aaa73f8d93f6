// Between agents and whoever sent their computations: gives each agent its manifest when it may
// have it, and hands on what it reports. Knows nothing of gRPC; relay_server.h brings the streams.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/logger.h"
#include "cvm/cvm_id.h"
#include "proto/cvms.pb.h"
#include "relay/admissions.h"
#include "relay/agent_sink.h"

namespace cocos::relay {

// One stream of an agent, whose certificate said which CVM it is in. Thread-safe; calls after its
// end do nothing.
class AgentStream {
 public:
  virtual ~AgentStream() = default;
  virtual void Send(const cvms::ServerStreamMessage& message) = 0;
  virtual void Close() = 0;
};

// Appraises what an agent sent against what its CVM must be. Called on a thread of the stream.
using Appraise = std::function<Appraisal(const cvm::CvmId& id, const Admission& admission,
                                         const std::string& evidence)>;

class Relay {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Options {
    // Agents send their evidence right after connecting. One that sends none in this time is of a
    // release that has none to send, or is a log forwarder that does not say so.
    std::chrono::milliseconds evidence_grace{5'000};
  };

  // All must outlive this. `admissions` of an earlier process count from now.
  Relay(Options options, Admissions& admissions, Appraise appraise, AgentSink& sink, Logger& logger,
        TimePoint now);

  void Admitted(const cvm::CvmId& id, TimePoint now);
  // Closes the CVM's streams.
  void Dismissed(const cvm::CvmId& id);

  // From the streams; each of one stream one after the other.
  void OnConnected(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream,
                   bool says_log_forwarder, TimePoint now);
  void OnMessage(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream,
                 const cvms::ClientStreamMessage& message);
  void OnDisconnected(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream);

  // Does what time brings about; call it every second or so.
  void Tick(TimePoint now);

  std::size_t streams() const;
  // Whether a stream is open that is not a log forwarder's, as far as is known.
  bool HasAgent(const cvm::CvmId& id) const;

 private:
  struct StreamState {
    std::shared_ptr<AgentStream> stream;
    TimePoint since;
    bool log_forwarder = false;  // as it says, or as it turned out
    bool offered = false;        // the manifest was sent here
    bool appraised = false;      // its evidence was taken
  };
  struct CvmState {
    TimePoint admitted;
    std::vector<StreamState> streams;
    bool refused = false;  // and told
  };

  void OnEvidence(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream,
                  const std::string& evidence);
  void OnRunResponse(const cvm::CvmId& id, const Admission& admission,
                     const cvms::RunResponse& response);
  void Release(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream);
  std::string WhyRefuse(const cvm::CvmId& id, const CvmState& state, TimePoint now) const;
  bool MayRelease(const cvm::CvmId& id, const Admission& admission) const;
  bool TakeAppraisal(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream);
  bool TakeOffer(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream);
  void Refuse(const cvm::CvmId& id, const std::string& why);

  const Options options_;
  Admissions& admissions_;
  const Appraise appraise_;
  AgentSink& sink_;
  Logger& logger_;
  mutable std::mutex mutex_;
  std::map<cvm::CvmId, CvmState> cvms_;
};

}  // namespace cocos::relay
