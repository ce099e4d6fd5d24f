#include "source/base/json.h"
#include "source/mesh/advise.h"

namespace weir::mesh {
namespace {

void writeSetting(JsonWriter& json, const AdviceSetting& setting) {
  json.field("name", setting.name);
  json.field("value", setting.value);
}

}  // namespace

std::string adviceJson(const Advice& advice) {
  std::string out;
  JsonWriter json(out);
  json.object([&] {
    json.field("port", advice.question.port);
    json.field("tls", advice.question.tls);
    json.field("off_cluster", advice.question.off_cluster);
    json.field("default", advice.question.defaults->name);
    json.array("protocols", [&] {
      for (const KnownProtocol* one : advice.protocols) {
        json.object([&] {
          json.field("name", one->name);
          json.field("title", one->title);
          json.field("speaks_first", toString(one->first));
        });
      }
    });
    json.field("treatment", toString(advice.treatment));
    json.field("source", advice.source);
    json.array("configure", [&] {
      for (const auto& one : advice.configure) json.object([&] { writeSetting(json, one); });
    });
    json.field("why", advice.why);
    json.array("alternatives", [&] {
      for (const AdviceAlternative& one : advice.alternatives) {
        json.object([&] {
          json.field("treatment", toString(one.treatment));
          json.field("when", one.when);
          writeSetting(json, one.setting);
        });
      }
    });
  });
  return out;
}

}  // namespace weir::mesh
