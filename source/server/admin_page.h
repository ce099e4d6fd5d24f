#pragma once

// What "/" on the admin port shows: a list of what can be asked, as text or as a page for a
// browser. The page is all there is to it: no script, nothing from elsewhere. Pure functions, any
// thread.

#include <span>
#include <string>
#include <string_view>

namespace weir::server {

struct AdminEntry {
  std::string_view method;
  std::string_view path;
  std::string_view help;
  std::string_view parameters;  // that may be given: their names, with blanks between
};

std::string adminText(std::span<const AdminEntry> entries);
std::string adminHtml(std::span<const AdminEntry> entries);
// The Content-Security-Policy that goes with it.
std::string_view adminHtmlPolicy();

}  // namespace weir::server
