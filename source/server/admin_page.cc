#include "source/server/admin_page.h"

#include <algorithm>

#include "source/base/version.h"

namespace weir::server {
namespace {

// The policy names the hash of this: `printf '%s' STYLE | openssl dgst -sha256 -binary | base64`.
constexpr std::string_view Style =
    "body{font:15px/1.5 sans-serif;margin:2em;max-width:70em}"
    "td{padding:.3em 1em .3em 0;vertical-align:top;border-top:1px solid #ddd}"
    "form{margin:0}input{width:9em}input[type=checkbox]{width:auto}code{color:#666}";

void appendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

template <class Visit>
void forEachWord(std::string_view words, Visit visit) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    visit(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

void appendInputs(std::string& out, std::string_view parameters) {
  forEachWord(parameters, [&](std::string_view name) {
    out += "<input name=\"";
    appendEscaped(out, name);
    out += "\" placeholder=\"";
    appendEscaped(out, name);
    out += "\"> ";
  });
}

// What changes the process at a click wants a second one.
void appendForm(std::string& out, const AdminEntry& entry) {
  const bool changes = entry.method == "POST";
  out += changes ? "<form method=\"post\" action=\"" : "<form action=\"";
  appendEscaped(out, entry.path);
  out += "\">";
  appendInputs(out, entry.parameters);
  if (changes && entry.parameters.empty())
    out += "<label><input type=\"checkbox\" required> sure</label> ";
  out += "<button>";
  out += changes ? "POST " : "GET ";
  appendEscaped(out, entry.path);
  out += "</button></form>";
}

void appendRow(std::string& out, const AdminEntry& entry) {
  out += "<tr><td><code>";
  appendEscaped(out, entry.method);
  out += "</code></td><td>";
  if (entry.method == "GET") {
    out += "<a href=\"";
    appendEscaped(out, entry.path);
    out += "\">";
    appendEscaped(out, entry.path);
    out += "</a>";
  } else {
    appendEscaped(out, entry.path);
  }
  out += "</td><td>";
  appendEscaped(out, entry.help);
  if (entry.method == "POST" || !entry.parameters.empty()) appendForm(out, entry);
  out += "</td></tr>\n";
}

}  // namespace

std::string adminText(std::span<const AdminEntry> entries) {
  std::string out;
  for (const AdminEntry& entry : entries) {
    out.append(entry.method).append(" ").append(entry.path).append("  ").append(entry.help);
    std::string_view before = " (";
    forEachWord(entry.parameters, [&](std::string_view name) {
      out.append(before).append(name);
      before = ", ";
    });
    out += entry.parameters.empty() ? "\n" : ")\n";
  }
  return out;
}

std::string adminHtml(std::span<const AdminEntry> entries) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Weir";
  out += "</title><style>";
  out += Style;
  out += "</style></head><body>\n<h1>Weir ";
  appendEscaped(out, Version);
  out += "</h1>\n<table>\n";
  for (const AdminEntry& entry : entries) appendRow(out, entry);
  out += "</table>\n</body></html>\n";
  return out;
}

std::string_view adminHtmlPolicy() {
  return "default-src 'none'; style-src 'sha256-gnfxI/9EE3VhvhnMWWo0gM4b8fLd8DWbjPsFcasll54='; "
         "form-action 'self'; base-uri 'none'; "
         "frame-ancestors 'none'";
}

}  // namespace weir::server
