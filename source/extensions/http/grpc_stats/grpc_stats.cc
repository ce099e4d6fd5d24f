#include "source/extensions/http/grpc_stats/grpc_stats.h"

#include <algorithm>
#include <charconv>

#include "source/http/grpc.h"
#include "source/http/grpc_status.h"

namespace weir::http_filters {
namespace {

using http::FilterStatus;
using http::HeaderId;

constexpr size_t OtherStatus = http::GrpcStatusCount;
constexpr size_t NoStatus = OtherStatus + 1;
constexpr size_t MaxNameBytes = 200;  // of a service and its method

stats::Value& messages(stats::Registry& registry, std::string_view name, std::string_view service,
                       std::string_view method, std::string_view direction) {
  return registry.counter(
      "weir_http_grpc_messages_total", "Messages of gRPC.",
      {{"name", name}, {"service", service}, {"method", method}, {"direction", direction}});
}

// What a service or a method may be called (the language of protobuf).
bool isName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

uint64_t countMessages(GrpcMessageCounter& counter, buffer::Buffer& data) {
  std::array<iovec, 64> pieces;
  size_t used = data.peek(pieces);
  if (used == pieces.size()) {  // there may be more of them
    const std::span<const uint8_t> all = data.contiguous();
    return counter.add(all);
  }
  uint64_t messages = 0;
  for (size_t i = 0; i < used; ++i) {
    messages += counter.add({static_cast<const uint8_t*>(pieces[i].iov_base), pieces[i].iov_len});
  }
  return messages;
}

}  // namespace

GrpcCounters::OfMethod::OfMethod(stats::Registry& registry, std::string name, std::string service,
                                 std::string method)
    : request_messages(messages(registry, name, service, method, "request")),
      response_messages(messages(registry, name, service, method, "response")),
      registry_(registry),
      name_(std::move(name)),
      service_(std::move(service)),
      method_(std::move(method)) {}

void GrpcCounters::OfMethod::countRequest(int grpc_status) {
  const size_t index =
      grpc_status < 0 ? NoStatus : std::min(static_cast<size_t>(grpc_status), OtherStatus);
  if (by_status_[index] == nullptr) {
    const std::string label = index == NoStatus ? "none"
                              : index == OtherStatus
                                  ? "other"
                                  : std::string(http::GrpcStatusNames[index].snake);
    by_status_[index] = &registry_.counter(
        "weir_http_grpc_method_requests_total",
        "Requests of gRPC that are over, by method and status.",
        {{"name", name_}, {"service", service_}, {"method", method_}, {"grpc_status", label}});
  }
  by_status_[index]->add(1);
}

GrpcCounters::GrpcCounters(stats::Registry& registry, const GrpcStatsSettings& settings)
    : registry_(registry),
      settings_(settings),
      other_(registry, settings.stat_prefix, "other", "other") {
  for (const GrpcStatsSettings::Method& method : settings.methods) add(method.service, method.name);
}

GrpcCounters::OfMethod& GrpcCounters::add(std::string_view service, std::string_view method) {
  std::string path = "/";
  path.append(service).append("/").append(method);
  return methods_
      .try_emplace(std::move(path), registry_, settings_.stat_prefix, std::string(service),
                   std::string(method))
      .first->second;
}

GrpcCounters::OfMethod& GrpcCounters::of(std::string_view path) {
  if (const auto found = methods_.find(path); found != methods_.end()) return found->second;
  if (methods_.size() >= settings_.max_methods || path.size() > MaxNameBytes) return other_;
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return other_;
  const std::string_view service = path.substr(1, slash - 1);
  const std::string_view method = path.substr(slash + 1);
  return path.front() == '/' && isName(service) && isName(method) ? add(service, method) : other_;
}

FilterStatus GrpcStatsFilter::decodeHeaders(http::HeaderMap& headers, bool) {
  if (http::isGrpc(headers)) method_ = &counters_.of(headers.get(HeaderId::Path));
  return FilterStatus::Continue;
}

FilterStatus GrpcStatsFilter::decodeData(buffer::Buffer& data, bool) {
  if (method_ != nullptr) method_->request_messages.add(countMessages(requests_, data));
  return FilterStatus::Continue;
}

// A response that is not of gRPC, such as a proxy's, has the status that clients make of it.
FilterStatus GrpcStatsFilter::encodeHeaders(http::HeaderMap& headers, bool) {
  if (method_ == nullptr) return FilterStatus::Continue;
  response_is_grpc_ = http::isGrpc(headers);
  if (!response_is_grpc_) status_ = static_cast<int>(http::grpcStatusFor(http::statusOf(headers)));
  noteStatus(headers);
  return FilterStatus::Continue;
}

FilterStatus GrpcStatsFilter::encodeData(buffer::Buffer& data, bool) {
  if (response_is_grpc_) method_->response_messages.add(countMessages(responses_, data));
  return FilterStatus::Continue;
}

FilterStatus GrpcStatsFilter::encodeTrailers(http::HeaderMap& trailers) {
  noteStatus(trailers);
  return FilterStatus::Continue;
}

void GrpcStatsFilter::noteStatus(const http::HeaderMap& fields) {
  const std::string_view text = fields.get(HeaderId::GrpcStatus);
  if (text.empty()) return;
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool number = error == std::errc() && end == text.data() + text.size() && status >= 0;
  status_ = number ? status : static_cast<int>(OtherStatus);
}

void GrpcStatsFilter::onStreamComplete() {
  if (method_ != nullptr) method_->countRequest(status_);
}

void GrpcStatsFactory::create(http::FilterAdder& adder) const {
  filter::Worker& worker = adder.context().worker();
  adder.add<GrpcStatsFilter>(
      worker.local.get<GrpcCounters>(this, [&] { return GrpcCounters(worker.stats, settings_); }));
}

}  // namespace weir::http_filters
