// A directory for a CA that goes with the object, and what tests of the CA share.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "relay/pki.h"
#include "support/result_matchers.h"

namespace cocos::relay::testing {

inline constexpr TimePoint kNow{std::chrono::sys_days(std::chrono::year(2026) / 7 / 1)};
inline constexpr std::chrono::days kDay{1};

class PkiDir {
 public:
  PkiDir() {
    std::string name = (std::filesystem::temp_directory_path() / "cocos-pki-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << name;
    root_ = name;
  }
  ~PkiDir() { std::filesystem::remove_all(root_); }
  PkiDir(const PkiDir&) = delete;
  PkiDir& operator=(const PkiDir&) = delete;

  std::string path() const { return (root_ / "pki").string(); }
  std::string File(const std::string& name) const { return path() + "/" + name; }
  std::string Read(const std::string& name) const {
    std::ifstream file(File(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(File(name)) << content;
    chmod(File(name).c_str(), 0600);
  }
  mode_t Mode(const std::string& name) const {
    struct stat status = {};
    if (stat(File(name).c_str(), &status) != 0) ADD_FAILURE() << "stat " << name;
    return status.st_mode & 07777;
  }
  Pki Open(TimePoint now = kNow) const {
    Result<Pki> pki = Pki::Open(path(), now);
    EXPECT_THAT(pki, cocos::testing::Succeeds());
    return *std::move(pki);
  }

 private:
  std::filesystem::path root_;
};

inline cvm::CvmId IdOf(char digit) {
  std::string text = "00000000-0000-4000-8000-00000000000";
  return cvm::CvmId::Parse(text + digit).value();
}

inline Result<cvm::CvmId> Peer(const Pki& pki, const std::string& pem, TimePoint now = kNow) {
  return pki.CvmOf(crypto::BytesOf(pem), now);
}

}  // namespace cocos::relay::testing
