#pragma once

// What the workers have learned about the servers behind their listeners, for the admin port.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "source/server/learned_servers.h"

namespace weir::server {

class Worker;

// Which part of it is asked for.
struct LearnedQuery {
  std::string listener;  // empty: all
  size_t limit = 1000;   // destinations of each listener
};

// One listener on one worker.
struct LearnedPart {
  uint64_t id = 0;  // ListenerShared::id
  std::string name;
  size_t known = 0;
  std::vector<LearnedServers::Known> destinations = {};  // at most the limit, newest first
};
using LearnedParts = std::vector<LearnedPart>;

// On the worker's thread.
LearnedParts listLearned(Worker& worker, const LearnedQuery& query);
// The parts say how many were known, and name none.
LearnedParts forgetLearned(Worker& worker, const LearnedQuery& query);

// JSON. Workers tell each other what they learn, so all know the same but for what is on its way:
// the number for a listener is that of the worker with most. Any thread.
std::string learnedJson(const std::vector<LearnedParts>& of_workers, const LearnedQuery& query);
std::string forgottenJson(const std::vector<LearnedParts>& of_workers);

}  // namespace weir::server
