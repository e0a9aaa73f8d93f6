#include "attestation/snp/tcb.h"

#include <optional>

#include "crypto/digest.h"

namespace cocos::attestation::snp {
namespace {

// Where each component stands in the eight bytes; every other byte is reserved.
struct TcbLayout {
  std::optional<std::size_t> fmc;
  std::size_t boot_loader;
  std::size_t tee;
  std::size_t snp;
  std::size_t microcode;
};

constexpr TcbLayout kMilanLayout = {std::nullopt, 0, 1, 6, 7};
constexpr TcbLayout kTurinLayout = {0, 1, 2, 3, 7};

const TcbLayout& LayoutOf(Product product) {
  return product == Product::kTurin ? kTurinLayout : kMilanLayout;
}

}  // namespace

Result<TcbVersion> DecodeTcb(Product product, const RawTcb& raw) {
  const TcbLayout& layout = LayoutOf(product);
  const auto at = [&raw](std::size_t index) { return std::to_integer<std::uint8_t>(raw[index]); };
  const TcbVersion tcb = {.fmc = layout.fmc ? at(*layout.fmc) : std::uint8_t{0},
                          .boot_loader = at(layout.boot_loader),
                          .tee = at(layout.tee),
                          .snp = at(layout.snp),
                          .microcode = at(layout.microcode)};
  // Whatever the named components do not give back stands in a reserved byte.
  if (EncodeTcb(product, tcb) != raw) {
    return Fail(ErrorCode::kMalformed, "TCB version {}: a byte reserved on {} is not zero",
                crypto::HexEncode(raw), product == Product::kTurin ? "Turin" : "Milan and Genoa");
  }
  return tcb;
}

RawTcb EncodeTcb(Product product, const TcbVersion& tcb) {
  const TcbLayout& layout = LayoutOf(product);
  RawTcb raw{};
  if (layout.fmc) raw[*layout.fmc] = std::byte{tcb.fmc};
  raw[layout.boot_loader] = std::byte{tcb.boot_loader};
  raw[layout.tee] = std::byte{tcb.tee};
  raw[layout.snp] = std::byte{tcb.snp};
  raw[layout.microcode] = std::byte{tcb.microcode};
  return raw;
}

bool AtLeast(const TcbVersion& tcb, const TcbVersion& minimum) {
  return tcb.fmc >= minimum.fmc && tcb.boot_loader >= minimum.boot_loader &&
         tcb.tee >= minimum.tee && tcb.snp >= minimum.snp && tcb.microcode >= minimum.microcode;
}

std::string TcbText(Product product, const TcbVersion& tcb) {
  const std::string fmc = LayoutOf(product).fmc ? fmt::format("fmc={} ", tcb.fmc) : std::string();
  return fmt::format("{}boot-loader={} tee={} snp={} microcode={}", fmc, tcb.boot_loader, tcb.tee,
                     tcb.snp, tcb.microcode);
}

}  // namespace cocos::attestation::snp
