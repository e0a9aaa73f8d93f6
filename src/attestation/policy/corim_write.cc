#include <algorithm>

#include "attestation/cbor/cose_sign1.h"
#include "attestation/cbor/writer.h"
#include "attestation/policy/corim.h"
#include "attestation/policy/corim_format.h"
#include "attestation/policy/corim_items.h"

namespace cocos::attestation::policy {
namespace {

using cbor::Encoding;
using Measurements = std::vector<Encoding>;

Encoding EncodeUuid(const Uuid& uuid) {
  return cbor::EncodeTagged(kTagUuid, cbor::EncodeBytes(uuid));
}

// A CBOR map of one member: this format is full of them.
Encoding EncodeSingle(std::int64_t key, Encoding value) {
  return cbor::MapEncoder().Add(key, std::move(value)).Encode();
}

// `svn`: 0 for none.
void AddDigest(Measurements& list, const Uuid& class_id, std::string_view element,
               const snp::Digest384& digest, std::uint64_t svn = 0) {
  cbor::MapEncoder values;
  if (svn != 0) values.Add(kValueSvn, cbor::EncodeTagged(kTagSvn, cbor::EncodeUnsigned(svn)));
  values.Add(kValueDigests, cbor::EncodeArray({cbor::EncodeArray(
                                {cbor::EncodeUnsigned(kHashSha384), cbor::EncodeBytes(digest)})}));
  list.push_back(cbor::MapEncoder()
                     .Add(kMeasurementKey, EncodeUuid(NameUuid(class_id, element)))
                     .Add(kMeasurementValues, values.Encode())
                     .Encode());
}

void AddItem(Measurements& list, std::uint64_t code, std::span<const std::byte> bytes) {
  Encoding raw = cbor::EncodeTagged(kTagRawBytes, cbor::EncodeBytes(bytes));
  list.push_back(cbor::MapEncoder()
                     .Add(kMeasurementKey, cbor::EncodeUnsigned(code))
                     .Add(kMeasurementValues, EncodeSingle(kValueRaw, std::move(raw)))
                     .Encode());
}

void AddSnpDigests(Measurements& list, const Uuid& class_id, const snp::Policy& policy) {
  std::uint64_t svn = policy.min_guest_svn;
  for (const snp::Digest384& digest : policy.measurements) {
    AddDigest(list, class_id, kSnpMeasurement, digest, svn);
    svn = 0;  // said once, as upstream does
  }
}

void AddTdxDigests(Measurements& list, const Uuid& class_id, const tdx::Policy& policy) {
  for (const tdx::Digest384& digest : policy.mr_td) {
    AddDigest(list, class_id, kTdxElements[0], digest);
  }
  if (policy.mr_seam) AddDigest(list, class_id, kTdxElements[1], *policy.mr_seam);
  for (std::size_t i = 0; i < policy.rtmrs.size(); ++i) {
    if (policy.rtmrs[i]) AddDigest(list, class_id, kTdxElements[2 + i], *policy.rtmrs[i]);
  }
}

Result<void> CheckArguments(const Policy& policy, const CorimIds& ids) {
  if (policy.snp.has_value() == policy.tdx.has_value()) {
    return Fail(ErrorCode::kInvalidArgument, "CoRIM: want a policy with either snp or tdx");
  }
  if (policy.snp ? policy.snp->measurements.empty() : policy.tdx->mr_td.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "CoRIM: policy without {}",
                policy.snp ? "snp.measurements" : "tdx.mr_td");
  }
  const bool usable = IsUsableUuid(ids.corim) && IsUsableUuid(ids.tag) &&
                      IsUsableUuid(ids.class_id) && (!ids.instance || IsUsableUuid(*ids.instance));
  if (!usable) return Fail(ErrorCode::kInvalidArgument, "CoRIM ids: want UUIDs of RFC 9562");
  return {};
}

Measurements MeasurementsOf(const Policy& policy, const Uuid& class_id) {
  Measurements list;
  if (policy.snp) AddSnpDigests(list, class_id, *policy.snp);
  if (policy.tdx) AddTdxDigests(list, class_id, *policy.tdx);
  for (const auto& [code, bytes] : ItemsOf(policy)) AddItem(list, code, bytes);
  return list;
}

Encoding EncodeEnvironment(const CorimIds& ids) {
  cbor::MapEncoder environment;
  environment.Add(kEnvironmentClass, EncodeSingle(kClassId, EncodeUuid(ids.class_id)));
  if (ids.instance) environment.Add(kEnvironmentInstance, EncodeUuid(*ids.instance));
  return environment.Encode();
}

Encoding EncodeComid(std::string_view platform, const CorimIds& ids,
                     const Measurements& measurements) {
  const std::string tag_id = fmt::format("{}-tag-{}", platform, UuidText(ids.tag));
  const Encoding triple =
      cbor::EncodeArray({EncodeEnvironment(ids), cbor::EncodeArray(measurements)});
  const Encoding comid =
      cbor::MapEncoder()
          .Add(kComidIdentity, EncodeSingle(kIdentityTagId, cbor::EncodeText(tag_id)))
          .Add(kComidTriples, EncodeSingle(kTriplesReference, cbor::EncodeArray({triple})))
          .Encode();
  return cbor::EncodeTagged(kTagComid, comid);
}

Encoding EncodeProtectedHeader(std::string_view signer_name) {
  const Encoding signer = EncodeSingle(kSignerName, cbor::EncodeText(signer_name));
  return cbor::MapEncoder()
      .Add(cbor::kCoseLabelAlgorithm, cbor::EncodeInteger(cbor::kCoseAlgorithmEs256))
      .Add(cbor::kCoseLabelContentType, cbor::EncodeText(kCorimContentType))
      .Add(kHeaderCorimMeta, cbor::EncodeBytes(EncodeSingle(kMetaSigner, signer)))
      .Encode();
}

// Nothing is written that the reader refuses.
Result<Encoding> Bounded(Encoding document) {
  if (document.size() <= kMaxCorimBytes) return document;
  return Fail(ErrorCode::kInvalidArgument, "CoRIM: {} bytes, want at most {}", document.size(),
              kMaxCorimBytes);
}

bool IsPlainName(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  return !name.empty() && name.size() <= kLongest &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Uuid ProductInstanceId(std::string_view product) {
  // The name space of object identifiers, RFC 9562 section 6.6.
  constexpr std::array<unsigned char, 16> kOidSpace = {0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad,
                                                       0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0,
                                                       0x4f, 0xd4, 0x30, 0xc8};
  Uuid name_space{};
  std::ranges::transform(kOidSpace, name_space.begin(),
                         [](auto octet) { return std::byte{octet}; });
  return NameUuid(name_space, product);
}

Result<std::vector<std::byte>> WriteCorim(const Policy& policy, const CorimIds& ids) {
  COCOS_TRY(CheckArguments(policy, ids));
  COCOS_TRY(CheckPolicy(policy));
  const std::string_view platform = policy.snp ? std::string_view("snp") : std::string_view("tdx");
  const Measurements measurements = MeasurementsOf(policy, ids.class_id);
  if (measurements.size() > kMaxMeasurements) {
    return Fail(ErrorCode::kInvalidArgument, "CoRIM: {} measurements, want at most {}",
                measurements.size(), kMaxMeasurements);
  }
  const Encoding comid = EncodeComid(platform, ids, measurements);
  return Bounded(cbor::MapEncoder()
                     .Add(kCorimId, cbor::EncodeText(
                                        fmt::format("{}-corim-{}", platform, UuidText(ids.corim))))
                     .Add(kCorimTags, cbor::EncodeArray({cbor::EncodeBytes(comid)}))
                     .Encode());
}

Result<std::vector<std::byte>> SignCorim(std::span<const std::byte> corim,
                                         const crypto::SigningKey& key,
                                         std::string_view signer_name) {
  if (key.curve() != crypto::Curve::kP256) {
    return Fail(ErrorCode::kInvalidArgument,
                "CoRIM signing key: not on the curve P-256, which ES256 needs");
  }
  if (!IsPlainName(signer_name)) {
    return Fail(ErrorCode::kInvalidArgument, "CoRIM signer name: want 1 to 256 ASCII characters");
  }
  const Encoding header = EncodeProtectedHeader(signer_name);
  const crypto::EcdsaSignature signature = COCOS_TRY(
      key.SignEcdsa(crypto::DigestAlgorithm::kSha256, cbor::SignatureInput(header, corim)));
  std::vector<std::byte> both = signature.r;
  both.insert(both.end(), signature.s.begin(), signature.s.end());
  return Bounded(cbor::EncodeCoseSign1(header, cbor::MapEncoder().Encode(), corim, both));
}

}  // namespace cocos::attestation::policy
