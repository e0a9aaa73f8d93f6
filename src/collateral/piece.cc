#include "collateral/piece.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "attestation/snp/product.h"
#include "collateral/overloaded.h"
#include "crypto/digest.h"

namespace cocos::collateral {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::string_view kVcekSuffix = ".der";
constexpr std::string_view kTcbInfoSuffix = ".json";

std::string_view KeyFolder(snp::SigningKey key) {
  return key == snp::SigningKey::kVlek ? "vlek" : "vcek";
}

std::string SnpFolder(snp::Product product, snp::SigningKey key) {
  return fmt::format("snp/{}/{}", snp::ProductName(product), KeyFolder(key));
}

std::string_view CaName(tdx::PckCa ca) {
  return ca == tdx::PckCa::kProcessor ? "processor" : "platform";
}

std::size_t HardwareIdBytes(snp::Product product) {
  return product == snp::Product::kTurin ? snp::kTurinHardwareIdBytes : ChipId().size();
}

std::string HardwareIdHex(const SnpVcek& vcek) {
  return crypto::HexEncode(std::span(vcek.chip_id).first(HardwareIdBytes(vcek.product)));
}

std::vector<std::uint8_t snp::TcbVersion::*> TcbComponents(snp::Product product) {
  using Tcb = snp::TcbVersion;
  if (product == snp::Product::kTurin) {
    return {&Tcb::fmc, &Tcb::boot_loader, &Tcb::tee, &Tcb::snp, &Tcb::microcode};
  }
  return {&Tcb::boot_loader, &Tcb::tee, &Tcb::snp, &Tcb::microcode};
}

// Decimal, without signs, spaces or leading zeros: one text for one value.
std::optional<std::uint8_t> ParseComponent(std::string_view text) {
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

std::string SnpCommand(snp::Product product, snp::SigningKey key) {
  return fmt::format("cvmctl collateral fetch --product {}{}", snp::ProductName(product),
                     key == snp::SigningKey::kVlek ? " --vlek" : "");
}

std::string VcekText(const SnpVcek& vcek) {
  return fmt::format("VCEK of {} chip {}... at TCB {}", snp::ProductName(vcek.product),
                     HardwareIdHex(vcek).substr(0, 16), TcbArgument(vcek.product, vcek.tcb));
}

}  // namespace

std::string PieceText(const Piece& piece) {
  const auto ica = [](snp::SigningKey key) {
    return key == snp::SigningKey::kVlek ? "ASVK" : "ASK";
  };
  return std::visit(
      Overloaded{
          [&](const SnpChain& chain) {
            return fmt::format("{} and ARK of {}", ica(chain.key), snp::ProductName(chain.product));
          },
          [&](const SnpCrl& crl) {
            return fmt::format("CRL for the {} of {}", ica(crl.key), snp::ProductName(crl.product));
          },
          [](const SnpVcek& vcek) { return VcekText(vcek); },
          [](const TdxTcbInfo& info) {
            return fmt::format("TCB info of FMSPC {}", crypto::HexEncode(info.fmspc));
          },
          [](const TdxQeIdentity&) { return std::string("identity of the TDX quoting enclave"); },
          [](const TdxPckCrl& crl) { return fmt::format("PCK CRL of the {} CA", CaName(crl.ca)); },
          [](const TdxRootCrl&) { return std::string("CRL of the Intel SGX root CA"); }},
      piece);
}

std::string FetchCommand(const Piece& piece) {
  return std::visit(
      Overloaded{[](const SnpChain& chain) { return SnpCommand(chain.product, chain.key); },
                 [](const SnpCrl& crl) { return SnpCommand(crl.product, crl.key); },
                 [](const SnpVcek& vcek) {
                   return fmt::format("{} --chip-id {} --tcb {}",
                                      SnpCommand(vcek.product, snp::SigningKey::kVcek),
                                      HardwareIdHex(vcek), TcbArgument(vcek.product, vcek.tcb));
                 },
                 [](const TdxTcbInfo& info) {
                   return fmt::format("cvmctl collateral fetch --fmspc {}",
                                      crypto::HexEncode(info.fmspc));
                 },
                 [](const TdxPckCrl& crl) {
                   return fmt::format("cvmctl collateral fetch --tdx --ca {}", CaName(crl.ca));
                 },
                 [](const auto&) { return std::string("cvmctl collateral fetch --tdx"); }},
      piece);
}

std::string FetchCommand(const tdx::CollateralRequest& request) {
  return fmt::format("{} --ca {}", FetchCommand(TdxTcbInfo{request.fmspc}), CaName(request.pck_ca));
}

std::string IntoDirectory(const std::string& command, const std::string& directory) {
  const bool plain = !directory.empty() && std::ranges::all_of(directory, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+:,").find(c) != std::string_view::npos;
  });
  if (plain) return fmt::format("{} --dir {}", command, directory);
  std::string quoted;
  for (const char c : directory) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return fmt::format("{} --dir '{}'", command, quoted);
}

PieceFiles FilesOf(const Piece& piece) {
  return std::visit(
      Overloaded{
          [](const SnpChain& chain) {
            return PieceFiles{SnpFolder(chain.product, chain.key), "cert_chain.pem", std::nullopt};
          },
          [](const SnpCrl& crl) {
            return PieceFiles{SnpFolder(crl.product, crl.key), "crl", std::nullopt};
          },
          [](const SnpVcek& vcek) {
            return PieceFiles{SnpFolder(vcek.product, snp::SigningKey::kVcek),
                              fmt::format("{}_{}{}", HardwareIdHex(vcek),
                                          TcbArgument(vcek.product, vcek.tcb), kVcekSuffix),
                              std::nullopt};
          },
          [](const TdxTcbInfo& info) {
            const std::string name = crypto::HexEncode(info.fmspc);
            return PieceFiles{"tdx/tcb-info", fmt::format("{}{}", name, kTcbInfoSuffix),
                              name + ".chain.pem"};
          },
          [](const TdxQeIdentity&) {
            return PieceFiles{"tdx/qe-identity", "td.json", "td.chain.pem"};
          },
          [](const TdxPckCrl& crl) {
            return PieceFiles{"tdx/pck-crl", fmt::format("{}.crl", CaName(crl.ca)),
                              fmt::format("{}.chain.pem", CaName(crl.ca))};
          },
          [](const TdxRootCrl&) {
            return PieceFiles{"tdx/root-crl", "root.crl", std::nullopt};
          }},
      piece);
}

std::size_t MaxBodyBytes(const Piece& piece) {
  return std::visit(Overloaded{[](const SnpVcek&) { return 16 * kKiB; },
                               [](const SnpChain&) { return 64 * kKiB; },
                               [](const TdxTcbInfo&) { return 256 * kKiB; },
                               [](const TdxQeIdentity&) { return 256 * kKiB; },
                               [](const auto& /* a CRL */) { return 4096 * kKiB; }},
                    piece);
}

std::optional<SnpVcek> VcekOfFileName(snp::Product product, std::string_view name) {
  if (!name.ends_with(kVcekSuffix)) return std::nullopt;
  const std::size_t split = name.find('_');
  if (split == std::string_view::npos) return std::nullopt;
  const Result<ChipId> chip_id = ParseChipId(product, name.substr(0, split));
  const std::string_view rest = name.substr(split + 1);
  const auto tcb = ParseTcb(product, rest.substr(0, rest.size() - kVcekSuffix.size()));
  if (!chip_id || !tcb) return std::nullopt;
  const SnpVcek vcek{.product = product, .chip_id = *chip_id, .tcb = *tcb};
  // One name for one piece: upper-case digits would be a second.
  if (FilesOf(vcek).body != name) return std::nullopt;
  return vcek;
}

std::optional<TdxTcbInfo> TcbInfoOfFileName(std::string_view name) {
  if (!name.ends_with(kTcbInfoSuffix)) return std::nullopt;
  const auto fmspc = ParseFmspc(name.substr(0, name.size() - kTcbInfoSuffix.size()));
  if (!fmspc || FilesOf(TdxTcbInfo{*fmspc}).body != name) return std::nullopt;
  return TdxTcbInfo{*fmspc};
}

Result<Fmspc> ParseFmspc(std::string_view text) {
  Fmspc fmspc{};
  if (text.size() == 2 * fmspc.size()) {
    if (const auto bytes = crypto::HexDecode(text)) {
      std::ranges::copy(*bytes, fmspc.begin());
      return fmspc;
    }
  }
  return Fail(ErrorCode::kInvalidArgument, "FMSPC: want {} hexadecimal digits", 2 * fmspc.size());
}

Result<ChipId> ParseChipId(snp::Product product, std::string_view text) {
  ChipId id{};
  const std::size_t hardware_id_digits = 2 * HardwareIdBytes(product);
  if (text.size() == hardware_id_digits || text.size() == 2 * id.size()) {
    if (const auto bytes = crypto::HexDecode(text)) {
      std::ranges::copy(*bytes, id.begin());
      return id;
    }
  }
  return Fail(ErrorCode::kInvalidArgument, "chip id: want {} hexadecimal digits for {}",
              hardware_id_digits, snp::ProductName(product));
}

Result<snp::TcbVersion> ParseTcb(snp::Product product, std::string_view text) {
  snp::TcbVersion tcb;
  std::string_view rest = text;
  const auto components = TcbComponents(product);
  for (std::size_t i = 0; i < components.size(); ++i) {
    const bool last = i + 1 == components.size();
    const std::size_t end = last ? rest.size() : rest.find('.');
    const auto value =
        end == std::string_view::npos ? std::nullopt : ParseComponent(rest.substr(0, end));
    if (!value) {
      return Fail(ErrorCode::kInvalidArgument, "TCB: want {} numbers from 0 to 255, as in {}",
                  components.size(), TcbArgument(product, snp::TcbVersion()));
    }
    tcb.*components[i] = *value;
    if (!last) rest.remove_prefix(end + 1);
  }
  return tcb;
}

std::string TcbArgument(snp::Product product, const snp::TcbVersion& tcb) {
  std::vector<unsigned> values;
  for (const auto component : TcbComponents(product)) values.push_back(tcb.*component);
  return fmt::format("{}", fmt::join(values, "."));
}

}  // namespace cocos::collateral
