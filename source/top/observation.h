#pragma once

// What a running Weir said of itself at one moment, read from the answers of its admin port. Pure
// functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"

namespace weir::top {

// The bodies, as they came.
struct Answers {
  std::string listeners;
  std::string clusters;
  std::string connections;
  std::string metrics;
};

struct ListenerFacts {
  std::string name = {};
  std::string address = {};
  uint64_t open = 0;
  uint64_t accepted = 0;  // since the start, as all that follow
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

struct HostFacts {
  std::string address = {};
  std::string health = {};  // healthy, unhealthy ...; "ejected"
  uint64_t active = 0;
  uint64_t connects = 0;
  uint64_t failures = 0;
  uint64_t active_requests = 0;
  uint64_t requests = 0;
  uint64_t request_errors = 0;
};

struct ClusterFacts {
  std::string name = {};
  uint64_t active = 0;
  std::vector<HostFacts> hosts = {};
};

// Texts are empty where nothing is known.
struct ConnectionFacts {
  uint64_t id = 0;
  std::string state = {};
  std::string listener = {};
  std::string source = {};
  std::string destination = {};
  std::string upstream = {};
  std::string cluster = {};
  std::string protocol = {};
  std::string sni = {};
  double age_seconds = 0;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

struct Observation {
  MonotonicTime when;
  double process_start = 0;  // seconds since 1970; 0 if it was not said
  uint64_t open = 0;         // connections
  bool truncated = false;    // not all of them are here: those that are, are the youngest
  std::vector<ListenerFacts> listeners;
  std::vector<ClusterFacts> clusters;
  std::vector<ConnectionFacts> connections;
};

// An error if an answer is not what an admin port answers.
Result<Observation> readAnswers(const Answers& answers, MonotonicTime when);

}  // namespace weir::top
