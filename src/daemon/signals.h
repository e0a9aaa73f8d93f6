// Waiting for the signals that end the daemon.
#pragma once

namespace cocos::daemon {

// Blocks SIGINT, SIGTERM and SIGHUP in the calling thread and all it starts later, and ignores
// SIGPIPE. Call before the first thread exists.
void BlockEndingSignals();

// Waits for SIGINT or SIGTERM; returns its number. From then on a second one ends the process at
// once: shutting down may wait for work in flight, and an operator may not want to.
int WaitForEndingSignal();

}  // namespace cocos::daemon
