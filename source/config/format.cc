#include "source/config/format.h"

#include <array>
#include <string>

namespace weir::config {
namespace {

struct Ending {
  std::string_view text;
  Format format;
};

constexpr std::array<Ending, 7> Endings{{{".yaml", Format::Yaml},
                                         {".yml", Format::Yaml},
                                         {".json", Format::Json},
                                         {".textproto", Format::Text},
                                         {".txtpb", Format::Text},
                                         {".pb_text", Format::Text},
                                         {".pbtxt", Format::Text}}};

}  // namespace

Result<Format> formatOf(std::string_view filename) {
  for (const Ending& ending : Endings) {
    if (filename.ends_with(ending.text)) return ending.format;
  }
  std::string known;
  for (const Ending& ending : Endings) {
    known += known.empty() ? "" : ", ";
    known += ending.text;
  }
  return Error{ErrorCode::InvalidArgument, Side::Config,
               "the format follows from the file's ending, which must be one of " + known};
}

}  // namespace weir::config
