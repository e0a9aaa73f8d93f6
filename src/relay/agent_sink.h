// What agents report, as the relay hands it on. The daemon joins it with whoever wants to know.
#pragma once

#include <string>
#include <string_view>

#include "attestation/claims/claim.h"
#include "cvm/cvm_id.h"
#include "proto/cvms.pb.h"

namespace cocos::relay {

// What became of the evidence of one agent.
struct Appraisal {
  bool passed = false;
  std::string summary;  // one line for people: what was verified, or why not
  attestation::Verdict verdict;
};

// Calls come on threads of the relay, for one CVM one after the other, and must not block. Texts
// are UTF-8.
class AgentSink {
 public:
  virtual ~AgentSink() = default;

  // `computation_id` is that of the CVM, whatever the message says.
  virtual void OnLog(const cvm::CvmId& id, std::string_view computation_id,
                     const cvms::AgentLog& log) = 0;
  virtual void OnEvent(const cvm::CvmId& id, std::string_view computation_id,
                       const cvms::AgentEvent& event) = 0;
  virtual void OnConnected(const cvm::CvmId& id, std::string_view computation_id) = 0;
  virtual void OnDisconnected(const cvm::CvmId& id, std::string_view computation_id) = 0;
  // The agent took the manifest, or says why it cannot (`error` not empty).
  virtual void OnAnswer(const cvm::CvmId& id, std::string_view computation_id,
                        std::string_view error) = 0;
  virtual void OnAppraisal(const cvm::CvmId& id, std::string_view computation_id,
                           const Appraisal& appraisal) = 0;
  // The manifest was sent to the agent.
  virtual void OnReleased(const cvm::CvmId& id, std::string_view computation_id) = 0;
  // The manifest will never be released to this CVM.
  virtual void OnRefused(const cvm::CvmId& id, std::string_view computation_id,
                         std::string_view why) = 0;
};

}  // namespace cocos::relay
