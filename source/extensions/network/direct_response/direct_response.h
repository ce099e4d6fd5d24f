#pragma once

// Terminal filter: sends fixed bytes, on accept or after the client's first bytes, and then closes,
// or stays open until the client closes. What the client sends is read and dropped. Close reasons:
// response_sent, client_fin.

#include <memory>
#include <string>

#include "source/filter/filter_chain.h"
#include "source/filter/network_filter.h"

namespace weir::extensions {

struct DirectResponseSettings {
  std::string body;
  bool on_accept = false;  // a server that speaks first
  bool keep_open = false;
};

// Of one connection, on its loop; owned by its chain. `settings` outlives it.
class DirectResponse final : public filter::ReadFilter {
 public:
  DirectResponse(filter::FilterContext& context, const DirectResponseSettings& settings)
      : context_(context), settings_(settings) {}

  filter::FilterStatus onNewConnection() override;
  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override;

 private:
  void respond();

  filter::FilterContext& context_;
  const DirectResponseSettings& settings_;
  bool responded_ = false;
};

class DirectResponseFactory final : public filter::NetworkFilterFactory {
 public:
  explicit DirectResponseFactory(DirectResponseSettings settings)
      : settings_(std::move(settings)) {}
  std::string_view name() const override { return "direct_response"; }
  void create(filter::FilterAdder& adder) const override;

 private:
  const DirectResponseSettings settings_;
};

}  // namespace weir::extensions
