#include "unit/attestation/vtpm/software_tpm.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "base/unique_fd.h"
#include "crypto/digest.h"

namespace cocos::attestation::vtpm::testing {

namespace {

constexpr int kStarts = 20;
constexpr auto kStartTimeout = std::chrono::seconds(10);
constexpr auto kPoll = std::chrono::milliseconds(20);

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool Bind(const UniqueFd& socket, std::uint16_t port) {
  const sockaddr_in address = Loopback(port);
  return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

UniqueFd Socket() { return UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

// A port that is free, as is the next one: the tools look for the control channel there.
std::optional<std::uint16_t> FreePair() {
  const UniqueFd first = Socket();
  const UniqueFd second = Socket();
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  if (!Bind(first, 0) ||
      getsockname(first.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return std::nullopt;
  }
  const std::uint16_t port = ntohs(bound.sin_port);
  if (port == 0xffff || !Bind(second, static_cast<std::uint16_t>(port + 1))) return std::nullopt;
  return port;
}

bool Succeeded(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

}  // namespace

SoftwareTpm::~SoftwareTpm() {
  Stop();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool SoftwareTpm::Installed() {
  return Succeeded(std::system("command -v swtpm >/dev/null && command -v tpm2 >/dev/null"));
}

bool SoftwareTpm::Start() {
  std::string name = (std::filesystem::temp_directory_path() / "cocos-swtpm-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return false;
  folder_ = name;
  // Another process may take a port between the search and the start.
  for (int i = 0; i < kStarts; ++i) {
    const auto port = FreePair();
    if (port && StartAt(*port)) return true;
  }
  return false;
}

bool SoftwareTpm::StartAt(std::uint16_t port) {
  port_ = port;
  const auto channel = [](unsigned number) {
    return "type=tcp,bindaddr=127.0.0.1,port=" + std::to_string(number);
  };
  std::vector<std::string> words = {"swtpm",
                                    "socket",
                                    "--tpm2",
                                    "--server",
                                    channel(port),
                                    "--ctrl",
                                    channel(port + 1U),
                                    "--flags",
                                    "not-need-init,startup-clear",
                                    "--tpmstate",
                                    "dir=" + folder_.string(),
                                    "--log",
                                    "file=" + (folder_ / "swtpm.log").string()};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  if (posix_spawnp(&pid_, "swtpm", nullptr, nullptr, arguments.data(), environ) != 0) {
    pid_ = -1;
    return false;
  }
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline && waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (Answers()) return true;
    std::this_thread::sleep_for(kPoll);
  }
  Stop();
  return false;
}

bool SoftwareTpm::Answers() const {
  const UniqueFd socket = Socket();
  const sockaddr_in address = Loopback(static_cast<std::uint16_t>(port_ + 1));
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

void SoftwareTpm::Stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);  // the state is thrown away
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool SoftwareTpm::Run(const std::string& command) const {
  const std::string shell = "cd '" + folder_.string() + "' && export TPM2TOOLS_TCTI='swtpm:host=" +
                            "127.0.0.1,port=" + std::to_string(port_) +
                            "' && { tpm2 flushcontext -t; " + command + "; } >>printed 2>&1";
  return Succeeded(std::system(shell.c_str()));
}

bool SoftwareTpm::MakeKey(const std::string& file, const std::string& algorithm,
                          const std::string& attributes, const std::string& name_digest) const {
  return Run("tpm2 createprimary -Q -C e -G " + algorithm + " -g " + name_digest + " -a '" +
             attributes + "' -c " + file + ".ctx && tpm2 readpublic -Q -c " + file + ".ctx -o " +
             file + ".pub -n " + file + ".name");
}

std::string SoftwareTpm::Printed() const {
  std::ifstream file(folder_ / "printed", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::byte> SoftwareTpm::Read(std::string_view name) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

void SoftwareTpm::Write(std::string_view name, std::span<const std::byte> bytes) const {
  std::ofstream file(folder_ / name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

}  // namespace cocos::attestation::vtpm::testing
