#include "source/config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "source/config/line_index.h"
#include "source/config/readers.h"
#include "source/config/scalar_values.h"
#include "source/config/tree_to_proto.h"

namespace weir::config {
namespace {

LoadedConfig failed(LocatedError error) {
  LoadedConfig loaded;
  loaded.errors.push_back(std::move(error));
  loaded.broken.add("");  // nothing is known, so nothing is missing
  return loaded;
}

// The whole file, or what is wrong. Reads one byte more than is allowed, to know that there is
// more.
std::optional<std::string> readFile(const std::string& path, std::string& fault) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (file == nullptr) {
    fault = std::string("cannot be opened: ") + std::strerror(errno);
    return std::nullopt;
  }
  std::string text;
  std::string chunk(size_t{64} << 10, '\0');
  while (text.size() <= MaxConfigBytes) {
    const size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
    if (got == 0) break;
    text.append(chunk, 0, got);
  }
  if (std::ferror(file.get()) != 0) {
    fault = std::string("cannot be read: ") + std::strerror(errno);
    return std::nullopt;
  }
  return text;
}

bool isTextByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 ? byte != 0x7f : c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// What keeps the readers from being shown the text at all.
std::optional<LocatedError> textFault(std::string_view text) {
  if (text.size() > MaxConfigBytes) {
    return LocatedError{
        {}, "", "larger than the limit of " + std::to_string(MaxConfigBytes >> 20) + " MiB"};
  }
  if (text.find_first_not_of(" \t\r\n\f") == std::string_view::npos) {
    return LocatedError{{}, "", "the file is empty"};
  }
  const auto control = std::find_if_not(text.begin(), text.end(), isTextByte);
  if (control != text.end()) {
    char hex[3];
    std::snprintf(hex, sizeof(hex), "%02x", static_cast<unsigned char>(*control));
    return LocatedError{LineIndex(text).at(static_cast<size_t>(control - text.begin())), "",
                        std::string("not a text file: it contains the byte 0x") + hex};
  }
  if (const auto offset = firstInvalidUtf8(text)) {
    return LocatedError{LineIndex(text).at(*offset), "", "not a text file in UTF-8"};
  }
  return std::nullopt;
}

ReadResult readTree(std::string_view text, Format format) {
  switch (format) {
    case Format::Yaml: return readYaml(text);
    case Format::Json: return readJson(text);
    case Format::Text: return readText(text);
  }
  return LocatedError{};
}

// "listeners[0].name" -> "listeners[0].name (line 3)", wherever a message names such a path.
std::string withLines(const std::string& message, const SourceMap& positions) {
  constexpr std::string_view PathBytes = "abcdefghijklmnopqrstuvwxyz_0123456789.[]";
  std::string out;
  for (size_t at = 0; at < message.size();) {
    const size_t end = std::min(message.find_first_not_of(PathBytes, at), message.size());
    if (end == at) {
      out += message[at++];
      continue;
    }
    const std::string_view word = std::string_view(message).substr(at, end - at);
    out += word;
    at = end;
    const bool path = word.find_first_of(".[") != std::string_view::npos;
    const auto position = path ? positions.exact(word) : std::nullopt;
    if (position) out += " (line " + std::to_string(position->line) + ")";
  }
  return out;
}

}  // namespace

LoadedConfig parseBootstrap(std::string_view text, Format format, const Registry& registry) {
  constexpr std::string_view ByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(ByteOrderMark)) text.remove_prefix(ByteOrderMark.size());
  if (auto fault = textFault(text)) return failed(std::move(*fault));
  ReadResult tree = readTree(text, format);
  if (auto* error = std::get_if<LocatedError>(&tree)) return failed(std::move(*error));
  LoadedConfig loaded;
  Node& root = std::get<Node>(tree);
  Conversion conversion = treeToProto(root, format, registry.messageTypes(), loaded.bootstrap);
  loaded.errors = std::move(conversion.errors);
  loaded.broken = std::move(conversion.broken);
  loaded.positions = SourceMap(std::move(root));
  return loaded;
}

LoadedConfig loadBootstrap(const std::string& path, const Registry& registry) {
  const Result<Format> format = formatOf(path);
  if (!format.ok()) return failed({{}, "", format.error().detail});
  std::string fault;
  const auto text = readFile(path, fault);
  if (!text) return failed({{}, "", std::move(fault)});
  LoadedConfig loaded = parseBootstrap(*text, format.value(), registry);
  loaded.content_hash = hashText(*text);
  return loaded;
}

// FNV-1a.
uint64_t hashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::optional<uint64_t> hashFile(const std::string& path) {
  std::string fault;
  const auto text = readFile(path, fault);
  if (!text) return std::nullopt;
  return hashText(*text);
}

std::vector<LocatedError> allErrors(const LoadedConfig& loaded, const Diagnostics& diagnostics) {
  std::vector<LocatedError> errors = loaded.errors;
  for (const Diagnostic& diagnostic : diagnostics.errors()) {
    if (loaded.broken.covers(diagnostic.path)) continue;
    errors.push_back({loaded.positions.nearest(diagnostic.path), diagnostic.path,
                      withLines(diagnostic.message, loaded.positions)});
  }
  return errors;
}

}  // namespace weir::config
