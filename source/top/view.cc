#include "source/top/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace weir::top {
namespace {

// Names may be as long as those who gave them liked.
constexpr size_t MaxCellCharacters = 256;

std::string orDash(std::string_view text) { return text.empty() ? "-" : printable(text); }

// Rows of cells, with columns as wide as they need to be.
class Table {
 public:
  enum class Align : uint8_t { Left, Right };
  struct Column {
    std::string_view name;
    Align align = Align::Right;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell.resize(std::min(cell.size(), MaxCellCharacters));
    rows_.push_back(std::move(cells));
  }

  void appendTo(std::vector<Line>& out) const {
    std::vector<size_t> widths;
    for (size_t i = 0; i < columns_.size(); ++i) {
      size_t width = columns_[i].name.size();
      for (const auto& row : rows_) width = std::max(width, row[i].size());
      widths.push_back(width);
    }
    std::vector<std::string> names;
    for (const Column& column : columns_) names.emplace_back(column.name);
    out.push_back({lineOf(names, widths), true});
    for (const auto& row : rows_) out.push_back({lineOf(row, widths)});
  }

 private:
  std::string lineOf(const std::vector<std::string>& cells,
                     const std::vector<size_t>& widths) const {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::Left ? fmt::format("{:<{}}", cells[i], widths[i])
                                               : fmt::format("{:>{}}", cells[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Two observations of one process: how much of something there was in a second.
class Rates {
 public:
  Rates(const Observation* before, const Observation& now)
      : seconds_(before == nullptr ? 0 : toSeconds(now.when - before->when)) {}

  // Nothing if it is not known. What counts less than before has begun anew.
  std::optional<double> of(std::optional<uint64_t> before, uint64_t now) const {
    if (seconds_ <= 0 || !before || now < *before) return std::nullopt;
    return static_cast<double>(now - *before) / seconds_;
  }

 private:
  const double seconds_;
};

std::string countText(std::optional<double> rate) {
  return rate ? fmt::format("{:.1f}", *rate) : "-";
}
std::string bytesText(std::optional<double> rate) { return rate ? shortBytes(*rate) : "-"; }

template <class Facts>
std::optional<uint64_t> was(const Facts* before, uint64_t Facts::*what) {
  return before == nullptr ? std::nullopt : std::optional(before->*what);
}

// How many rows there is room for, and which: all in their order, or else the first ones of
// another.
template <class Row, class Less>
std::vector<Row> fitting(std::vector<Row> rows, size_t room, Less more_important) {
  if (rows.size() <= room) return rows;
  std::stable_sort(rows.begin(), rows.end(), more_important);
  rows.resize(room);
  return rows;
}

void appendRest(std::vector<Line>& out, size_t shown, size_t all, std::string_view what) {
  if (shown < all) out.push_back({fmt::format("... and {} more {}", all - shown, what)});
}

struct ListenerRow {
  const ListenerFacts* now;
  std::optional<double> opens, received, sent;
  double busy() const { return received.value_or(0) + sent.value_or(0); }
};

std::vector<ListenerRow> listenerRows(const Observation* before, const Observation& now) {
  std::map<std::string_view, const ListenerFacts*> old;
  if (before != nullptr) {
    for (const ListenerFacts& one : before->listeners) old.emplace(one.name, &one);
  }
  const Rates rates(before, now);
  std::vector<ListenerRow> rows;
  for (const ListenerFacts& one : now.listeners) {
    const auto at = old.find(one.name);
    const ListenerFacts* const was_one = at == old.end() ? nullptr : at->second;
    rows.push_back({&one, rates.of(was(was_one, &ListenerFacts::accepted), one.accepted),
                    rates.of(was(was_one, &ListenerFacts::received_bytes), one.received_bytes),
                    rates.of(was(was_one, &ListenerFacts::sent_bytes), one.sent_bytes)});
  }
  return rows;
}

void appendListeners(std::vector<Line>& out, const std::vector<ListenerRow>& all, size_t room) {
  using enum Table::Align;
  Table table({{"LISTENER", Left},
               {"ADDRESS", Left},
               {"OPEN", Right},
               {"OPENS/s", Right},
               {"IN/s", Right},
               {"OUT/s", Right}});
  const auto rows = fitting(all, room, [](const auto& a, const auto& b) {
    return std::pair(a.busy(), a.now->open) > std::pair(b.busy(), b.now->open);
  });
  for (const ListenerRow& row : rows) {
    table.add({printable(row.now->name), printable(row.now->address), std::to_string(row.now->open),
               countText(row.opens), bytesText(row.received), bytesText(row.sent)});
  }
  table.appendTo(out);
  appendRest(out, rows.size(), all.size(), "listeners");
}

struct HostRow {
  const ClusterFacts* cluster;
  const HostFacts* host;  // null: the cluster has none
  std::optional<double> connects = {}, failures = {}, requests = {}, errors = {};
  uint64_t active() const { return host == nullptr ? cluster->active : host->active; }
};

std::vector<HostRow> hostRows(const Observation* before, const Observation& now) {
  using HostKey = std::pair<std::string_view, std::string_view>;  // what it names is in `before`
  std::map<HostKey, const HostFacts*> old;
  if (before != nullptr) {
    for (const ClusterFacts& cluster : before->clusters) {
      for (const HostFacts& host : cluster.hosts)
        old.emplace(HostKey(cluster.name, host.address), &host);
    }
  }
  const Rates rates(before, now);
  std::vector<HostRow> rows;
  for (const ClusterFacts& cluster : now.clusters) {
    if (cluster.hosts.empty()) rows.push_back({&cluster, nullptr});
    for (const HostFacts& host : cluster.hosts) {
      const auto at = old.find({cluster.name, host.address});
      const HostFacts* const was_one = at == old.end() ? nullptr : at->second;
      rows.push_back({&cluster, &host, rates.of(was(was_one, &HostFacts::connects), host.connects),
                      rates.of(was(was_one, &HostFacts::failures), host.failures),
                      rates.of(was(was_one, &HostFacts::requests), host.requests),
                      rates.of(was(was_one, &HostFacts::request_errors), host.request_errors)});
    }
  }
  return rows;
}

void appendHosts(std::vector<Line>& out, const std::vector<HostRow>& all, size_t room) {
  using enum Table::Align;
  Table table({{"CLUSTER", Left},
               {"HOST", Left},
               {"ACTIVE", Right},
               {"CONNECTS/s", Right},
               {"FAILED/s", Right},
               {"FAILED", Right},
               {"REQUESTS", Right},
               {"REQUESTS/s", Right},
               {"ERRORS/s", Right},
               {"ERRORS", Right},
               {"HEALTH", Left}});
  const auto rows = fitting(all, room, [](const auto& a, const auto& b) {
    return std::pair(a.failures.value_or(0) + a.errors.value_or(0), a.active()) >
           std::pair(b.failures.value_or(0) + b.errors.value_or(0), b.active());
  });
  for (const HostRow& row : rows) {
    const std::string cluster = printable(row.cluster->name);
    if (row.host == nullptr) {
      table.add({cluster, "-", std::to_string(row.cluster->active), "-", "-", "-", "-", "-", "-",
                 "-", "-"});
    } else {
      table.add({cluster, printable(row.host->address), std::to_string(row.host->active),
                 countText(row.connects), countText(row.failures),
                 std::to_string(row.host->failures), std::to_string(row.host->active_requests),
                 countText(row.requests), countText(row.errors),
                 std::to_string(row.host->request_errors), orDash(row.host->health)});
    }
  }
  table.appendTo(out);
  appendRest(out, rows.size(), all.size(), "hosts");
}

struct ConnectionRow {
  const ConnectionFacts* now;
  std::optional<double> received, sent;
  double busy() const { return received.value_or(0) + sent.value_or(0); }
  uint64_t bytes() const { return now->received_bytes + now->sent_bytes; }
};

// One that was not there before has had all its bytes since.
std::vector<ConnectionRow> connectionRows(const Observation* before, const Observation& now) {
  std::unordered_map<uint64_t, const ConnectionFacts*> old;
  uint64_t newest = 0;
  if (before != nullptr) {
    for (const ConnectionFacts& one : before->connections) {
      old.emplace(one.id, &one);
      newest = std::max(newest, one.id);
    }
  }
  static const ConnectionFacts nothing;
  const Rates rates(before, now);
  std::vector<ConnectionRow> rows;
  for (const ConnectionFacts& one : now.connections) {
    const auto at = old.find(one.id);
    const ConnectionFacts* const was_one = at != old.end()   ? at->second
                                           : one.id > newest ? &nothing
                                                             : nullptr;
    rows.push_back({&one,
                    rates.of(was(was_one, &ConnectionFacts::received_bytes), one.received_bytes),
                    rates.of(was(was_one, &ConnectionFacts::sent_bytes), one.sent_bytes)});
  }
  return rows;
}

void appendConnections(std::vector<Line>& out, const Observation* before, const Observation& now,
                       Order order, size_t room) {
  auto rows = connectionRows(before, now);
  std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    if (order == Order::Newest) return a.now->id > b.now->id;
    return std::pair(a.busy(), a.bytes()) > std::pair(b.busy(), b.bytes());
  });
  rows.resize(std::min(rows.size(), room));
  using enum Table::Align;
  Table table({{"ID", Right},
               {"AGE", Right},
               {"STATE", Left},
               {"LISTENER", Left},
               {"SOURCE", Left},
               {"DESTINATION", Left},
               {"CLUSTER", Left},
               {"UPSTREAM", Left},
               {"PROTOCOL", Left},
               {"IN/s", Right},
               {"OUT/s", Right},
               {"IN", Right},
               {"OUT", Right},
               {"SNI", Left}});
  for (const ConnectionRow& row : rows) {
    const ConnectionFacts& one = *row.now;
    table.add({std::to_string(one.id), shortAge(one.age_seconds), orDash(one.state),
               orDash(one.listener), orDash(one.source), orDash(one.destination),
               orDash(one.cluster), orDash(one.upstream), orDash(one.protocol),
               bytesText(row.received), bytesText(row.sent),
               shortBytes(static_cast<double>(one.received_bytes)),
               shortBytes(static_cast<double>(one.sent_bytes)), orDash(one.sni)});
  }
  table.appendTo(out);
  if (now.truncated)
    out.push_back({fmt::format("of the {} youngest connections", now.connections.size())});
  else
    appendRest(out, rows.size(), now.connections.size(), "connections");
}

std::string summary(std::string_view title, const std::vector<ListenerRow>& listeners,
                    const Observation& now) {
  double opens = 0;
  double received = 0;
  double sent = 0;
  bool known = false;
  for (const ListenerRow& row : listeners) {
    known |= row.opens.has_value();
    opens += row.opens.value_or(0);
    received += row.received.value_or(0);
    sent += row.sent.value_or(0);
  }
  const auto orNothing = [&](double rate) { return known ? std::optional(rate) : std::nullopt; };
  return fmt::format("{}: {} open, {} opens/s, {}/s in, {}/s out", printable(title), now.open,
                     countText(orNothing(opens)), bytesText(orNothing(received)),
                     bytesText(orNothing(sent)));
}

// What each table may have of `rows` lines: the others get what one does not need.
struct Rooms {
  Rooms(size_t rows, size_t listeners, size_t hosts) {
    if (rows == 0) {
      of_listeners = listeners;
      of_hosts = hosts;
      of_connections = MaxConnectionRows;
      return;
    }
    // The summary; three heads; two empty lines; for each table a line for what is left out.
    constexpr size_t Overhead = 1 + 3 + 3 + 3;
    const size_t room = rows > Overhead ? rows - Overhead : 0;
    of_listeners = std::min(listeners, room / 4);
    of_hosts = std::min(hosts, room / 3);
    of_connections = room - of_listeners - of_hosts;
  }
  size_t of_listeners;
  size_t of_hosts;
  size_t of_connections;
};

}  // namespace

// Names come from files and from clients: what would speak to the terminal does not get there.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

std::string shortBytes(double bytes) {
  constexpr std::string_view Units = "KMGTPE";
  if (bytes < 1023.5) return fmt::format("{:.0f}", bytes);
  size_t unit = 0;
  for (bytes /= 1024; bytes >= 999.5 && unit + 1 < Units.size(); ++unit) bytes /= 1024;
  return bytes < 9.95 ? fmt::format("{:.1f}{}", bytes, Units[unit])
                      : fmt::format("{:.0f}{}", bytes, Units[unit]);
}

std::string shortAge(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f}s", seconds);
  if (seconds < 100) return fmt::format("{:.0f}s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.0f}m", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.0f}h", seconds / 3600);
  return fmt::format("{:.0f}d", seconds / 86400);
}

std::vector<Line> render(std::string_view title, const Observation* before, const Observation& now,
                         const ViewSettings& settings) {
  if (before != nullptr && before->process_start != now.process_start) before = nullptr;
  const auto listeners = listenerRows(before, now);
  const auto hosts = hostRows(before, now);
  const Rooms rooms(settings.rows, listeners.size(), hosts.size());
  std::vector<Line> out;
  out.push_back({summary(title, listeners, now)});
  out.push_back({""});
  appendListeners(out, listeners, rooms.of_listeners);
  out.push_back({""});
  appendHosts(out, hosts, rooms.of_hosts);
  out.push_back({""});
  appendConnections(out, before, now, settings.order, rooms.of_connections);
  if (settings.rows != 0) out.resize(std::min(out.size(), settings.rows));
  for (Line& line : out) {
    if (settings.columns != 0 && line.text.size() > settings.columns)
      line.text.resize(settings.columns);
  }
  return out;
}

}  // namespace weir::top
