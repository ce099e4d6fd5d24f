// The only user of yaml-cpp, which throws: every exception ends here.

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "source/config/line_index.h"
#include "source/config/readers.h"
#include "source/config/tree_builder.h"

namespace weir::config {
namespace {

Position positionOf(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
}

bool isNullText(const std::string& text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// At the end of the file yaml-cpp forgets the column.
Position whereIn(std::string_view text, const YAML::Mark& mark) {
  const bool at_end =
      !mark.is_null() && mark.pos >= 0 && static_cast<size_t>(mark.pos) >= text.size();
  return at_end ? LineIndex(text).at(text.size()) : positionOf(mark);
}

// Of the line on which the parser stopped: the first tab in its indentation.
std::optional<Position> tabInIndentation(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null() || mark.pos < 0) return std::nullopt;
  const size_t at = std::min(static_cast<size_t>(mark.pos), text.size());
  const size_t before = at == 0 ? std::string_view::npos : text.find_last_of("\r\n", at - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const size_t tab = text.find_first_not_of(' ', begin);
  if (tab == std::string_view::npos || text[tab] != '\t') return std::nullopt;
  return LineIndex(text).at(tab);
}

LocatedError syntaxError(std::string_view text, const YAML::Exception& error) {
  if (const auto tab = tabInIndentation(text, error.mark)) {
    return {*tab, "", "not valid YAML: a tab in the indentation: indent with spaces"};
  }
  return {whereIn(text, error.mark), "", "not valid YAML: " + error.msg};
}

// What stops the parser from inside an event; yaml-cpp has no other way.
struct Stop {
  LocatedError error;
};

class Events final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position at = positionOf(mark);
    if (expectsKey()) stop(at, "a key is missing before the colon");
    check(tree_.null(at));
    valueDone(anchor, Node::null(at));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position at = positionOf(mark);
    if (expectsKey()) stop(at, "an alias cannot be a key");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(at, "the alias refers to a value that it is itself part of");
    check(tree_.copy(at, found->second));
    valueDone(YAML::NullAnchor, {});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const Position at = positionOf(mark);
    const Node::Style style = styleOf(at, tag);
    if (expectsKey()) {
      tree_.key(at, value);
      levels_.back().has_key = true;
      return;
    }
    if (style == Node::Style::Plain && isNullText(value)) {
      check(tree_.null(at));
      valueDone(anchor, Node::null(at));
      return;
    }
    check(tree_.scalar(at, value, style));
    valueDone(anchor, Node::scalar(at, value, style));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::Sequence);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::Mapping);
  }
  void OnMapEnd() override { end(); }

  TreeBuilder& tree() { return tree_; }

 private:
  struct Level {
    YAML::anchor_t anchor;
    bool mapping;
    bool has_key;  // in a mapping: the key was read, its value comes next
  };

  [[noreturn]] static void stop(Position at, std::string message) {
    throw Stop{{at, "", std::move(message)}};
  }
  void check(bool good) const {
    if (!good) throw Stop{tree_.error()};
  }
  bool expectsKey() const {
    return !levels_.empty() && levels_.back().mapping && !levels_.back().has_key;
  }

  static Node::Style styleOf(Position at, const std::string& tag) {
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return Node::Style::Quoted;
    if (tag.empty() || tag == "?") return Node::Style::Plain;
    for (const char* known : {"int", "float", "bool", "null"}) {
      if (tag == std::string("tag:yaml.org,2002:") + known) return Node::Style::Plain;
    }
    stop(at, "the tag " + quote(tag) + " is not supported");
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             Node::Kind kind) {
    const Position at = positionOf(mark);
    if (expectsKey()) stop(at, "a key must be a plain or quoted text");
    const bool core = tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:seq" ||
                      tag == "tag:yaml.org,2002:map";
    if (!core) stop(at, "the tag " + quote(tag) + " is not supported");
    check(tree_.begin(at, kind));
    levels_.push_back({anchor, kind == Node::Kind::Mapping, false});
  }

  void end() {
    const YAML::anchor_t anchor = levels_.back().anchor;
    levels_.pop_back();
    const Node& node = tree_.end();
    valueDone(anchor, anchor == YAML::NullAnchor ? Node{} : node);
  }

  void valueDone(YAML::anchor_t anchor, Node node) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = std::move(node);
    if (!levels_.empty()) levels_.back().has_key = false;
  }

  TreeBuilder tree_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node> anchors_;
};

}  // namespace

ReadResult readYaml(std::string_view text) {
  try {
    // yaml-cpp takes the end of the file for the end of a quoted text if a line break stands before
    // it, and so would swallow all that follows a forgotten quote. A document end inside a quoted
    // text is an error to it.
    const bool ends_line = text.ends_with('\n') || text.ends_with('\r');
    std::istringstream stream(std::string(text) + (ends_line ? "...\n" : ""));
    YAML::Parser parser(stream);
    Events events;
    if (!parser.HandleNextDocument(events)) return LocatedError{{}, "", "the file is empty"};
    Events more;
    if (parser.HandleNextDocument(more)) {
      return LocatedError{{}, "", "more than one YAML document in one file"};
    }
    Node root = events.tree().takeRoot();
    if (root.kind == Node::Kind::Null) return LocatedError{{}, "", "the file is empty"};
    return root;
  } catch (const Stop& stopped) {
    return stopped.error;
  } catch (const YAML::Exception& error) {
    return syntaxError(text, error);
  } catch (const std::exception& error) {
    return LocatedError{{}, "", std::string("not valid YAML: ") + error.what()};
  }
}

}  // namespace weir::config
