#include "cms/class_choice.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/digest.h"

namespace cocos::cms {
namespace {

constexpr std::array kProperties = {
    std::pair<std::string_view, Property>("id", Property::kId),
    std::pair<std::string_view, Property>("id_prefix", Property::kIdPrefix),
    std::pair<std::string_view, Property>("name", Property::kName),
    std::pair<std::string_view, Property>("name_prefix", Property::kNamePrefix),
    std::pair<std::string_view, Property>("algorithm", Property::kAlgorithm),
};

bool Fits(const MatchRule& rule, const manager::ComputationRunReq& request) {
  switch (rule.property) {
    case Property::kId:
      return request.id() == rule.value;
    case Property::kIdPrefix:
      return request.id().starts_with(rule.value);
    case Property::kName:
      return request.name() == rule.value;
    case Property::kNamePrefix:
      return request.name().starts_with(rule.value);
    case Property::kAlgorithm:
      return crypto::HexEncode(std::as_bytes(std::span(request.algorithm().hash()))) == rule.value;
  }
  return false;
}

}  // namespace

std::optional<Property> PropertyNamed(std::string_view name) {
  for (const auto& [known, property] : kProperties) {
    if (known == name) return property;
  }
  return std::nullopt;
}

Result<const RunClass*> ChooseClass(std::span<const RunClass> classes,
                                    const manager::ComputationRunReq& request) {
  const RunClass* chosen = nullptr;
  for (const RunClass& each : classes) {
    const bool fits = std::ranges::any_of(
        each.rules, [&request](const MatchRule& rule) { return Fits(rule, request); });
    if (!fits) continue;
    if (chosen != nullptr) {
      return Fail(ErrorCode::kFailedPrecondition,
                  "computation {:?}: match rules of the classes {:?} and {:?} both fit, want one",
                  request.id(), chosen->name, each.name);
    }
    chosen = &each;
  }
  return chosen == nullptr ? &classes.front() : chosen;
}

}  // namespace cocos::cms
