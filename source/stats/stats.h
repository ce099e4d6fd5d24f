#pragma once

// Counters and histograms. Each worker has a Registry of its own and is the only one that writes to
// it, so the data path writes nothing that is shared; a scrape reads all registries from another
// thread and adds them up.
//
// A metric is a name and a set of labels. Looking one up takes a lock and may allocate: do it once
// and keep the reference, which stays valid as long as the registry. Adding is a load and a store.

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
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

// Seconds, in fixed buckets.
class Histogram {
 public:
  static constexpr std::array<double, 12> Bounds = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025,
                                                    0.05,   0.1,    0.5,   1,     5,    10};
  void observe(double seconds);
  uint64_t bucket(size_t i) const { return buckets_[i].get(); }  // not cumulative; the last is +Inf
  uint64_t sumMicros() const { return sum_us_.get(); }

 private:
  std::array<Value, Bounds.size() + 1> buckets_;
  Value sum_us_;
};

enum class Kind : uint8_t { Counter, Gauge, Histogram };

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Registry {
 public:
  // The same name and labels give the same metric. `help` is one line for the scrape; a name has
  // one kind.
  Value& counter(std::string_view name, std::string_view help, Labels labels);
  Value& gauge(std::string_view name, std::string_view help, Labels labels);
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels);

 private:
  friend std::string renderPrometheus(const std::vector<const Registry*>& registries);
  struct Series {
    Value value;
    Histogram histogram;
  };
  struct Family {
    Kind kind;
    std::string help;
    std::map<std::string, Series*> series;  // by rendered labels
  };
  Series& find(Kind kind, std::string_view name, std::string_view help, Labels labels);

  mutable std::mutex mutex_;  // guards families_ and store_, not the values
  std::map<std::string, Family, std::less<>> families_;
  std::deque<Series> store_;
};

// All registries added up, in Prometheus' text format 0.0.4. Any thread, while the registries live.
std::string renderPrometheus(const std::vector<const Registry*>& registries);

}  // namespace weir::stats
