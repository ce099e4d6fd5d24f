#include "filters/line_rewriter/factory.h"

#include <chrono>
#include <optional>

#include "filters/line_rewriter/line_rewriter.h"
#include "filters/line_rewriter/line_rewriter.pb.h"
#include "source/config/field_checks.h"

namespace custom {
namespace {

using Proto = custom::line_rewriter::v1::LineRewriter;

constexpr size_t MaxRewriteBytes = 1024;

void checkText(const std::string& text, const weir::FieldScope& field) {
  if (text.size() > MaxRewriteBytes) {
    field.error(std::to_string(text.size()) + " bytes are too many: at most 1024");
  }
  if (text.find('\n') != text.npos) field.error("has a line feed, which would end the line");
}

template <class List>
std::vector<Rewrite> parseRewrites(const List& list, const weir::FieldScope& scope) {
  std::vector<Rewrite> rewrites;
  for (int i = 0; i < list.size(); ++i) {
    const weir::FieldScope field = scope.index(static_cast<size_t>(i));
    weir::config::checkRequired(field.field("prefix"), list[i].prefix(), "what a line begins with");
    checkText(list[i].prefix(), field.field("prefix"));
    checkText(list[i].replacement(), field.field("replacement"));
    rewrites.push_back({list[i].prefix(), list[i].replacement()});
  }
  return rewrites;
}

class Factory final : public weir::config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return false; }

  std::unique_ptr<weir::filter::NetworkFilterFactory> create(
      const google::protobuf::Message& message, const weir::FieldScope& scope,
      weir::config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    LineRewriterSettings settings;
    settings.from_client = parseRewrites(proto.from_client(), scope.field("from_client"));
    settings.to_client = parseRewrites(proto.to_client(), scope.field("to_client"));
    const auto max_line =
        proto.has_max_line_bytes() ? std::optional<uint64_t>(proto.max_line_bytes()) : std::nullopt;
    settings.max_line_bytes = weir::config::checkInteger(scope.field("max_line_bytes"), max_line,
                                                         settings.max_line_bytes, {16, 1 << 20});
    settings.line_timeout = weir::config::checkDuration(
        scope.field("line_timeout"), proto.has_line_timeout() ? &proto.line_timeout() : nullptr,
        settings.line_timeout, {std::chrono::milliseconds(1), std::chrono::hours(1), true});
    return std::make_unique<LineRewriterFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<weir::config::NetworkFilterConfigFactory> makeLineRewriterConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace custom
