// A TCP connection that can fall silent without being closed.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace cocos::testing {

// Takes connections by the kernel's hand and never answers.
class LoopbackListener {
 public:
  LoopbackListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    static_cast<void>(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size));
    static_cast<void>(::listen(fd_.get(), 16));
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  int fd() const { return fd_.get(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  UniqueFd fd_;
  int port_ = 0;
};

// Passes bytes between its clients and a port of the loopback until it stalls.
class StallingProxy {
 public:
  explicit StallingProxy(int port)
      : port_(port), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  std::string address() const { return listener_.address(); }
  void Stall() { stalled_ = true; }

 private:
  struct Pair {
    UniqueFd client;
    UniqueFd server;
  };

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> fds = {{listener_.fd(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        fds.push_back({pair.client.get(), POLLIN, 0});
        fds.push_back({pair.server.get(), POLLIN, 0});
      }
      if (::poll(fds.data(), fds.size(), 20) <= 0 || stalled_) continue;
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        if (fds[1 + 2 * i].revents != 0) Pass(pairs_[i].client.get(), pairs_[i].server.get());
        if (fds[2 + 2 * i].revents != 0) Pass(pairs_[i].server.get(), pairs_[i].client.get());
      }
      if (fds[0].revents != 0) Accept();
    }
  }

  void Accept() {
    Pair pair{UniqueFd(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC)),
              UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    static_cast<void>(
        ::connect(pair.server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    pairs_.push_back(std::move(pair));
  }

  static void Pass(int from, int to) {
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0)
      static_cast<void>(::send(to, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL));
    if (count == 0) ::shutdown(to, SHUT_WR);
  }

  const int port_;
  LoopbackListener listener_;
  std::atomic<bool> stalled_ = false;
  std::vector<Pair> pairs_;
  std::jthread thread_;
};

}  // namespace cocos::testing
