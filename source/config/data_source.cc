#include "source/config/data_source.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "source/config/load.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

std::optional<std::string> readFile(const std::string& path, const FieldScope& field, size_t most) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(most + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    field.error(quote(path) + " cannot be read: " + std::strerror(errno));
    field.diagnostics().noteFile({path, 0});
    return std::nullopt;
  }
  text.resize(static_cast<size_t>(file.gcount()));
  field.diagnostics().noteFile({path, hashText(text)});
  return text;
}

}  // namespace

std::optional<std::string> readDataSource(const v1::DataSource& source, const FieldScope& scope,
                                          size_t most) {
  const bool is_file = source.specifier_case() == v1::DataSource::kFilename;
  if (source.specifier_case() == v1::DataSource::SPECIFIER_NOT_SET) {
    scope.error("is required: filename or inline_string");
    return std::nullopt;
  }
  const FieldScope field = scope.field(is_file ? "filename" : "inline_string");
  auto text = is_file ? readFile(source.filename(), field, most)
                      : std::optional<std::string>(source.inline_string());
  if (text && text->size() > most) {
    const std::string bound = std::to_string(most);
    field.error(is_file ? "has more than the " + bound + " bytes that are allowed"
                        : "has " + std::to_string(text->size()) + " bytes; at most " + bound +
                              " are allowed");
    return std::nullopt;
  }
  return text;
}

std::string nameOf(const v1::DataSource& source, const FieldScope& scope) {
  return source.specifier_case() == v1::DataSource::kFilename ? source.filename() : scope.path();
}

}  // namespace weir::config
