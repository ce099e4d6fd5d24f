#include "test/stats/prometheus_parser.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

namespace weir::test {
namespace {

const std::regex MetricName("[a-zA-Z_:][a-zA-Z0-9_:]*");
const std::regex LabelName("[a-zA-Z_][a-zA-Z0-9_]*");

bool contains(const PrometheusSample& sample, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    const auto it = sample.labels.find(label.first);
    return it != sample.labels.end() && it->second == label.second;
  });
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Scrape run() {
    if (!text_.empty() && text_.back() != '\n') problem("the last line has no end");
    std::istringstream lines{std::string(text_)};
    while (std::getline(lines, line_)) {
      ++number_;
      if (line_.starts_with("# HELP ")) {
        help();
      } else if (line_.starts_with("# TYPE ")) {
        type();
      } else if (line_.empty() || line_[0] == '#') {
        problem("neither HELP, TYPE nor a sample");
      } else {
        sample();
      }
    }
    for (auto& [name, family] : scrape_.families) checkFamily(name, family);
    return std::move(scrape_);
  }

 private:
  void problem(const std::string& what) {
    scrape_.problems.push_back("line " + std::to_string(number_) + ": " + what + ": " + line_);
  }

  void help() {
    std::istringstream words(line_.substr(7));
    words >> current_;
    if (scrape_.families.contains(current_)) problem("the family comes twice");
    PrometheusFamily& family = scrape_.families[current_];
    std::getline(words >> std::ws, family.help);
    if (family.help.empty()) problem("no help");
    if (!std::regex_match(current_, MetricName)) problem("not a name");
  }

  void type() {
    std::istringstream words(line_.substr(7));
    std::string name;
    std::string type;
    std::string more;
    words >> name >> type >> more;
    PrometheusFamily& family = scrape_.families[name];
    if (name != current_ || !family.samples.empty() || !family.type.empty() || !more.empty())
      problem("a TYPE stands once, behind its HELP");
    if (!std::set<std::string>{"counter", "gauge", "histogram"}.contains(type))
      problem("not a type");
    family.type = type;
  }

  void sample() {
    PrometheusSample sample;
    size_t at = line_.find_first_of("{ ");
    if (at == std::string::npos) return problem("no value");
    sample.name = line_.substr(0, at);
    if (line_[at] == '{') {
      at = labels(at + 1, sample);
      if (at == std::string::npos) return;
    }
    if (at >= line_.size() || line_[at] != ' ') return problem("no blank before the value");
    const std::string value = line_.substr(at + 1);
    char* end = nullptr;
    sample.value = std::strtod(value.c_str(), &end);
    if (value.empty() || *end != '\0' || value[0] == ' ') return problem("not a number");
    if (!belongs(sample.name)) return problem("a sample stands behind the TYPE of its family");
    if (!seen_.insert(line_.substr(0, at)).second) problem("the sample comes twice");
    scrape_.families[current_].samples.push_back(std::move(sample));
  }

  // From behind the bracket; returns the place behind the closing one.
  size_t labels(size_t at, PrometheusSample& sample) {
    const auto bad = [this](const char* what) {
      problem(what);
      return std::string::npos;
    };
    while (true) {
      const size_t equals = line_.find("=\"", at);
      if (equals == std::string::npos) return bad("a label without a value");
      const std::string name = line_.substr(at, equals - at);
      if (!std::regex_match(name, LabelName)) return bad("not the name of a label");
      std::string value;
      for (at = equals + 2; at < line_.size() && line_[at] != '"'; ++at) {
        if (line_[at] != '\\') {
          value += line_[at];
          continue;
        }
        const char next = ++at < line_.size() ? line_[at] : '\0';
        if (next != '\\' && next != '"' && next != 'n') return bad("an escape that there is not");
        value += next == 'n' ? '\n' : next;
      }
      if (at >= line_.size()) return bad("a label's value has no end");
      if (!sample.labels.emplace(name, value).second) return bad("a label comes twice");
      const char next = ++at < line_.size() ? line_[at] : '\0';
      if (next == '}') return at + 1;
      if (next != ',') return bad("neither , nor } behind a label");
      ++at;
    }
  }

  bool belongs(const std::string& name) const {
    const auto it = scrape_.families.find(current_);
    if (it == scrape_.families.end() || it->second.type.empty()) return false;
    if (it->second.type != "histogram") return name == current_;
    return name == current_ + "_bucket" || name == current_ + "_sum" || name == current_ + "_count";
  }

  void checkFamily(const std::string& name, const PrometheusFamily& family) {
    line_ = name;
    number_ = 0;
    if (family.type.empty()) problem("no TYPE");
    const bool total = name.ends_with("_total");
    if (family.type == "counter" && !total) problem("a counter ends in _total");
    if (family.type != "counter" && total) problem("only a counter ends in _total");
    for (const char* unit : {"_ms", "_milliseconds", "_us", "_minutes", "_kb", "_kilobytes"}) {
      if (name.ends_with(unit) || name.find(std::string(unit) + "_") != std::string::npos)
        problem("not a base unit");
    }
    for (const PrometheusSample& sample : family.samples) {
      if (family.type == "counter" && !(sample.value >= 0)) problem("a negative counter");
    }
    if (family.type == "histogram") checkHistogram(name, family);
  }

  void checkHistogram(const std::string& name, const PrometheusFamily& family) {
    struct Series {
      std::vector<std::pair<double, double>> buckets;
      double count = -1;
      bool sum = false;
    };
    std::map<std::map<std::string, std::string>, Series> all;
    for (const PrometheusSample& sample : family.samples) {
      auto labels = sample.labels;
      labels.erase("le");
      Series& series = all[labels];
      if (sample.name == name + "_bucket") {
        if (!sample.labels.contains("le")) return problem("a bucket without le");
        series.buckets.emplace_back(std::strtod(sample.labels.at("le").c_str(), nullptr),
                                    sample.value);
      } else if (sample.name == name + "_count") {
        series.count = sample.value;
      } else {
        series.sum = true;
      }
    }
    for (const auto& [labels, series] : all) {
      const auto& buckets = series.buckets;
      if (buckets.empty() || !std::isinf(buckets.back().first)) return problem("no bucket +Inf");
      if (!series.sum || series.count != buckets.back().second)
        return problem("_count is not that of +Inf, or no _sum");
      for (size_t i = 1; i < buckets.size(); ++i) {
        if (buckets[i].first <= buckets[i - 1].first || buckets[i].second < buckets[i - 1].second)
          return problem("buckets that do not ascend");
      }
    }
  }

  const std::string_view text_;
  std::string line_;
  int number_ = 0;
  std::string current_;
  std::set<std::string> seen_;
  Scrape scrape_;
};

}  // namespace

double Scrape::sum(std::string_view name, const std::map<std::string, std::string>& labels) const {
  double total = 0;
  for (const auto& [family_name, family] : families) {
    for (const PrometheusSample& sample : family.samples) {
      if (sample.name == name && contains(sample, labels)) total += sample.value;
    }
  }
  return total;
}

Scrape parsePrometheus(std::string_view text) { return Parser(text).run(); }

}  // namespace weir::test
