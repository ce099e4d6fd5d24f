#include "source/top/observation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "source/config/readers.h"
#include "source/config/scalar_values.h"

namespace weir::top {
namespace {

using config::Node;

const Node* find(const Node& object, std::string_view key) {
  for (const config::NodeEntry& entry : object.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string textOf(const Node& object, std::string_view key) {
  const Node* const value = find(object, key);
  return value != nullptr ? value->text : "";
}

template <class Number>
Number numberIn(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

uint64_t countOf(const Node& object, std::string_view key) {
  return numberIn<uint64_t>(textOf(object, key));
}

const std::vector<Node>& itemsOf(const Node& object, std::string_view key) {
  static const std::vector<Node> none;
  const Node* const list = find(object, key);
  return list != nullptr ? list->items : none;
}

// A line of /metrics: NAME{LABEL="VALUE",...} NUMBER.
struct Sample {
  std::string_view name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// Takes NAME="VALUE" from the front of `rest`.
std::optional<std::pair<std::string, std::string>> takeLabel(std::string_view& rest) {
  const size_t equals = rest.find("=\"");
  if (equals == rest.npos) return std::nullopt;
  std::pair<std::string, std::string> label(rest.substr(0, equals), "");
  for (size_t i = equals + 2; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return label;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) {
      ++i;
      label.second += rest[i] == 'n' ? '\n' : rest[i];
    } else {
      label.second += rest[i];
    }
  }
  return std::nullopt;
}

std::optional<Sample> readSample(std::string_view line) {
  Sample sample;
  const size_t end = line.find_first_of("{ ");
  if (end == line.npos) return std::nullopt;
  sample.name = line.substr(0, end);
  line.remove_prefix(end);
  if (line.starts_with('{')) {
    line.remove_prefix(1);
    while (!line.starts_with('}')) {
      auto label = takeLabel(line);
      if (!label) return std::nullopt;
      sample.labels.insert(std::move(*label));
      if (line.starts_with(',')) line.remove_prefix(1);
    }
    line.remove_prefix(1);
  }
  if (!line.starts_with(' ')) return std::nullopt;
  sample.value = numberIn<double>(line.substr(1));
  return sample;
}

// What a double counts exactly, whatever it is.
uint64_t countIn(double value) {
  constexpr double Most = 9007199254740992;  // 2^53
  return std::isfinite(value) ? static_cast<uint64_t>(std::clamp(value, 0.0, Most)) : 0;
}

void addSample(const Sample& sample, ListenerFacts& to) {
  const uint64_t value = countIn(sample.value);
  if (sample.name == "weir_listener_connections_total") {
    to.accepted += value;
  } else if (sample.name == "weir_listener_open_connections") {
    to.open += value;
  } else if (sample.name == "weir_tcp_bytes_total") {
    const auto direction = sample.labels.find("direction");
    const bool sent = direction != sample.labels.end() && direction->second == "tx";
    (sent ? to.sent_bytes : to.received_bytes) += value;
  }
}

constexpr std::string_view ProcessStart = "process_start_time_seconds ";

double startIn(std::string_view line) {
  const auto value = numberIn<double>(line.substr(ProcessStart.size()));
  return std::isfinite(value) ? value : 0;
}

void addMetrics(std::string_view metrics, Observation& out) {
  std::map<std::string, ListenerFacts*, std::less<>> by_name;
  for (ListenerFacts& listener : out.listeners) by_name.emplace(listener.name, &listener);
  while (!metrics.empty()) {
    const size_t end = std::min(metrics.find('\n'), metrics.size());
    const std::string_view line = metrics.substr(0, end);
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
    if (line.starts_with(ProcessStart)) out.process_start = startIn(line);
    if (!line.starts_with("weir_listener_") && !line.starts_with("weir_tcp_bytes_total")) continue;
    const auto sample = readSample(line);
    if (!sample) continue;
    const auto label = sample->labels.find("listener");
    if (label == sample->labels.end()) continue;
    const auto listener = by_name.find(label->second);
    if (listener != by_name.end()) addSample(*sample, *listener->second);
  }
}

std::vector<ListenerFacts> readListeners(const Node& answer) {
  std::vector<ListenerFacts> out;
  for (const Node& one : answer.items)
    out.push_back({.name = textOf(one, "name"), .address = textOf(one, "address")});
  return out;
}

HostFacts readHost(const Node& host) {
  const bool ejected = textOf(host, "ejected") == "true";
  return {.address = textOf(host, "address"),
          .health = ejected ? "ejected" : textOf(host, "health"),
          .active = countOf(host, "active_connections"),
          .connects = countOf(host, "connects"),
          .failures = countOf(host, "connect_failures"),
          .active_requests = countOf(host, "active_requests"),
          .requests = countOf(host, "requests"),
          .request_errors = countOf(host, "request_errors")};
}

std::vector<ClusterFacts> readClusters(const Node& answer) {
  std::vector<ClusterFacts> out;
  for (const Node& one : answer.items) {
    ClusterFacts& cluster = out.emplace_back();
    cluster.name = textOf(one, "name");
    cluster.active = countOf(one, "active_connections");
    for (const Node& host : itemsOf(one, "hosts")) cluster.hosts.push_back(readHost(host));
  }
  return out;
}

ConnectionFacts readConnection(const Node& one) {
  return {.id = countOf(one, "id"),
          .state = textOf(one, "state"),
          .listener = textOf(one, "listener"),
          .source = textOf(one, "source"),
          .destination = textOf(one, "destination"),
          .upstream = textOf(one, "upstream"),
          .cluster = textOf(one, "cluster"),
          .protocol = textOf(one, "protocol"),
          .sni = textOf(one, "sni"),
          .age_seconds = numberIn<double>(textOf(one, "age_seconds")),
          .received_bytes = countOf(one, "received_bytes"),
          .sent_bytes = countOf(one, "sent_bytes")};
}

Result<Node> readJson(std::string_view path, std::string_view text, Node::Kind kind) {
  const bool readable = text.size() <= config::MaxConfigBytes && text.find('\0') == text.npos &&
                        !config::firstInvalidUtf8(text);
  if (readable) {
    auto read = config::readJson(text);
    auto* const node = std::get_if<Node>(&read);
    if (node != nullptr && node->kind == kind) return std::move(*node);
  }
  return Error{
      ErrorCode::InvalidArgument, Side::Upstream,
      "the answer to " + std::string(path) + " is not what this version of weir top understands"};
}

}  // namespace

Result<Observation> readAnswers(const Answers& answers, MonotonicTime when) {
  auto listeners = readJson("/listeners", answers.listeners, Node::Kind::Sequence);
  if (!listeners.ok()) return listeners.error();
  auto clusters = readJson("/clusters", answers.clusters, Node::Kind::Sequence);
  if (!clusters.ok()) return clusters.error();
  auto connections = readJson("/connections", answers.connections, Node::Kind::Mapping);
  if (!connections.ok()) return connections.error();
  Observation out;
  out.when = when;
  out.open = countOf(connections.value(), "open");
  out.truncated = textOf(connections.value(), "truncated") == "true";
  out.listeners = readListeners(listeners.value());
  addMetrics(answers.metrics, out);
  out.clusters = readClusters(clusters.value());
  for (const Node& one : itemsOf(connections.value(), "connections"))
    out.connections.push_back(readConnection(one));
  return out;
}

}  // namespace weir::top
