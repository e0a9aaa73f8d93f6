// A relay without gRPC: streams and listeners that remember.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "relay/relay.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::testing {

class FakeStream final : public relay::AgentStream {
 public:
  void Send(const cvms::ServerStreamMessage& message) override { sent.push_back(message); }
  void Close() override { closed = true; }

  // The manifest that came in chunks; empty: none.
  std::string manifest() const {
    std::string bytes;
    for (const auto& message : sent) bytes += message.runreqchunks().data();
    return bytes;
  }
  int manifests() const {
    int count = 0;
    for (const auto& message : sent) count += message.runreqchunks().is_last() ? 1 : 0;
    return count;
  }

  std::vector<cvms::ServerStreamMessage> sent;
  bool closed = false;
};

class FakeSink final : public relay::AgentSink {
 public:
  void OnLog(const cvm::CvmId&, std::string_view computation_id,
             const cvms::AgentLog& log) override {
    Note("log", computation_id, log.message());
  }
  void OnEvent(const cvm::CvmId&, std::string_view computation_id,
               const cvms::AgentEvent& event) override {
    Note("event", computation_id, event.event_type());
  }
  void OnConnected(const cvm::CvmId&, std::string_view computation_id) override {
    Note("connected", computation_id, "");
  }
  void OnDisconnected(const cvm::CvmId&, std::string_view computation_id) override {
    Note("disconnected", computation_id, "");
  }
  void OnAnswer(const cvm::CvmId&, std::string_view computation_id,
                std::string_view error) override {
    Note("answer", computation_id, error);
  }
  void OnAppraisal(const cvm::CvmId&, std::string_view computation_id,
                   const relay::Appraisal& appraisal) override {
    Note(appraisal.passed ? "passed" : "failed", computation_id, appraisal.summary);
  }
  void OnReleased(const cvm::CvmId&, std::string_view computation_id) override {
    Note("released", computation_id, "");
  }
  void OnRefused(const cvm::CvmId&, std::string_view computation_id,
                 std::string_view why) override {
    Note("refused", computation_id, why);
  }

  // What was reported, and nothing of it again.
  std::vector<std::string> Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
  }
  std::vector<std::string> Peek() const {
    std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  void Note(std::string_view what, std::string_view computation_id, std::string_view text) {
    std::lock_guard lock(mutex_);
    notes_.push_back(fmt::format("{} {} {}", what, computation_id, text));
  }

  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
};

class RelayFixture : public ::testing::Test {
 protected:
  static constexpr relay::Relay::TimePoint kStart{};
  const cvm::CvmId kId = *cvm::CvmId::Parse("00000000-0000-4000-8000-000000000001");

  RelayFixture() { Restart(); }

  // A new process on the files of the old one.
  void Restart() {
    relay_.reset();
    admissions_ = *relay::Admissions::Open(dir_.path() + "/relay");
    relay_ = std::make_unique<relay::Relay>(
        relay::Relay::Options{}, *admissions_,
        [](const cvm::CvmId&, const relay::Admission&, const std::string& evidence) {
          return relay::Appraisal{.passed = evidence == "good", .summary = "it is " + evidence};
        },
        sink_, logger_, kStart);
  }

  void Admit(relay::ReleaseMode mode, std::chrono::seconds deadline = std::chrono::seconds(600)) {
    EXPECT_THAT(admissions_->Add(kId, {.computation_id = "7",
                                       .manifest = "the manifest",
                                       .certificate_pem = "pem",
                                       .terms = {.mode = mode, .deadline = deadline}}),
                Succeeds());
    relay_->Admitted(kId, kStart);
  }

  std::shared_ptr<FakeStream> Connect(bool says_log_forwarder = false,
                                      relay::Relay::TimePoint now = kStart) {
    auto stream = std::make_shared<FakeStream>();
    relay_->OnConnected(kId, stream, says_log_forwarder, now);
    return stream;
  }

  void SendEvidence(const std::shared_ptr<FakeStream>& stream, const std::string& evidence) {
    cvms::ClientStreamMessage message;
    message.mutable_vtpmattestationreport()->set_file(evidence);
    relay_->OnMessage(kId, stream, message);
  }

  void SendAnswer(const std::shared_ptr<FakeStream>& stream, const std::string& error = "") {
    cvms::ClientStreamMessage message;
    message.mutable_run_res()->set_computation_id("7");
    message.mutable_run_res()->set_error(error);
    relay_->OnMessage(kId, stream, message);
  }

  TempDir dir_;
  MemoryLogger logger_;
  FakeSink sink_;
  std::unique_ptr<relay::Admissions> admissions_;
  std::unique_ptr<relay::Relay> relay_;
};

}  // namespace cocos::testing
