// Waiting for the signals that end the daemon.
#pragma once

namespace cocos::daemon {

// Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 in the calling thread and all it starts later, and
// ignores SIGPIPE. Call before the first thread exists.
void BlockEndingSignals();

// Waits for SIGINT, SIGTERM or AskToEnd; returns the signal's number. From then on a second SIGINT
// or SIGTERM ends the process at once: shutting down may wait for work in flight, and an operator
// may not want to.
int WaitForEndingSignal();

// Makes WaitForEndingSignal return as SIGTERM does. Any thread may call it, at any time and any
// number of times: unlike a second SIGTERM it never ends a shutdown that is under way.
void AskToEnd();

}  // namespace cocos::daemon
