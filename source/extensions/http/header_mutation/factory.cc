#include "source/extensions/http/header_mutation/factory.h"

#include <string>
#include <utility>

#include "api/weir/extensions/http/header_mutation/v1/header_mutation.pb.h"
#include "source/config/header_checks.h"
#include "source/extensions/http/header_mutation/header_mutation.h"
#include "source/http/header_changes.h"

namespace weir::http_filters {
namespace {

namespace v1 = weir::extensions::http::header_mutation::v1;
using http::HeaderChanges;

HeaderChanges readMutation(const v1::Mutation& proto, const FieldScope& scope) {
  HeaderChanges change;
  switch (proto.action_case()) {
    case v1::Mutation::kRemove:
      if (auto name = config::checkChangeableHeader(scope.field("remove"), proto.remove())) {
        change.remove.push_back(std::move(*name));
      }
      break;
    case v1::Mutation::kAppend:
      if (auto field = config::parseAddedHeader(proto.append(), scope.field("append"))) {
        change.add.push_back(std::move(*field));
      }
      break;
    case v1::Mutation::ACTION_NOT_SET: scope.error("is empty: set remove or append"); break;
  }
  return change;
}

template <class List>
HeaderChanges readMutations(const List& list, const FieldScope& field) {
  HeaderChanges changes;
  for (int i = 0; i < list.size(); ++i) {
    changes = http::combine(std::move(changes),
                            readMutation(list[i], field.index(static_cast<size_t>(i))));
  }
  return changes;
}

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override {
    return v1::HeaderMutation::descriptor()->full_name();
  }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::HeaderMutation&>(message).mutations();
    const FieldScope field = scope.field("mutations");
    if (proto.request_mutations().empty() && proto.response_mutations().empty() &&
        proto.request_trailers_mutations().empty() && proto.response_trailers_mutations().empty()) {
      field.error("is required: at least one change of a request or a response");
    }
    HeaderMutationSettings settings;
    settings.request = readMutations(proto.request_mutations(), field.field("request_mutations"));
    settings.request_trailers = readMutations(proto.request_trailers_mutations(),
                                              field.field("request_trailers_mutations"));
    settings.response =
        readMutations(proto.response_mutations(), field.field("response_mutations"));
    settings.response_trailers = readMutations(proto.response_trailers_mutations(),
                                               field.field("response_trailers_mutations"));
    return std::make_unique<HeaderMutationFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeHeaderMutationConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
