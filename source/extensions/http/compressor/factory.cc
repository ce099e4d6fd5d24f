#include "source/extensions/http/compressor/factory.h"

#include <algorithm>
#include <utility>

#include "api/weir/extensions/http/compressor/v1/compressor.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/config/node.h"
#include "source/extensions/http/compressor/compressor.h"
#include "source/http/characters.h"
#include "source/http/text_match.h"

namespace weir::http_filters {
namespace {

using Proto = weir::extensions::http::compressor::v1::Compressor;

void readAlgorithms(const Proto& proto, const FieldScope& field, CompressorSettings& settings) {
  if (proto.algorithms().empty()) return;
  settings.algorithms.clear();
  for (int i = 0; i < proto.algorithms_size(); ++i) {
    const Algorithm one =
        proto.algorithms(i) == Proto::BROTLI ? Algorithm::Brotli : Algorithm::Gzip;
    if (std::find(settings.algorithms.begin(), settings.algorithms.end(), one) !=
        settings.algorithms.end()) {
      field.index(static_cast<size_t>(i)).error("stands twice in this list");
    } else {
      settings.algorithms.push_back(one);
    }
  }
}

void readTypes(const Proto& proto, const FieldScope& field, CompressorSettings& settings) {
  if (proto.content_type().empty()) {
    settings.content_types = {"application/javascript",
                              "application/json",
                              "application/xhtml+xml",
                              "image/svg+xml",
                              "text/css",
                              "text/html",
                              "text/plain",
                              "text/xml"};
  }
  for (int i = 0; i < proto.content_type_size(); ++i) {
    const std::string& type = proto.content_type(i);
    const size_t slash = type.find('/');
    if (slash == std::string::npos || !http::isToken(type.substr(0, slash)) ||
        !http::isToken(type.substr(slash + 1))) {
      field.index(static_cast<size_t>(i))
          .error(config::quote(type) + " is not a type such as \"text/html\"");
    }
    settings.content_types.push_back(http::lowerCase(type));
  }
}

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    CompressorSettings settings;
    const auto number = [&](const char* field, bool has, uint32_t value, uint64_t absent,
                            const config::IntegerRange& range) {
      return config::checkInteger(scope.field(field), has ? value : absent, absent, range);
    };
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    readAlgorithms(proto, scope.field("algorithms"), settings);
    readTypes(proto, scope.field("content_type"), settings);
    settings.min_content_length = number("min_content_length", proto.has_min_content_length(),
                                         proto.min_content_length(), 30, {30, UINT32_MAX});
    settings.gzip_level = static_cast<int>(
        number("gzip_level", proto.has_gzip_level(), proto.gzip_level(), 6, {1, 9}));
    settings.brotli_quality = static_cast<int>(
        number("brotli_quality", proto.has_brotli_quality(), proto.brotli_quality(), 3, {0, 11}));
    settings.disable_on_etag = proto.disable_on_etag_header();
    settings.remove_accept_encoding = proto.remove_accept_encoding_header();
    return std::make_unique<CompressorFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeCompressorConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
