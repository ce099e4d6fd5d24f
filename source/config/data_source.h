#pragma once

// The bytes that a DataSource stands for. Main thread; files are read by blocking calls.

#include <cstddef>
#include <optional>
#include <string>

#include "api/weir/config/v1/data_source.pb.h"
#include "source/base/diagnostics.h"

namespace weir::config {

// Nothing, and an error at its field, if there is no specifier, the file cannot be read, or there
// are more than `most` bytes. A file that is named is noted in the diagnostics, read or not.
std::optional<std::string> readDataSource(const v1::DataSource& source, const FieldScope& scope,
                                          size_t most);

// For messages: "the file PATH", or the path of its field.
std::string nameOf(const v1::DataSource& source, const FieldScope& scope);

}  // namespace weir::config
