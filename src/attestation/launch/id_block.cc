#include "attestation/launch/id_block.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

constexpr std::uint32_t kBlockVersion = 1;
constexpr std::uint32_t kAlgorithmEcdsaP384Sha384 = 1;
constexpr std::uint32_t kCurveP384 = 2;
constexpr std::size_t kSignatureSize = 512;
constexpr std::size_t kIdBlockSignatureOffset = 0x40;
constexpr std::size_t kIdKeyOffset = 0x240;
constexpr std::size_t kIdKeySignatureOffset = 0x680;
constexpr std::size_t kAuthorKeyOffset = 0x880;
constexpr std::size_t kReservedAfterAlgorithms = 56;
constexpr std::size_t kReservedAfterIdKey = 60;
constexpr std::size_t kReservedAtEnd = 892;

constexpr std::size_t kFieldSize = 48;
using Number = std::array<std::byte, 72>;

Number LittleEndian(std::span<const std::byte> big_endian) {
  Number number{};
  std::ranges::reverse_copy(big_endian, number.begin());
  return number;
}

// Errors: kMalformed for a number that needs more bytes than the curve has.
Result<std::vector<std::byte>> BigEndian(const Number& number) {
  if (!std::ranges::all_of(number.begin() + kFieldSize, number.end(),
                           [](std::byte byte) { return byte == std::byte{0}; })) {
    return Fail(ErrorCode::kMalformed, "ID block: a number has more than {} bytes", kFieldSize);
  }
  return std::vector<std::byte>(number.rend() - kFieldSize, number.rend());
}

void WriteKey(ByteWriter& writer, const IdKey& key) {
  const std::size_t end = writer.size() + kIdKeySize;
  writer.Le(kCurveP384).Bytes(key.x).Bytes(key.y).PadTo(end);
}

std::array<std::byte, kIdKeySize> EncodeKey(const IdKey& key) {
  ByteWriter writer;
  WriteKey(writer, key);
  std::array<std::byte, kIdKeySize> bytes{};
  std::ranges::copy(writer.view(), bytes.begin());
  return bytes;
}

void WriteSignature(ByteWriter& writer, const IdSignature& signature) {
  const std::size_t end = writer.size() + kSignatureSize;
  writer.Bytes(signature.r).Bytes(signature.s).PadTo(end);
}

Result<void> CheckReserved(bool zeros, std::string_view where) {
  if (zeros) return {};
  return Fail(ErrorCode::kMalformed, "ID authentication block: {} is not zero", where);
}

Result<void> CheckWord(std::string_view what, std::uint32_t actual, std::uint32_t expected) {
  if (actual == expected) return {};
  return Fail(ErrorCode::kMalformed, "ID block: {} {}, want {}", what, actual, expected);
}

Result<IdSignature> ReadSignature(ByteReader reader) {
  IdSignature signature;
  signature.r = reader.Array<72>();
  signature.s = reader.Array<72>();
  COCOS_TRY(CheckReserved(reader.Zeros(reader.remaining()), "the rest of a signature"));
  return signature;
}

Result<IdKey> ReadKey(ByteReader reader) {
  COCOS_TRY(CheckWord("curve", reader.Le<std::uint32_t>(), kCurveP384));
  IdKey key;
  key.x = reader.Array<72>();
  key.y = reader.Array<72>();
  COCOS_TRY(CheckReserved(reader.Zeros(reader.remaining()), "the rest of a key"));
  return key;
}

bool IsZero(ByteReader reader) { return reader.Zeros(reader.remaining()); }

Result<std::optional<IdAuthor>> ReadAuthor(ByteReader signature, ByteReader key) {
  if (IsZero(signature) && IsZero(key)) return std::nullopt;
  IdAuthor author;
  author.id_key_signature = COCOS_TRY(ReadSignature(signature));
  author.key = COCOS_TRY(ReadKey(key));
  return author;
}

Result<void> VerifySignature(const IdKey& key, std::span<const std::byte> message,
                             const IdSignature& signature, std::string_view what) {
  const crypto::VerifyingKey verifying_key = COCOS_TRY(VerifyingKeyOf(key));
  crypto::EcdsaSignature numbers;
  numbers.r = COCOS_TRY(BigEndian(signature.r));
  numbers.s = COCOS_TRY(BigEndian(signature.s));
  Result<void> verified =
      verifying_key.VerifyEcdsa(crypto::DigestAlgorithm::kSha384, message, numbers);
  if (verified) return {};
  return tl::unexpected(Error(verified.error().code(), verified.error().message())
                            .Within(what)
                            .WithReason("id_block_signature"));
}

Result<IdSignature> Sign(const crypto::SigningKey& key, std::span<const std::byte> message) {
  const crypto::EcdsaSignature signature =
      COCOS_TRY(key.SignEcdsa(crypto::DigestAlgorithm::kSha384, message));
  return IdSignature{LittleEndian(signature.r), LittleEndian(signature.s)};
}

IdSignature FromIgvm(const igvm::SnpIdBlock::Signature& signature) {
  return {signature.r, signature.s};
}

Result<IdKey> FromIgvm(const igvm::SnpIdBlock::PublicKey& key) {
  COCOS_TRY(CheckWord("curve", key.curve, kCurveP384));
  return IdKey{key.x, key.y};
}

Result<IdAuth> AuthFromIgvm(const igvm::SnpIdBlock& block) {
  COCOS_TRY(CheckWord("version", block.version, kBlockVersion));
  COCOS_TRY(CheckWord("ID key algorithm", block.id_key_algorithm, kAlgorithmEcdsaP384Sha384));
  IdAuth auth;
  auth.id_block_signature = FromIgvm(block.id_key_signature);
  auth.id_key = COCOS_TRY(FromIgvm(block.id_key));
  if (!block.author_key_enabled) return auth;
  COCOS_TRY(
      CheckWord("author key algorithm", block.author_key_algorithm, kAlgorithmEcdsaP384Sha384));
  IdAuthor author;
  author.id_key_signature = FromIgvm(block.author_key_signature);
  author.key = COCOS_TRY(FromIgvm(block.author_key));
  auth.author = author;
  return auth;
}

}  // namespace

std::array<std::byte, kIdBlockSize> EncodeIdBlock(const IdBlock& block) {
  ByteWriter writer;
  writer.Bytes(block.launch_digest).Bytes(block.family_id).Bytes(block.image_id);
  writer.Le(kBlockVersion).Le(block.guest_svn).Le(block.guest_policy);
  std::array<std::byte, kIdBlockSize> bytes{};
  std::ranges::copy(writer.view(), bytes.begin());
  return bytes;
}

Result<IdBlock> ParseIdBlock(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  IdBlock block;
  block.launch_digest = reader.Array<48>();
  block.family_id = reader.Array<16>();
  block.image_id = reader.Array<16>();
  const auto version = reader.Le<std::uint32_t>();
  block.guest_svn = reader.Le<std::uint32_t>();
  block.guest_policy = reader.Le<std::uint64_t>();
  COCOS_TRY(reader.Finish("ID block"));
  COCOS_TRY(CheckWord("version", version, kBlockVersion));
  return block;
}

std::array<std::byte, kIdAuthSize> EncodeIdAuth(const IdAuth& auth) {
  ByteWriter writer;
  writer.Le(kAlgorithmEcdsaP384Sha384).Le(kAlgorithmEcdsaP384Sha384);
  WriteSignature(writer.PadTo(kIdBlockSignatureOffset), auth.id_block_signature);
  WriteKey(writer.PadTo(kIdKeyOffset), auth.id_key);
  if (auth.author) {
    WriteSignature(writer.PadTo(kIdKeySignatureOffset), auth.author->id_key_signature);
    WriteKey(writer.PadTo(kAuthorKeyOffset), auth.author->key);
  }
  std::array<std::byte, kIdAuthSize> bytes{};
  std::ranges::copy(writer.view(), bytes.begin());
  return bytes;
}

Result<IdAuth> ParseIdAuth(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto id_algorithm = reader.Le<std::uint32_t>();
  const auto author_algorithm = reader.Le<std::uint32_t>();
  const bool first = reader.Zeros(kReservedAfterAlgorithms);
  const ByteReader block_signature = reader.Sub(kSignatureSize);
  const ByteReader id_key = reader.Sub(kIdKeySize);
  const bool second = reader.Zeros(kReservedAfterIdKey);
  const ByteReader key_signature = reader.Sub(kSignatureSize);
  const ByteReader author_key = reader.Sub(kIdKeySize);
  const bool third = reader.Zeros(kReservedAtEnd);
  COCOS_TRY(reader.Finish("ID authentication block"));
  COCOS_TRY(CheckWord("ID key algorithm", id_algorithm, kAlgorithmEcdsaP384Sha384));
  COCOS_TRY(CheckWord("author key algorithm", author_algorithm, kAlgorithmEcdsaP384Sha384));
  COCOS_TRY(CheckReserved(first && second && third, "a reserved field"));
  IdAuth auth;
  auth.id_block_signature = COCOS_TRY(ReadSignature(block_signature));
  auth.id_key = COCOS_TRY(ReadKey(id_key));
  auth.author = COCOS_TRY(ReadAuthor(key_signature, author_key));
  return auth;
}

Result<IdKey> IdKeyOf(const crypto::VerifyingKey& key) {
  if (key.curve() != crypto::Curve::kP384) {
    return Fail(ErrorCode::kInvalidArgument, "ID key: want one on P-384");
  }
  const std::vector<std::byte> point = COCOS_TRY(key.EcPoint());
  const std::span<const std::byte> bytes(point);
  return IdKey{LittleEndian(bytes.first(kFieldSize)), LittleEndian(bytes.last(kFieldSize))};
}

Result<crypto::VerifyingKey> VerifyingKeyOf(const IdKey& key) {
  const std::vector<std::byte> x = COCOS_TRY(BigEndian(key.x));
  const std::vector<std::byte> y = COCOS_TRY(BigEndian(key.y));
  return crypto::VerifyingKey::FromEcPoint(crypto::Curve::kP384, x, y);
}

Digest384 IdKeyDigest(const IdKey& key) { return Sha384Of(EncodeKey(key)); }

Result<IdAuth> SignIdBlock(const IdBlock& block, const crypto::SigningKey& id_key,
                           const std::optional<crypto::SigningKey>& author_key) {
  IdAuth auth;
  auth.id_key = COCOS_TRY(IdKeyOf(id_key.public_key()));
  auth.id_block_signature = COCOS_TRY(Sign(id_key, EncodeIdBlock(block)));
  if (!author_key) return auth;
  IdAuthor author;
  author.key = COCOS_TRY(IdKeyOf(author_key->public_key()));
  author.id_key_signature = COCOS_TRY(Sign(*author_key, EncodeKey(auth.id_key)));
  auth.author = author;
  return auth;
}

Result<void> VerifiedIdBlock::CheckLaunch(const Digest384& launch_digest,
                                          std::uint64_t guest_policy) const {
  const auto mismatch = [](std::string message) {
    return tl::unexpected(
        Error(ErrorCode::kUntrusted, std::move(message)).WithReason("id_block_mismatch"));
  };
  if (!crypto::EqualInConstantTime(block_.launch_digest, launch_digest)) {
    return mismatch(fmt::format("ID block: launch digest {}, but this launch has {}",
                                crypto::HexEncode(block_.launch_digest),
                                crypto::HexEncode(launch_digest)));
  }
  if (block_.guest_policy != guest_policy) {
    return mismatch(fmt::format("ID block: guest policy {:#x}, but this launch has {:#x}",
                                block_.guest_policy, guest_policy));
  }
  return {};
}

Result<VerifiedIdBlock> VerifyIdBlock(const IdBlock& block, const IdAuth& auth) {
  COCOS_TRY(VerifySignature(auth.id_key, EncodeIdBlock(block), auth.id_block_signature,
                            "ID block by the ID key"));
  VerifiedIdBlock verified;
  verified.block_ = block;
  verified.id_key_digest_ = IdKeyDigest(auth.id_key);
  if (!auth.author) return verified;
  COCOS_TRY(VerifySignature(auth.author->key, EncodeKey(auth.id_key), auth.author->id_key_signature,
                            "ID key by the author key"));
  verified.author_key_digest_ = IdKeyDigest(auth.author->key);
  return verified;
}

Result<VerifiedIdBlock> VerifyIgvmIdBlock(const igvm::SnpIdBlock& block,
                                          std::uint64_t guest_policy) {
  const IdAuth auth = COCOS_TRY(AuthFromIgvm(block));
  return VerifyIdBlock({.launch_digest = block.launch_digest,
                        .family_id = block.family_id,
                        .image_id = block.image_id,
                        .guest_svn = block.guest_svn,
                        .guest_policy = guest_policy},
                       auth);
}

}  // namespace cocos::attestation::launch
