// Policies in upstream's JSON forms. What is accepted is written, and that comes back and is
// written as the same text. The same of the file of PCR values.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "attestation/policy/pcr_values.h"
#include "attestation/policy/upstream_json.h"

namespace {

using cocos::Result;
using namespace cocos::attestation::policy;

using Writer = Result<WrittenPolicy> (*)(const Policy&);
using Reader = Result<ReadJsonPolicy> (*)(std::string_view, Profile);

void CheckRoundTrip(const Policy& policy, Writer write, Reader read) {
  const Result<WrittenPolicy> written = write(policy);
  COCOS_CHECK(written.has_value());
  const Result<ReadJsonPolicy> back = read(written->text, policy.profile);
  COCOS_CHECK(back.has_value());
  COCOS_CHECK(back->ignored.empty());
  COCOS_CHECK(write(back->policy)->text == written->text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Profile profile : {Profile::kProduction, Profile::kDebug}) {
    if (const auto snp = ReadSnpJson(text, profile)) {
      CheckRoundTrip(snp->policy, WriteSnpJson, ReadSnpJson);
    }
    if (const auto tdx = ReadTdxJson(text, profile)) {
      CheckRoundTrip(tdx->policy, WriteTdxJson, ReadTdxJson);
    }
    static_cast<void>(ReadUpstreamJson(text, profile));
  }
  if (const auto values = ReadPcrFile(text)) {
    COCOS_CHECK(ReadPcrFile(WritePcrFile(*values)).value() == *values);
  }
  return 0;
}
