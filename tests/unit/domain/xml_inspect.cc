#include "unit/domain/xml_inspect.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <filesystem>

#include "base/file.h"
#include "base/handle.h"

namespace cocos::domain::testing {
namespace {

constexpr const char* kSchema = "/usr/share/libvirt/schemas/domain.rng";

const xmlChar* ToXml(const char* text) { return reinterpret_cast<const xmlChar*>(text); }
std::string FromXml(const xmlChar* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

std::string Content(xmlNode* node) {
  xmlChar* content = xmlNodeGetContent(node);
  std::string text = FromXml(content);
  xmlFree(content);
  return text;
}

// Any prefix counts as a name of its own: a value that could add a declaration would be seen.
void Describe(const xmlNode* node, std::string& out) {
  for (; node != nullptr; node = node->next) {
    if (node->type == XML_TEXT_NODE) continue;
    out += "(" + std::to_string(node->type) + FromXml(node->name);
    if (node->type == XML_ELEMENT_NODE) {
      for (const xmlNs* ns = node->nsDef; ns != nullptr; ns = ns->next) {
        out += " ns:" + FromXml(ns->href);
      }
      for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
        out += " @" + FromXml(attr->name);
      }
      Describe(node->children, out);
    }
    out += ")";
  }
}

using SchemaHandle = Handle<xmlRelaxNG, xmlRelaxNGFree>;
using SchemaParserHandle = Handle<xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt>;
using ValidatorHandle = Handle<xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt>;
using XPathContextHandle = Handle<xmlXPathContext, xmlXPathFreeContext>;
using XPathObjectHandle = Handle<xmlXPathObject, xmlXPathFreeObject>;

const SchemaHandle& Schema() {
  static const SchemaHandle schema = [] {
    const SchemaParserHandle parser(xmlRelaxNGNewParserCtxt(kSchema));
    return SchemaHandle(xmlRelaxNGParse(parser.get()));
  }();
  COCOS_CHECK(schema != nullptr);
  return schema;
}

void AppendError(void* text, xmlErrorPtr error) {
  *static_cast<std::string*>(text) += std::to_string(error->line) + ": " + error->message;
}

}  // namespace

struct Inspected::State {
  Handle<xmlDoc, xmlFreeDoc> document;

  XPathObjectHandle Evaluate(const std::string& xpath) const {
    const XPathContextHandle context(xmlXPathNewContext(document.get()));
    xmlXPathRegisterNs(context.get(), ToXml("cocos"), ToXml("urn:cocos-manager:cvm:1"));
    xmlXPathRegisterNs(context.get(), ToXml("qemu"),
                       ToXml("http://libvirt.org/schemas/domain/qemu/1.0"));
    XPathObjectHandle object(xmlXPathEval(ToXml(xpath.c_str()), context.get()));
    COCOS_CHECK(object != nullptr && object->type == XPATH_NODESET);
    return object;
  }

  std::vector<xmlNode*> Select(const std::string& xpath) const {
    const XPathObjectHandle object = Evaluate(xpath);
    const xmlNodeSet* nodes = object->nodesetval;
    if (nodes == nullptr) return {};
    return std::vector<xmlNode*>(nodes->nodeTab, nodes->nodeTab + nodes->nodeNr);
  }
};

Inspected::Inspected(const std::string& xml) : state_(new State) {
  state_->document.reset(
      xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, XML_PARSE_NONET));
  COCOS_CHECK(state_->document != nullptr);
}

Inspected::~Inspected() { delete state_; }

std::vector<std::string> Inspected::All(const std::string& xpath) const {
  std::vector<std::string> texts;
  for (xmlNode* node : state_->Select(xpath)) texts.push_back(Content(node));
  return texts;
}

std::string Inspected::One(const std::string& xpath) const {
  const std::vector<std::string> all = All(xpath);
  if (all.empty()) return "<none>";
  return all.size() == 1 ? all.front() : "<many>";
}

std::string Inspected::Xml(const std::string& xpath) const {
  std::string text;
  for (xmlNode* node : state_->Select(xpath)) {
    const Handle<xmlBuffer, xmlBufferFree> buffer(xmlBufferCreate());
    xmlNodeDump(buffer.get(), state_->document.get(), node, 0, 0);
    text += FromXml(xmlBufferContent(buffer.get()));
  }
  return text;
}

std::string Inspected::Structure() const {
  std::string out;
  Describe(state_->document->children, out);
  return out;
}

void Inspected::Remove(const std::string& xpath) {
  for (xmlNode* node : state_->Select(xpath)) {
    xmlUnlinkNode(node);
    xmlFreeNode(node);
  }
}

std::string Inspected::SchemaErrors() const {
  const ValidatorHandle validator(xmlRelaxNGNewValidCtxt(Schema().get()));
  std::string errors;
  xmlRelaxNGSetValidStructuredErrors(validator.get(), AppendError, &errors);
  if (xmlRelaxNGValidateDoc(validator.get(), state_->document.get()) != 0 && errors.empty()) {
    errors = "not valid";
  }
  return errors;
}

bool HasSchema() { return std::filesystem::exists(kSchema); }

bool SchemaKnowsTdx() {
  const Result<std::string> text = ReadFile("/usr/share/libvirt/schemas/domaincommon.rng");
  return text && text->find("<value>tdx</value>") != std::string::npos;
}

}  // namespace cocos::domain::testing
