#pragma once

// Whole manifests: files of several documents, Lists in them, and the report that stands beside the
// output. What is not changed is passed on as it was written. Any thread.

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/result.h"
#include "source/config/yaml_stream.h"
#include "source/mesh/inject.h"

namespace weir::mesh {

struct ManifestFile {
  std::string name;  // for messages
  std::string text;
};

// The files that paths name, in their order: "-" is standard input; of a folder, all files below it
// whose names end in .yaml, .yml or .json, sorted.
Result<std::vector<ManifestFile>> readManifestFiles(const std::vector<std::string>& paths);

struct ManifestOutcome {
  bool ok = false;
  std::string output;  // YAML; nothing if it is not ok
  std::string report;  // for people
};

ManifestOutcome injectManifests(const std::vector<ManifestFile>& files,
                                const InjectOptions& options);
ManifestOutcome uninjectManifests(const std::vector<ManifestFile>& files);

// One document of a file.
struct ManifestDocument {
  std::string file;
  config::YamlDocument yaml;
};
// The documents of all files, or the first thing that is not YAML in a file.
Result<std::vector<ManifestDocument>> readManifests(const std::vector<ManifestFile>& files);
// Calls visit(object) for each object in a document: itself, or the items of a List.
void forEachObject(YamlNode& root, const std::function<void(YamlNode&)>& visit);
using ManifestChange = std::function<Result<Injected>(YamlNode&)>;
// Each object of the documents as `change` leaves it, and the report. `nothing_done` is for the
// report where every object was skipped.
ManifestOutcome changeManifests(const std::vector<ManifestDocument>& documents,
                                const ManifestChange& change, std::string_view nothing_done);
ManifestOutcome failedManifests(const Error& error);
// The document as it was written, or, if `root` differs from what was read, as it is now.
Result<std::string> documentText(const ManifestDocument& document, const YamlNode& root);

}  // namespace weir::mesh
