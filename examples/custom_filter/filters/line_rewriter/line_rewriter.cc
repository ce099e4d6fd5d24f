#include "filters/line_rewriter/line_rewriter.h"

#include <utility>

namespace custom {
namespace {

using weir::filter::Close;
using weir::filter::FilterStatus;

LineCounters countersOf(weir::stats::Registry& registry, const weir::filter::ConnectionInfo& info,
                        std::string_view direction) {
  const weir::stats::Labels labels = {
      {"listener", info.listener}, {"chain", info.chain}, {"direction", direction}};
  return {registry.counter("custom_lines_total", "Lines that passed line_rewriter.", labels),
          registry.counter("custom_lines_rewritten_total", "Those that were rewritten.", labels)};
}

}  // namespace

bool LineStream::pass(weir::buffer::Buffer& data, bool end_stream) {
  const auto bytes = data.contiguous();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string out;
  for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    begun_ += text.substr(0, end);
    text.remove_prefix(end + 1);
    if (begun_.size() > max_line_bytes_) return false;
    append(out, std::exchange(begun_, {}));
  }
  begun_ += text;
  if (begun_.size() > max_line_bytes_) return false;
  if (end_stream) out += std::exchange(begun_, {});
  data.clear();
  data.append(out);
  return true;
}

void LineStream::append(std::string& out, std::string_view line) {
  counters_.lines.add(1);
  for (const Rewrite& rewrite : rewrites_) {
    if (!line.starts_with(rewrite.prefix)) continue;
    counters_.rewritten.add(1);
    out += rewrite.replacement;
    line.remove_prefix(rewrite.prefix.size());
    break;
  }
  out += line;
  out += '\n';
}

LineRewriterStats::LineRewriterStats(weir::stats::Registry& registry,
                                     const weir::filter::ConnectionInfo& info)
    : from_client(countersOf(registry, info, "from_client")),
      to_client(countersOf(registry, info, "to_client")) {}

LineRewriter::LineRewriter(weir::filter::FilterContext& context,
                           const LineRewriterSettings& settings, LineRewriterStats& stats)
    : context_(context),
      settings_(settings),
      from_client_(settings.from_client, settings.max_line_bytes, stats.from_client),
      to_client_(settings.to_client, settings.max_line_bytes, stats.to_client),
      line_timer_(context.worker().loop, [this] { context_.close(Close::Reset, "line_timeout"); }) {
}

FilterStatus LineRewriter::onData(weir::buffer::Buffer& data, bool end_stream) {
  const bool was_mid_line = from_client_.midLine();
  if (!from_client_.pass(data, end_stream)) context_.close(Close::Reset, "line_too_long");
  if (was_mid_line && !data.empty()) line_timer_.disarm();  // that line has ended
  watchTheClient();
  return FilterStatus::Continue;
}

FilterStatus LineRewriter::onWrite(weir::buffer::Buffer& data, bool end_stream) {
  if (!to_client_.pass(data, end_stream)) context_.close(Close::Reset, "line_too_long");
  return FilterStatus::Continue;
}

// The time runs from a line's first byte: sending one byte now and then does not prolong it.
void LineRewriter::watchTheClient() {
  if (!from_client_.midLine()) return line_timer_.disarm();
  const bool watched = settings_.line_timeout > weir::Duration::zero();
  if (watched && !line_timer_.armed()) line_timer_.arm(settings_.line_timeout);
}

void LineRewriterFactory::create(weir::filter::FilterAdder& adder) const {
  weir::filter::FilterContext& context = adder.context();
  weir::filter::Worker& worker = context.worker();
  auto& stats = worker.local.get<LineRewriterStats>(
      this, [&] { return LineRewriterStats(worker.stats, context.info()); });
  auto filter = std::make_unique<LineRewriter>(context, settings_, stats);
  LineRewriter& both = *filter;
  adder.addBoth(std::move(filter), both);
}

}  // namespace custom
