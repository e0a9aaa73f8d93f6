// Runs a fuzz target over kept inputs: REPLAY FOLDER... [--optional FOLDER...]. A folder before
// --optional must hold inputs; one behind it may be missing.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t ReplayFolder(const std::filesystem::path& folder) {
  std::size_t count = 0;
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, missing)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  bool required = true;
  std::size_t total = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--optional") {
      required = false;
      continue;
    }
    const std::size_t count = ReplayFolder(argv[i]);
    total += count;
    if (count == 0 && required) {
      std::fprintf(stderr, "%s: no inputs\n", argv[i]);
      return 1;
    }
  }
  std::printf("replayed %zu inputs\n", total);
  return total == 0 ? 1 : 0;
}
