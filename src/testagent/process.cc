#include "testagent/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "base/unique_fd.h"

namespace cocos::testagent {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Fail(ErrorCode::kInternal, "make a pipe: {}", ErrnoText(errno));
  }
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// The attributes and file actions of posix_spawn.
class SpawnPlan {
 public:
  SpawnPlan(const std::string& directory, int stdout_fd, int stderr_fd) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, stdout_fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, stderr_fd, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    posix_spawnattr_init(&attributes_);
    ResetSignals();
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  Result<pid_t> Spawn(const std::vector<std::string>& command) const {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environ);
    if (error == 0) return pid;
    return Fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInternal, "start {}: {}",
                command.front(), ErrnoText(error));
  }

 private:
  // The agent blocks and ignores signals; its children get the defaults, and their own group.
  void ResetSignals() {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Hands on what can be read now. Closes the descriptor at the end of the stream.
void Drain(UniqueFd& fd, const std::function<void(std::string_view)>& sink) {
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while (fd && (count = read(fd.get(), buffer.data(), buffer.size())) > 0) {
    sink(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
  if (fd && count == 0) fd.Reset();
}

// Passes output on until the process has exited; a descendant that keeps the pipes open does not
// hold this up.
void PumpUntilExit(const UniqueFd& pidfd, UniqueFd& out, UniqueFd& err,
                   const ProcessOutput& output) {
  bool exited = false;
  while (!exited) {
    std::array<pollfd, 3> waits = {pollfd{pidfd.get(), POLLIN, 0}, pollfd{out.get(), POLLIN, 0},
                                   pollfd{err.get(), POLLIN, 0}};
    if (poll(waits.data(), waits.size(), -1) < 0) continue;  // EINTR
    exited = waits[0].revents != 0;
    Drain(out, output.on_stdout);
    Drain(err, output.on_stderr);
  }
}

Result<void> ExitResult(const std::string& program, int status, bool stopped) {
  if (stopped) return Fail(ErrorCode::kCancelled, "{}: stopped", program);
  if (WIFSIGNALED(status)) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: ended by signal {}", program,
                WTERMSIG(status));
  }
  if (WEXITSTATUS(status) != 0) {
    return Fail(ErrorCode::kFailedPrecondition, "{}: exit status {}", program, WEXITSTATUS(status));
  }
  return {};
}

}  // namespace

Result<void> RunProcess(const std::vector<std::string>& command, const std::string& directory,
                        const ProcessOutput& output, std::stop_token stop) {
  Pipe out = COCOS_TRY(MakePipe());
  Pipe err = COCOS_TRY(MakePipe());
  const SpawnPlan plan(directory, out.write_end.get(), err.write_end.get());
  const pid_t pid = COCOS_TRY(plan.Spawn(command));
  out.write_end.Reset();
  err.write_end.Reset();
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  {
    const std::stop_callback on_stop(stop, [pid] { kill(-pid, SIGKILL); });
    if (pidfd) PumpUntilExit(pidfd, out.read_end, err.read_end, output);
  }
  kill(-pid, SIGKILL);  // not reaped yet, so the number cannot belong to another group
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!pidfd) return Fail(ErrorCode::kInternal, "{}: cannot watch the process", command.front());
  return ExitResult(command.front(), status, stop.stop_requested());
}

}  // namespace cocos::testagent
