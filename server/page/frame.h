// Owns: what a page tells Pages::respond() besides the fields of its template.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace server::page {

struct Frame {
  std::string_view template_name;
  std::string title;                  // the state first, then the page; the service is added
  bool is_error = false;              // the title says so first, for those who only hear it
  std::string_view form_action = {};  // a further source, or nothing
  std::string_view script = {};       // a file of static/, or nothing
  std::string_view refresh = {};      // where to go on to without script, or nothing
  bool poll = false;                  // the script may ask our own server
  std::vector<std::string> frame_sources = {};
};

}  // namespace server::page
