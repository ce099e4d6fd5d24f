#include "source/config/yaml_node.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "source/base/check.h"

namespace weir::config {
namespace {

// What some reader of YAML 1.1 or 1.2 takes for something other than a string.
constexpr std::array<std::string_view, 10> Words = {"y",   "n",    "yes",   "no",   "on",
                                                    "off", "true", "false", "null", "~"};

bool isLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// Such a text is a string for every reader without quotes. There are others; they get quotes.
bool isStringWithoutQuotes(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("--")) rest.remove_prefix(2);
  if (rest.empty() || (!isLetter(rest[0]) && rest[0] != '/')) return false;
  for (const char c : rest) {
    const bool good = isLetter(c) || (c >= '0' && c <= '9') ||
                      std::string_view("_./@-=").find(c) != std::string_view::npos;
    if (!good) return false;
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(Words, lower) == Words.end();
}

}  // namespace

YamlNode YamlNode::string(std::string_view text) {
  YamlNode node = plain(text);
  if (!isStringWithoutQuotes(text)) node.style = Style::Quoted;
  return node;
}

YamlNode YamlNode::plain(std::string_view text) {
  YamlNode node;
  node.kind = Kind::Scalar;
  node.text = text;
  return node;
}

YamlNode YamlNode::sequence(std::vector<YamlNode> items) {
  YamlNode node;
  node.kind = Kind::Sequence;
  node.items = std::move(items);
  return node;
}

YamlNode YamlNode::mapping(std::vector<YamlEntry> entries) {
  YamlNode node;
  node.kind = Kind::Mapping;
  node.entries = std::move(entries);
  return node;
}

bool YamlNode::isEmpty() const {
  if (kind == Kind::Sequence) return items.empty();
  if (kind == Kind::Mapping) return entries.empty();
  return kind == Kind::Null;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find_if(entries, [&](const YamlEntry& entry) {
    return entry.key.kind == Kind::Scalar && entry.key.text == key;
  });
  return found == entries.end() ? nullptr : &found->value;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

const YamlNode* YamlNode::findPath(std::string_view path) const {
  const YamlNode* node = this;
  while (node != nullptr && !path.empty()) {
    const size_t dot = path.find('.');
    node = node->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return node;
}

YamlNode* YamlNode::findPath(std::string_view path) {
  return const_cast<YamlNode*>(std::as_const(*this).findPath(path));
}

std::string_view YamlNode::textAt(std::string_view path) const {
  const YamlNode* node = findPath(path);
  return node != nullptr && node->kind == Kind::Scalar ? std::string_view(node->text)
                                                       : std::string_view();
}

YamlNode& YamlNode::set(std::string_view key, YamlNode value) {
  WEIR_CHECK(kind == Kind::Null || kind == Kind::Mapping);
  kind = Kind::Mapping;
  if (YamlNode* present = find(key)) return *present = std::move(value);
  entries.push_back({string(key), std::move(value)});
  return entries.back().value;
}

bool YamlNode::erase(std::string_view key) {
  return std::erase_if(entries, [&](const YamlEntry& entry) {
           return entry.key.kind == Kind::Scalar && entry.key.text == key;
         }) > 0;
}

bool operator==(const YamlNode& left, const YamlNode& right) {
  return left.kind == right.kind && left.style == right.style && left.tag == right.tag &&
         left.text == right.text && left.items == right.items && left.entries == right.entries;
}

bool operator==(const YamlEntry& left, const YamlEntry& right) {
  return left.key == right.key && left.value == right.value;
}

}  // namespace weir::config
