#pragma once

// A collector of configuration errors, and a cursor that knows which field it stands on. Every
// check reports and goes on, so that a user sees all errors at once; the config loader turns each
// path into file:line:column.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// One thing that is wrong. `path` is a field path such as
// `listeners[0].filter_chains[2].match.server_names[1]`; empty means the whole file. `message`
// gives the bad value and what is allowed.
struct Diagnostic {
  std::string path;
  std::string message;
};

// Gathers errors, and the files that the configuration names. One thread; lives for one load.
class Diagnostics {
 public:
  void error(std::string path, std::string message) {
    errors_.push_back({std::move(path), std::move(message)});
  }
  bool ok() const { return errors_.empty(); }
  const std::vector<Diagnostic>& errors() const { return errors_; }

  // A file that the configuration names, and a hash of what was read; 0 if it could not be.
  struct File {
    std::string path;
    uint64_t content_hash = 0;
  };
  void noteFile(File file) { files_.push_back(std::move(file)); }
  const std::vector<File>& files() const { return files_; }

 private:
  std::vector<Diagnostic> errors_;
  std::vector<File> files_;
};

// A place in the configuration: hand `scope.field("cluster")` or `scope.index(2)` down, call
// error() where it is wrong. Cheap to copy; refers to a Diagnostics that outlives it.
class FieldScope {
 public:
  FieldScope(Diagnostics& diagnostics, std::string path)
      : diagnostics_(&diagnostics), path_(std::move(path)) {}

  FieldScope field(std::string_view name) const {
    return {*diagnostics_, path_.empty() ? std::string(name) : path_ + "." + std::string(name)};
  }
  FieldScope index(size_t i) const {
    return {*diagnostics_, path_ + "[" + std::to_string(i) + "]"};
  }

  void error(std::string message) const { diagnostics_->error(path_, std::move(message)); }
  const std::string& path() const { return path_; }
  Diagnostics& diagnostics() const { return *diagnostics_; }

 private:
  Diagnostics* diagnostics_;
  std::string path_;
};

}  // namespace weir
