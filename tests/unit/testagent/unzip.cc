#include "unit/testagent/unzip.h"

#include <unistd.h>
#include <unzip.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cocos::testagent {
namespace {

std::pair<std::string, std::string> CurrentFile(unzFile zip) {
  unz_file_info info = {};
  char name[256] = {};
  unzGetCurrentFileInfo(zip, &info, name, sizeof name, nullptr, 0, nullptr, 0);
  std::string content(info.uncompressed_size, '\0');
  unzOpenCurrentFile(zip);
  unzReadCurrentFile(zip, content.data(), static_cast<unsigned>(content.size()));
  const bool intact = unzCloseCurrentFile(zip) == UNZ_OK;  // compares the checksum
  return {name, intact ? content : "(damaged)"};
}

}  // namespace

std::map<std::string, std::string> Unzip(const std::string& archive) {
  std::string path = std::filesystem::temp_directory_path() / "unzip-XXXXXX";
  close(mkstemp(path.data()));
  std::ofstream(path, std::ios::binary) << archive;
  std::map<std::string, std::string> files;
  if (unzFile zip = unzOpen(path.c_str())) {
    for (int more = unzGoToFirstFile(zip); more == UNZ_OK; more = unzGoToNextFile(zip)) {
      files.insert(CurrentFile(zip));
    }
    unzClose(zip);
  }
  std::filesystem::remove(path);
  return files;
}

}  // namespace cocos::testagent
