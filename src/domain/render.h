// Domain XML from a template and a spec, and the manager's metadata back from domain XML.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/spec.h"

namespace cocos::domain {

inline constexpr std::string_view kMetadataNamespace = "urn:cocos-manager:cvm:1";
inline constexpr std::string_view kMetadataPrefix = "cocos";

// A parsed and checked domain template: a libvirt domain document that is valid as it stands. What
// an administrator adds to it is kept. Cheap to copy; immutable, so usable from any thread.
class DomainTemplate {
 public:
  // `origin` (a path) is used in errors. Errors: kInvalidArgument for text that is not well-formed
  // XML (with the line), is not a <domain>, holds a DTD, or sets something the manager owns
  // (named).
  static Result<DomainTemplate> Parse(std::string_view xml, std::string origin);

  const std::string& origin() const { return origin_; }

 private:
  friend Result<std::string> RenderDomainXml(const DomainTemplate&, const DomainSpec&);
  struct Document;
  DomainTemplate(std::shared_ptr<const Document> document, std::string origin)
      : document_(std::move(document)), origin_(std::move(origin)) {}

  std::shared_ptr<const Document> document_;
  std::string origin_;
};

// The domain XML for `spec`. Pure: same input, same bytes. Values become text and attribute nodes,
// so no value can change the document's structure. Errors: kInvalidArgument naming the field, for
// values XML cannot carry (control characters, invalid UTF-8) or that contradict each other.
Result<std::string> RenderDomainXml(const DomainTemplate& domain_template, const DomainSpec& spec);

// The <cocos:cvm> element alone, for virDomainSetMetadata.
Result<std::string> RenderMetadataXml(const CvmMetadata& metadata);

// Reads a <cvm> element of our namespace, as RenderMetadataXml made it or as libvirt returns it
// (without the prefix). Errors: kMalformed naming the element, value and what is accepted.
Result<CvmMetadata> ParseMetadataXml(std::string_view xml);

}  // namespace cocos::domain
