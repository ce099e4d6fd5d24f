#include "source/server/learned_report.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "source/base/json.h"
#include "source/server/worker.h"

namespace weir::server {
namespace {

// Calls `visit(listener, part)` for each listener that is asked for, with its name in the part.
template <class Visit>
LearnedParts collect(Worker& worker, const LearnedQuery& query, Visit visit) {
  LearnedParts parts;
  worker.forEachListener([&](WorkerListener& listener) {
    const std::string& name = listener.settings().name;
    if (!query.listener.empty() && query.listener != name) return;
    visit(listener, parts.emplace_back(LearnedPart{.id = listener.id(), .name = name}));
  });
  return parts;
}

struct Merged {
  struct Destination {
    LearnedServers::Known known;
    size_t workers = 0;  // that know of it
  };
  std::string name;
  size_t known = 0;
  std::vector<Destination> destinations = {};
};

void addDestinations(Merged& to, const LearnedPart& part,
                     std::unordered_map<net::IpPort, size_t, net::AddressHash>& index) {
  for (const LearnedServers::Known& known : part.destinations) {
    const auto [at, fresh] = index.try_emplace(known.destination, to.destinations.size());
    if (fresh) to.destinations.push_back({known});
    Merged::Destination& one = to.destinations[at->second];
    one.known.left = std::max(one.known.left, known.left);
    one.known.mixed |= known.mixed;
    ++one.workers;
  }
}

// By the listeners' numbers, which are in the order in which they were bound.
std::vector<Merged> merge(const std::vector<LearnedParts>& of_workers) {
  std::map<uint64_t, std::vector<const LearnedPart*>> by_listener;
  for (const LearnedParts& parts : of_workers) {
    for (const LearnedPart& part : parts) by_listener[part.id].push_back(&part);
  }
  std::vector<Merged> out;
  for (const auto& [id, parts] : by_listener) {
    Merged& merged = out.emplace_back(Merged{.name = parts.front()->name});
    std::unordered_map<net::IpPort, size_t, net::AddressHash> index;
    for (const LearnedPart* part : parts) {
      merged.known = std::max(merged.known, part->known);
      addDestinations(merged, *part, index);
    }
    std::stable_sort(merged.destinations.begin(), merged.destinations.end(),
                     [](const auto& a, const auto& b) { return a.known.left > b.known.left; });
  }
  return out;
}

}  // namespace

LearnedParts listLearned(Worker& worker, const LearnedQuery& query) {
  return collect(worker, query, [&](const WorkerListener& listener, LearnedPart& part) {
    listener.learned().forEach(listener.now(), [&](const LearnedServers::Known& known) {
      if (++part.known <= query.limit) part.destinations.push_back(known);
    });
  });
}

LearnedParts forgetLearned(Worker& worker, const LearnedQuery& query) {
  return collect(worker, query, [](WorkerListener& listener, LearnedPart& part) {
    part.known = listener.learned().forgetAll(listener.now());
  });
}

std::string learnedJson(const std::vector<LearnedParts>& of_workers, const LearnedQuery& query) {
  std::string out;
  JsonWriter json(out);
  const auto writeDestination = [&](const Merged::Destination& one) {
    json.object([&] {
      json.field("address", one.known.destination.toString());
      json.field("kind", one.known.mixed ? "mixed" : "server_first");
      json.field("expires_in_seconds", toSeconds(one.known.left));
      json.field("workers", one.workers);
    });
  };
  const auto writeListener = [&](const Merged& listener) {
    json.object([&] {
      json.field("name", listener.name);
      json.field("known", std::max(listener.known, listener.destinations.size()));
      json.array("destinations", [&] {
        const size_t shown = std::min(listener.destinations.size(), query.limit);
        for (size_t i = 0; i < shown; ++i) writeDestination(listener.destinations[i]);
      });
    });
  };
  json.object([&] {
    json.array("listeners", [&] {
      for (const Merged& listener : merge(of_workers)) writeListener(listener);
    });
  });
  return out;
}

std::string forgottenJson(const std::vector<LearnedParts>& of_workers) {
  std::string out;
  JsonWriter json(out);
  const std::vector<Merged> listeners = merge(of_workers);
  size_t all = 0;
  for (const Merged& listener : listeners) all += listener.known;
  json.object([&] {
    json.field("forgotten", all);
    json.array("listeners", [&] {
      for (const Merged& listener : listeners) {
        json.object([&] {
          json.field("name", listener.name);
          json.field("forgotten", listener.known);
        });
      }
    });
  });
  return out;
}

}  // namespace weir::server
