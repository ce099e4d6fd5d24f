#include "source/stats/stats.h"

#include <algorithm>
#include <cstdio>

#include "source/base/check.h"

namespace weir::stats {
namespace {

// Backslash, quote and line end are escaped, as the format asks.
std::string renderLabels(Labels labels) {
  std::string out;
  for (const auto& [key, value] : labels) {
    if (!out.empty()) out += ',';
    out.append(key).append("=\"");
    for (const char c : value) {
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    out += '"';
  }
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

// Sums over the registries.
struct Sum {
  uint64_t value = 0;
  std::array<uint64_t, Histogram::Bounds.size() + 1> buckets{};
  uint64_t sum_us = 0;
};

struct MergedFamily {
  Kind kind = Kind::Counter;
  std::string help;
  std::map<std::string, Sum> series;
};

void appendLine(std::string& out, const std::string& name, const std::string& labels,
                const std::string& value) {
  out += name;
  if (!labels.empty()) out += "{" + labels + "}";
  out += " " + value + "\n";
}

void appendHistogram(std::string& out, const std::string& name, const std::string& labels,
                     const Sum& sum) {
  const std::string prefix = labels.empty() ? "" : labels + ",";
  uint64_t seen = 0;
  for (size_t i = 0; i < sum.buckets.size(); ++i) {
    seen += sum.buckets[i];
    const std::string bound = i < Histogram::Bounds.size() ? number(Histogram::Bounds[i]) : "+Inf";
    appendLine(out, name + "_bucket", prefix + "le=\"" + bound + "\"", std::to_string(seen));
  }
  char text[48];
  std::snprintf(text, sizeof text, "%.6f", static_cast<double>(sum.sum_us) / 1e6);
  appendLine(out, name + "_sum", labels, text);
  appendLine(out, name + "_count", labels, std::to_string(seen));
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
  const size_t i =
      static_cast<size_t>(std::lower_bound(Bounds.begin(), Bounds.end(), seconds) - Bounds.begin());
  buckets_[i].add(1);
  sum_us_.add(static_cast<uint64_t>(seconds * 1e6));
}

Registry::Series& Registry::find(Kind kind, std::string_view name, std::string_view help,
                                 Labels labels) {
  const std::lock_guard lock(mutex_);
  auto it = families_.find(name);
  if (it == families_.end()) {
    it = families_.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
  }
  WEIR_CHECK(it->second.kind == kind);
  Series*& series = it->second.series[renderLabels(labels)];
  if (series == nullptr) series = &store_.emplace_back();
  return *series;
}

Value& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  return find(Kind::Counter, name, help, labels).value;
}

Value& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  return find(Kind::Gauge, name, help, labels).value;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, Labels labels) {
  return find(Kind::Histogram, name, help, labels).histogram;
}

std::string renderPrometheus(const std::vector<const Registry*>& registries) {
  std::map<std::string, MergedFamily> merged;
  for (const Registry* registry : registries) {
    const std::lock_guard lock(registry->mutex_);
    for (const auto& [name, family] : registry->families_) {
      MergedFamily& into = merged[name];
      into.kind = family.kind;
      into.help = family.help;
      for (const auto& [labels, series] : family.series) {
        Sum& sum = into.series[labels];
        sum.value += series->value.get();
        for (size_t i = 0; i < sum.buckets.size(); ++i)
          sum.buckets[i] += series->histogram.bucket(i);
        sum.sum_us += series->histogram.sumMicros();
      }
    }
  }
  std::string out;
  for (const auto& [name, family] : merged) {
    out += "# HELP " + name + " " + family.help + "\n";
    out += "# TYPE " + name + " " + std::string(typeName(family.kind)) + "\n";
    for (const auto& [labels, sum] : family.series) {
      if (family.kind == Kind::Histogram) {
        appendHistogram(out, name, labels, sum);
      } else {
        appendLine(out, name, labels, std::to_string(sum.value));
      }
    }
  }
  return out;
}

}  // namespace weir::stats
