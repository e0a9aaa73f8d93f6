#include "daemon/signals.h"

#include <pthread.h>
#include <csignal>

namespace cocos::daemon {
namespace {

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
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int WaitForEndingSignal() {
  const sigset_t set = EndingSignals();
  int number = 0;
  while (sigwait(&set, &number) != 0) {
  }
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // the default action of the next one is the end
  return number;
}

}  // namespace cocos::daemon
