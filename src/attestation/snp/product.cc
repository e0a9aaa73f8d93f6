#include "attestation/snp/product.h"

#include <array>

namespace cocos::attestation::snp {
namespace {

constexpr std::uint8_t kFamilyZen3And4 = 0x19;
constexpr std::uint8_t kFamilyZen5 = 0x1A;

struct ModelRange {
  std::uint8_t family;
  std::uint8_t first;
  std::uint8_t last;
  Product product;
};

// AMD 57230, product names; the processor programming references give the model ranges.
constexpr std::array<ModelRange, 4> kModels = {{
    {kFamilyZen3And4, 0x00, 0x0F, Product::kMilan},
    {kFamilyZen3And4, 0x10, 0x1F, Product::kGenoa},
    {kFamilyZen3And4, 0xA0, 0xAF, Product::kGenoa},
    {kFamilyZen5, 0x00, 0x11, Product::kTurin},
}};

}  // namespace

std::string_view ProductName(Product product) {
  switch (product) {
    case Product::kMilan:
      return "Milan";
    case Product::kGenoa:
      return "Genoa";
    case Product::kTurin:
      return "Turin";
  }
  return "";
}

std::optional<Product> ProductOfName(std::string_view name) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    if (name == ProductName(product)) return product;
  }
  return std::nullopt;
}

Result<Product> ProductOfCpu(std::uint8_t family, std::uint8_t model) {
  for (const ModelRange& range : kModels) {
    if (family == range.family && model >= range.first && model <= range.last) return range.product;
  }
  return Fail(ErrorCode::kUntrusted,
              "processor family {:#04x} model {:#04x}: no root key is known, want Milan, Genoa or "
              "Turin",
              family, model);
}

Result<Product> ProductOfCpuSignature(std::uint32_t eax) {
  const std::uint32_t base_family = eax >> 8 & 0xF;
  // AMD APM volume 3, CPUID Fn0000_0001_EAX: the extended parts count from base family 15 on.
  if (base_family != 0xF) {
    return Fail(ErrorCode::kUntrusted, "processor signature {:#010x}: too old for SEV-SNP", eax);
  }
  const std::uint32_t family = base_family + (eax >> 20 & 0xFF);
  const std::uint32_t model = (eax >> 16 & 0xF) << 4 | (eax >> 4 & 0xF);
  if (family > 0xFF) {
    return Fail(ErrorCode::kUntrusted, "processor signature {:#010x}: no known family", eax);
  }
  return ProductOfCpu(static_cast<std::uint8_t>(family), static_cast<std::uint8_t>(model));
}

}  // namespace cocos::attestation::snp
