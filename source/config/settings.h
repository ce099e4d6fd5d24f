#pragma once

// A validated configuration as plain values: what the server is built from. No protobuf here. Built
// by build.h, then shared by all workers as an immutable snapshot; any thread may read it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/base/time.h"
#include "source/filter/connection_line.h"
#include "source/filter/listener_filter.h"
#include "source/filter/network_filter.h"
#include "source/match/matcher.h"
#include "source/net/address.h"
#include "source/net/io.h"
#include "source/tls/transports.h"
#include "source/upstream/cluster_settings.h"

namespace weir::config {

struct AdminSettings {
  net::SocketAddress address;
  bool operator==(const AdminSettings&) const = default;
};

struct AccessLogSettings {
  bool enabled = true;
  std::string path = "/dev/stdout";
  bool json = false;  // lines that nobody has given a form are JSON
  // Never null.
  std::shared_ptr<const filter::ConnectionLine> line = filter::ConnectionLine::defaultText();
  bool operator==(const AccessLogSettings& other) const {
    return enabled == other.enabled && path == other.path && json == other.json &&
           *line == *other.line;
  }
};

struct FilterChainSettings {
  std::string name;
  std::string path;  // the field path in the configuration
  bool early_connect = true;
  std::shared_ptr<const net::Transport> transport;  // null: bytes pass as they are
  Duration handshake_timeout = std::chrono::seconds(10);
  // Never empty; the last one, and only the last one, is terminal.
  std::vector<std::shared_ptr<const filter::NetworkFilterFactory>> filters;
};

struct ListenerSettings {
  std::string name;
  net::SocketAddress address;
  bool transparent = false;
  uint32_t backlog = 4096;
  uint64_t max_connections = 100'000;
  // Nothing: half of max_connections, and none for this machine itself.
  std::optional<uint64_t> max_connections_per_source;
  size_t per_connection_buffer_limit = 32'768;  // bytes, each way
  // In the order in which they are asked; the implicit ones are among them.
  std::vector<std::shared_ptr<const filter::ListenerFilterFactory>> listener_filters;
  // One of each per chain, with the same index; `matcher` is compiled from the specs and answers
  // with that index.
  std::vector<FilterChainSettings> chains;
  std::vector<match::ChainSpec> chain_specs;
  std::shared_ptr<const match::Matcher> matcher;  // never null
  std::optional<FilterChainSettings> default_chain;
};

// When new connections are shed.
struct OverloadSettings {
  uint64_t max_memory_bytes = 0;   // 0: what the control group or the machine allows
  double shed_threshold = 0.90;    // of a limit: from here on
  double resume_threshold = 0.85;  // until below this
  bool enabled = true;
};

struct BootstrapSettings {
  std::optional<AdminSettings> admin;
  uint32_t workers = 0;  // 0: one per processor core
  AccessLogSettings access_log;
  Duration drain_timeout = std::chrono::seconds(30);
  // Certificates that are shown to peers.
  std::vector<tls::CertificateInfo> certificates;
  uint64_t max_connections = 0;  // of all listeners; 0: as many as the descriptors allow
  uint64_t max_detection_bytes = uint64_t{128} << 20;
  OverloadSettings overload;
  std::vector<ListenerSettings> listeners;          // never empty
  std::vector<upstream::ClusterSettings> clusters;  // STATIC ones are never without endpoints
};

}  // namespace weir::config
