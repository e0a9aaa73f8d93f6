// Registration of the commands that measure, verify, read policies and keep collateral. They talk
// to nobody, but for `collateral fetch`.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/collateral_command.h"
#include "cli/exit_status.h"
#include "cli/explain_command.h"
#include "cli/measure_command.h"
#include "cli/policy_command.h"
#include "cli/policy_make.h"
#include "cli/streams.h"
#include "cli/verify_command.h"
#include "cli/verify_evidence_command.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cocos::cli {

class AttestationCommands {
 public:
  using Command = std::function<Result<ExitStatus>(const Streams&)>;
  // Adds a command below `parent`. `on_error` is how the command ends when it gives an error.
  using AddCommand =
      std::function<CLI::App*(CLI::App& parent, const std::string& name,
                              const std::string& description, ExitStatus on_error, Command)>;

  // `json` is read when a command runs, and outlives this.
  explicit AttestationCommands(const bool& json) : json_(json) {}

  // Adds "measure", "verify", "explain-measurement", "policy" and "collateral"; this must outlive
  // the use of `app`.
  void AddTo(CLI::App& app, const AddCommand& add);

 private:
  void AddMeasureIgvm(CLI::App& measure, const AddCommand& add);
  void AddMeasureSnp(CLI::App& measure, const AddCommand& add);
  void AddMeasureTdx(CLI::App& measure, const AddCommand& add);
  void AddExplain(CLI::App& app, const AddCommand& add);
  void AddVerifySnp(CLI::App& verify, const AddCommand& add);
  void AddVerifyTdx(CLI::App& verify, const AddCommand& add);
  void AddVerifyTpm(CLI::App& verify, const AddCommand& add);
  void AddVerifyEvidence(CLI::App& verify, const AddCommand& add);
  void AddPolicy(CLI::App& policy, const AddCommand& add);
  void AddPolicyMake(CLI::App& policy, const AddCommand& add);
  void AddCollateral(CLI::App& parent, const AddCommand& add);

  const bool& json_;
  MeasureIgvmOptions measure_igvm_;
  MeasureSnpOptions measure_snp_;
  MeasureTdxOptions measure_tdx_;
  ExplainOptions explain_;
  VerifySnpOptions verify_snp_;
  VerifyTdxOptions verify_tdx_;
  VerifyTpmOptions verify_tpm_;
  VerifyEvidenceOptions verify_evidence_;
  PolicyOptions policy_;
  ConvertOptions convert_;
  MakeOptions make_;
  FetchCollateralOptions fetch_collateral_;
  CollateralStatusOptions collateral_status_;
};

}  // namespace cocos::cli
