#include "daemon/fault_injection.h"

#ifdef COCOS_FAULT_INJECTION
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#endif

namespace cocos::daemon {

#ifdef COCOS_FAULT_INJECTION

namespace {

Result<std::optional<cvm::CreateStep>> StepFrom(
    const std::map<std::string, std::string>& environment, const std::string& variable) {
  const auto found = environment.find(variable);
  if (found == environment.end() || found->second.empty()) return std::optional<cvm::CreateStep>();
  using cvm::CreateStep;
  for (const CreateStep step : {CreateStep::kValidate, CreateStep::kReserve, CreateStep::kStage,
                                CreateStep::kCapture, CreateStep::kDefine, CreateStep::kStart}) {
    if (cvm::CreateStepName(step) == found->second) return std::optional(step);
  }
  return Fail(ErrorCode::kInvalidArgument, "{} {:?}: want a step of CreateVm", variable,
              found->second);
}

void WaitUntilGone(const std::string& path) {
  while (::access(path.c_str(), F_OK) == 0) ::poll(nullptr, 0, 10);
}

}  // namespace

Result<std::function<void(cvm::CreateStep)>> FaultInjectionFrom(
    const std::map<std::string, std::string>& environment) {
  const auto die_after = COCOS_TRY(StepFrom(environment, "COCOS_TEST_DIE_AFTER"));
  const auto pause_after = COCOS_TRY(StepFrom(environment, "COCOS_TEST_PAUSE_AFTER"));
  const auto pause_file = environment.find("COCOS_TEST_PAUSE_FILE");
  const std::string pause_path = pause_file == environment.end() ? "" : pause_file->second;
  if (!die_after && !pause_after) return std::function<void(cvm::CreateStep)>();
  return std::function<void(cvm::CreateStep)>([=](cvm::CreateStep step) {
    if (step == die_after) ::kill(::getpid(), SIGKILL);
    if (step == pause_after) WaitUntilGone(pause_path);
  });
}

#else

Result<std::function<void(cvm::CreateStep)>> FaultInjectionFrom(
    const std::map<std::string, std::string>&) {
  return std::function<void(cvm::CreateStep)>();
}

#endif

}  // namespace cocos::daemon
