#include <algorithm>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/cbor/item.h"
#include "attestation/policy/corim.h"
#include "attestation/policy/corim_format.h"
#include "attestation/policy/corim_items.h"

namespace cocos::attestation::policy {
namespace {

using cbor::Item;

// Deep enough for a digest in its triple, and a little more.
constexpr cbor::Limits kLimits = {.depth = 12, .entries = kMaxMeasurements};

// The members of a map that has the required keys and perhaps the optional one.
Result<std::vector<cbor::Member>> MapOf(const Item& item, std::string_view what,
                                        std::initializer_list<std::int64_t> required,
                                        std::optional<std::int64_t> optional = std::nullopt) {
  std::vector<cbor::Member> members = COCOS_TRY(item.Map(what));
  std::size_t known = 0;
  for (const std::int64_t key : required) {
    if (!cbor::Find(members, key)) {
      return Fail(ErrorCode::kMalformed, "{}: key {} is missing", what, key);
    }
    ++known;
  }
  if (optional && cbor::Find(members, *optional)) ++known;
  if (known != members.size()) return Fail(ErrorCode::kMalformed, "{}: unknown key", what);
  return members;
}

// The value of a map with this key alone.
Result<Item> Single(const Item& item, std::string_view what, std::int64_t key) {
  const std::vector<cbor::Member> members = COCOS_TRY(MapOf(item, what, {key}));
  return members.front().value;
}

// The elements of an array of exactly this size.
Result<std::vector<Item>> ArrayOf(const Item& item, std::string_view what, std::size_t size) {
  std::vector<Item> elements = COCOS_TRY(item.Array(what));
  if (elements.size() != size) {
    return Fail(ErrorCode::kMalformed, "{}: {} elements, want {}", what, elements.size(), size);
  }
  return elements;
}

Result<Uuid> ReadUuid(const Item& item, std::string_view what) {
  const Item inner = COCOS_TRY(item.Tagged(kTagUuid, what));
  const std::span<const std::byte> bytes = COCOS_TRY(inner.Bytes(what));
  Uuid uuid{};
  if (bytes.size() != uuid.size()) return Fail(ErrorCode::kMalformed, "{}: not a UUID", what);
  std::ranges::copy(bytes, uuid.begin());
  return uuid;
}

// One entry of the list of measurements: a digest with its key, or an item.
struct Digest {
  Uuid key{};
  std::optional<std::uint64_t> svn;
  snp::Digest384 value{};
};

struct Measurements {
  std::vector<Digest> digests;
  Items items;
};

Result<snp::Digest384> ReadDigest(const Item& item) {
  const std::vector<Item> digests = COCOS_TRY(ArrayOf(item, "CoRIM digests", 1));
  const std::vector<Item> parts = COCOS_TRY(ArrayOf(digests.front(), "CoRIM digest", 2));
  const std::uint64_t algorithm = COCOS_TRY(parts[0].Unsigned("CoRIM digest algorithm"));
  const std::span<const std::byte> bytes = COCOS_TRY(parts[1].Bytes("CoRIM digest"));
  snp::Digest384 value{};
  if (algorithm != kHashSha384 || bytes.size() != value.size()) {
    return Fail(ErrorCode::kMalformed,
                "CoRIM digest: algorithm {} with {} bytes, want {} (sha-384) with {}", algorithm,
                bytes.size(), kHashSha384, value.size());
  }
  std::ranges::copy(bytes, value.begin());
  return value;
}

Result<Digest> ReadKeyedDigest(const Item& key, const Item& values) {
  Digest digest;
  digest.key = COCOS_TRY(ReadUuid(key, "CoRIM measurement key"));
  const std::vector<cbor::Member> members =
      COCOS_TRY(MapOf(values, "CoRIM measurement values", {kValueDigests}, kValueSvn));
  if (const Item* svn = cbor::Find(members, kValueSvn)) {
    const Item inner = COCOS_TRY(svn->Tagged(kTagSvn, "CoRIM SVN"));
    digest.svn = COCOS_TRY(inner.Unsigned("CoRIM SVN"));
  }
  digest.value = COCOS_TRY(ReadDigest(*cbor::Find(members, kValueDigests)));
  return digest;
}

Result<void> ReadItem(std::uint64_t code, const Item& values, Items& items) {
  const Item raw = COCOS_TRY(Single(values, "CoRIM item", kValueRaw));
  const Item inner = COCOS_TRY(raw.Tagged(kTagRawBytes, "CoRIM item"));
  const std::span<const std::byte> bytes = COCOS_TRY(inner.Bytes("CoRIM item"));
  if (!items.emplace(code, std::vector<std::byte>(bytes.begin(), bytes.end())).second) {
    return Fail(ErrorCode::kMalformed, "CoRIM item {}: given twice", code);
  }
  return {};
}

Result<void> ReadMeasurement(const Item& item, Measurements& list) {
  const std::vector<cbor::Member> members =
      COCOS_TRY(MapOf(item, "CoRIM measurement", {kMeasurementKey, kMeasurementValues}));
  const Item& key = *cbor::Find(members, kMeasurementKey);
  const Item& values = *cbor::Find(members, kMeasurementValues);
  if (key.type() == cbor::Type::kUnsigned) {
    const std::uint64_t code = COCOS_TRY(key.Unsigned("CoRIM item"));
    return ReadItem(code, values, list.items);
  }
  list.digests.push_back(COCOS_TRY(ReadKeyedDigest(key, values)));
  return {};
}

// A checked environment's class, by which our own measurement keys are named.
Result<Uuid> ReadEnvironment(const Item& item) {
  const std::vector<cbor::Member> members =
      COCOS_TRY(MapOf(item, "CoRIM environment", {kEnvironmentClass}, kEnvironmentInstance));
  if (const Item* instance = cbor::Find(members, kEnvironmentInstance)) {
    COCOS_TRY(ReadUuid(*instance, "CoRIM instance id"));
  }
  const Item class_id =
      COCOS_TRY(Single(*cbor::Find(members, kEnvironmentClass), "CoRIM class", kClassId));
  return ReadUuid(class_id, "CoRIM class id");
}

Result<void> SetSnp(const std::vector<Digest>& digests, snp::Policy& policy) {
  for (const Digest& digest : digests) policy.measurements.push_back(digest.value);
  for (std::size_t i = 1; i < digests.size(); ++i) {
    if (digests[i].svn) return Fail(ErrorCode::kMalformed, "CoRIM SVN: not at the first digest");
  }
  const std::uint64_t svn = digests.front().svn.value_or(0);
  if (svn > std::numeric_limits<std::uint32_t>::max()) {
    return Fail(ErrorCode::kMalformed, "CoRIM SVN {}: want 32 bits", svn);
  }
  policy.min_guest_svn = static_cast<std::uint32_t>(svn);
  return {};
}

// Position among kTdxElements; none for a key that some other writer made.
std::optional<std::size_t> ElementOf(const Uuid& class_id, const Uuid& key) {
  for (std::size_t i = 0; i < kTdxElements.size(); ++i) {
    if (NameUuid(class_id, kTdxElements[i]) == key) return i;
  }
  return std::nullopt;
}

// False if the element has a value already.
bool SetElement(std::size_t element, const tdx::Digest384& value, tdx::Policy& policy) {
  if (element == 0) {
    policy.mr_td.push_back(value);
    return true;
  }
  std::optional<tdx::Digest384>& target = element == 1 ? policy.mr_seam : policy.rtmrs[element - 2];
  if (target) return false;
  target = value;
  return true;
}

Result<void> SetTdx(const Uuid& class_id, const std::vector<Digest>& digests, tdx::Policy& policy) {
  const bool named = ElementOf(class_id, digests.front().key).has_value();
  if (!named && digests.size() != kTdxElements.size()) {
    return Fail(ErrorCode::kMalformed, "CoRIM: {} digests by another writer, want {}",
                digests.size(), kTdxElements.size());
  }
  for (std::size_t i = 0; i < digests.size(); ++i) {
    const std::optional<std::size_t> by_key = ElementOf(class_id, digests[i].key);
    if (by_key.has_value() != named || digests[i].svn) {
      return Fail(ErrorCode::kMalformed, "CoRIM measurement {}: unknown element or an SVN", i);
    }
    if (!SetElement(by_key.value_or(i), digests[i].value, policy)) {
      return Fail(ErrorCode::kMalformed, "CoRIM measurement {}: element given twice", i);
    }
  }
  if (policy.mr_td.empty()) return Fail(ErrorCode::kMalformed, "CoRIM: no MRTD");
  return {};
}

Result<void> ReadTriple(const Item& triple, Policy& policy) {
  const std::vector<Item> parts = COCOS_TRY(ArrayOf(triple, "CoRIM triple", 2));
  const Uuid class_id = COCOS_TRY(ReadEnvironment(parts[0]));
  const std::vector<Item> entries = COCOS_TRY(parts[1].Array("CoRIM measurements"));
  Measurements list;
  for (const Item& entry : entries) COCOS_TRY(ReadMeasurement(entry, list));
  if (list.digests.empty()) return Fail(ErrorCode::kMalformed, "CoRIM: no digest");
  if (policy.snp) {
    COCOS_TRY(SetSnp(list.digests, *policy.snp));
  } else {
    COCOS_TRY(SetTdx(class_id, list.digests, *policy.tdx));
  }
  return ApplyItems(list.items, policy);
}

// A CoMID of the platform that the document is named after.
Result<void> ReadComid(std::span<const std::byte> bytes, Policy& policy) {
  const Item document = COCOS_TRY(cbor::Parse(bytes, "CoMID", kLimits));
  const Item comid = COCOS_TRY(document.Tagged(kTagComid, "CoMID"));
  const std::vector<cbor::Member> members =
      COCOS_TRY(MapOf(comid, "CoMID", {kComidIdentity, kComidTriples}));
  const Item tag_id =
      COCOS_TRY(Single(*cbor::Find(members, kComidIdentity), "CoMID identity", kIdentityTagId));
  const std::string_view name = COCOS_TRY(tag_id.Text("CoMID tag id"));
  if (!name.starts_with(policy.snp ? "snp-tag-" : "tdx-tag-")) {
    return Fail(ErrorCode::kMalformed, "CoMID tag id: not of the kind of the document");
  }
  const Item references =
      COCOS_TRY(Single(*cbor::Find(members, kComidTriples), "CoMID triples", kTriplesReference));
  const std::vector<Item> triples = COCOS_TRY(ArrayOf(references, "CoMID triples", 1));
  return ReadTriple(triples.front(), policy);
}

Result<void> ReadUnsigned(std::span<const std::byte> bytes, ReadCorimPolicy& read) {
  const Item document = COCOS_TRY(cbor::Parse(bytes, "CoRIM", kLimits));
  const std::vector<cbor::Member> members =
      COCOS_TRY(MapOf(document, "CoRIM", {kCorimId, kCorimTags}));
  read.id = COCOS_TRY(cbor::Find(members, kCorimId)->Text("CoRIM id"));
  if (read.id.starts_with("snp-corim-")) {
    read.policy.snp.emplace();
  } else if (read.id.starts_with("tdx-corim-")) {
    read.policy.tdx.emplace();
  } else {
    return Fail(ErrorCode::kMalformed, "CoRIM id: want snp-corim-... or tdx-corim-...");
  }
  const std::vector<Item> tags =
      COCOS_TRY(ArrayOf(*cbor::Find(members, kCorimTags), "CoRIM tags", 1));
  const std::span<const std::byte> comid = COCOS_TRY(tags.front().Bytes("CoRIM tag"));
  return ReadComid(comid, read.policy);
}

Result<std::string> ReadSigner(std::span<const std::byte> meta) {
  const Item document = COCOS_TRY(cbor::Parse(meta, "CoRIM meta", kLimits));
  const Item signer = COCOS_TRY(Single(document, "CoRIM meta", kMetaSigner));
  const Item name = COCOS_TRY(Single(signer, "CoRIM signer", kSignerName));
  const std::string_view text = COCOS_TRY(name.Text("CoRIM signer"));
  return std::string(text);
}

// The name of the signer, from a header with nothing else than this format has.
Result<std::string> ReadHeader(const cbor::CoseSign1& message) {
  const Item* content_type = cbor::Find(message.protected_header, cbor::kCoseLabelContentType);
  const Item* meta = cbor::Find(message.protected_header, kHeaderCorimMeta);
  constexpr std::size_t kHeaders = 3;  // with the algorithm, which the parser checked
  if (!content_type || !meta || message.protected_header.size() != kHeaders ||
      !message.unprotected_header.empty() || !content_type->Is(kCorimContentType)) {
    return Fail(ErrorCode::kMalformed,
                "signed CoRIM: want the protected headers 1, 3 ({}) and 8 and no others",
                kCorimContentType);
  }
  const std::span<const std::byte> bytes = COCOS_TRY(meta->Bytes("CoRIM meta"));
  return ReadSigner(bytes);
}

Result<void> CheckSignature(const cbor::CoseSign1& message, const crypto::VerifyingKey& key) {
  if (key.curve() != crypto::Curve::kP256) {
    return Fail(ErrorCode::kUntrusted, "signed CoRIM: key is not on P-256, which ES256 needs");
  }
  constexpr std::size_t kHalf = cbor::kEs256SignatureSize / 2;
  ByteReader reader(message.signature);
  const auto r = reader.Array<kHalf>();
  const auto s = reader.Array<kHalf>();
  return key.VerifyEcdsa(crypto::DigestAlgorithm::kSha256,
                         cbor::SignatureInput(message.protected_bytes, message.payload),
                         {{r.begin(), r.end()}, {s.begin(), s.end()}});
}

Result<void> ReadSigned(std::span<const std::byte> bytes, const crypto::VerifyingKey* key,
                        ReadCorimPolicy& read) {
  const cbor::CoseSign1 message = COCOS_TRY(cbor::ParseCoseSign1(bytes, "signed CoRIM", kLimits));
  if (key) COCOS_TRY(CheckSignature(message, *key));  // before anything inside is believed
  read.signature = key ? CorimSignature::kVerified : CorimSignature::kNotChecked;
  read.signer = COCOS_TRY(ReadHeader(message));
  return ReadUnsigned(message.payload, read);
}

// A COSE_Sign1 is a tagged item, an unsigned CoRIM a map.
bool IsTagged(std::span<const std::byte> bytes) {
  constexpr std::uint8_t kTagMajorType = 6;
  return !bytes.empty() && std::to_integer<std::uint8_t>(bytes.front()) >> 5 == kTagMajorType;
}

}  // namespace

std::string_view CorimSignatureText(CorimSignature signature) {
  switch (signature) {
    case CorimSignature::kUnsigned:
      return "unsigned";
    case CorimSignature::kNotChecked:
      return "signature not checked";
    case CorimSignature::kVerified:
      return "signature verified";
  }
  return "";
}

Result<ReadCorimPolicy> ReadCorim(std::span<const std::byte> bytes,
                                  const crypto::VerifyingKey* key) {
  if (bytes.size() > kMaxCorimBytes) {
    return Fail(ErrorCode::kMalformed, "CoRIM: {} bytes, want at most {}", bytes.size(),
                kMaxCorimBytes);
  }
  ReadCorimPolicy read;
  if (IsTagged(bytes)) {
    COCOS_TRY(ReadSigned(bytes, key, read));
  } else if (key) {
    return Fail(ErrorCode::kUntrusted, "CoRIM: not signed");
  } else {
    COCOS_TRY(ReadUnsigned(bytes, read));
  }
  COCOS_TRY(CheckPolicy(read.policy));
  return read;
}

}  // namespace cocos::attestation::policy
