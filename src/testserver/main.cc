// A test server of cvms.Service: gives a computation to agents and prints what they report.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "testserver/server.h"

namespace cocos::testserver {
namespace {

constexpr int kFailureStatus = 1;

// Blocks SIGINT and SIGTERM for this and all later threads and gives a descriptor that reads them.
UniqueFd WatchSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC));
}

// Words from standard input, one a line.
class CommandReader {
 public:
  CommandReader(Server& server, JsonLines& lines) : server_(server), lines_(lines) {}

  // Takes what can be read now. False at the end of input.
  bool Read() {
    char buffer[256];
    const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
    if (count <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(count));
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      Run(pending_.substr(0, end));
      pending_.erase(0, end + 1);
    }
    return true;
  }

 private:
  void Run(const std::string& word) {
    const auto streams = server_.Command(word);
    if (streams) {
      lines_.Print("command", {{"command", word}, {"streams", *streams}});
    } else {
      lines_.Print("bad_command", {{"error", streams.error().message()}});
    }
  }

  Server& server_;
  JsonLines& lines_;
  std::string pending_;
};

void ServeUntilSignal(const UniqueFd& signals, bool commands, Server& server, JsonLines& lines) {
  CommandReader reader(server, lines);
  pollfd descriptors[] = {{.fd = signals.get(), .events = POLLIN, .revents = 0},
                          {.fd = commands ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}};
  while (descriptors[0].revents == 0) {
    poll(descriptors, 2, -1);
    if (descriptors[1].revents != 0 && !reader.Read()) descriptors[1].fd = -1;
  }
}

int Main(const std::vector<std::string>& arguments) {
  const auto parsed = ParseOptions(arguments);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    std::fputs(early->text.c_str(), early->status == 0 ? stdout : stderr);
    return early->status;
  }
  const auto& options = std::get<Options>(parsed);
  const UniqueFd signals = WatchSignals();
  JsonLines lines(stdout);
  const auto server = Server::Start(options, lines);
  if (!server) {
    std::fputs(fmt::format("cocos-cvms-testserver: {}\n", server.error().message()).c_str(),
               stderr);
    return kFailureStatus;
  }
  if (!options.ca_url.empty()) {
    lines.Print("warning", {{"message", "--ca-url is accepted but not used: give --server-cert"}});
  }
  ServeUntilSignal(signals, options.commands_on_stdin, **server, lines);
  lines.Print("stopping");
  return 0;
}

}  // namespace
}  // namespace cocos::testserver

int main(int argc, char** argv) {
  return cocos::testserver::Main(std::vector<std::string>(argv + 1, argv + argc));
}
