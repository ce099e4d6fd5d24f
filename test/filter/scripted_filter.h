#pragma once

// A network filter that writes down its hooks and does in each what a test says. Lines look like
// "a:new", "a:data:abc", "a:end", "a:write:xyz", "a:write_end", "a:write_ready", "a:timer",
// "a:closed".

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/filter/filter_chain.h"
#include "source/filter/network_filter.h"

namespace weir::filter {

// One filter of one test; its factory makes it once.
struct Script {
  enum class Kind : uint8_t { Read, Write, Both };

  Script(std::string filter_name, std::vector<std::string>& lines)
      : name(std::move(filter_name)), log(&lines) {}

  std::string name;
  std::vector<std::string>* log;
  Kind kind = Kind::Read;
  bool sees_bytes = true;
  std::function<FilterStatus()> on_new = [] { return FilterStatus::Continue; };
  std::function<FilterStatus(buffer::Buffer&, bool)> on_data = [](buffer::Buffer&, bool) {
    return FilterStatus::Continue;
  };
  std::function<FilterStatus(buffer::Buffer&, bool)> on_write = [](buffer::Buffer&, bool) {
    return FilterStatus::Continue;
  };
  std::function<void()> on_write_ready = [] {};
  std::function<void()> on_closed = [] {};
  std::function<void()> on_timer;    // a second after onNewConnection(), if it is set
  FilterContext* context = nullptr;  // of the filter, once it is made

  // To the client, as from this filter.
  void write(std::string_view text, bool end = false) {
    buffer::Buffer data(context->worker().slices);
    data.append(text);
    context->write(data, end);
  }
};

class ScriptedFilter final : public ReadFilter, public WriteFilter {
 public:
  explicit ScriptedFilter(Script& script) : script_(script) {}

  FilterStatus onNewConnection() override {
    note("new");
    if (script_.on_timer) timer_.arm(std::chrono::seconds(1));
    return script_.on_new();
  }
  FilterStatus onData(buffer::Buffer& data, bool end_stream) override {
    if (!data.empty()) note("data:" + data.toString());
    if (end_stream) note("end");
    return script_.on_data(data, end_stream);
  }
  FilterStatus onWrite(buffer::Buffer& data, bool end_stream) override {
    if (!data.empty()) note("write:" + data.toString());
    if (end_stream) note("write_end");
    return script_.on_write(data, end_stream);
  }
  void onWriteReady() override {
    note("write_ready");
    script_.on_write_ready();
  }
  void onConnectionClosed() override {
    note("closed");
    script_.on_closed();
  }

 private:
  void note(const std::string& what) { script_.log->push_back(script_.name + ":" + what); }
  Script& script_;
  event::Timer timer_{script_.context->worker().loop, [this] {
                        note("timer");
                        script_.on_timer();
                      }};
};

class ScriptFactory final : public NetworkFilterFactory {
 public:
  explicit ScriptFactory(Script& script) : script_(script) {}
  std::string_view name() const override { return script_.name; }
  bool seesBytes() const override { return script_.sees_bytes; }
  void create(FilterAdder& adder) const override {
    script_.context = &adder.context();
    auto filter = std::make_unique<ScriptedFilter>(script_);
    if (script_.kind == Script::Kind::Read) return adder.addRead(std::move(filter));
    if (script_.kind == Script::Kind::Write) return adder.addWrite(std::move(filter));
    ScriptedFilter& both = *filter;
    adder.addBoth(std::move(filter), both);
  }

 private:
  Script& script_;
};

}  // namespace weir::filter
