#include "source/stats/stats.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "source/base/check.h"

namespace weir::stats {
namespace {

constexpr std::string_view FoldedName = "weir_metrics_folded_total";
constexpr std::string_view FoldedHelp =
    "Look-ups of a metric that had too many series, and went to its series other.";

// Backslash and line end are escaped, as the format asks, and in labels quotes.
void appendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

// `value`, if it is given, stands for the value of each label.
std::string renderLabels(Labels labels, const char* value = nullptr) {
  std::string out;
  for (const auto& [key, own] : labels) {
    if (!out.empty()) out += ',';
    out.append(key).append("=\"");
    appendEscaped(out, value == nullptr ? own : std::string_view(value), true);
    out += '"';
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

std::string_view typeName(Kind kind) {
  switch (kind) {
    case Kind::Counter: return "counter";
    case Kind::Gauge: return "gauge";
    case Kind::Histogram: return "histogram";
  }
  return "untyped";
}

}  // namespace

void Histogram::observe(double seconds) {
  const size_t i = static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), seconds) -
                                       bounds_.begin());
  buckets_[i].add(1);
  sum_us_.add(static_cast<uint64_t>(seconds * 1e6));
}

Registry::Family& Registry::family(Kind kind, std::string_view name, std::string_view help) {
  auto it = families_.find(name);
  if (it == families_.end()) {
    it = families_.emplace(std::string(name), Family{kind, std::string(help), {}, {}}).first;
  }
  WEIR_CHECK(it->second.kind == kind);
  return it->second;
}

// The rendered labels, or those of the series for all that are too many.
template <class Metric>
std::string Registry::seriesIn(const Series<Metric>& series, std::string_view name, Labels labels) {
  std::string rendered = renderLabels(labels);
  if (series.size() < MaxSeries || series.contains(rendered)) return rendered;
  auto& folded =
      family(Kind::Counter, FoldedName, FoldedHelp).values[renderLabels({{"metric", name}})];
  if (folded == nullptr) folded = std::make_unique<Value>();
  folded->add(1);
  return renderLabels(labels, "other");
}

Value& Registry::value(Kind kind, std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Family& its = family(kind, name, help);
  auto& value = its.values[seriesIn(its.values, name, labels)];
  if (value == nullptr) value = std::make_unique<Value>();
  return *value;
}

Value& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  return value(Kind::Counter, name, help, labels);
}

Value& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  return value(Kind::Gauge, name, help, labels);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, Labels labels,
                               Bounds bounds) {
  const std::lock_guard lock(mutex_);
  Family& its = family(Kind::Histogram, name, help);
  auto& histogram = its.histograms[seriesIn(its.histograms, name, labels)];
  if (histogram == nullptr) histogram = std::make_unique<Histogram>(bounds);
  return *histogram;
}

namespace {

// Of the series for all that are too many, which belongs to nobody.
bool allOther(std::string_view rendered) {
  constexpr std::string_view Value = "=\"other\"";
  while (!rendered.empty()) {
    const size_t equals = rendered.find('=');
    if (!rendered.substr(equals).starts_with(Value)) return false;
    rendered.remove_prefix(std::min(rendered.size(), equals + Value.size() + 1));
  }
  return true;
}

}  // namespace

std::string Registry::ownerOf(Labels labels) { return renderLabels(labels); }

// Labels that begin alike stand together. A value's last quote is its end, so that an owner is
// whole labels.
template <class Metric>
void Registry::dropFrom(Series<Metric>& series, const Owners& owners) {
  for (const std::string& owner : owners) {
    auto it = series.lower_bound(owner);
    while (it != series.end() && it->first.starts_with(owner))
      it = allOther(it->first) ? std::next(it) : series.erase(it);
  }
}

// One family at a time, for those who look a metric up meanwhile; a family stays where it is, once
// it is there.
void Registry::drop(const Owners& owners) {
  std::unique_lock lock(mutex_);
  for (auto it = families_.begin(); it != families_.end(); ++it) {
    dropFrom(it->second.values, owners);
    dropFrom(it->second.histograms, owners);
    lock.unlock();
    lock.lock();
  }
}

void PrometheusText::family(std::string_view name, Kind kind, std::string_view help) {
  name_ = name;
  out_.append("# HELP ").append(name).append(" ");
  appendEscaped(out_, help, false);
  out_.append("\n# TYPE ").append(name).append(" ").append(typeName(kind)).append("\n");
}

void PrometheusText::line(std::string_view suffix, std::string_view labels,
                          std::string_view value) {
  out_.append(name_).append(suffix);
  if (!labels.empty()) out_.append("{").append(labels).append("}");
  out_.append(" ").append(value).append("\n");
}

void PrometheusText::sample(Labels labels, double value) {
  line("", renderLabels(labels), number(value));
}

void PrometheusText::sample(Labels labels, uint64_t value) {
  line("", renderLabels(labels), std::to_string(value));
}

// Adds registries up.
class Merger {
 public:
  void add(const Registry& registry) {
    const std::lock_guard lock(registry.mutex_);
    for (const auto& [name, family] : registry.families_) {
      Family& into = families_[name];
      into.kind = family.kind;
      into.help = family.help;
      for (const auto& [labels, value] : family.values) into.values[labels] += value->get();
      for (const auto& [labels, histogram] : family.histograms)
        addHistogram(into.histograms[labels], *histogram);
    }
  }

  std::string render() const {
    std::string out;
    PrometheusText text(out);
    for (const auto& [name, family] : families_) {
      text.family(name, family.kind, family.help);
      for (const auto& [labels, value] : family.values)
        text.line("", labels, std::to_string(value));
      for (const auto& [labels, sum] : family.histograms) renderHistogram(text, labels, sum);
    }
    return out;
  }

 private:
  struct Sum {
    Bounds bounds;
    std::array<uint64_t, MaxBuckets + 1> buckets{};
    uint64_t sum_us = 0;
  };
  struct Family {
    Kind kind = Kind::Counter;
    std::string help;
    std::map<std::string, uint64_t> values;
    std::map<std::string, Sum> histograms;
  };

  static void addHistogram(Sum& sum, const Histogram& histogram) {
    sum.bounds = histogram.bounds();
    for (size_t i = 0; i <= sum.bounds.size(); ++i) sum.buckets[i] += histogram.bucket(i);
    sum.sum_us += histogram.sumMicros();
  }

  static void renderHistogram(PrometheusText& text, const std::string& labels, const Sum& sum) {
    const std::string prefix = labels.empty() ? "" : labels + ",";
    uint64_t seen = 0;
    for (size_t i = 0; i <= sum.bounds.size(); ++i) {
      seen += sum.buckets[i];
      const std::string bound = i < sum.bounds.size() ? number(sum.bounds[i]) : "+Inf";
      text.line("_bucket", prefix + "le=\"" + bound + "\"", std::to_string(seen));
    }
    char total[48];
    std::snprintf(total, sizeof total, "%.6f", static_cast<double>(sum.sum_us) / 1e6);
    text.line("_sum", labels, total);
    text.line("_count", labels, std::to_string(seen));
  }

  std::map<std::string, Family> families_;
};

std::string renderPrometheus(const std::vector<const Registry*>& registries) {
  Merger merger;
  for (const Registry* registry : registries) merger.add(*registry);
  return merger.render();
}

}  // namespace weir::stats
