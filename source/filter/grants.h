#pragma once

// What filters that limit have taken for a connection before its chain is chosen
// (NetworkFilterFactory::takeEarly()): a token, a place. Owned by the connection's record, on its
// loop; kept for the filter of the same factory (FilterContext::takeGrant()), and given back by
// being destroyed.

#include <memory>
#include <utility>
#include <vector>

namespace weir::filter {

class NetworkFilterFactory;

class Grant {
 public:
  virtual ~Grant() = default;
};

class Grants {
 public:
  void add(const NetworkFilterFactory& factory, std::unique_ptr<Grant> grant) {
    if (list_ == nullptr) list_ = std::make_unique<List>();
    list_->emplace_back(&factory, std::move(grant));
  }
  // Null if nothing was taken for this factory.
  std::unique_ptr<Grant> take(const NetworkFilterFactory& factory) {
    if (list_ == nullptr) return nullptr;
    for (auto& [of, grant] : *list_) {
      if (of == &factory && grant != nullptr) return std::move(grant);
    }
    return nullptr;
  }
  void clear() { list_.reset(); }

 private:
  using List = std::vector<std::pair<const NetworkFilterFactory*, std::unique_ptr<Grant>>>;
  std::unique_ptr<List> list_;  // few connections have any
};

}  // namespace weir::filter
