#include "hypervisor/event_loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>

#include "base/result.h"

namespace cocos::hypervisor {
namespace {

constexpr int kNever = -1;

void IgnoreTimer(int, void*) {}
// Without a handler libvirt prints every error to stderr.
void IgnoreError(void*, virErrorPtr) {}

// libvirt keeps both registrations for the life of the process.
void PrepareLibvirt() {
  static const bool prepared = [] {
    virSetErrorFunc(nullptr, IgnoreError);
    return virInitialize() == 0 && virEventRegisterDefaultImpl() == 0;
  }();
  COCOS_CHECK(prepared);
}

}  // namespace

EventLoop::EventLoop() {
  PrepareLibvirt();
  wake_timer_ = virEventAddTimeout(kNever, IgnoreTimer, nullptr, nullptr);
  COCOS_CHECK(wake_timer_ >= 0);
  thread_ = std::jthread([this] { Run(); });
}

EventLoop::~EventLoop() {
  stopping_ = true;
  virEventUpdateTimeout(wake_timer_, 0);
  thread_.join();
  virEventRemoveTimeout(wake_timer_);
}

void EventLoop::Run() {
  pthread_setname_np(pthread_self(), "libvirt-events");
  while (!stopping_) virEventRunDefaultImpl();
}

}  // namespace cocos::hypervisor
