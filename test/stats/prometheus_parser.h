#pragma once

// Reads Prometheus' text format 0.0.4 as strictly as `promtool check metrics` does, and then some:
// what is wrong is listed, with the line. For tests of what /metrics answers.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

struct PrometheusSample {
  std::string name;  // of a histogram with its suffix
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct PrometheusFamily {
  std::string type;
  std::string help;
  std::vector<PrometheusSample> samples;
};

struct Scrape {
  std::map<std::string, PrometheusFamily> families;
  std::vector<std::string> problems;

  // The sum of the samples of that name with these labels, and with others besides.
  double sum(std::string_view name, const std::map<std::string, std::string>& labels = {}) const;
};

// Checks: names; HELP, then TYPE, then samples, each family once; labels that are escaped properly,
// each once; numbers; no sample twice; counters end in _total and are not negative; the buckets of
// a histogram ascend, do not fall, end in +Inf, and agree with _count; base units.
Scrape parsePrometheus(std::string_view text);

}  // namespace weir::test
