#include "daemon/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace cocos::daemon {
namespace {

// What AskToEnd sends. Blocked for good: its default action would be an end without order.
constexpr int kAsked = SIGUSR1;

sigset_t EndingSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

void BlockEndingSignals() {
  sigset_t set = EndingSignals();
  // Terminals send it when they go; a daemon does not go with them.
  sigaddset(&set, SIGHUP);
  sigaddset(&set, kAsked);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int WaitForEndingSignal() {
  const sigset_t ending = EndingSignals();
  sigset_t waited = ending;
  sigaddset(&waited, kAsked);
  int number = 0;
  while (sigwait(&waited, &number) != 0) {
  }
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);  // the default action of the next one is the end
  return number;
}

void AskToEnd() { ::kill(::getpid(), kAsked); }

}  // namespace cocos::daemon
