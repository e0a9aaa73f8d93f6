#include "collateral/http_client.h"

#include <algorithm>

namespace cocos::collateral {

std::string_view HttpResponse::Header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace cocos::collateral
