#include "cli/attestation_commands.h"

#include <CLI/CLI.hpp>

#include "cli/collateral_options.h"

namespace cocos::cli {
namespace {

constexpr const char* kIgvmHelp =
    "Two readers of a file disagree in details, so there are two modes:\n"
    "  loader       what a VMM such as QEMU gives to the firmware, and so what a report carries\n"
    "  igvmmeasure  what the igvmmeasure tool prints: it counts a parameter area as one page\n"
    "               whatever its size, measures shared pages, does not leave out processor\n"
    "               states of other platforms, and does not check what KVM can launch\n"
    "For a file without such parts both are the same.\n"
    "Exit status 1 also for an ID block with which firmware refuses the launch.";

constexpr const char* kMakeHelp =
    "Any launch digest given or measured is accepted. All else is as strict as a guest on a "
    "platform\n"
    "that is up to date can meet; what is left open is told. With an IGVM file the guest policy "
    "is\n"
    "the file's.";

constexpr const char* kStatusHelp =
    "Exit status: 0 verified, 1 refused, 2 wrong usage or files that cannot be read, 3 missing "
    "collateral.";

// A kernel that the VMM hands over.
void AddKernel(CLI::App& command, KernelFiles& files) {
  command.add_option("--kernel", files.kernel, "kernel that the VMM hands over, file");
  command.add_option("--initrd", files.initrd, "its initial RAM disk, file");
  command.add_option("--cmdline", files.command_line, "its command line");
}

// A launch of SEV-SNP firmware.
void AddSnpLaunch(CLI::App& command, MeasureSnpOptions& options) {
  command.add_option("--firmware", options.firmware, "OVMF image with SEV metadata, file")
      ->required();
  command.add_option("--vcpus", options.vcpus, "number of processors")->required();
  command.add_option("--cpu", options.cpu, "QEMU's name of the processor model, as EPYC-v4");
  command.add_option("--cpu-signature", options.cpu_signature,
                     "CPUID(1).EAX in hexadecimal, in place of --cpu");
  command.add_option("--guest-features", options.guest_features,
                     "SEV_FEATURES of the host in hexadecimal: 1, or 21 with debug swap");
  command.add_option("--vmm", options.vmm, "whose initial processor state: qemu, ec2 or gce")
      ->check(CLI::IsMember({"qemu", "ec2", "gce"}));
  AddKernel(command, options.kernel);
}

// IGVM files and TDX firmware beside SEV-SNP firmware; each option goes with its kind of launch.
void AddOtherLaunches(CLI::App& command, ExplainOptions& options) {
  CLI::Option* const igvm =
      command.add_option("--igvm", options.igvm.file, "IGVM file that is believed to be launched");
  command.add_option("--mode", options.igvm.mode, "loader or igvmmeasure, as of measure igvm")
      ->check(CLI::IsMember({"loader", "igvmmeasure"}))
      ->needs(igvm);
  command.add_flag("--native-zero", options.igvm.native_zero, "pages without data are ZERO pages")
      ->needs(igvm);
  command.add_flag("--tdx", options.igvm.tdx, "the digest is believed to be MRTD")->needs(igvm);
  CLI::Option* const tdx = command.add_option("--tdx-firmware", options.tdx_firmware,
                                              "OVMF image with TDVF metadata, file");
  command.add_option("--order", options.order, "single-pass or two-pass, as of measure tdx")
      ->check(CLI::IsMember({"single-pass", "two-pass"}))
      ->needs(tdx);
  CLI::Option* const snp = command.get_option("--firmware")->required(false);
  snp->needs(command.get_option("--vcpus")->required(false));
  for (const char* const name :
       {"--vcpus", "--cpu", "--cpu-signature", "--guest-features", "--vmm", "--no-kernel-hashes"}) {
    command.get_option(name)->needs(snp);
  }
  command.get_option("--kernel")->excludes(igvm);
  command.get_option("--initrd")->needs("--kernel");
  command.get_option("--cmdline")->needs("--kernel");
}

void AddDemands(CLI::App& command, VerifyOptions& options) {
  command.footer(kStatusHelp);
  command.add_option("--policy", options.policy.path, "what to demand: YAML, JSON or CoRIM file");
  command.add_option("--policy-key", options.policy.key_path,
                     "public key or certificate by which a CoRIM must be signed, PEM file");
  command
      .add_option("--policy-profile", options.policy_profile,
                  "production or debug: of a JSON policy, which cannot say it")
      ->check(CLI::IsMember({"production", "debug"}));
  command.add_option("--now", options.now,
                     "judge at this time, as 2026-06-01T00:00:00Z, not at present");
}

void AddRoot(CLI::App& command, VerifyOptions& options, const std::string& vendor) {
  command.add_option("--unofficial-root", options.unofficial_root,
                     "trust this root certificate in place of " + vendor +
                         "'s, for tests: says nothing about hardware");
}

void AddProduct(CLI::App& command, SnpCollateralOptions& options) {
  command
      .add_option("--product", options.product,
                  "Milan or Genoa, beside --collateral: of a report of version 2, which does not "
                  "say it")
      ->check(CLI::IsMember({"Milan", "Genoa", "Turin"}))
      ->needs("--collateral");
}

void AddOwnCertificates(CLI::App& command, SnpFiles& files) {
  command.add_option("--vcek,--vlek", files.vek, "certificate of the key that signed, DER or PEM");
  command.add_option("--chain", files.chain, "ASK or ASVK, then ARK, PEM, as KDS gives them");
  command.add_option("--crl", files.crl, "the ARK's revocation list, DER or PEM");
}

void AddPolicyFile(CLI::App& command, PolicyOptions& options) {
  command.add_option("file", options.file.path, "the policy: YAML, JSON or CoRIM")->required();
  command.add_option("--policy-key", options.file.key_path,
                     "public key or certificate by which a CoRIM must be signed, PEM file");
  command
      .add_option("--policy-profile", options.profile,
                  "production or debug: of a JSON policy, which cannot say it")
      ->check(CLI::IsMember({"production", "debug"}));
}

CLI::Option* AddPolicyOutput(CLI::App& command, PolicyOutput& output) {
  // Not --key, which is the manager's.
  command.add_option("--signing-key", output.signing_key,
                     "private key on P-256 that signs a CoRIM, PEM file");
  command.add_option("--signer", output.signer, "name of the signer in a signed CoRIM");
  return command.add_option("--to", output.to, "yaml, json (of the upstream manager) or corim")
      ->check(CLI::IsMember({"yaml", "json", "corim"}));
}

// What a guest is launched from, as digests or files; each option goes with its kind of launch.
void AddReferences(CLI::App& command, MakeOptions& options) {
  AddSnpLaunch(command, options.firmware);
  CLI::Option* const snp = command.get_option("--firmware")->required(false);
  snp->needs(command.get_option("--vcpus")->required(false));
  for (const char* const name : {"--vcpus", "--cpu", "--cpu-signature", "--guest-features", "--vmm",
                                 "--kernel", "--initrd", "--cmdline"}) {
    command.get_option(name)->needs(snp);
  }
  command.add_option("--measurement", options.measurements,
                     "SEV-SNP launch digest, 96 hexadecimal digits; may be given more than once");
  CLI::Option* const igvm = command.add_option("--igvm", options.igvm.file, "IGVM file");
  command.add_flag("--tdx", options.igvm.tdx, "the IGVM file is launched under TDX")->needs(igvm);
  command.add_option("--mr-td", options.mr_tds,
                     "MRTD, 96 hexadecimal digits; may be given more than once");
  CLI::Option* const tdx = command.add_option("--tdx-firmware", options.tdx_firmware.firmware,
                                              "OVMF image with TDVF metadata, file");
  command
      .add_option("--order", options.tdx_firmware.order,
                  "single-pass or two-pass, as of measure tdx")
      ->check(CLI::IsMember({"single-pass", "two-pass"}))
      ->needs(tdx);
}

}  // namespace

void AttestationCommands::AddTo(CLI::App& app, const AddCommand& add) {
  CLI::App* measure = app.add_subcommand("measure", "what hardware will report of a guest");
  measure->require_subcommand(1);
  measure->fallthrough();
  AddMeasureIgvm(*measure, add);
  AddMeasureSnp(*measure, add);
  AddMeasureTdx(*measure, add);
  AddExplain(app, add);
  CLI::App* verify = app.add_subcommand("verify", "judge evidence in files, offline");
  verify->require_subcommand(1);
  verify->fallthrough();
  AddVerifySnp(*verify, add);
  AddVerifyTdx(*verify, add);
  AddVerifyTpm(*verify, add);
  AddVerifyEvidence(*verify, add);
  CLI::App* policy = app.add_subcommand("policy", "what policy files demand");
  policy->require_subcommand(1);
  policy->fallthrough();
  AddPolicy(*policy, add);
  CLI::App* collateral = app.add_subcommand("collateral", "what evidence is verified with");
  collateral->require_subcommand(1);
  collateral->fallthrough();
  AddCollateral(*collateral, add);
}

void AttestationCommands::AddMeasureIgvm(CLI::App& measure, const AddCommand& add) {
  MeasureIgvmOptions& options = measure_igvm_;
  CLI::App* igvm = add(measure, "igvm", "the SEV-SNP launch digest of an IGVM file",
                       ExitStatus::kFailed, [this](const Streams& streams) {
                         measure_igvm_.json = json_;
                         return MeasureIgvm(measure_igvm_, streams);
                       });
  igvm->footer(kIgvmHelp);
  igvm->add_option("file", options.file, "the IGVM file")->required();
  igvm->add_option("--mode", options.mode, "loader or igvmmeasure")
      ->check(CLI::IsMember({"loader", "igvmmeasure"}));
  igvm->add_flag("--native-zero", options.native_zero,
                 "pages without data are ZERO pages to the firmware, which QEMU does not do");
  igvm->add_flag("--no-check-kvm", options.no_check_kvm,
                 "measure also what KVM cannot launch: it takes one VMSA, at 0xfffffffff000, last");
  igvm->add_flag("--tdx", options.tdx, "MRTD, for a file with a TDX platform");
}

void AttestationCommands::AddMeasureSnp(CLI::App& measure, const AddCommand& add) {
  MeasureSnpOptions& options = measure_snp_;
  CLI::App* snp = add(measure, "snp", "the SEV-SNP launch digest of an OVMF image",
                      ExitStatus::kFailed, [this](const Streams& streams) {
                        measure_snp_.json = json_;
                        return MeasureSnp(measure_snp_, streams);
                      });
  AddSnpLaunch(*snp, options);
}

void AttestationCommands::AddExplain(CLI::App& app, const AddCommand& add) {
  CLI::App* explain =
      add(app, "explain-measurement", "why does a report carry another launch digest?",
          ExitStatus::kUsage, [this](const Streams& streams) {
            explain_.json = json_;
            return ExplainMeasurement(explain_, streams);
          });
  explain->footer(
      "The launch believed is described by one of --firmware, --igvm and --tdx-firmware.\n"
      "Exit status: 0 explained, 1 not explained, 2 wrong usage or files.");
  explain->add_option("--observed", explain_.observed, "the digest seen, hexadecimal")->required();
  explain->add_option("--other-firmware", explain_.other_files,
                      "image or IGVM file that may have been used instead, repeatable");
  explain->add_flag("--no-kernel-hashes", explain_.no_kernel_hashes,
                    "the kernel is believed not to be hashed");
  AddSnpLaunch(*explain, explain_.launch);
  AddOtherLaunches(*explain, explain_);
}

void AttestationCommands::AddMeasureTdx(CLI::App& measure, const AddCommand& add) {
  MeasureTdxOptions& options = measure_tdx_;
  CLI::App* tdx =
      add(measure, "tdx",
          "MRTD of a TDVF image, and the run-time registers as far as they can be known",
          ExitStatus::kFailed, [this](const Streams& streams) {
            measure_tdx_.json = json_;
            return MeasureTdx(measure_tdx_, streams);
          });
  tdx->add_option("--firmware", options.firmware, "OVMF image with TDVF metadata, file")
      ->required();
  tdx->add_option("--order", options.order,
                  "single-pass (KVM in Linux 6.16 and later) or two-pass (older hosts)")
      ->check(CLI::IsMember({"single-pass", "two-pass"}));
  AddKernel(*tdx, options.kernel);
}

void AttestationCommands::AddVerifyEvidence(CLI::App& verify, const AddCommand& add) {
  VerifyEvidenceOptions& options = verify_evidence_;
  CLI::App* evidence = add(verify, "evidence", "judge what an agent sent", ExitStatus::kUsage,
                           [this](const Streams& streams) {
                             verify_evidence_.common.json = json_;
                             return VerifyEvidence(verify_evidence_, streams);
                           });
  evidence->add_option("--file", options.file, "the evidence, as the agent sent it")->required();
  evidence->add_option("--format", options.format,
                       "auto, snp-raw, tdx-raw, sevsnp, attest, eat-cbor or eat-jwt");
  CLI::Option* const certificate =
      evidence->add_option("--client-cert", options.client_certificate,
                           "the file that the agent was given as client certificate, to the byte: "
                           "evidence that it sent to a manager answers to it");
  CLI::Option* const tee =
      evidence
          ->add_option("--tee-nonce", options.tee_nonce,
                       "in its place: what the agent was asked with, hexadecimal, up to 64 bytes")
          ->excludes(certificate);
  evidence
      ->add_option("--tpm-nonce", options.tpm_nonce,
                   "the same for its TPM quotes, hexadecimal, up to 32 bytes")
      ->needs(tee);
  AddOwnCertificates(*evidence, options.snp);
  evidence->add_option("--collateral", options.collateral.directory,
                       "directory that docs/collateral.md describes; of TDX also one as for "
                       "verify tdx");
  AddProduct(*evidence, options.collateral);
  AddDemands(*evidence, options.common);
  AddRoot(*evidence, options.common, "AMD's or Intel");
}

void AttestationCommands::AddVerifySnp(CLI::App& verify, const AddCommand& add) {
  VerifySnpOptions& options = verify_snp_;
  CLI::App* snp = add(verify, "snp", "judge an SEV-SNP report", ExitStatus::kUsage,
                      [this](const Streams& streams) {
                        verify_snp_.common.json = json_;
                        return VerifySnp(verify_snp_, streams);
                      });
  snp->add_option("--report", options.files.report,
                  "the report, alone or with its certificate table behind it")
      ->required();
  snp->add_option("--certs", options.files.certs, "its certificate table, file");
  AddOwnCertificates(*snp, options.files);
  snp->add_option("--collateral", options.collateral.directory,
                  "directory that `collateral fetch` fills, for what is not given otherwise");
  AddProduct(*snp, options.collateral);
  AddDemands(*snp, options.common);
  AddRoot(*snp, options.common, "AMD");
}

void AttestationCommands::AddVerifyTdx(CLI::App& verify, const AddCommand& add) {
  VerifyTdxOptions& options = verify_tdx_;
  CLI::App* tdx =
      add(verify, "tdx", "judge a TDX quote", ExitStatus::kUsage, [this](const Streams& streams) {
        verify_tdx_.common.json = json_;
        return VerifyTdx(verify_tdx_, streams);
      });
  tdx->add_option("--quote", options.quote, "the quote")->required();
  tdx->add_option("--collateral", options.collateral,
                  "directory with tcb-info.json, tcb-info.chain.pem, qe-identity.json, "
                  "qe-identity.chain.pem, root.crl and pck.crl, or one that `collateral fetch` "
                  "fills");
  AddDemands(*tdx, options.common);
  AddRoot(*tdx, options.common, "Intel");
}

void AttestationCommands::AddVerifyTpm(CLI::App& verify, const AddCommand& add) {
  VerifyTpmOptions& options = verify_tpm_;
  CLI::App* tpm =
      add(verify, "tpm", "judge a TPM's quote", ExitStatus::kUsage, [this](const Streams& streams) {
        verify_tpm_.common.json = json_;
        return VerifyTpm(verify_tpm_, streams);
      });
  tpm->add_option("--ak", options.key,
                  "attestation key: TPMT_PUBLIC, TPM2B_PUBLIC or, for a key you vouch for, PEM")
      ->required();
  tpm->add_option("--quote", options.quote, "the quote, TPMS_ATTEST")->required();
  tpm->add_option("--signature", options.signature, "its signature, TPMT_SIGNATURE")->required();
  tpm->add_option("--nonce", options.nonce, "what was asked for, hexadecimal")->required();
  tpm->add_option("--pcrs", options.pcrs,
                  "PCR values that came with the quote, in the form of MANAGER_PCR_VALUES")
      ->required();
  tpm->add_option("--event-log", options.event_log, "the firmware's event log");
  AddDemands(*tpm, options.common);
}

void AttestationCommands::AddPolicy(CLI::App& policy, const AddCommand& add) {
  CLI::App* show = add(policy, "show", "list what a policy demands", ExitStatus::kFailed,
                       [this](const Streams& streams) {
                         policy_.json = json_;
                         return ShowPolicy(policy_, streams);
                       });
  AddPolicyFile(*show, policy_);
  CLI::App* check = add(policy, "check", "whether a policy can be used", ExitStatus::kFailed,
                        [this](const Streams& streams) {
                          policy_.json = json_;
                          return CheckPolicyFile(policy_, streams);
                        });
  AddPolicyFile(*check, policy_);
  CLI::App* convert =
      add(policy, "convert", "write a policy in another format", ExitStatus::kFailed,
          [this](const Streams& streams) { return ConvertPolicy(convert_, streams); });
  AddPolicyFile(*convert, convert_.policy);
  AddPolicyOutput(*convert, convert_.output)->required();
  AddPolicyMake(policy, add);
}

void AttestationCommands::AddPolicyMake(CLI::App& policy, const AddCommand& add) {
  MakeOptions& options = make_;
  CLI::App* make =
      add(policy, "make", "make a policy of what a guest is launched from", ExitStatus::kFailed,
          [this](const Streams& streams) { return MakePolicy(make_, streams); });
  make->footer(kMakeHelp);
  AddReferences(*make, options);
  make->add_option("--host-data", options.host_data, "of SEV-SNP, 64 hexadecimal digits");
  make->add_option("--product", options.product, "of SEV-SNP: Milan, Genoa or Turin")
      ->check(CLI::IsMember({"Milan", "Genoa", "Turin"}));
  make->add_option("--pcrs", options.pcrs, "PCR values, in the form of MANAGER_PCR_VALUES");
  make->add_option("--name", options.name, "of the policy, for people");
  make->add_option("--profile", options.profile,
                   "production, or debug, which accepts guests that their host may read")
      ->check(CLI::IsMember({"production", "debug"}));
  AddPolicyOutput(*make, options.output);
}

void AttestationCommands::AddCollateral(CLI::App& parent, const AddCommand& add) {
  CLI::App* fetch = add(parent, "fetch", "fetch it from AMD and Intel into a directory",
                        ExitStatus::kUsage, [this](const Streams& streams) {
                          fetch_collateral_.json = json_;
                          collateral::SystemClock clock;
                          return FetchCollateral(fetch_collateral_, streams,
                                                 collateral::VendorTrustAnchors(), clock);
                        });
  AddFetchOptions(*fetch, fetch_collateral_);
  CLI::App* status =
      add(parent, "status", "what is kept, and what expires when", ExitStatus::kUsage,
          [this](const Streams& streams) {
            collateral_status_.json = json_;
            return ShowCollateral(collateral_status_, streams, collateral::VendorTrustAnchors());
          });
  AddStatusOptions(*status, collateral_status_);
}

}  // namespace cocos::cli
