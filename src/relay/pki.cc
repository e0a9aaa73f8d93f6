#include "relay/pki.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "relay/ca_store.h"

namespace cocos::relay {
namespace {

using crypto::Authority;
using crypto::Certificate;
using crypto::SigningKey;
using Authorities = std::vector<StoredAuthority>;  // oldest first

constexpr std::string_view kExtendedKeyUsage = "2.5.29.37";
constexpr std::string_view kSubjectAlternativeName = "2.5.29.17";
constexpr std::string_view kUriPrefix = "urn:uuid:";

// ExtendedKeyUsageSyntax with clientAuth (1.3.6.1.5.5.7.3.2) alone, in DER.
constexpr std::string_view kClientAuthOnly("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02", 12);
// GeneralNames with one uniformResourceIdentifier of 45 characters, in DER: what Mint writes.
constexpr std::string_view kOneUri("\x30\x2f\x86\x2d", 4);

std::string_view TextOf(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool Valid(const StoredAuthority& stored, TimePoint now) {
  return stored.authority.certificate.CheckValidAt(now).has_value();
}

// The name differs with the key, so that verifiers never mistake one generation for another.
Result<StoredAuthority> MakeAuthority(unsigned generation, TimePoint now) {
  const SigningKey key = SigningKey::Generate(crypto::Curve::kP256);
  const std::string key_id = crypto::HexEncode(crypto::Sha256(key.public_key().SpkiDer()));
  const std::string name = "cocos-manager relay CA " + key_id.substr(0, 16);
  Certificate certificate = COCOS_TRY(crypto::IssueCa(
      key, name, crypto::Validity{.not_before = now - kClockMargin, .not_after = now + kCaLife}));
  return StoredAuthority{generation, Authority{std::move(certificate), key}};
}

bool IsDue(const Certificate& ca, TimePoint now) {
  return 3 * (ca.not_after() - now) < ca.not_after() - ca.not_before() - kClockMargin;
}

// A clock that is far behind would otherwise hand out certificates that are good for nobody.
Result<void> CheckNotFromFuture(const CaStore& store, const Authorities& list, TimePoint now) {
  for (const StoredAuthority& stored : list) {
    if (stored.authority.certificate.not_before() <= now) continue;
    Result<void> valid = stored.authority.certificate.CheckValidAt(now);
    return tl::unexpected(Error(ErrorCode::kFailedPrecondition, valid.error().message())
                              .Within(store.PathOf(stored.generation)));
  }
  return {};
}

// The authorities as they should be at `now`, on disk too.
Result<Authorities> Rotate(const CaStore& store, Authorities list, TimePoint now) {
  COCOS_TRY(CheckNotFromFuture(store, list, now));
  if (list.empty() || IsDue(list.back().authority.certificate, now)) {
    const unsigned generation = list.empty() ? 1 : list.back().generation + 1;
    StoredAuthority fresh = COCOS_TRY(MakeAuthority(generation, now));
    COCOS_TRY(store.Save(fresh));
    list.push_back(std::move(fresh));
  }
  Authorities valid;
  for (StoredAuthority& stored : list) {
    if (Valid(stored, now)) {
      valid.push_back(std::move(stored));
    } else {
      COCOS_TRY(store.Remove(stored.generation));
    }
  }
  return valid;
}

std::string BundleOf(const Authorities& list) {
  std::string pem;
  for (const StoredAuthority& stored : list) pem += stored.authority.certificate.Pem();
  return pem;
}

tl::unexpected<Error> NoValidCa() {
  return Fail(ErrorCode::kFailedPrecondition, "relay CA: none is valid now, want a rotation");
}

Result<void> CheckSigned(const Certificate& certificate, const Authorities& list, TimePoint now) {
  for (const StoredAuthority& stored : list) {
    const Certificate& ca = stored.authority.certificate;
    if (!certificate.NamesIssuer(ca)) continue;
    COCOS_TRY(ca.CheckValidAt(now));
    return certificate.VerifySignedBy(stored.authority.key.public_key());
  }
  return Fail(ErrorCode::kUntrusted, "certificate {}: its issuer {} is no CA of this manager",
              certificate.subject(), certificate.issuer());
}

Result<void> CheckForClients(const Certificate& certificate) {
  const Result<std::vector<std::byte>> usage = certificate.Extension(kExtendedKeyUsage);
  if (!certificate.is_ca() && usage && TextOf(*usage) == kClientAuthOnly) return {};
  return Fail(ErrorCode::kUntrusted, "certificate {}: not for a TLS client alone",
              certificate.subject());
}

Result<cvm::CvmId> IdOf(const Certificate& certificate) {
  const Result<std::vector<std::byte>> names = certificate.Extension(kSubjectAlternativeName);
  const std::string start = std::string(kOneUri) + std::string(kUriPrefix);
  if (names && TextOf(*names).starts_with(start)) {
    const std::string_view text = TextOf(*names).substr(start.size());
    Result<cvm::CvmId> id = cvm::CvmId::Parse(text);
    if (id && id->text() == text) return id;  // other spellings of an id are not ours
  }
  return Fail(ErrorCode::kUntrusted, "certificate {}: no \"urn:uuid:<CVM id>\" as its only name",
              certificate.subject());
}

}  // namespace

struct Pki::State {
  State(CaStore ca_store, Authorities list)
      : store(std::move(ca_store)),
        authorities(std::make_shared<const Authorities>(std::move(list))) {}

  std::shared_ptr<const Authorities> Snapshot() const {
    const std::lock_guard lock(mutex);
    return authorities;
  }

  std::mutex rotation;  // one rotation at a time; held while it writes, never waited for by others
  const CaStore store;
  mutable std::mutex mutex;
  std::shared_ptr<const Authorities> authorities;  // guarded by `mutex`; immutable itself
};

Pki::Pki(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pki::Pki(Pki&&) noexcept = default;
Pki& Pki::operator=(Pki&&) noexcept = default;
Pki::~Pki() = default;

Result<Pki> Pki::Open(const std::string& dir, TimePoint now) {
  CaStore store = COCOS_TRY(CaStore::Open(dir));
  Authorities stored = COCOS_TRY(store.Load());
  Authorities list = COCOS_TRY(Rotate(store, std::move(stored), now));
  return Pki(std::make_unique<State>(std::move(store), std::move(list)));
}

Result<void> Pki::RotateIfDue(TimePoint now) {
  const std::lock_guard one_at_a_time(state_->rotation);
  Authorities list = COCOS_TRY(Rotate(state_->store, *state_->Snapshot(), now));
  auto fresh = std::make_shared<const Authorities>(std::move(list));
  const std::lock_guard lock(state_->mutex);
  state_->authorities = std::move(fresh);
  return {};
}

Result<ServerIdentity> Pki::MakeServerIdentity(const crypto::ServerNames& names,
                                               TimePoint now) const {
  const std::shared_ptr<const Authorities> list = state_->Snapshot();
  const auto oldest =
      std::ranges::find_if(*list, [now](const StoredAuthority& ca) { return Valid(ca, now); });
  if (oldest == list->end()) return NoValidCa();
  const Authority& ca = oldest->authority;
  const TimePoint not_after = std::min<TimePoint>(now + kServerLife, ca.certificate.not_after());
  const SigningKey key = SigningKey::Generate(crypto::Curve::kP256);
  const Certificate certificate = COCOS_TRY(crypto::IssueServer(
      ca, key.public_key(), "cocos-manager relay", names,
      crypto::Validity{.not_before = now - kClockMargin, .not_after = not_after}));
  return ServerIdentity{certificate.Pem(), key.ToPem(), not_after};
}

Result<ClientIdentity> Pki::Mint(const cvm::CvmId& id, TimePoint not_after, TimePoint now) const {
  if (not_after <= now) {
    return Fail(ErrorCode::kInvalidArgument, "client certificate of {}: its end has passed already",
                id.text());
  }
  const std::shared_ptr<const Authorities> list = state_->Snapshot();
  if (list->empty() || !Valid(list->back(), now)) return NoValidCa();
  const Authority& ca = list->back().authority;
  const TimePoint end = std::min(not_after, ca.certificate.not_after());
  const SigningKey key = SigningKey::Generate(crypto::Curve::kP256);
  const std::string uri = std::string(kUriPrefix) + id.text();
  const Certificate certificate = COCOS_TRY(
      crypto::IssueClient(ca, key.public_key(), id.text(), uri,
                          crypto::Validity{.not_before = now - kClockMargin, .not_after = end}));
  ClientIdentity identity;
  identity.certificate_pem = certificate.Pem();
  identity.key_pem = key.ToPem();
  identity.ca_pem = BundleOf(*list);
  const auto file = crypto::BytesOf(identity.certificate_pem);
  identity.certificate_sha256 = crypto::Sha256(file);
  identity.certificate_sha512 = crypto::DigestOf(crypto::DigestAlgorithm::kSha512, file);
  identity.serial_decimal = crypto::SerialDecimal(certificate);
  identity.not_after = end;
  return identity;
}

Result<cvm::CvmId> Pki::CvmOf(std::span<const std::byte> certificate, TimePoint now) const {
  const Certificate peer = COCOS_TRY(Certificate::FromDerOrPem(certificate));
  const std::shared_ptr<const Authorities> list = state_->Snapshot();
  COCOS_TRY(CheckSigned(peer, *list, now));
  COCOS_TRY(peer.CheckValidAt(now));
  COCOS_TRY(CheckForClients(peer));
  return IdOf(peer);
}

std::string Pki::TrustedClientCas() const { return BundleOf(*state_->Snapshot()); }

}  // namespace cocos::relay
