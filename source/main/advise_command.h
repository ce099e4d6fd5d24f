#pragma once

// `weir advise`.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "source/mesh/port_policy.h"

namespace weir {

// Adds the command to `app`, whose results it then holds. Must outlive the parsing.
class AdviseCommand {
 public:
  explicit AdviseCommand(CLI::App& app);
  AdviseCommand(const AdviseCommand&) = delete;
  AdviseCommand& operator=(const AdviseCommand&) = delete;

  // The exit status; nothing if another command was given.
  std::optional<int> run();

 private:
  CLI::App* command_;
  uint16_t port_ = 0;
  std::string protocol_;
  bool tls_ = false;
  bool off_cluster_ = false;
  bool json_ = false;
  std::string defaults_{mesh::OwnPortDefaults};
};

}  // namespace weir
