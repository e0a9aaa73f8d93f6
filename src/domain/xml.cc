#include "domain/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlsave.h>

#include <algorithm>

namespace cocos::domain {
namespace {

using ParserHandle = Handle<xmlParserCtxt, xmlFreeParserCtxt>;
using BufferHandle = Handle<xmlBuffer, xmlBufferFree>;
using SaveHandle = Handle<xmlSaveCtxt, xmlSaveClose>;

// xmlFree is a variable, not a function.
struct XmlStringReleaser {
  void operator()(xmlChar* text) const noexcept { xmlFree(text); }
};
using XmlString = std::unique_ptr<xmlChar, XmlStringReleaser>;

const xmlChar* ToXml(const char* text) { return reinterpret_cast<const xmlChar*>(text); }
const xmlChar* ToXml(const std::string& text) { return ToXml(text.c_str()); }

std::string_view FromXml(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// What went wrong first in a parse; what follows is mostly a consequence.
struct Trouble {
  int line = 0;  // 0: nothing went wrong
  std::string text;
};

void Note(xmlParserCtxt* parser, int line, std::string text) {
  auto* trouble = static_cast<Trouble*>(parser->_private);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (trouble->line == 0) *trouble = {std::max(line, 1), std::move(text)};
}

// Called at "<!DOCTYPE", before anything in it is read. Entities a DTD declares are how small
// documents become huge ones, and libvirt's documents have no use for them.
void RefuseDtd(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
  auto* parser = static_cast<xmlParserCtxt*>(context);
  Note(parser, xmlSAX2GetLineNumber(parser), "a document type declaration is not allowed");
  xmlStopParser(parser);
}

void NoteError(void* context, xmlErrorPtr error) {
  if (error->level < XML_ERR_ERROR) return;
  Note(static_cast<xmlParserCtxt*>(context), error->line,
       error->message == nullptr ? "not well-formed" : error->message);
}

// Comments and processing instructions mean nothing to libvirt, and it drops them too.
void DropRemarks(xmlNode* node) {
  for (xmlNode* child = node->children; child != nullptr;) {
    xmlNode* next = child->next;
    if (child->type == XML_COMMENT_NODE || child->type == XML_PI_NODE) {
      xmlUnlinkNode(child);
      xmlFreeNode(child);
    } else if (child->type == XML_ELEMENT_NODE) {
      DropRemarks(child);
    }
    child = next;
  }
}

}  // namespace

std::string_view Element::Name() const { return FromXml(node_->name); }

std::string_view Element::Namespace() const {
  return node_->ns == nullptr ? std::string_view() : FromXml(node_->ns->href);
}

long Element::Line() const { return xmlGetLineNo(node_); }

std::string Element::Text() const {
  const XmlString content(xmlNodeGetContent(node_));
  return std::string(FromXml(content.get()));
}

std::string Element::Attribute(const char* name) const {
  const XmlString value(xmlGetNoNsProp(node_, ToXml(name)));
  return std::string(FromXml(value.get()));
}

bool Element::HasAttribute(const char* name) const {
  return xmlHasNsProp(node_, ToXml(name), nullptr) != nullptr;
}

std::vector<Element> Element::Children() const {
  std::vector<Element> children;
  for (xmlNode* child = node_->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) children.emplace_back(child);
  }
  return children;
}

std::vector<Element> Element::Children(std::string_view name) const {
  std::vector<Element> children = Children();
  std::erase_if(children, [name](const Element& child) {
    return child.Name() != name || !child.Namespace().empty();
  });
  return children;
}

Element Element::Child(std::string_view name) const {
  const std::vector<Element> children = Children(name);
  return children.empty() ? Element(nullptr) : children.front();
}

Element Element::Add(const char* name) const {
  xmlNode* child = xmlNewDocNode(node_->doc, node_->ns, ToXml(name), nullptr);
  COCOS_CHECK(child != nullptr && xmlAddChild(node_, child) != nullptr);
  return Element(child);
}

Element Element::AddFirst(const char* name) const {
  const std::vector<Element> children = Children();
  return children.empty() ? Add(name) : children.front().AddBefore(name);
}

Element Element::AddBefore(const char* name) const {
  xmlNode* sibling = xmlNewDocNode(node_->doc, node_->parent->ns, ToXml(name), nullptr);
  COCOS_CHECK(sibling != nullptr && xmlAddPrevSibling(node_, sibling) != nullptr);
  return Element(sibling);
}

Element Element::Set(const char* attribute, std::string_view value) const {
  COCOS_CHECK(xmlSetProp(node_, ToXml(attribute), ToXml(std::string(value))) != nullptr);
  return *this;
}

Element Element::SetText(std::string_view text) const {
  // Not xmlNodeSetContent: that one reads "&lt;" in a value as an entity.
  xmlNode* node = xmlNewDocText(node_->doc, ToXml(std::string(text)));
  COCOS_CHECK(node != nullptr && xmlAddChild(node_, node) != nullptr);
  return *this;
}

Element Element::Clear() const {
  while (node_->children != nullptr) {
    xmlNode* child = node_->children;
    xmlUnlinkNode(child);
    xmlFreeNode(child);
  }
  return *this;
}

XmlDocHandle NewDocument(const char* root_name) {
  XmlDocHandle document(xmlNewDoc(ToXml("1.0")));
  COCOS_CHECK(document != nullptr);
  xmlNode* root = xmlNewDocNode(document.get(), nullptr, ToXml(root_name), nullptr);
  COCOS_CHECK(root != nullptr);
  xmlDocSetRootElement(document.get(), root);
  return document;
}

xmlNs* DeclareNamespace(Element element, const char* prefix, const char* uri) {
  xmlNs* declared = xmlSearchNsByHref(element.get()->doc, element.get(), ToXml(uri));
  if (declared == nullptr) declared = xmlNewNs(element.get(), ToXml(uri), ToXml(prefix));
  COCOS_CHECK(declared != nullptr);
  return declared;
}

Result<XmlDocHandle> ParseXml(std::string_view text, std::string_view origin, ErrorCode code) {
  if (text.size() > kMaxXmlBytes) {
    return Fail(code, "{}: {} bytes of XML, want at most {}", origin, text.size(), kMaxXmlBytes);
  }
  const ParserHandle parser(xmlNewParserCtxt());
  COCOS_CHECK(parser != nullptr);
  Trouble trouble;
  parser->_private = &trouble;
  parser->sax->internalSubset = RefuseDtd;
  parser->sax->serror = NoteError;
  // Without XML_PARSE_HUGE libxml2 bounds nesting (256) and the length of text.
  constexpr int kOptions =
      XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES;
  XmlDocHandle document(xmlCtxtReadMemory(parser.get(), text.data(), static_cast<int>(text.size()),
                                          nullptr, nullptr, kOptions));
  if (trouble.line != 0) return Fail(code, "{}, line {}: {}", origin, trouble.line, trouble.text);
  if (document == nullptr || xmlDocGetRootElement(document.get()) == nullptr) {
    return Fail(code, "{}, line 1: not an XML document", origin);
  }
  DropRemarks(xmlDocGetRootElement(document.get()));
  return document;
}

std::string ToText(Element element) {
  const BufferHandle buffer(xmlBufferCreate());
  COCOS_CHECK(buffer != nullptr);
  SaveHandle save(
      xmlSaveToBuffer(buffer.get(), "UTF-8", XML_SAVE_FORMAT | XML_SAVE_NO_DECL | XML_SAVE_AS_XML));
  COCOS_CHECK(save != nullptr && xmlSaveTree(save.get(), element.get()) >= 0);
  save.reset();  // flushes
  return std::string(FromXml(xmlBufferContent(buffer.get()))) + "\n";
}

}  // namespace cocos::domain
