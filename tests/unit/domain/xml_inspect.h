// Looks at rendered XML through a parser of its own, as libvirt would.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cocos::domain::testing {

// A parsed document and what tests ask about it. Ends the test program if the text does not parse.
class Inspected {
 public:
  explicit Inspected(const std::string& xml);
  ~Inspected();
  Inspected(const Inspected&) = delete;
  Inspected& operator=(const Inspected&) = delete;

  // Text of the nodes an XPath expression selects. Prefixes: cocos, qemu.
  std::vector<std::string> All(const std::string& xpath) const;
  // The only such text; "<none>" or "<many>" otherwise.
  std::string One(const std::string& xpath) const;
  // The elements the expression selects, as XML.
  std::string Xml(const std::string& xpath) const;
  // Names and nesting of all elements and attributes, without any value.
  std::string Structure() const;
  // Removes the elements.
  void Remove(const std::string& xpath);
  // What libvirt's schema on this machine says against the document; empty if it is valid. Call
  // only if HasSchema().
  std::string SchemaErrors() const;

 private:
  struct State;
  State* state_;
};

bool HasSchema();
// True if the schema on this machine knows launchSecurity type='tdx'.
bool SchemaKnowsTdx();

}  // namespace cocos::domain::testing
