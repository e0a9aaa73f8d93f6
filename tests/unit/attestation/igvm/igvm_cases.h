// What the tests of IGVM files share: contents of headers, files around one header, and why a file
// is refused.
#pragma once

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/igvm/file.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::testing {

using Bytes = std::vector<std::byte>;

// The content of a header, written field by field.
inline Bytes Content(const ByteWriter& writer) {
  return {writer.view().begin(), writer.view().end()};
}

// A file of an SEV-SNP platform (mask 1), this header, and one page of data. Type, length and
// content of the header stand at kHeaderOffset.
inline Bytes FileWith(std::uint32_t type, const Bytes& content) {
  IgvmBuilder builder;
  builder.Snp().Header(type, content);
  return builder.Build();
}
inline constexpr std::size_t kHeaderOffset = 24 + 24;

// The same with a parameter area of one page and index 3 before the header.
inline Bytes FileWithArea(std::uint32_t type, const Bytes& content) {
  IgvmBuilder builder;
  builder.Snp().Area(4096, 3).Header(type, content);
  return builder.Build();
}

// kMalformed for this reason, with this in its message.
MATCHER_P2(RefusedFor, reason, message, std::string("is refused for ") + reason) {
  if (arg) {
    *result_listener << "succeeded";
    return false;
  }
  *result_listener << arg.error().reason() << ": " << arg.error().message();
  return arg.error().code() == ErrorCode::kMalformed && arg.error().reason() == reason &&
         arg.error().message().find(message) != std::string::npos;
}

}  // namespace cocos::testing
