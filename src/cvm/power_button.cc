#include "cvm/power_button.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace cocos::cvm {

PowerButton::PowerButton(Hypervisor& hypervisor, CvmId id)
    : hypervisor_(hypervisor),
      id_(std::move(id)),
      thread_([this](const std::stop_token& stop) { Press(stop); }) {
  ::pthread_setname_np(thread_.native_handle(), "power-button");
}

void PowerButton::Press(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (!hypervisor_.RequestShutdown(id_)) {
      refused_ = true;
      return;
    }
    stopped.wait_for(lock, stop, std::chrono::seconds(1),
                     [&stop] { return stop.stop_requested(); });
  }
}

}  // namespace cocos::cvm
