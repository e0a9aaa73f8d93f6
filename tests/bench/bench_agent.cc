// The agents of cms_bench, in a process of their own so that what they cost is not the relay's:
//
//   bench_agent PORT CERTS_DIR logs COUNT   sends COUNT log messages and ends
//   bench_agent PORT CERTS_DIR idle COUNT   opens COUNT streams, says "ready", ends with its input
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/agent_peer.h"

namespace cocos::bench {
namespace {

int SendLogs(AgentPeer& agent, int count) {
  cvms::ClientStreamMessage message;
  message.mutable_agent_log()->set_message(std::string(120, 'x'));  // a line of text
  message.mutable_agent_log()->set_level("INFO");
  message.mutable_agent_log()->set_computation_id("bench");
  message.mutable_agent_log()->mutable_timestamp()->set_seconds(1'700'000'000);
  for (int i = 0; i < count; ++i) {
    if (!agent.stream().Write(message)) return 1;
  }
  agent.stream().WritesDone();
  cvms::ServerStreamMessage answer;
  while (agent.stream().Read(&answer)) {
  }
  return agent.stream().Finish().ok() ? 0 : 1;  // after the relay has read all of it
}

int StayIdle(const std::string& port, const std::string& certs_dir, int count) {
  std::vector<std::unique_ptr<AgentPeer>> agents;
  cvms::ServerStreamMessage answer;
  for (int i = 0; i < count; ++i) {
    agents.push_back(std::make_unique<AgentPeer>(port, certs_dir));
    agents.back()->stream().WaitForInitialMetadata();
  }
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace cocos::bench

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string mode = argv[3];
  const int count = std::atoi(argv[4]);
  if (mode == "idle") return cocos::bench::StayIdle(argv[1], argv[2], count);
  cocos::bench::AgentPeer agent(argv[1], argv[2]);
  return cocos::bench::SendLogs(agent, count);
}
