#include "attestation/vtpm/event_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/byte_reader.h"

namespace cocos::attestation::vtpm {

namespace {

constexpr std::uint32_t kVariableBoot = 0x80000002;

struct TypeRow {
  std::uint32_t type;
  std::string_view name;
  bool digest_over_data;
};

constexpr std::array kTypes = {
    TypeRow{0x00000001, "EV_POST_CODE", false},
    TypeRow{kEventNoAction, "EV_NO_ACTION", false},
    TypeRow{0x00000004, "EV_SEPARATOR", true},
    TypeRow{0x00000005, "EV_ACTION", true},
    TypeRow{0x00000006, "EV_EVENT_TAG", false},
    TypeRow{0x00000007, "EV_S_CRTM_CONTENTS", false},
    TypeRow{0x00000008, "EV_S_CRTM_VERSION", true},
    TypeRow{0x0000000a, "EV_PLATFORM_CONFIG_FLAGS", false},
    TypeRow{0x0000000d, "EV_IPL", false},
    TypeRow{0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG", true},
    TypeRow{kVariableBoot, "EV_EFI_VARIABLE_BOOT", true},
    TypeRow{0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION", false},
    TypeRow{0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER", false},
    TypeRow{0x80000006, "EV_EFI_GPT_EVENT", false},
    TypeRow{0x80000007, "EV_EFI_ACTION", true},
    TypeRow{0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB", false},
    TypeRow{0x80000009, "EV_EFI_HANDOFF_TABLES", false},
    TypeRow{0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2", false},
    TypeRow{0x8000000b, "EV_EFI_HANDOFF_TABLES2", false},
    TypeRow{0x8000000c, "EV_EFI_VARIABLE_BOOT2", true},
    TypeRow{0x800000e0, "EV_EFI_VARIABLE_AUTHORITY", true},
};

const TypeRow* FindType(std::uint32_t type) {
  const auto row = std::ranges::find(kTypes, type, &TypeRow::type);
  return row == kTypes.end() ? nullptr : &*row;
}

bool DigestsAreOver(const Event& event, std::span<const std::byte> data) {
  return std::ranges::all_of(event.digests, [data](const EventDigest& digest) {
    return digest.value == crypto::DigestOf(digest.bank, data);
  });
}

// The value inside UEFI_VARIABLE_DATA; empty where the data does not hold such a structure.
std::span<const std::byte> VariableValue(std::span<const std::byte> data) {
  ByteReader reader(data);
  reader.Skip(16);  // vendor GUID
  const auto name_units = reader.Le<std::uint64_t>();
  const auto value_bytes = reader.Le<std::uint64_t>();
  if (name_units > reader.remaining() / 2) return {};
  reader.Skip(2 * name_units);
  const auto value = reader.Bytes(value_bytes);
  return reader.ok() && reader.empty() ? value : std::span<const std::byte>();
}

}  // namespace

EventDataProof CheckEventData(const Event& event) {
  const TypeRow* row = FindType(event.type);
  if (row == nullptr || !row->digest_over_data || event.digests.empty()) {
    return EventDataProof::kNone;
  }
  if (DigestsAreOver(event, event.data)) return EventDataProof::kProven;
  if (event.type != kVariableBoot) return EventDataProof::kContradicts;
  const auto value = VariableValue(event.data);
  return !value.empty() && DigestsAreOver(event, value) ? EventDataProof::kProven
                                                        : EventDataProof::kContradicts;
}

std::string EventTypeName(std::uint32_t type) {
  const TypeRow* row = FindType(type);
  return row == nullptr ? fmt::format("EV_0x{:08x}", type) : std::string(row->name);
}

}  // namespace cocos::attestation::vtpm
