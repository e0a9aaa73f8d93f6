#include "simtee/deviations.h"

#include <nlohmann/json.hpp>

#include "base/file.h"

namespace cocos::simtee {
namespace {

std::optional<std::string> Text(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

Result<Deviations> ReadDeviations(const std::string& directory) {
  const std::string path = directory + "/deviations.json";
  const Result<std::string> text = ReadFile(path);
  if (!text && text.error().code() == ErrorCode::kNotFound) return Deviations();
  if (!text) return tl::unexpected(text.error());
  try {
    const auto object = nlohmann::json::parse(*text);
    Deviations deviations = {.kernel = Text(object, "kernel"),
                             .guest_policy = std::nullopt,
                             .host_data = Text(object, "host_data"),
                             .vtpm = object.value("vtpm", false),
                             .report_data = Text(object, "report_data")};
    if (const auto policy = object.find("guest_policy"); policy != object.end()) {
      deviations.guest_policy = policy->get<std::uint64_t>();
    }
    return deviations;
  } catch (const nlohmann::json::exception& error) {
    return Fail(ErrorCode::kMalformed, "{}: {}", path, error.what());
  }
}

}  // namespace cocos::simtee
