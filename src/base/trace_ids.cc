#include "base/trace_ids.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/result.h"

namespace cocos {
namespace {

constexpr std::size_t kDigits = 32;

}  // namespace

std::string NewTraceId() {
  std::array<std::uint8_t, kDigits / 2> bytes;
  // Up to 256 bytes come whole and uninterrupted once the kernel's generator is seeded.
  COCOS_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

bool IsTraceId(std::string_view text) {
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         text.find_first_not_of('0') != std::string_view::npos;
}

void TraceIds::Set(std::string_view subject, std::string_view trace_id) {
  if (trace_id.empty()) return;
  const std::lock_guard lock(mutex_);
  ids_.insert_or_assign(std::string(subject), std::string(trace_id));
  // Back again: an id found once more after a restart of libvirt, say.
  std::erase(forgotten_, subject);
}

void TraceIds::Forget(std::string_view subject) {
  const std::lock_guard lock(mutex_);
  if (!ids_.contains(subject) || std::ranges::find(forgotten_, subject) != forgotten_.end()) return;
  forgotten_.emplace_back(subject);
  if (forgotten_.size() <= kForgottenKept) return;
  ids_.erase(forgotten_.front());
  forgotten_.pop_front();
}

std::string TraceIds::Find(std::string_view subject) const {
  const std::lock_guard lock(mutex_);
  const auto found = ids_.find(subject);
  return found == ids_.end() ? std::string() : found->second;
}

}  // namespace cocos
