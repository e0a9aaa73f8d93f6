#include "testagent/zip.h"

#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/file.h"

namespace cocos::testagent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxArchiveBytes = 1u << 30;

// Paths relative to the directory, sorted.
Result<std::vector<fs::path>> FilesBelow(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (fs::is_regular_file(entry->symlink_status())) {
      files.push_back(entry->path().lexically_relative(directory));
    }
  }
  if (error) return Fail(ErrorCode::kInternal, "{}: {}", directory.string(), error.message());
  std::ranges::sort(files);
  return files;
}

// An archive under construction.
class ZipWriter {
 public:
  explicit ZipWriter(const std::string& path)
      : path_(path), zip_(zipOpen64(path.c_str(), APPEND_STATUS_CREATE)) {}
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;
  ~ZipWriter() {
    if (zip_ != nullptr) zipClose(zip_, nullptr);
  }

  Result<void> Add(const std::string& name, const std::string& content) {
    zip_fileinfo info = {};
    info.tmz_date.tm_year = 1980;  // the earliest date the format knows: same files, same archive
    info.tmz_date.tm_mday = 1;
    const bool written =
        zip_ != nullptr &&
        zipOpenNewFileInZip64(zip_, name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                              Z_DEFLATED, Z_DEFAULT_COMPRESSION, 0) == ZIP_OK &&
        zipWriteInFileInZip(zip_, content.data(), static_cast<unsigned>(content.size())) ==
            ZIP_OK &&
        zipCloseFileInZip(zip_) == ZIP_OK;
    if (!written) return Fail(ErrorCode::kInternal, "{}: cannot add {}", path_, name);
    return {};
  }

  Result<void> Finish() {
    if (zip_ == nullptr || zipClose(std::exchange(zip_, nullptr), nullptr) != ZIP_OK) {
      return Fail(ErrorCode::kInternal, "{}: cannot write the archive", path_);
    }
    return {};
  }

 private:
  std::string path_;
  zipFile zip_;
};

Result<void> WriteArchive(const std::string& directory, const std::string& path) {
  ZipWriter writer(path);
  for (const fs::path& file : COCOS_TRY(FilesBelow(directory))) {
    const std::string content = COCOS_TRY(ReadFile(fs::path(directory) / file, kMaxArchiveBytes));
    COCOS_TRY(writer.Add(file, content));
  }
  return writer.Finish();
}

}  // namespace

Result<std::string> ZipDirectory(const std::string& directory, const std::string& scratch_path) {
  auto written = WriteArchive(directory, scratch_path);
  Result<std::string> archive = written ? ReadFile(scratch_path, kMaxArchiveBytes)
                                        : Result<std::string>(tl::unexpected(written.error()));
  std::error_code ignored;
  fs::remove(scratch_path, ignored);
  return archive;
}

}  // namespace cocos::testagent
