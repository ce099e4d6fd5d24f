#include "source/config/tree_builder.h"

#include <algorithm>
#include <utility>

namespace weir::config {
namespace {

size_t countNodes(const Node& node) {
  size_t count = 1;
  for (const Node& item : node.items) count += countNodes(item);
  for (const NodeEntry& entry : node.entries) count += countNodes(entry.value);
  return count;
}

int height(const Node& node) {
  int below = 0;
  for (const Node& item : node.items) below = std::max(below, height(item));
  for (const NodeEntry& entry : node.entries) below = std::max(below, height(entry.value));
  return node.kind == Node::Kind::Sequence || node.kind == Node::Kind::Mapping ? below + 1 : 0;
}

}  // namespace

bool TreeBuilder::fail(Position at, std::string message) {
  error_ = {at, "", std::move(message)};
  return false;
}

Node* TreeBuilder::append(Position at) {
  if (++nodes_ > MaxNodes) {
    fail(at, "more than " + std::to_string(MaxNodes) + " values in one file");
    return nullptr;
  }
  Node* node = &root_;
  if (!open_.empty()) {
    Node& parent = *open_.back();
    node = parent.kind == Node::Kind::Mapping ? &parent.entries.back().value
                                              : &parent.items.emplace_back();
  }
  node->position = at;
  return node;
}

bool TreeBuilder::null(Position at) { return append(at) != nullptr; }

bool TreeBuilder::scalar(Position at, std::string_view text, Node::Style style) {
  Node* node = append(at);
  if (node == nullptr) return false;
  node->kind = Node::Kind::Scalar;
  node->style = style;
  node->text = text;
  return true;
}

bool TreeBuilder::begin(Position at, Node::Kind kind) {
  if (open_.size() >= static_cast<size_t>(MaxNesting)) {
    return fail(at, "nested deeper than " + std::to_string(MaxNesting) + " levels");
  }
  Node* node = append(at);
  if (node == nullptr) return false;
  node->kind = kind;
  open_.push_back(node);
  return true;
}

const Node& TreeBuilder::end() {
  const Node* node = open_.back();
  open_.pop_back();
  return *node;
}

void TreeBuilder::key(Position at, std::string_view text) {
  open_.back()->entries.push_back({std::string(text), at, Node{}});
}

bool TreeBuilder::copy(Position at, const Node& node) {
  if (open_.size() + static_cast<size_t>(height(node)) > static_cast<size_t>(MaxNesting)) {
    return fail(at, "nested deeper than " + std::to_string(MaxNesting) + " levels");
  }
  const size_t count = countNodes(node);
  if (nodes_ + count > MaxNodes) {
    return fail(at, "more than " + std::to_string(MaxNodes) + " values in one file");
  }
  Node* target = append(at);
  *target = node;
  target->position = at;
  nodes_ += count - 1;
  return true;
}

}  // namespace weir::config
