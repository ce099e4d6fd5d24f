#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>
#include <utility>

#include "source/mesh/manifests.h"

namespace weir::mesh {
namespace {

namespace fs = std::filesystem;

constexpr size_t MaxManifestBytes = config::MaxConfigBytes;

Error unreadable(const std::string& name, std::string_view why) {
  return {ErrorCode::NotFound, Side::Config, name + ": cannot be read: " + std::string(why)};
}

// One byte more than is allowed is enough for the parser to say so.
Result<std::string> readAll(std::istream& in, const std::string& name) {
  std::string text;
  std::string chunk(size_t{64} << 10, '\0');
  while (text.size() <= MaxManifestBytes && in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    text.append(chunk, 0, static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) return unreadable(name, "input/output error");
  return text;
}

bool isManifestName(const fs::path& path) {
  const fs::path extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Result<std::vector<std::string>> filesBelow(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;  // what vanishes meanwhile is no file
    if (isManifestName(at->path()) && at->is_regular_file(ignored))
      names.push_back(at->path().string());
  }
  if (error) return unreadable(folder, error.message());
  if (names.empty()) return unreadable(folder, "no .yaml, .yml or .json file is in it");
  std::ranges::sort(names);
  return names;
}

Result<ManifestFile> readOne(const std::string& name) {
  if (name == "-") {
    auto text = readAll(std::cin, "standard input");
    if (!text.ok()) return text.error();
    return ManifestFile{"standard input", std::move(text).value()};
  }
  std::ifstream in(name, std::ios::binary);
  if (!in) return unreadable(name, std::generic_category().message(errno));
  auto text = readAll(in, name);
  if (!text.ok()) return text.error();
  return ManifestFile{name, std::move(text).value()};
}

}  // namespace

Result<std::vector<ManifestFile>> readManifestFiles(const std::vector<std::string>& paths) {
  std::vector<ManifestFile> files;
  for (const std::string& path : paths) {
    std::vector<std::string> names = {path};
    std::error_code error;
    if (path != "-" && fs::is_directory(path, error)) {
      auto below = filesBelow(path);
      if (!below.ok()) return below.error();
      names = std::move(below).value();
    }
    for (const std::string& name : names) {
      auto file = readOne(name);
      if (!file.ok()) return file.error();
      files.push_back(std::move(file).value());
    }
  }
  return files;
}

}  // namespace weir::mesh
