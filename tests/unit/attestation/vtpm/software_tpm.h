// A software TPM that runs beside the test, driven with the TPM tools: real quotes, names and
// activations, made by somebody else's code.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cocos::attestation::vtpm::testing {

class SoftwareTpm {
 public:
  static constexpr const char* kNotInstalled = "needs swtpm and tpm2-tools";
  static constexpr const char* kAkAttributes =
      "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign";
  static constexpr const char* kStorageAttributes =
      "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt";

  SoftwareTpm() = default;
  SoftwareTpm(const SoftwareTpm&) = delete;
  SoftwareTpm& operator=(const SoftwareTpm&) = delete;
  ~SoftwareTpm();

  // Whether the programs `swtpm` and `tpm2` are in PATH.
  static bool Installed();

  // A new TPM with a folder of its own, both gone with this object.
  bool Start();

  // Where it listens on 127.0.0.1, to one client at a time.
  std::uint16_t port() const { return port_; }

  // Runs one tool in the TPM's folder, with no keys left in the TPM from earlier ones, and says
  // whether it succeeded. `command` is a shell command.
  bool Run(const std::string& command) const;
  // Makes a primary key: <file>.ctx, its public area in <file>.pub (TPM2B_PUBLIC) and its name in
  // <file>.name. The rest as `tpm2 createprimary` takes it.
  bool MakeKey(const std::string& file, const std::string& algorithm, const std::string& attributes,
               const std::string& name_digest = "sha256") const;
  // What the tools have printed so far.
  std::string Printed() const;

  std::vector<std::byte> Read(std::string_view file) const;
  void Write(std::string_view file, std::span<const std::byte> bytes) const;

 private:
  bool StartAt(std::uint16_t port);
  bool Answers() const;
  void Stop();

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace cocos::attestation::vtpm::testing
