#include "cvm/reservation.h"

#include <algorithm>
#include <utility>

namespace cocos::cvm {
namespace {

constexpr std::uint32_t kFirstGuestCid = 3;  // 0 to 2 are the hypervisor, loopback and the host

tl::unexpected<Error> Exhausted(std::string message, std::string reason) {
  return tl::unexpected(
      Error(ErrorCode::kResourceExhausted, std::move(message)).WithReason(std::move(reason)));
}

}  // namespace

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  Release();
  book_ = std::exchange(other.book_, nullptr);
  class_name_ = std::move(other.class_name_);
  bind_address_ = std::move(other.bind_address_);
  port_ = std::exchange(other.port_, std::uint16_t{0});
  vsock_cid_ = std::exchange(other.vsock_cid_, std::nullopt);
  return *this;
}

void Reservation::Release() {
  if (book_ != nullptr) std::exchange(book_, nullptr)->Return(class_name_, port_, vsock_cid_);
  port_ = 0;
  vsock_cid_.reset();
}

ReservationBook::ReservationBook(Limits limits, PortProbe is_port_free)
    : limits_(std::move(limits)), is_port_free_(std::move(is_port_free)) {}

Result<Reservation> ReservationBook::Reserve(const ComputationClass& computation_class) {
  COCOS_TRY(TakeSlot(computation_class));
  // From here on the destructor gives the slot back, and the port once it is filled in.
  Reservation reservation;
  reservation.book_ = this;
  reservation.class_name_ = computation_class.name;
  reservation.bind_address_ = computation_class.network.bind_address;
  reservation.port_ = COCOS_TRY(TakePort(limits_.first_port, reservation.bind_address_));
  if (computation_class.vsock) reservation.vsock_cid_ = TakeCid();
  return reservation;
}

Result<void> ReservationBook::TakeSlot(const ComputationClass& computation_class) {
  const std::lock_guard lock(mutex_);
  if (limits_.max_cvms != 0 && slots_used_ >= limits_.max_cvms) {
    return Exhausted("maximum number of VMs exceeded", "max-cvms");  // upstream's text
  }
  unsigned& of_class = class_slots_used_[computation_class.name];
  if (computation_class.max_cvms != 0 && of_class >= computation_class.max_cvms) {
    return Exhausted(fmt::format("class \"{}\": its quota of {} CVMs is used up",
                                 computation_class.name, computation_class.max_cvms),
                     "class-quota");
  }
  ++slots_used_;
  ++of_class;
  return {};
}

Result<std::uint16_t> ReservationBook::TakePort(std::uint32_t first,
                                                const std::string& bind_address) {
  for (std::uint32_t candidate = first; candidate <= limits_.last_port; ++candidate) {
    const auto port = static_cast<std::uint16_t>(candidate);
    if (std::ranges::find(limits_.excluded_ports, port) != limits_.excluded_ports.end()) continue;
    {
      const std::lock_guard lock(mutex_);
      if (!ports_used_.insert(port).second) continue;
    }
    // Reserved first and probed without the lock: a probe talks to the kernel.
    if (is_port_free_(bind_address, port)) return port;
    const std::lock_guard lock(mutex_);
    ports_used_.erase(port);
  }
  return Exhausted(  // upstream's text
      fmt::format("failed to allocate free port on host : failed to find free port in range {}-{}",
                  limits_.first_port, limits_.last_port),
      "no-port");
}

std::uint32_t ReservationBook::TakeCid() {
  const std::lock_guard lock(mutex_);
  std::uint32_t cid = kFirstGuestCid;
  while (!cids_used_.insert(cid).second) ++cid;
  return cid;
}

Result<void> ReservationBook::MoveToNextPort(Reservation& reservation) {
  const std::uint16_t port =
      COCOS_TRY(TakePort(std::uint32_t{reservation.port_} + 1, reservation.bind_address_));
  const std::lock_guard lock(mutex_);
  ports_used_.erase(std::exchange(reservation.port_, port));
  return {};
}

Reservation ReservationBook::Adopt(const std::string& class_name, std::uint16_t port,
                                   std::optional<std::uint32_t> vsock_cid) {
  Reservation reservation;
  reservation.book_ = this;
  reservation.class_name_ = class_name;
  const std::lock_guard lock(mutex_);
  ++slots_used_;
  ++class_slots_used_[class_name];
  if (port != 0 && ports_used_.insert(port).second) reservation.port_ = port;
  if (vsock_cid && cids_used_.insert(*vsock_cid).second) reservation.vsock_cid_ = vsock_cid;
  return reservation;
}

void ReservationBook::Return(const std::string& class_name, std::uint16_t port,
                             std::optional<std::uint32_t> vsock_cid) {
  const std::lock_guard lock(mutex_);
  --slots_used_;
  --class_slots_used_[class_name];
  if (port != 0) ports_used_.erase(port);
  if (vsock_cid) cids_used_.erase(*vsock_cid);
}

}  // namespace cocos::cvm
