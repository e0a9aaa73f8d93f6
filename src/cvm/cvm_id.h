// Identifier of a CVM.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::cvm {

// A UUID in canonical lower-case text form; also the UUID of the CVM's libvirt domain.
class CvmId {
 public:
  // A random (version 4) UUID.
  static CvmId Random();
  // Errors: kInvalidArgument unless the text is 8-4-4-4-12 hexadecimal digits.
  static Result<CvmId> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  friend auto operator<=>(const CvmId&, const CvmId&) = default;

 private:
  explicit CvmId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace cocos::cvm

template <>
struct std::hash<cocos::cvm::CvmId> {
  std::size_t operator()(const cocos::cvm::CvmId& id) const noexcept {
    return std::hash<std::string>()(id.text());
  }
};
