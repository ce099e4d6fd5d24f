#include "source/extensions/http/router/name_lookups.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "source/http/characters.h"

namespace weir::http_filters {
namespace {

constexpr size_t MaxNameBytes = 255;  // RFC 1035 2.3.4

}  // namespace

const upstream::DnsAnswer* NameLookups::known(std::string_view name) {
  const auto it = by_name_.find(http::lowerCase(name));
  if (it == by_name_.end()) return nullptr;
  if (it->second->until <= loop_.now()) {
    drop(it->second);
    return nullptr;
  }
  count(Known, "known");
  return &it->second->answer;
}

std::unique_ptr<NameLookups::Query> NameLookups::resolve(std::string_view name,
                                                         upstream::DnsResolver::Done done) {
  if (running_ == MaxAtOnce) {
    count(static_cast<size_t>(ErrorCode::Overflow), toString(ErrorCode::Overflow));
    return nullptr;
  }
  auto query = std::make_unique<Query>(*this);
  std::string lower = http::lowerCase(name);
  auto heard = [this, lower, done = std::move(done)](Result<upstream::DnsAnswer> answer) {
    onAnswer(lower, answer);
    done(std::move(answer));
  };
  query->query_ = resolver_.resolve(std::move(lower), upstream::DnsFamily::All, std::move(heard));
  return query;
}

void NameLookups::onAnswer(const std::string& name, const Result<upstream::DnsAnswer>& answer) {
  if (!answer.ok()) {
    const ErrorCode code = answer.error().code;
    return count(static_cast<size_t>(code), toString(code));
  }
  count(Resolved, "resolved");
  keep(name, answer.value());
}

// Half an answer is asked for again, and one from a file is at hand.
void NameLookups::keep(const std::string& name, const upstream::DnsAnswer& answer) {
  const bool whole = !answer.failure && !answer.local;
  if (!whole || answer.ttl <= Duration::zero() || name.size() > MaxNameBytes) return;
  forget(name);
  if (kept_.size() == MaxKept) drop(kept_.begin());
  kept_.push_back({name, answer, loop_.now() + std::min(answer.ttl, MostKept)});
  by_name_.emplace(kept_.back().name, std::prev(kept_.end()));
}

void NameLookups::forget(std::string_view name) {
  const auto it = by_name_.find(http::lowerCase(name));
  if (it != by_name_.end()) drop(it->second);
}

void NameLookups::drop(Place place) {
  by_name_.erase(place->name);
  kept_.erase(place);
}

void NameLookups::count(size_t outcome, std::string_view text) {
  stats::Value*& counter = counters_[outcome];
  if (counter == nullptr) {
    counter =
        &stats_.counter("weir_http_connect_lookups_total",
                        "Names that CONNECTs asked for, by what came of it.", {{"outcome", text}});
  }
  counter->add(1);
}

}  // namespace weir::http_filters
