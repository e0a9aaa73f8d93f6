// A throw-away CA with a server and a client certificate, made by the openssl command.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace cocos::testing {

// Files live in a directory that goes with the object. The server's certificate is for localhost
// and 127.0.0.1; `stranger` is signed by nobody else than itself.
class OpensslCertificates {
 public:
  OpensslCertificates() {
    std::string name = (std::filesystem::temp_directory_path() / "cocos-certs-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << name;
    dir_ = name;
    SelfSigned("ca");
    SelfSigned("stranger");
    Signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    Signed("client", "extendedKeyUsage=clientAuth");
  }
  ~OpensslCertificates() { std::filesystem::remove_all(dir_); }
  OpensslCertificates(const OpensslCertificates&) = delete;
  OpensslCertificates& operator=(const OpensslCertificates&) = delete;

  std::string Cert(const std::string& name) const { return (dir_ / (name + ".crt")).string(); }
  std::string Key(const std::string& name) const { return (dir_ / (name + ".key")).string(); }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  void SelfSigned(const std::string& name) {
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=" +
        name + " -keyout " + Key(name) + " -out " + Cert(name));
  }
  void Signed(const std::string& name, const std::string& extension) {
    const std::string base = (dir_ / name).string();
    std::ofstream(base + ".ext") << extension << '\n';
    Run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name +
        " -keyout " + Key(name) + " -out " + base + ".csr");
    Run("openssl x509 -req -days 2 -in " + base + ".csr -CA " + Cert("ca") + " -CAkey " +
        Key("ca") + " -CAcreateserial -extfile " + base + ".ext -out " + Cert(name));
  }
  static void Run(const std::string& command) {
    if (std::system((command + " 2>/dev/null").c_str()) != 0) ADD_FAILURE() << command;
  }

  std::filesystem::path dir_;
};

}  // namespace cocos::testing
