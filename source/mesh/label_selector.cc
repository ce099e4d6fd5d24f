#include <algorithm>

#include "source/mesh/netpol.h"

namespace weir::mesh {
namespace {

bool matchesExpression(const YamlNode& expression, const YamlNode& labels) {
  const YamlNode* label = labels.find(expression.textAt("key"));
  const YamlNode* values = expression.find("values");
  const bool listed = label != nullptr && values != nullptr &&
                      std::ranges::any_of(values->items, [&](const YamlNode& value) {
                        return value.text == label->text;
                      });
  const std::string_view what = expression.textAt("operator");
  if (what == "In") return listed;
  if (what == "NotIn") return !listed;
  if (what == "Exists") return label != nullptr;
  return what == "DoesNotExist" && label == nullptr;
}

}  // namespace

bool selects(const YamlNode& selector, const YamlNode& labels) {
  if (const YamlNode* wanted = selector.find("matchLabels")) {
    for (const auto& [key, value] : wanted->entries) {
      const YamlNode* label = labels.find(key.text);
      if (label == nullptr || label->text != value.text) return false;
    }
  }
  const YamlNode* expressions = selector.find("matchExpressions");
  return expressions == nullptr ||
         std::ranges::all_of(expressions->items, [&](const YamlNode& expression) {
           return matchesExpression(expression, labels);
         });
}

}  // namespace weir::mesh
