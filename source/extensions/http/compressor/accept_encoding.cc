#include "source/extensions/http/compressor/accept_encoding.h"

#include "source/http/characters.h"

namespace weir::http_filters {
namespace {

constexpr int Most = 1000;  // weights are in thousandths

// "0", "0.5", "1.000" (RFC 9110 12.4.2); -1 for anything else.
int readWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  int weight = (text[0] - '0') * Most;
  if (text.size() > 1 && text[1] != '.') return -1;
  int place = Most / 10;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (c < '0' || c > '9') return -1;
    weight += (c - '0') * place;
    place /= 10;
  }
  return weight <= Most ? weight : -1;
}

// Of one element, without its coding; one that cannot be read is not wanted.
int weightOf(std::string_view parameters) {
  int weight = Most;
  while (!parameters.empty()) {
    const size_t end = parameters.find(';');
    const std::string_view one = http::trimmed(parameters.substr(0, end));
    parameters = end == std::string_view::npos ? std::string_view() : parameters.substr(end + 1);
    if (one.size() > 1 && (one[0] == 'q' || one[0] == 'Q') && one[1] == '=') {
      weight = readWeight(one.substr(2));
    }
  }
  return weight < 0 ? 0 : weight;
}

// The weight of a coding: by its name, else by "*"; nothing if neither is there.
std::optional<int> weightOf(std::string_view coding, std::string_view list) {
  std::optional<int> any;
  while (!list.empty()) {
    const std::string_view element = http::takeElement(list);
    const size_t end = element.find(';');
    const std::string_view name = http::trimmed(element.substr(0, end));
    const std::string_view rest =
        end == std::string_view::npos ? std::string_view() : element.substr(end + 1);
    if (http::equalIgnoringCase(name, coding)) return weightOf(rest);
    if (coding == "gzip" && http::equalIgnoringCase(name, "x-gzip")) return weightOf(rest);
    if (name == "*" && !any) any = weightOf(rest);
  }
  return any;
}

}  // namespace

std::optional<size_t> chooseEncoding(std::string_view accept_encoding,
                                     std::span<const std::string_view> offered) {
  std::optional<size_t> chosen;
  int best = 0;
  for (size_t i = 0; i < offered.size(); ++i) {
    const int weight = weightOf(offered[i], accept_encoding).value_or(0);
    if (weight <= best) continue;
    best = weight;
    chosen = i;
  }
  // "*" is not taken to speak of the response as it is, which may always be sent.
  std::string_view list = accept_encoding;
  while (chosen && !list.empty()) {
    const std::string_view element = http::takeElement(list);
    if (!http::equalIgnoringCase(http::trimmed(element.substr(0, element.find(';'))), "identity"))
      continue;
    if (weightOf("identity", element).value_or(0) > best) return std::nullopt;
  }
  return chosen;
}

}  // namespace weir::http_filters
