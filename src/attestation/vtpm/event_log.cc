#include "attestation/vtpm/event_log.h"

#include <algorithm>
#include <utility>

#include "attestation/vtpm/refusal.h"
#include "attestation/vtpm/tpm_types.h"
#include "base/byte_reader.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;

constexpr std::size_t kMaxLogBytes = std::size_t{4} << 20;
constexpr std::uint32_t kMaxDigests = 16;
constexpr std::size_t kMaxDigestBytes = 64;
constexpr std::size_t kSha1Bytes = 20;
constexpr std::string_view kSpecId{"Spec ID Event03\0", 16};
constexpr std::string_view kStartupLocality{"StartupLocality\0", 16};
constexpr std::uint32_t kMaxCcRegister = kRtmrCount;  // 0 is MRTD, then RTMR0 to RTMR3
constexpr std::uint32_t kCcEnd = 0xffffffff;
constexpr std::size_t kRecordHeadBytes = 12;  // register, type, digest count

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(reason::kMalformedEventLog, format, std::forward<Args>(args)...);
}

bool BeginsWith(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() &&
         std::ranges::equal(bytes.first(text.size()), crypto::BytesOf(text));
}

// An algorithm of the first record; one that is unknown here is stepped over by its size.
struct LogAlgorithm {
  std::uint16_t id = 0;
  std::size_t digest_bytes = 0;
  std::optional<DigestAlgorithm> known;
};

std::vector<std::byte> Copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

// Record of the old form: the whole log, or the first record of a crypto-agile one.
// Structure TCG_PCClientPCREvent.
Event ReadSha1Record(ByteReader& reader) {
  Event event;
  event.index = reader.Le<std::uint32_t>();
  event.type = reader.Le<std::uint32_t>();
  event.digests.push_back({DigestAlgorithm::kSha1, Copy(reader.Bytes(kSha1Bytes))});
  event.data = Copy(reader.Bytes(reader.Le<std::uint32_t>()));
  return event;
}

Result<LogAlgorithm> ReadAlgorithm(ByteReader& reader) {
  LogAlgorithm algorithm;
  algorithm.id = reader.Le<std::uint16_t>();
  algorithm.digest_bytes = reader.Le<std::uint16_t>();
  algorithm.known = DigestOfAlgorithmId(algorithm.id);
  if (algorithm.digest_bytes == 0 || algorithm.digest_bytes > kMaxDigestBytes ||
      (algorithm.known && crypto::DigestSize(*algorithm.known) != algorithm.digest_bytes)) {
    return Malformed("event log: algorithm 0x{:04x} with digests of {} bytes", algorithm.id,
                     algorithm.digest_bytes);
  }
  return algorithm;
}

Result<std::vector<LogAlgorithm>> ReadAlgorithms(ByteReader& reader) {
  const auto count = reader.Le<std::uint32_t>();
  if (count == 0 || count > kMaxDigests)
    return Malformed("event log: {} algorithms, want 1 to {}", count, kMaxDigests);
  std::vector<LogAlgorithm> algorithms;
  while (algorithms.size() < count) {
    const LogAlgorithm algorithm = COCOS_TRY(ReadAlgorithm(reader));
    if (std::ranges::find(algorithms, algorithm.id, &LogAlgorithm::id) != algorithms.end()) {
      return Malformed("event log: algorithm 0x{:04x} twice", algorithm.id);
    }
    algorithms.push_back(algorithm);
  }
  return algorithms;
}

// Structure TCG_EfiSpecIdEvent, the data of the first record of a crypto-agile log.
Result<std::vector<LogAlgorithm>> ReadSpecId(std::span<const std::byte> data) {
  ByteReader reader(data);
  reader.Skip(kSpecId.size());
  reader.Skip(sizeof(std::uint32_t));  // platform class
  reader.Skip(1);                      // minor version
  const auto major = reader.Le<std::uint8_t>();
  reader.Skip(1);  // errata
  const auto uintn = reader.Le<std::uint8_t>();
  if (major != 2) return Malformed("event log: specification version {}, want 2", major);
  if (uintn != 1 && uintn != 2) return Malformed("event log: UINTN size {}, want 1 or 2", uintn);
  auto algorithms = COCOS_TRY(ReadAlgorithms(reader));
  reader.Skip(reader.Le<std::uint8_t>());  // vendor information
  const auto finished = reader.Finish("event log: first record");
  if (!finished) return Malformed("{}", finished.error().message());
  return algorithms;
}

// The digests of a record: one of each algorithm of the log, in any order. A record without the
// digest of a bank would leave open whether it extended that bank.
Result<std::vector<EventDigest>> ReadDigests(ByteReader& reader,
                                             const std::vector<LogAlgorithm>& algorithms) {
  const auto count = reader.Le<std::uint32_t>();
  if (count != algorithms.size()) {
    return Malformed("event log: record with {} digests, want {}", count, algorithms.size());
  }
  std::vector<EventDigest> digests;
  std::vector<std::uint16_t> seen;
  while (seen.size() < count) {
    const auto id = reader.Le<std::uint16_t>();
    const auto algorithm = std::ranges::find(algorithms, id, &LogAlgorithm::id);
    if (algorithm == algorithms.end() || std::ranges::find(seen, id) != seen.end()) {
      return Malformed("event log: digest with algorithm 0x{:04x}, unlisted or twice", id);
    }
    seen.push_back(id);
    const auto value = reader.Bytes(algorithm->digest_bytes);
    if (algorithm->known) digests.push_back({*algorithm->known, Copy(value)});
  }
  return digests;
}

// Structure TCG_PCR_EVENT2.
Result<Event> ReadRecord(ByteReader& reader, const std::vector<LogAlgorithm>& algorithms) {
  Event event;
  event.index = reader.Le<std::uint32_t>();
  event.type = reader.Le<std::uint32_t>();
  event.digests = COCOS_TRY(ReadDigests(reader, algorithms));
  event.data = Copy(reader.Bytes(reader.Le<std::uint32_t>()));
  return event;
}

// The log's area is larger than the log. The reader is a copy: nothing is consumed.
bool AtPadding(ByteReader reader) {
  const auto head = reader.Bytes(std::min(reader.remaining(), kRecordHeadBytes));
  const auto all = [](std::span<const std::byte> bytes, std::byte wanted) {
    return std::ranges::all_of(bytes, [wanted](std::byte byte) { return byte == wanted; });
  };
  return all(head, std::byte{0}) ||
         all(head.first(std::min(head.size(), sizeof(kCcEnd))), std::byte{0xff});
}

// Reads the rest of a log and keeps the rules that hold for all forms.
class LogReader {
 public:
  LogReader(std::span<const std::byte> bytes, std::uint32_t max_index)
      : reader_(bytes), size_(bytes.size()), max_index_(max_index) {}

  ByteReader& reader() { return reader_; }
  // Records read so far.
  std::size_t count() const { return log_.events.size(); }

  Result<void> Add(Event event) {
    if (!reader_.ok()) return Malformed("event log: ends within record {}", log_.events.size());
    if (event.index > max_index_) {
      return Malformed("event log: register {}, want at most {}", event.index, max_index_);
    }
    COCOS_TRY(NoteStartupLocality(event));
    extended_pcr0_ = extended_pcr0_ || (event.index == 0 && event.type != kEventNoAction);
    log_.events.push_back(std::move(event));
    return {};
  }

  EventLog Take() && {
    log_.size_bytes = size_ - reader_.remaining();
    return std::move(log_);
  }

  void SetBanks(std::vector<DigestAlgorithm> banks) { log_.banks = std::move(banks); }

 private:
  // TCG_EfiStartupLocalityEvent: where PCR 0 began.
  Result<void> NoteStartupLocality(const Event& event) {
    if (event.type != kEventNoAction || !BeginsWith(event.data, kStartupLocality)) return {};
    const bool in_place = event.index == 0 && !extended_pcr0_ && !has_locality_ &&
                          event.data.size() == kStartupLocality.size() + 1;
    if (!in_place) return Malformed("event log: startup locality out of place");
    const auto locality = std::to_integer<std::uint8_t>(event.data.back());
    if (locality != 0 && locality != 3 && locality != 4) {
      return Malformed("event log: startup locality {}, want 0, 3 or 4", locality);
    }
    has_locality_ = true;
    log_.startup_locality = locality;
    return {};
  }

  ByteReader reader_;
  std::size_t size_;
  std::uint32_t max_index_;
  EventLog log_;
  bool extended_pcr0_ = false;
  bool has_locality_ = false;
};

Result<void> CheckSize(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.size() > kMaxLogBytes) {
    return Malformed("event log: {} bytes, want 1 to {}", bytes.size(), kMaxLogBytes);
  }
  return {};
}

bool IsSpecId(const Event& event) {
  return event.type == kEventNoAction && BeginsWith(event.data, kSpecId);
}

std::vector<DigestAlgorithm> KnownBanks(const std::vector<LogAlgorithm>& algorithms) {
  std::vector<DigestAlgorithm> banks;
  for (const LogAlgorithm& algorithm : algorithms) {
    if (algorithm.known) banks.push_back(*algorithm.known);
  }
  return banks;
}

Result<EventLog> ReadSha1Log(LogReader reader) {
  reader.SetBanks({DigestAlgorithm::kSha1});
  while (!reader.reader().empty()) {
    COCOS_TRY(reader.Add(ReadSha1Record(reader.reader())));
  }
  return std::move(reader).Take();
}

const std::vector<std::byte>* DigestFor(const Event& event, DigestAlgorithm bank) {
  const auto digest = std::ranges::find(event.digests, bank, &EventDigest::bank);
  return digest == event.digests.end() ? nullptr : &digest->value;
}

std::vector<std::byte> InitialValue(const EventLog& log, DigestAlgorithm bank, unsigned pcr) {
  std::vector<std::byte> value = PcrResetValue(bank, pcr);
  if (pcr == 0) value.back() = std::byte{log.startup_locality};
  return value;
}

void Extend(DigestAlgorithm bank, std::span<std::byte> value, std::span<const std::byte> digest) {
  crypto::Digest next(bank);
  next.Update(value);
  next.Update(digest);
  next.FinishInto(value);
}

}  // namespace

Result<EventLog> ParseEventLog(std::span<const std::byte> bytes) {
  COCOS_TRY(CheckSize(bytes));
  LogReader reader(bytes, kPcrCount - 1);
  Event first = ReadSha1Record(reader.reader());
  if (!IsSpecId(first) || first.index != 0) return ReadSha1Log(LogReader(bytes, kPcrCount - 1));
  const auto algorithms = COCOS_TRY(ReadSpecId(first.data));
  reader.SetBanks(KnownBanks(algorithms));
  COCOS_TRY(reader.Add(std::move(first)));
  while (!reader.reader().empty()) {
    Event event = COCOS_TRY(ReadRecord(reader.reader(), algorithms));
    COCOS_TRY(reader.Add(std::move(event)));
  }
  return std::move(reader).Take();
}

Result<EventLog> ParseCcEventLog(std::span<const std::byte> bytes) {
  COCOS_TRY(CheckSize(bytes));
  LogReader reader(bytes, kMaxCcRegister);
  // Firmware writes the first record with register 0 or 1: it extends neither.
  Event first = ReadSha1Record(reader.reader());
  if (!IsSpecId(first)) return Malformed("event log: first record is no specification id");
  const auto algorithms = COCOS_TRY(ReadSpecId(first.data));
  if (algorithms.size() != 1 || algorithms[0].known != DigestAlgorithm::kSha384) {
    return Malformed("event log: {} algorithms, want SHA-384 alone", algorithms.size());
  }
  reader.SetBanks(KnownBanks(algorithms));
  COCOS_TRY(reader.Add(std::move(first)));
  while (!reader.reader().empty() && !AtPadding(reader.reader())) {
    Event event = COCOS_TRY(ReadRecord(reader.reader(), algorithms));
    // MRTD is complete before the guest runs: nothing can extend it.
    if (event.index == 0 && event.type != kEventNoAction) {
      return Malformed("event log: record {} of type 0x{:08x} extends MRTD", reader.count(),
                       event.type);
    }
    COCOS_TRY(reader.Add(std::move(event)));
  }
  return std::move(reader).Take();
}

std::vector<std::byte> PcrResetValue(DigestAlgorithm bank, unsigned pcr) {
  const bool ones = pcr >= 17 && pcr <= 22;
  return std::vector<std::byte>(crypto::DigestSize(bank), ones ? std::byte{0xff} : std::byte{0});
}

PcrValues ReplayPcrs(const EventLog& log) {
  PcrValues values;
  for (const DigestAlgorithm bank : log.banks) {
    auto& in_bank = values[bank];
    for (const Event& event : log.events) {
      const auto* digest = DigestFor(event, bank);
      if (event.type == kEventNoAction || digest == nullptr) continue;
      const auto value =
          in_bank.try_emplace(event.index, InitialValue(log, bank, event.index)).first;
      Extend(bank, value->second, *digest);
    }
  }
  return values;
}

Rtmrs ReplayRtmrs(const EventLog& log) {
  Rtmrs rtmrs{};
  for (const Event& event : log.events) {
    const auto* digest = DigestFor(event, DigestAlgorithm::kSha384);
    const bool extends = event.type != kEventNoAction && event.index >= 1 &&
                         event.index <= kRtmrCount && digest != nullptr;
    if (extends) Extend(DigestAlgorithm::kSha384, rtmrs[event.index - 1], *digest);
  }
  return rtmrs;
}

}  // namespace cocos::attestation::vtpm
