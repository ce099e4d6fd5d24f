// Like yaml_reader.cc, a place where yaml-cpp's exceptions end.

#include "source/config/yaml_stream.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "source/config/scalar_values.h"

namespace weir::config {
namespace {

constexpr std::string_view ByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view CoreTag = "tag:yaml.org,2002:";

// "!" says that a scalar is a text; where the file ends behind it, yaml-cpp calls it so.
bool isTextTag(std::string_view tag) { return tag == "!" || tag == CoreTag; }

// What stops the parser from inside an event; yaml-cpp has no other way.
struct Stop {
  LocatedError error;
};

Position positionOf(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
}

bool isMergeKey(const YamlNode& key) {
  return key.kind == YamlNode::Kind::Scalar && key.style == YamlNode::Style::Plain &&
         key.text == "<<";
}

// The keys that stand in the mapping itself win, then those of the first that is merged.
void resolveMerges(YamlNode& node) {
  std::vector<YamlEntry> own;
  std::vector<YamlNode> merged;
  for (YamlEntry& entry : node.entries) {
    if (isMergeKey(entry.key) && entry.value.isMapping())
      merged.push_back(std::move(entry.value));
    else if (isMergeKey(entry.key) && entry.value.isSequence() &&
             std::ranges::all_of(entry.value.items, &YamlNode::isMapping))
      std::ranges::move(entry.value.items, std::back_inserter(merged));
    else
      own.push_back(std::move(entry));
  }
  std::set<std::string> keys;
  if (!merged.empty()) {
    for (const YamlEntry& entry : own) keys.insert(entry.key.text);
  }
  for (YamlNode& from : merged) {
    for (YamlEntry& entry : from.entries) {
      if (keys.insert(entry.key.text).second) own.push_back(std::move(entry));
    }
  }
  node.entries = std::move(own);
}

size_t countNodes(const YamlNode& node) {
  size_t count = 1;
  for (const YamlNode& item : node.items) count += countNodes(item);
  for (const YamlEntry& entry : node.entries) count += countNodes(entry.value);
  return count;
}

int depthOf(const YamlNode& node) {
  int depth = 0;
  for (const YamlNode& item : node.items) depth = std::max(depth, depthOf(item));
  for (const YamlEntry& entry : node.entries) depth = std::max(depth, depthOf(entry.value));
  return depth + 1;
}

// Builds the tree of one document.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.position = positionOf(mark);
    put(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    const Position at = positionOf(mark);
    if (found == anchors_.end()) stop(at, "the alias refers to a value that it is itself part of");
    nodes_ += countNodes(found->second);
    if (static_cast<int>(open_.size()) + depthOf(found->second) > MaxYamlNesting)
      stop(at, "nested too deeply");
    put(found->second, YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = YamlNode::plain(value);
    node.tag = tagText(tag);
    // Where a tag says what it is, quotes do not matter. What was folded from several lines is a
    // text for every reader.
    if (isTextTag(tag) || !node.tag.empty() || value.find('\n') != std::string::npos)
      node.style = YamlNode::Style::Quoted;
    node.position = positionOf(mark);
    put(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(YamlNode::sequence({}), mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(YamlNode::mapping({}), mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

  YamlNode takeRoot() { return std::move(root_); }
  std::optional<LocatedError> takeNotWritable() { return std::move(not_writable_); }

 private:
  struct Level {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlNode> key;  // of a mapping: read, its value comes next
  };

  [[noreturn]] static void stop(Position at, std::string message) {
    throw Stop{{at, "", std::move(message)}};
  }

  // yaml-cpp's "?" and "!" stand for no tag, on what is plain and what is quoted.
  static std::string tagText(const std::string& tag) {
    if (tag.empty() || tag == "?" || isTextTag(tag)) return "";
    if (tag.starts_with(CoreTag)) return "!!" + tag.substr(CoreTag.size());
    return tag.starts_with('!') ? tag : "!<" + tag + ">";
  }

  void begin(YamlNode node, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    node.position = positionOf(mark);
    node.tag = tagText(tag);
    if (static_cast<int>(open_.size()) >= MaxYamlNesting) stop(node.position, "nested too deeply");
    open_.push_back({std::move(node), anchor, std::nullopt});
  }

  void end() {
    Level level = std::move(open_.back());
    open_.pop_back();
    if (level.node.isMapping()) {
      checkKeys(level.node);
      resolveMerges(level.node);
    }
    put(std::move(level.node), level.anchor);
  }

  void checkKeys(const YamlNode& node) {
    std::set<std::string_view> seen;
    for (const YamlEntry& entry : node.entries) {
      if (!isMergeKey(entry.key) && !seen.insert(entry.key.text).second)
        notWritable(entry.key.position, "the key " + quote(entry.key.text) + " stands here twice");
    }
  }

  void put(YamlNode node, YAML::anchor_t anchor) {
    nodes_ += anchor == YAML::NullAnchor ? 1 : countNodes(node);  // an anchor keeps a copy
    if (nodes_ > MaxNodes) stop(node.position, "too large");
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = open_.back();
    if (level.node.isSequence()) {
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      if (node.isMapping() || node.isSequence())
        notWritable(node.position, "a mapping or a sequence as a key");
      level.key = std::move(node);
    } else {
      level.node.entries.push_back({std::move(*level.key), std::move(node)});
      level.key.reset();
    }
  }

  void notWritable(Position at, std::string why) {
    if (!not_writable_) not_writable_ = {at, "", std::move(why)};
  }

  YamlNode root_;
  std::vector<Level> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::optional<LocatedError> not_writable_;
  size_t nodes_ = 0;
};

struct Piece {
  std::string_view text;
  uint32_t first_line;
};

// A line that begins so separates documents wherever it stands, also inside quotes.
bool isMarker(std::string_view line, std::string_view marker) {
  if (!line.starts_with(marker)) return false;
  return line.size() == marker.size() || std::string_view(" \t\r\n").find(line[3]) != line.npos;
}

bool isBlankOrComment(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || line[first] == '#';
}

std::vector<Piece> splitDocuments(std::string_view text) {
  std::vector<Piece> pieces;
  size_t begin = 0;
  uint32_t begin_line = 1;
  uint32_t line_number = 0;
  const auto cut = [&](size_t end, size_t next, uint32_t next_line) {
    pieces.push_back({text.substr(begin, end - begin), begin_line});
    begin = next;
    begin_line = next_line;
  };
  for (size_t at = 0; at < text.size();) {
    const size_t newline = text.find('\n', at);
    const size_t next = newline == std::string_view::npos ? text.size() : newline + 1;
    const std::string_view line = text.substr(at, next - at);
    ++line_number;
    if (isMarker(line, "---")) {
      const bool bare = isBlankOrComment(line.substr(3));
      cut(at, bare ? next : at, bare ? line_number + 1 : line_number);
    } else if (isMarker(line, "...")) {
      cut(at, next, line_number + 1);
    }
    at = next;
  }
  cut(text.size(), text.size(), 0);
  return pieces;
}

// YAML 1.2, 5.2: each document may begin with one, which is no part of it.
std::string_view withoutByteOrderMarks(std::string_view text) {
  while (text.starts_with(ByteOrderMark)) text.remove_prefix(ByteOrderMark.size());
  return text;
}

// The first line that holds anything; "" if none does.
std::string_view firstContent(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (!isBlankOrComment(text.substr(0, end))) return text.substr(0, end);
    text.remove_prefix(end);
  }
  return {};
}

std::variant<YamlDocument, LocatedError> readDocument(std::string_view text) {
  try {
    // As in yaml_reader.cc: without it the end of the file would end a quoted text.
    const bool ends_line = text.ends_with('\n') || text.ends_with('\r');
    std::istringstream stream(std::string(text) + (ends_line ? "...\n" : ""));
    YAML::Parser parser(stream);
    Builder builder;
    YamlDocument document{std::string(text), {}, std::nullopt};
    if (!parser.HandleNextDocument(builder)) return document;
    document.root = builder.takeRoot();
    document.not_writable = builder.takeNotWritable();
    Builder more;
    if (parser.HandleNextDocument(more))
      return LocatedError{{}, "", "not valid YAML: something follows the document"};
    return document;
  } catch (const Stop& stopped) {
    return stopped.error;
  } catch (const YAML::Exception& error) {
    return LocatedError{positionOf(error.mark), "", "not valid YAML: " + error.msg};
  } catch (const std::exception& error) {
    return LocatedError{{}, "", std::string("not valid YAML: ") + error.what()};
  }
}

// A text that can stand in front of another document. The end of the last line may matter: to a
// block of several lines it belongs.
std::optional<LocatedError> endLastLine(YamlDocument& document) {
  if (document.text.ends_with('\n')) return std::nullopt;
  auto ended = readDocument(document.text + "\n");
  const auto* good = std::get_if<YamlDocument>(&ended);
  if (good != nullptr && good->root == document.root) {
    document.text += '\n';
    return std::nullopt;
  }
  auto written = writeYaml(document.root);
  if (!written.ok() || document.not_writable)
    return LocatedError{{}, "", "the last line of the file has no end"};
  document.text = std::move(written).value();
  return std::nullopt;
}

}  // namespace

std::variant<std::vector<YamlDocument>, LocatedError> readYamlStream(std::string_view text) {
  if (text.size() > MaxConfigBytes) return LocatedError{{}, "", "too large"};
  text = withoutByteOrderMarks(text);
  if (firstInvalidUtf8(text) || text.find('\0') != std::string_view::npos)
    return LocatedError{{}, "", "not a text in UTF-8"};
  std::vector<YamlDocument> documents;
  for (Piece piece : splitDocuments(text)) {
    piece.text = withoutByteOrderMarks(piece.text);
    const std::string_view content = firstContent(piece.text);
    if (content.empty()) continue;
    if (content.starts_with('%'))
      return LocatedError{{piece.first_line, 1}, "", "directives such as %YAML are not supported"};
    auto document = readDocument(piece.text);
    if (auto* error = std::get_if<LocatedError>(&document)) {
      if (error->position.line > 0) error->position.line += piece.first_line - 1;
      return std::move(*error);
    }
    auto& good = std::get<YamlDocument>(document);
    if (good.not_writable && good.not_writable->position.line > 0)
      good.not_writable->position.line += piece.first_line - 1;
    if (good.root.kind == YamlNode::Kind::Null) continue;
    if (auto error = endLastLine(good)) return std::move(*error);
    documents.push_back(std::move(good));
  }
  return documents;
}

std::string joinYamlDocuments(const std::vector<std::string>& documents) {
  std::string out;
  for (const std::string& document : documents) {
    if (!out.empty() && !isMarker(document, "---")) out += "---\n";
    out += document;
  }
  return out;
}

}  // namespace weir::config
