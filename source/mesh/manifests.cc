#include "source/mesh/manifests.h"

#include <utility>

namespace weir::mesh {
namespace {

std::string_view outcomeText(InjectOutcome outcome) {
  switch (outcome) {
    case InjectOutcome::Injected: return "injected";
    case InjectOutcome::Annotated: return "annotated";
    case InjectOutcome::Uninjected: return "uninjected";
    case InjectOutcome::Corrected: return "corrected";
    case InjectOutcome::Skipped: return "skipped";
  }
  return "";
}

// Errors, warnings and what became of each object, until they are one text.
class Report {
 public:
  void add(const YamlNode& object, const Result<Injected>& injected) {
    if (!injected.ok()) {
      error(injected.error().detail);
      return;
    }
    for (const std::string& warning : injected.value().warnings)
      warnings_ += "\u203c " + warning + "\n";
    if (injected.value().outcome != InjectOutcome::Skipped) changed_ = true;
    if (roleOf(object) == ObjectRole::NoKind) {
      lines_ += "document missing \"kind\" field, skipped\n";
      return;
    }
    const ObjectName name = nameOf(object);
    lines_ += name.kind + " \"" + name.name + "\" ";
    lines_ += outcomeText(injected.value().outcome);
    lines_ += '\n';
  }
  void error(std::string_view lines) {
    errors_ += "  ";
    for (const char c : lines) {
      errors_ += c;
      if (c == '\n') errors_ += "  ";
    }
    errors_ += '\n';
  }

  bool failed() const { return !errors_.empty(); }
  std::string text(std::string_view nothing_done) const {
    if (failed()) return "Error transforming resources:\n" + errors_;
    const std::string warning = changed_ ? "" : "\u203c " + std::string(nothing_done) + "\n";
    const std::string warnings = warnings_ + warning;
    return "\n" + warnings + (warnings.empty() ? "" : "\n") + lines_ + "\n";
  }

 private:
  std::string errors_;
  std::string warnings_;
  std::string lines_;
  bool changed_ = false;
};

}  // namespace

Result<std::vector<ManifestDocument>> readManifests(const std::vector<ManifestFile>& files) {
  std::vector<ManifestDocument> documents;
  for (const ManifestFile& file : files) {
    auto read = config::readYamlStream(file.text);
    if (const auto* error = std::get_if<config::LocatedError>(&read))
      return Error{ErrorCode::InvalidArgument, Side::Config,
                   config::formatError(file.name, *error)};
    for (auto& yaml : std::get<std::vector<config::YamlDocument>>(read))
      documents.push_back({file.name, std::move(yaml)});
  }
  return documents;
}

void forEachObject(YamlNode& root, const std::function<void(YamlNode&)>& visit) {
  YamlNode* items = roleOf(root) == ObjectRole::List ? root.find("items") : nullptr;
  if (items == nullptr || !items->isSequence()) {
    visit(root);
    return;
  }
  // A List in a List is no manifest that any server gives.
  for (YamlNode& item : items->items) visit(item);
}

Result<std::string> documentText(const ManifestDocument& document, const YamlNode& root) {
  if (root == document.yaml.root) return document.yaml.text;
  if (document.yaml.not_writable)
    return Error{ErrorCode::InvalidArgument, Side::Config,
                 config::formatError(document.file, *document.yaml.not_writable)};
  return config::writeYaml(root);
}

ManifestOutcome changeManifests(const std::vector<ManifestDocument>& documents,
                                const ManifestChange& change, std::string_view nothing_done) {
  Report report;
  std::vector<std::string> texts;
  for (const ManifestDocument& document : documents) {
    YamlNode root = document.yaml.root;
    forEachObject(root, [&](YamlNode& object) { report.add(object, change(object)); });
    auto text = report.failed() ? Result<std::string>("") : documentText(document, root);
    if (text.ok())
      texts.push_back(std::move(text).value());
    else
      report.error(text.error().detail);
  }
  const bool ok = !report.failed();
  return {ok, ok ? config::joinYamlDocuments(texts) : "", report.text(nothing_done)};
}

ManifestOutcome failedManifests(const Error& error) { return {false, "", error.detail + "\n"}; }

ManifestOutcome injectManifests(const std::vector<ManifestFile>& files,
                                const InjectOptions& options) {
  auto documents = readManifests(files);
  if (!documents.ok()) return failedManifests(documents.error());
  ManifestNamespaces namespaces;
  for (ManifestDocument& document : documents.value()) {
    forEachObject(document.yaml.root, [&](YamlNode& object) { namespaces.add(object); });
  }
  namespaces.annotate(options.ports);
  return changeManifests(
      documents.value(),
      [&](YamlNode& object) { return injectObject(object, options, namespaces); },
      "no supported objects found");
}

ManifestOutcome uninjectManifests(const std::vector<ManifestFile>& files) {
  const auto documents = readManifests(files);
  if (!documents.ok()) return failedManifests(documents.error());
  return changeManifests(
      documents.value(),
      [](YamlNode& object) -> Result<Injected> { return uninjectObject(object); },
      "nothing of weir's was found");
}

}  // namespace weir::mesh
