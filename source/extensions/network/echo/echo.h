#pragma once

// Terminal filter: sends back what it gets; ends when the client has ended (close reason:
// client_fin).

#include <memory>

#include "source/filter/filter_chain.h"
#include "source/filter/network_filter.h"

namespace weir::extensions {

// Of one connection, on its loop; owned by its chain.
class Echo final : public filter::ReadFilter {
 public:
  explicit Echo(filter::FilterContext& context) : context_(context) {}

  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override { context_.resumeReading(net::Pause::Backpressure); }

 private:
  filter::FilterContext& context_;
};

class EchoFactory final : public filter::NetworkFilterFactory {
 public:
  std::string_view name() const override { return "echo"; }
  void create(filter::FilterAdder& adder) const override;
};

}  // namespace weir::extensions
