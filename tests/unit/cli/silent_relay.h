// A TCP relay on loopback that can fall silent as a host does that lost its power: connections stay
// open and nothing passes any more.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace cocos::cli {

class SilentRelay {
 public:
  explicit SilentRelay(int target_port) : target_port_(target_port), listener_(Listen()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  int port() const { return port_; }
  // How often the client has sent something.
  int client_writes() const { return client_writes_; }
  // Connections there are now pass nothing any more; later ones do.
  void Silence() { must_silence_ = true; }
  // Ends the connections there are now.
  void Close() { must_close_ = true; }

 private:
  struct Pair {
    UniqueFd client;
    UniqueFd server;
    bool is_silent = false;
  };

  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  UniqueFd Listen() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd.get(), raw, size), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    EXPECT_EQ(::getsockname(fd.get(), raw, &size), 0);
    port_ = ntohs(address.sin_port);
    return fd;
  }
  void Accept() {
    UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = Loopback(target_port_);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
      pairs_.push_back({std::move(client), std::move(server)});
  }
  // False when the connection is over.
  static bool Pass(const UniqueFd& from, const UniqueFd& to) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(from.get(), buffer.data(), buffer.size(), 0);
    return got > 0 &&
           ::send(to.get(), buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
  }
  static bool IsReadable(const UniqueFd& fd, int timeout_ms) {
    pollfd polled{.fd = fd.get(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, timeout_ms) == 1;
  }
  // False when the connection is over.
  bool Serve(const Pair& pair) {
    if (pair.is_silent) return true;
    if (IsReadable(pair.client, 0)) {
      ++client_writes_;
      if (!Pass(pair.client, pair.server)) return false;
    }
    return !IsReadable(pair.server, 0) || Pass(pair.server, pair.client);
  }
  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (IsReadable(listener_, 5)) Accept();
      if (must_silence_.exchange(false)) {
        for (Pair& pair : pairs_) pair.is_silent = true;
      }
      if (must_close_.exchange(false)) pairs_.clear();
      pairs_.remove_if([this](const Pair& pair) { return !Serve(pair); });
    }
  }

  const int target_port_;
  int port_ = 0;
  std::atomic<int> client_writes_ = 0;
  std::atomic<bool> must_silence_ = false;
  std::atomic<bool> must_close_ = false;
  UniqueFd listener_;
  std::list<Pair> pairs_;
  std::jthread thread_;
};

}  // namespace cocos::cli
