#include "attestation/launch/rtmr.h"

#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

// TCG PC Client Platform Firmware Profile, EV_EFI_ACTION: digests over these texts without NUL.
constexpr std::string_view kCallingApplication = "Calling EFI Application from Boot Option";
constexpr std::string_view kExitInvoked = "Exit Boot Services Invocation";
constexpr std::string_view kExitReturned = "Exit Boot Services Returned with Success";
// EV_SEPARATOR, no error.
constexpr std::array<std::byte, 4> kSeparator{};

Digest384 DigestOfText(std::string_view text) { return Sha384Of(crypto::BytesOf(text)); }

}  // namespace

Digest384 ExtendRtmr(const Digest384& value, const Digest384& digest) {
  Digest384 extended{};
  crypto::Digest hash(crypto::DigestAlgorithm::kSha384);
  hash.Update(value);
  hash.Update(digest);
  hash.FinishInto(extended);
  return extended;
}

Digest384 ReplayRtmr(std::span<const Digest384> digests) {
  Digest384 value{};
  for (const Digest384& digest : digests) value = ExtendRtmr(value, digest);
  return value;
}

Digest384 MeasureRtmr1(const Rtmr1Input& input) {
  std::vector<Digest384> digests = {input.kernel, DigestOfText(kCallingApplication)};
  if (input.has_separator) digests.push_back(Sha384Of(kSeparator));
  digests.push_back(DigestOfText(kExitInvoked));
  digests.push_back(DigestOfText(kExitReturned));
  return ReplayRtmr(digests);
}

std::string LoadOptionsText(const Rtmr2Input& input) {
  std::string text = input.command_line;
  if (input.initrd && input.initrd_argument == InitrdArgument::kInFront) {
    text.insert(0, "initrd=initrd ");
  } else if (input.initrd && input.initrd_argument == InitrdArgument::kBehind) {
    text.append(" initrd=initrd");
  }
  if (input.through_shim) text.insert(0, "kernel ");
  return text;
}

Result<std::vector<std::byte>> EncodeLoadOptions(std::string_view text) {
  ByteWriter writer;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto character = static_cast<unsigned char>(text[i]);
    if (character == 0 || character > 0x7F) {
      return Fail(ErrorCode::kInvalidArgument, "command line: byte {:#04x} at {}, want ASCII",
                  character, i);
    }
    writer.Le(static_cast<std::uint16_t>(character));
  }
  writer.Le(std::uint16_t{0});
  return std::move(writer).Take();
}

Result<Digest384> MeasureRtmr2(const Rtmr2Input& input) {
  const std::vector<std::byte> options = COCOS_TRY(EncodeLoadOptions(LoadOptionsText(input)));
  std::vector<Digest384> digests = {Sha384Of(options)};
  if (input.initrd) digests.push_back(*input.initrd);
  return ReplayRtmr(digests);
}

}  // namespace cocos::attestation::launch
