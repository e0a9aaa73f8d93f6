// The part of libxml2 this folder uses, with owners and without its pitfalls. Names given to these
// functions are ours and known good; values may hold any text that CheckText (value_check.h) lets
// through and become text nodes as they are: entities in them are not interpreted.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/handle.h"
#include "base/result.h"

namespace cocos::domain {

using XmlDocHandle = Handle<xmlDoc, xmlFreeDoc>;

// A node in a document that somebody else owns. May be empty where a function says so.
class Element {
 public:
  explicit Element(xmlNode* node) : node_(node) {}

  explicit operator bool() const { return node_ != nullptr; }
  xmlNode* get() const { return node_; }

  // Name without prefix, and namespace URI ("" for none).
  std::string_view Name() const;
  std::string_view Namespace() const;
  // Line in the parsed text; 0 for an element made here.
  long Line() const;
  // The text directly and indirectly inside.
  std::string Text() const;
  // Value of an attribute without namespace; "" if there is none.
  std::string Attribute(const char* name) const;
  bool HasAttribute(const char* name) const;

  // Child elements in document order: all, or those without namespace that have this name.
  std::vector<Element> Children() const;
  std::vector<Element> Children(std::string_view name) const;
  // The first of them; empty if there is none.
  Element Child(std::string_view name) const;

  // Appends a child element that shares this one's namespace, and returns it.
  Element Add(const char* name) const;
  // Inserts a child element as the first one.
  Element AddFirst(const char* name) const;
  // Puts a new sibling before this element.
  Element AddBefore(const char* name) const;
  // Sets an attribute or appends text. Both return this element, so that calls can be chained.
  Element Set(const char* attribute, std::string_view value) const;
  Element SetText(std::string_view text) const;
  // Removes what is inside, not the attributes.
  Element Clear() const;

 private:
  xmlNode* node_;
};

// Makes an empty document with this root.
XmlDocHandle NewDocument(const char* root_name);
// Declares a namespace on the element and returns it; uses an existing declaration.
xmlNs* DeclareNamespace(Element element, const char* prefix, const char* uri);

// Parses a document without network access, entity expansion or DTD. White space between elements,
// comments and processing instructions are dropped. `origin` names the text in errors.
// Errors, with `code` and "<origin>, line <n>: <why>": not well-formed, a DTD, nested too deeply,
// or longer than kMaxXmlBytes.
inline constexpr std::size_t kMaxXmlBytes = 1u << 20;
Result<XmlDocHandle> ParseXml(std::string_view text, std::string_view origin, ErrorCode code);

// The element as UTF-8 text, indented, with a newline at the end and without XML declaration.
std::string ToText(Element element);

}  // namespace cocos::domain
