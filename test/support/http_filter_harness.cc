#include "test/support/http_filter_harness.h"

#include "source/base/check.h"
#include "source/http/grpc.h"

namespace weir::test {
namespace {

std::string textOf(const http::HeaderMap& map) {
  std::string all;
  for (const http::HeaderEntry& entry : map.entries()) {
    all += std::string(entry.name) + "=" + std::string(entry.value) + ";";
  }
  return all;
}

void fill(http::HeaderMap& map, const HttpFilterHarness::Fields& fields) {
  for (const auto& [name, value] : fields) map.add(name, value);
}

}  // namespace

// Records, and responds when the test says so.
class HttpFilterHarness::Upstream final : public http::StreamDecoderFilter {
 public:
  explicit Upstream(HttpFilterHarness& harness) : harness_(harness) {}
  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override {
    harness_.upstream_.head = textOf(headers);
    if (end_stream) harness_.upstream_.end = "end";
    return http::FilterStatus::Continue;
  }
  http::FilterStatus decodeData(buffer::Buffer& data, bool end_stream) override {
    harness_.upstream_.body += data.toString();
    data.clear();
    if (end_stream) harness_.upstream_.end = "end";
    return http::FilterStatus::Continue;
  }
  http::FilterStatus decodeTrailers(http::HeaderMap& trailers) override {
    harness_.upstream_.trailers = textOf(trailers);
    harness_.upstream_.end = "end";
    return http::FilterStatus::Continue;
  }
  void onResponseWriteReady() override { ++harness_.write_readies_; }
  void onStreamComplete() override { harness_.upstream_context_ = nullptr; }

 private:
  HttpFilterHarness& harness_;
};

class HttpFilterHarness::UpstreamFactory final : public http::FilterFactory {
 public:
  explicit UpstreamFactory(HttpFilterHarness& harness) : harness_(harness) {}
  std::string_view name() const override { return "upstream_of_the_test"; }
  void create(http::FilterAdder& adder) const override {
    harness_.upstream_context_ = &adder.context();
    adder.add<Upstream>(harness_);
  }

 private:
  HttpFilterHarness& harness_;
};

HttpFilterHarness::HttpFilterHarness(Factories factories, Options options)
    : options_(std::move(options)), context_(options_.clusters), factories_(std::move(factories)) {
  if (!options_.has_terminal) factories_.push_back(std::make_shared<UpstreamFactory>(*this));
  manager_ = std::make_unique<http::FilterManager>(
      context_.worker, static_cast<http::StreamEnds&>(*this), options_.buffer_limit);
}

HttpFilterHarness::~HttpFilterHarness() {
  manager_->complete();
  run();
}

void HttpFilterHarness::begin() {
  WEIR_CHECK(!begun_);
  begun_ = true;
  manager_->info().id = 1;
  manager_->info().started = context_.loop->now();
  manager_->start(factories_, connection_);
}

void HttpFilterHarness::nextStream() {
  manager_->complete();
  run();
  manager_->reset();
  upstream_ = client_ = Message{};
  begun_ = request_paused_ = false;
}

void HttpFilterHarness::request(std::string_view method, std::string_view path,
                                const Fields& more) {
  Fields fields = {{":method", std::string(method)},
                   {":scheme", "http"},
                   {":authority", "test"},
                   {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  requestHeaders(fields, true);
}

void HttpFilterHarness::requestHeaders(const Fields& fields, bool end_stream) {
  fill(manager_->requestHeaders(), fields);
  manager_->info().is_grpc = http::isGrpc(manager_->requestHeaders());
  if (end_stream) manager_->info().request_done = context_.loop->now();
  begin();
  manager_->decodeHeaders(end_stream);
  run();
}

void HttpFilterHarness::requestData(std::string_view text, bool end_stream) {
  buffer::Buffer data(context_.slices);
  data.append(text);
  manager_->info().request_bytes += text.size();
  if (end_stream) manager_->info().request_done = context_.loop->now();
  manager_->decodeData(data, end_stream);
  run();
}

void HttpFilterHarness::requestTrailers(const Fields& fields) {
  fill(manager_->requestTrailers(), fields);
  manager_->info().request_done = context_.loop->now();
  manager_->decodeTrailers();
  run();
}

void HttpFilterHarness::resetByClient() {
  client_.end = "reset:client";
  manager_->complete();
  run();
}

void HttpFilterHarness::blockClient(bool blocked) {
  client_blocked_ = blocked;
  if (!blocked) manager_->onSendReady();
  run();
}

void HttpFilterHarness::respond(unsigned status, std::string_view body, const Fields& more) {
  Fields fields = {{":status", std::to_string(status)}};
  fields.insert(fields.end(), more.begin(), more.end());
  respondHeaders(fields, body.empty());
  if (!body.empty()) respondData(body, true);
}

void HttpFilterHarness::respondHeaders(const Fields& fields, bool end_stream) {
  if (upstream_context_ == nullptr) return;  // the stream is over
  fill(upstream_context_->responseHeaders(), fields);
  upstream_context_->encodeHeaders(end_stream);
  run();
}

void HttpFilterHarness::respondData(std::string_view text, bool end_stream) {
  if (upstream_context_ == nullptr) return;
  buffer::Buffer data(context_.slices);
  data.append(text);
  upstream_context_->encodeData(data, end_stream);
  run();
}

void HttpFilterHarness::respondTrailers(const Fields& fields) {
  if (upstream_context_ == nullptr) return;
  fill(upstream_context_->responseTrailers(), fields);
  upstream_context_->encodeTrailers();
  run();
}

void HttpFilterHarness::blockUpstream(bool blocked) {
  if (upstream_context_ != nullptr) upstream_context_->pauseRequest(blocked);
  run();
}

std::string HttpFilterHarness::responseHeader(std::string_view name) const {
  const std::string wanted = std::string(name) + "=";
  size_t at = client_.head.starts_with(wanted) ? 0 : client_.head.find(";" + wanted);
  if (at == std::string::npos) return "-";
  at = client_.head.find('=', at) + 1;
  return client_.head.substr(at, client_.head.find(';', at) - at);
}

void HttpFilterHarness::sendHeaders(http::HeaderMap& headers, bool end_stream) {
  const unsigned status = http::statusOf(headers);
  client_.head += textOf(headers);
  if (status >= 200 || status == 101) manager_->info().status = status;
  if (end_stream) client_.end = "end";
  finishIfDone();
}

void HttpFilterHarness::sendData(buffer::Buffer& data, bool end_stream) {
  manager_->info().response_bytes += data.size();
  client_.body += data.toString();
  data.clear();
  if (end_stream) client_.end = "end";
  finishIfDone();
}

void HttpFilterHarness::sendTrailers(http::HeaderMap& trailers) {
  client_.trailers = textOf(trailers);
  client_.end = "end";
  finishIfDone();
}

void HttpFilterHarness::resetStream(http::ResetReason reason, std::string_view why) {
  client_.end = "reset:" + std::string(why.empty() ? http::toString(reason) : why);
  manager_->info().reason = why;
  finishIfDone();
}

// As the connection manager does it.
void HttpFilterHarness::finishIfDone() {
  if (!client_.end.empty()) manager_->complete();
}

const http::Route* HttpFilterHarness::chooseRoute(const http::HeaderMap& request) {
  return options_.routes == nullptr ? nullptr : options_.routes->find(request);
}

std::string HttpFilterHarness::Message::text() const {
  return head + "|" + body + "|" + (trailers.empty() ? "" : trailers + "|") + end;
}

}  // namespace weir::test
