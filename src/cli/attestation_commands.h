// Registration of the commands that measure, verify and read policies. They talk to nobody.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/exit_status.h"
#include "cli/explain_command.h"
#include "cli/measure_command.h"
#include "cli/policy_command.h"
#include "cli/streams.h"
#include "cli/verify_command.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cocos::cli {

class AttestationCommands {
 public:
  using Command = std::function<Result<ExitStatus>()>;
  // Adds a command below `parent`. `on_error` is how the command ends when it gives an error.
  using AddCommand =
      std::function<CLI::App*(CLI::App& parent, const std::string& name,
                              const std::string& description, ExitStatus on_error, Command)>;

  // `json` is read when a command runs. Everything given here outlives this.
  AttestationCommands(const bool& json, const Streams& streams) : json_(json), streams_(streams) {}

  // Adds "measure", "verify", "explain-measurement" and "policy"; this must outlive the use of
  // `app`.
  void AddTo(CLI::App& app, const AddCommand& add);

 private:
  void AddMeasureIgvm(CLI::App& measure, const AddCommand& add);
  void AddMeasureSnp(CLI::App& measure, const AddCommand& add);
  void AddMeasureTdx(CLI::App& measure, const AddCommand& add);
  void AddExplain(CLI::App& app, const AddCommand& add);
  void AddVerifySnp(CLI::App& verify, const AddCommand& add);
  void AddVerifyTdx(CLI::App& verify, const AddCommand& add);
  void AddVerifyTpm(CLI::App& verify, const AddCommand& add);
  void AddPolicy(CLI::App& policy, const AddCommand& add);

  const bool& json_;
  const Streams& streams_;
  MeasureIgvmOptions measure_igvm_;
  MeasureSnpOptions measure_snp_;
  MeasureTdxOptions measure_tdx_;
  ExplainOptions explain_;
  VerifySnpOptions verify_snp_;
  VerifyTdxOptions verify_tdx_;
  VerifyTpmOptions verify_tpm_;
  PolicyOptions policy_;
  ConvertOptions convert_;
};

}  // namespace cocos::cli
