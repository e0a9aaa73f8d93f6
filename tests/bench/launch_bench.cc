// How near to plain SHA-384 is measuring a launch, and do two threads halve the time?
// Compare the bytes_per_second of the first benchmark with those of the others of the same run.
// And does a search that finds nothing, the longest one, end within a second?
#include <benchmark/benchmark.h>

#include <cstddef>
#include <thread>
#include <vector>

#include "attestation/launch/explain.h"
#include "attestation/launch/explain_igvm.h"
#include "attestation/launch/explain_tdx.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/snp_launch.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

constexpr std::size_t kPages = std::size_t{64} << 20 >> 12;
constexpr std::size_t kBytes = kPages * kPageBytes;

std::vector<std::byte> SomeBytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint32_t state = 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::byte>((state >> 24) | 1);
  }
  return bytes;
}

// 64 MiB of pages that are not zero, in one IGVM file. Built once: it takes a while.
const std::vector<std::byte>& Igvm() {
  static const std::vector<std::byte> file = [] {
    testing::IgvmBuilder builder;
    builder.Snp();
    for (std::uint32_t page = 0; page < kPages; ++page) {
      builder.Page(page * std::uint64_t{kPageBytes}, page + 1);
    }
    return builder.Data(SomeBytes(kBytes)).Build();
  }();
  return file;
}

// New threads for each call: what a caller without a pool pays.
void RunOnThreads(std::size_t parts, const std::function<void(std::size_t)>& function) {
  std::vector<std::jthread> threads;
  for (std::size_t part = 1; part < parts; ++part) threads.emplace_back(function, part);
  function(0);
}

void RawSha384(benchmark::State& state) {
  const std::vector<std::byte> bytes = SomeBytes(kBytes);
  for (auto _ : state) benchmark::DoNotOptimize(Sha384Of(bytes));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBytes));
}
BENCHMARK(RawSha384)->Unit(benchmark::kMillisecond)->UseRealTime();

void ParseIgvm(benchmark::State& state) {
  const std::vector<std::byte>& file = Igvm();
  for (auto _ : state) benchmark::DoNotOptimize(igvm::ParseFile(file));
}
BENCHMARK(ParseIgvm)->Unit(benchmark::kMillisecond)->UseRealTime();

// From the bytes of the file to the digest; the argument is the number of threads.
void MeasureIgvm(benchmark::State& state) {
  const auto threads = static_cast<std::size_t>(state.range(0));
  const std::vector<std::byte>& bytes = Igvm();
  for (auto _ : state) {
    const auto file = igvm::ParseFile(bytes);
    const auto plan = PlanSnpIgvm(*file, {});
    benchmark::DoNotOptimize(MeasureSnpIgvm(*plan, RunOnThreads, threads));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBytes));
}
BENCHMARK(MeasureIgvm)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

// Pages of zeros, as much of a firmware image is.
void MeasureZeroPages(benchmark::State& state) {
  const std::vector<std::byte> bytes(kBytes);
  const PageRun run = {PageType::kNormal, 0, kPages, bytes};
  for (auto _ : state) benchmark::DoNotOptimize(DigestPages({}, std::span(&run, 1)));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBytes));
}
BENCHMARK(MeasureZeroPages)->Unit(benchmark::kMillisecond)->UseRealTime();

// MRTD hashes half as much again as there is data, and cannot use threads.
void MeasureMrtd(benchmark::State& state) {
  const std::vector<std::byte> bytes = SomeBytes(kBytes);
  const std::span<const std::byte> all(bytes);
  for (auto _ : state) {
    MrtdChain chain;
    for (std::size_t at = 0; at < kBytes; at += kPageBytes) {
      chain.Add(at);
      chain.Extend(at, all.subspan(at, kPageBytes));
    }
    benchmark::DoNotOptimize(chain.Finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBytes));
}
BENCHMARK(MeasureMrtd)->Unit(benchmark::kMillisecond)->UseRealTime();

// The sections of a real OVMF image.
SnpFirmware Ovmf() {
  SnpFirmware firmware;
  firmware.sections = {{0x800000, 0x9000, SnpSectionType::kSecMem},
                       {0x80D000, 0x1000, SnpSectionType::kSecrets},
                       {0x80E000, 0x1000, SnpSectionType::kCpuid},
                       {0x811000, 0x1F000, SnpSectionType::kSecMem}};
  return firmware;
}

// What a search for the variant that matches an observed digest costs for each variant.
void VaryLaunchInput(benchmark::State& state) {
  const SnpFirmware firmware = Ovmf();
  std::uint64_t features = 0;
  for (auto _ : state) {
    ++features;
    benchmark::DoNotOptimize(MeasureSnp(firmware, {}, {.vcpus = 8, .guest_features = features}));
  }
}
BENCHMARK(VaryLaunchInput)->Unit(benchmark::kMicrosecond);

// The whole search with as many other images as the argument says.
void SearchSnpLaunch(benchmark::State& state) {
  const SnpFirmware firmware = Ovmf();
  const SnpLaunchDescription described = {.firmware = {.name = "OVMF.fd", .firmware = &firmware},
                                          .kernel = DescribedKernel{.command_line = "quiet"}};
  const std::vector<OfferedFile> offered(static_cast<std::size_t>(state.range(0)),
                                         {.name = "other.fd", .snp_firmware = &firmware});
  for (auto _ : state) benchmark::DoNotOptimize(ExplainSnpLaunch(described, offered, {}));
}
BENCHMARK(SearchSnpLaunch)->Arg(0)->Arg(2)->Unit(benchmark::kMillisecond);

// All readings of 64 MiB.
void SearchIgvmLaunch(benchmark::State& state) {
  const auto file = igvm::ParseFile(Igvm());
  for (auto _ : state) benchmark::DoNotOptimize(FindIgvmReading(*file, {}, {}));
}
BENCHMARK(SearchIgvmLaunch)->Unit(benchmark::kMillisecond);

// Both orders of 4 MiB of firmware.
void SearchTdxLaunch(benchmark::State& state) {
  const std::vector<std::byte> image = SomeBytes(std::size_t{4} << 20);
  Tdvf tdvf;
  tdvf.sections = {
      {.data = image, .gpa = 0xFFC00000, .memory_size = image.size(), .measured = true}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(FindPageAddOrder(tdvf, PageAddOrder::kSinglePass, {}));
  }
}
BENCHMARK(SearchTdxLaunch)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cocos::attestation::launch

BENCHMARK_MAIN();
