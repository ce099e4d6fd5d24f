#pragma once

// Listener filter: names the protocol of Network UPS Tools (RFC 9271), which Weir does not know, by
// the client's first bytes. Chains match on it by `application_protocols: [nut]`, and it is the
// label `protocol` in log and metrics.
//
// It settles the application protocol if the client begins with a command of the protocol, and
// leaves it to the next provider (proto_detect) if not, at the first byte that rules it out.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/filter/listener_filter.h"

namespace custom {

// Whether bytes begin with one of `openings`.
enum class Opening { No, Maybe, Yes };  // Maybe: so far they are the beginning of one
Opening findOpening(std::span<const uint8_t> prefix, const std::vector<std::string>& openings);

class NutInspector final : public weir::filter::ListenerFilter {
 public:
  // `openings` outlives it.
  explicit NutInspector(const std::vector<std::string>& openings) : openings_(openings) {}

  weir::filter::FactStatus start(const weir::filter::AcceptedSocket& socket,
                                 weir::filter::Sniffed& out) override;
  weir::filter::FactStatus onBytes(std::span<const uint8_t> prefix,
                                   weir::filter::Sniffed& out) override;
  weir::filter::FactStatus onEnd(std::span<const uint8_t> prefix,
                                 weir::filter::Sniffed& out) override;

 private:
  const std::vector<std::string>& openings_;
};

struct NutInspectorSettings {
  std::vector<std::string> extra_openings;
};

class NutInspectorFactory final : public weir::filter::ListenerFilterFactory {
 public:
  explicit NutInspectorFactory(NutInspectorSettings settings);

  std::string_view name() const override { return "nut_inspector"; }
  weir::filter::FactSet provides() const override {
    return weir::filter::Fact::ApplicationProtocols;
  }
  // The longest opening: more bytes would not change the answer.
  size_t maxBytes() const override { return max_bytes_; }
  std::unique_ptr<weir::filter::ListenerFilter> create() const override;

 private:
  std::vector<std::string> openings_;
  size_t max_bytes_ = 0;
};

}  // namespace custom
