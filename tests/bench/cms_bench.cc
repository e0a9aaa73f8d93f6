// What does the manager add to a run of a Computation Management Service, and what do its streams
// cost?
// - RunToManifest: from runReq to the whole manifest at the agent, without boot; at most 20 ms.
//   Service, agent and relay are real and on loopback, the relay's end with mutual TLS; the
//   hypervisor is in memory, and the agent dials as soon as its domain starts.
// - RelayLogs: messages a second on one core; at least 20,000. Processor time is this process's:
//   gRPC, TLS, repair of texts, translation and queue, but not the agent, which is another process.
// - IdleStream: resident memory for each stream of an agent that says nothing.
// - ReconnectAfterOutage: from the moment a service that was away for ten seconds listens again to
//   its stream. Waits double from 0.5 s, so half of the outage is about the worst to expect.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>

#include "bench/agent_peer.h"
#include "computation/run_chunks.h"
#include "daemon/class_policies.h"
#include "daemon/cms_stack.h"
#include "daemon/evidence_appraiser.h"
#include "unit/cms/run_fixture.h"
#include "unit/cms/test_service.h"

namespace cocos::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::TestService;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// A port that was free a moment ago.
std::uint16_t FreePort() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  COCOS_CHECK(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

class SilentLogger final : public Logger {
 public:
  void Log(LogLevel, std::string_view, std::initializer_list<LogAttribute>) override {}
};

// A manager with everything that serves a service, on a hypervisor in memory.
class Host : public testing::ManagerFixture {
 public:
  Host() : service_(std::make_unique<TestService>(TestService::Options{})) {
    StartManager();
    auto started = daemon::CmsStack::Start(
        {.service = {.url = service_->address("127.0.0.1"), .timeout = 10s},
         .relay = {.host = "127.0.0.1", .port = relay_port_, .guest_host = "127.0.0.1"},
         .run_classes = {{.name = "default"}},
         .terms = {{"default", {}}},
         .pki_dir = dir_.path() + "/pki",
         .relay_dir = dir_.path() + "/relay"},
        {.manager = *manager_,
         .appraiser =
             appraiser_.emplace(*manager_, policies_, system_clock_,
                                daemon::EvidenceAppraiser::Anchors{}, dir_.path() + "/collateral"),
         .explainer = daemon::RefusalExplainer(*manager_, 0),
         .clock = system_clock_,
         .policy_form = {},
         .host = {},
         .end_manager = [] {},
         .logger = silent_});
    COCOS_CHECK(started);
    stack_ = *std::move(started);
    COCOS_CHECK(service_->WaitForStreams(1));
  }
  ~Host() override {
    service_.reset();
    manager_->Close();
    stack_.reset();
  }
  void TestBody() override {}

  void SendRun(const std::string& id) {
    const std::string bytes = testing::RunRequest(id).SerializeAsString();
    for (const auto& message :
         computation::SplitRunRequest<manager::ServerStreamMessage>(id, bytes)) {
      service_->Send(message);
    }
  }
  void SendStop(const std::string& id) {
    manager::ServerStreamMessage message;
    message.mutable_stopcomputation()->set_computation_id(id);
    service_->Send(message);
  }
  // The directory of a CVM's certificates, once it runs.
  std::string RunOne(const std::string& id) {
    SendRun(id);
    COCOS_CHECK(testing::Eventually([this] {
      const auto cvms = manager_->List().cvms;
      return cvms.size() == 1 && cvms.front().state == cvm::State::kRunning;
    }));
    return CertsOf(manager_->List().cvms.front().id.text());
  }
  std::string CertsOf(const std::string& cvm) const {
    return options_.runtime_dir + "/" + options_.instance_id + "/cvms/" + cvm + "/certs";
  }
  std::string relay_port() const { return std::to_string(relay_port_); }
  std::unique_ptr<TestService>& service() { return service_; }
  testing::FakeHypervisor& hypervisor() { return hypervisor_; }
  cvm::Manager& manager() { return *manager_; }
  CmsStatus status() const { return stack_->status(); }

 private:
  const cvm::SystemClock system_clock_;
  SilentLogger silent_;
  const daemon::ClassPolicies policies_;
  std::optional<daemon::EvidenceAppraiser> appraiser_;
  std::unique_ptr<TestService> service_;
  const std::uint16_t relay_port_ = FreePort();  // after the service has taken one
  std::unique_ptr<daemon::CmsStack> stack_;
};

// Dials, proves itself and reads until the manifest is whole.
bool FetchManifest(const std::string& port, const std::string& certs_dir) {
  AgentPeer agent(port, certs_dir);
  if (!agent.SendEvidence()) return false;
  cvms::ServerStreamMessage message;
  while (agent.stream().Read(&message)) {
    if (message.runreqchunks().is_last()) return true;
  }
  return false;
}

void RunToManifest(benchmark::State& state) {
  Host host;
  std::mutex mutex;
  std::condition_variable changed;
  std::string started;
  host.hypervisor().SetHook([&](const std::string& call, const std::string& id) -> Result<void> {
    if (call != "Start") return {};
    std::lock_guard lock(mutex);
    started = id;
    changed.notify_all();
    return {};
  });
  int number = 0;
  for (auto _ : state) {
    const std::string id = "run-" + std::to_string(++number);
    const auto begin = Clock::now();
    host.SendRun(id);
    std::string cvm;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&started] { return !started.empty(); });
      cvm = std::exchange(started, "");
    }
    if (!FetchManifest(host.relay_port(), host.CertsOf(cvm))) state.SkipWithError("no manifest");
    state.SetIterationTime(Seconds(Clock::now() - begin));
    host.SendStop(id);
    COCOS_CHECK(testing::Eventually([&host] { return host.manager().List().cvms.empty(); }));
  }
  host.hypervisor().SetHook({});
}
BENCHMARK(RunToManifest)
    ->MeasureProcessCPUTime()
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(50);

double ProcessorSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void RelayLogs(benchmark::State& state) {
  constexpr int kMessages = 50'000;
  Host host;
  const std::string certs = host.RunOne("7");
  host.service()->Stop();  // nobody reads: the queue stays full and drops, the dearest case
  double used = 0;
  for (auto _ : state) {
    const double before = ProcessorSeconds();
    const std::string command =
        fmt::format("{} {} {} logs {}", COCOS_BENCH_AGENT, host.relay_port(), certs, kMessages);
    if (std::system(command.c_str()) != 0) state.SkipWithError("the agent failed");
    used += ProcessorSeconds() - before;
  }
  const double messages = static_cast<double>(state.iterations()) * kMessages;
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.counters["messages_per_core_second"] = messages / used;
  state.counters["dropped"] = static_cast<double>(host.status().dropped_logs);
}
BENCHMARK(RelayLogs)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(4);

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// The other process, until the object goes: its input is a pipe whose other end only we hold.
class IdleAgents {
 public:
  IdleAgents(const Host& host, const std::string& certs_dir, std::size_t count) {
    int input[2];
    int output[2];
    COCOS_CHECK(::pipe2(input, O_CLOEXEC) == 0 && ::pipe2(output, O_CLOEXEC) == 0);
    const std::string port = host.relay_port();
    const std::string number = std::to_string(count);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      ::execl(COCOS_BENCH_AGENT, COCOS_BENCH_AGENT, port.c_str(), certs_dir.c_str(), "idle",
              number.c_str(), nullptr);
      ::_exit(127);
    }
    input_ = UniqueFd(input[1]);
    output_ = UniqueFd(output[0]);
    ::close(input[0]);
    ::close(output[1]);
  }
  ~IdleAgents() {
    input_ = UniqueFd();
    ::waitpid(process_, nullptr, 0);
  }
  bool WaitUntilReady() const {
    char byte = 0;
    return ::read(output_.get(), &byte, 1) == 1;
  }

 private:
  pid_t process_ = -1;
  UniqueFd input_;
  UniqueFd output_;
};

void IdleStream(benchmark::State& state) {
  constexpr std::size_t kStreams = 200;
  Host host;
  const std::string certs = host.RunOne("7");
  for (auto _ : state) {
    const double before = ResidentBytes();
    const IdleAgents agents(host, certs, kStreams);
    COCOS_CHECK(agents.WaitUntilReady());
    state.counters["bytes_per_stream"] = (ResidentBytes() - before) / kStreams;
  }
}
BENCHMARK(IdleStream)->Iterations(1);

void ReconnectAfterOutage(benchmark::State& state) {
  Host host;
  const int port = host.service()->port();
  for (auto _ : state) {
    host.service().reset();
    std::this_thread::sleep_for(10s);
    host.service() = std::make_unique<TestService>(TestService::Options{.port = port});
    const auto begin = Clock::now();
    // Each waits for as long as a test is patient; the next attempt may be later than that.
    bool is_back = false;
    for (int i = 0; i < 4 && !is_back; ++i) is_back = host.service()->WaitForStreams(1);
    if (!is_back) state.SkipWithError("not connected again");
    state.SetIterationTime(Seconds(Clock::now() - begin));
  }
}
BENCHMARK(ReconnectAfterOutage)->UseManualTime()->Unit(benchmark::kSecond)->Iterations(3);

}  // namespace
}  // namespace cocos::bench

BENCHMARK_MAIN();
