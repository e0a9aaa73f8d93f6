// What a CVM holds while it lives: a slot under the limits, a host port, a vsock CID.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "cvm/class.h"

namespace cocos::cvm {

// True if nothing listens on this TCP address of the host now.
using PortProbe = std::function<bool(const std::string& bind_address, std::uint16_t port)>;

// The real probe: binds and listens for a moment.
bool IsTcpPortFree(const std::string& bind_address, std::uint16_t port);

struct Limits {
  unsigned max_cvms = 0;  // 0: no limit
  std::uint16_t first_port = 6100;
  std::uint16_t last_port = 6200;
  std::vector<std::uint16_t> excluded_ports;
};

class ReservationBook;

// Gives everything back when destroyed. Move-only.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept { *this = std::move(other); }
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { Release(); }

  std::uint16_t port() const { return port_; }
  std::optional<std::uint32_t> vsock_cid() const { return vsock_cid_; }
  void Release();

 private:
  friend class ReservationBook;
  ReservationBook* book_ = nullptr;
  std::string class_name_;
  std::string bind_address_;
  std::uint16_t port_ = 0;
  std::optional<std::uint32_t> vsock_cid_;
};

// The ledgers. A reservation is taken before anything is done, so two concurrent creates can
// neither exceed a limit nor get the same port. Thread-safe; must outlive its reservations.
class ReservationBook {
 public:
  explicit ReservationBook(Limits limits, PortProbe is_port_free = IsTcpPortFree);

  // The port is probed on the class's bind address, and given to one CVM only whatever that is.
  // Errors: kResourceExhausted, reason "max-cvms", "class-quota" or "no-port".
  Result<Reservation> Reserve(const ComputationClass& computation_class);

  // Moves the reservation to the next port that looks free, for when the hypervisor found the
  // present one taken. Errors: kResourceExhausted, reason "no-port"; the reservation is unchanged
  // then.
  Result<void> MoveToNextPort(Reservation& reservation);

  // Takes what a running CVM already has; limits do not apply to it. A port or CID that is taken
  // nevertheless is left with its first holder.
  Reservation Adopt(const std::string& class_name, std::uint16_t port,
                    std::optional<std::uint32_t> vsock_cid);

 private:
  friend class Reservation;
  Result<void> TakeSlot(const ComputationClass& computation_class);
  Result<std::uint16_t> TakePort(std::uint32_t first, const std::string& bind_address);
  std::uint32_t TakeCid();
  void Return(const std::string& class_name, std::uint16_t port,
              std::optional<std::uint32_t> vsock_cid);

  const Limits limits_;
  const PortProbe is_port_free_;
  std::mutex mutex_;
  unsigned slots_used_ = 0;
  std::map<std::string, unsigned> class_slots_used_;
  std::set<std::uint16_t> ports_used_;
  std::set<std::uint32_t> cids_used_;
};

}  // namespace cocos::cvm
