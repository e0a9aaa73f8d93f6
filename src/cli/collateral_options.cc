#include "cli/collateral_options.h"

#include <CLI/CLI.hpp>

namespace cocos::cli {
namespace {

void AddSelection(CLI::App& command, CollateralSelection& selection) {
  command.add_option("--for", selection.evidence,
                     "what this SNP report or TDX quote is verified with, file");
  command
      .add_option("--product", selection.product,
                  "AMD's chain and CRL for Milan, Genoa or Turin; with --for, the product of a "
                  "report of version 2, which does not say it")
      ->check(CLI::IsMember({"Milan", "Genoa", "Turin"}));
  command.add_flag("--vlek", selection.vlek, "those of reports that a VLEK signs");
  command.add_option("--chip-id", selection.chip_id,
                     "and the VCEK of this chip: 128 hexadecimal digits, 16 for Turin");
  command.add_option("--tcb", selection.tcb,
                     "at this TCB: boot loader, TEE, SNP and microcode, as 4.0.24.219; for Turin "
                     "the FMC comes first");
  command.add_flag("--tdx", selection.tdx,
                   "Intel's identity of the quoting enclave, PCK CRLs and root CRL");
  command.add_option("--fmspc", selection.fmspc,
                     "those and the TCB info of this platform: 12 hexadecimal digits");
  // Behind the command this is not the manager's CA.
  command
      .add_option("--ca", selection.ca,
                  "platform or processor: the CA that issued the PCK; default: both")
      ->check(CLI::IsMember({"platform", "processor"}));
}

void AddDirectory(CLI::App& command, std::string& directory) {
  command.add_option("--dir", directory, "where it is kept")->capture_default_str();
}

}  // namespace

void AddFetchOptions(CLI::App& command, FetchCollateralOptions& options) {
  command.footer(
      "Everything is checked before it takes the place of what is kept. Proxies come from the\n"
      "environment.\n"
      "Exit status: 0 everything is there, 1 something could not be fetched, 2 wrong usage.");
  AddSelection(command, options.selection);
  AddDirectory(command, options.directory);
  command.add_option("--kds-url", options.kds_url, "base URL in place of AMD's KDS");
  command.add_option("--pcs-url", options.pcs_url,
                     "base URL in place of Intel's PCS; a PCCS has the same paths");
  command.add_option("--root-crl-url", options.root_crl_url, "whole URL of Intel's root CRL");
  command.add_option("--mirror-ca", options.mirror_ca,
                     "certificates that sign the servers' in place of the system's, PEM file");
  command.add_option("--request-timeout", options.request_timeout, "limit for one answer, as 30s")
      ->capture_default_str();
  command
      .add_option("--patience", options.patience,
                  "most waiting for one busy service, as 1m; 0: none")
      ->capture_default_str();
}

void AddStatusOptions(CLI::App& command, CollateralStatusOptions& options) {
  command.footer(
      "Without --for and the like: everything that is there.\n"
      "Exit status: 0 everything listed can be used, 2 wrong usage, 3 something is missing or\n"
      "expired, not valid yet or broken.");
  AddSelection(command, options.selection);
  AddDirectory(command, options.directory);
  command.add_option("--soon-days", options.soon_days, "expires-soon begins so many days before")
      ->capture_default_str();
  command.add_option("--now", options.now,
                     "judge at this time, as 2026-06-01T00:00:00Z, not at present");
}

}  // namespace cocos::cli
