#include "source/http/header_id.h"

namespace weir::http {
namespace {

constexpr size_t Slots = 256;
constexpr uint8_t Empty = 0xff;

// Length and three letters tell the names apart, with factors that were searched for; the table
// below does not compile if two names meet. Search anew if a name comes in.
constexpr size_t slotOf(std::string_view name) {
  const auto at = [&](size_t i) { return size_t{static_cast<uint8_t>(name[i])}; };
  const size_t size = name.size();
  return (size * 30 + at(size / 2) * 76 + at(size - 1) * 121 + at(size * 3 / 4) * 14) % Slots;
}

struct Table {
  std::array<uint8_t, Slots> ids{};
  bool distinct = true;
};

constexpr Table makeTable() {
  Table table;
  for (uint8_t& id : table.ids) id = Empty;
  for (size_t i = 0; i < KnownHeaders; ++i) {
    uint8_t& id = table.ids[slotOf(HeaderNames[i])];
    table.distinct = table.distinct && id == Empty;
    id = static_cast<uint8_t>(i);
  }
  return table;
}

constexpr Table Names = makeTable();
static_assert(Names.distinct, "two names meet: search for other factors");

}  // namespace

HeaderId headerId(std::string_view name) {
  if (name.empty()) return HeaderId::Other;
  const uint8_t id = Names.ids[slotOf(name)];
  if (id == Empty || HeaderNames[id] != name) return HeaderId::Other;
  return static_cast<HeaderId>(id);
}

}  // namespace weir::http
