#pragma once

// Counters and histograms. Each worker has a Registry of its own and is the only one that writes to
// it, so the data path writes nothing that is shared; a scrape reads all registries from another
// thread and adds them up.
//
// A metric is a name and a set of labels. Looking one up takes a lock and may allocate: do it once
// and keep the reference, which stays valid as long as the registry, or until it is dropped. Adding
// is a load and a store.
//
// A name has at most MaxSeries sets of labels in a registry. Those that come after are one, whose
// labels are all "other"; weir_metrics_folded_total says how often that was so.
//
// The first labels of a metric say whose it is (`listener`, and perhaps `chain`; `cluster`;
// `name`): once a configuration does not have them any more, and nobody is left who counts for
// them, drop() takes their series out.

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace weir::stats {

// A value with one writing thread and any number of readers.
class Value {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void sub(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Upper bounds of buckets, in seconds. Static storage, ascending, at most MaxBuckets.
using Bounds = std::span<const double>;
inline constexpr size_t MaxBuckets = 14;
// For what should take milliseconds: connecting, detecting.
inline constexpr std::array<double, 12> Latencies = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025,
                                                     0.05,   0.1,    0.5,   1,     5,    10};
// For how long connections live: from a millisecond to a week.
inline constexpr std::array<double, 13> Lifetimes = {0.001, 0.01, 0.1,  1,     5,     30,    60,
                                                     300,   1800, 3600, 21600, 86400, 604800};

// Seconds, in fixed buckets.
class Histogram {
 public:
  explicit Histogram(Bounds bounds = Latencies) : bounds_(bounds) {}
  void observe(double seconds);
  Bounds bounds() const { return bounds_; }
  uint64_t bucket(size_t i) const { return buckets_[i].get(); }  // not cumulative; the last is +Inf
  uint64_t sumMicros() const { return sum_us_.get(); }

 private:
  const Bounds bounds_;
  std::array<Value, MaxBuckets + 1> buckets_;
  Value sum_us_;
};

enum class Kind : uint8_t { Counter, Gauge, Histogram };

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Registry {
 public:
  static constexpr size_t MaxSeries = 2000;

  // The same name and labels give the same metric. `help` is one line for the scrape; a name has
  // one kind.
  Value& counter(std::string_view name, std::string_view help, Labels labels);
  Value& gauge(std::string_view name, std::string_view help, Labels labels);
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels,
                       Bounds bounds = Latencies);

  // Takes out every series whose labels begin with one of these, each as ownerOf() gives it; not
  // those for all that were too many. Nobody uses a reference to one of them any more. Any thread:
  // it holds the lock for one metric at a time.
  using Owners = std::unordered_set<std::string>;
  static std::string ownerOf(Labels labels);
  void drop(const Owners& owners);

 private:
  friend class Merger;
  template <class Metric>
  using Series = std::map<std::string, std::unique_ptr<Metric>>;  // by rendered labels
  struct Family {
    Kind kind;
    std::string help;
    Series<Value> values;
    Series<Histogram> histograms;
  };
  template <class Metric>
  static void dropFrom(Series<Metric>& series, const Owners& owners);
  Family& family(Kind kind, std::string_view name, std::string_view help);
  template <class Metric>
  std::string seriesIn(const Series<Metric>& series, std::string_view name, Labels labels);
  Value& value(Kind kind, std::string_view name, std::string_view help, Labels labels);

  mutable std::mutex mutex_;  // guards what follows, not the values
  std::map<std::string, Family, std::less<>> families_;
};

// Writes Prometheus' text format 0.0.4. The samples of a family follow its head.
class PrometheusText {
 public:
  explicit PrometheusText(std::string& out) : out_(out) {}
  void family(std::string_view name, Kind kind, std::string_view help);
  // Of the last family.
  void sample(Labels labels, double value);
  void sample(Labels labels, uint64_t value);

 private:
  friend class Merger;
  void line(std::string_view suffix, std::string_view labels, std::string_view value);
  std::string& out_;
  std::string name_;
};

// All registries added up. Any thread, while the registries live.
std::string renderPrometheus(const std::vector<const Registry*>& registries);

}  // namespace weir::stats
