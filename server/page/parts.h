// Owns: the pieces that several pages share, as fields of the partials in templates/partials.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/page/page.h"
#include "server/page/template_set.h"

namespace server::page {

// The name as people read it; "the application" for an empty one.
std::string shown_application(std::string_view language, const std::string& name);

// application_tile, application_links; {app_name} and {app_host} of texts.
void put_application(Fields& fields, std::string_view language, const ApplicationView& application);

// account: the person's name if there is one, and the address. Also {account_email}.
void put_account(Fields& fields, const std::string& name, const std::string& email);

// notice: a box with a sentence in bold and advice after it, which screen readers say at once if it
// is an error. Nothing is shown for an empty sentence.
struct Notice {
  std::string sentence;
  std::string advice;
  bool is_error = false;
  std::string event_id;       // shown small, may be empty
  std::string id = "notice";  // of the element: fields say aria-describedby
};
void put_notice(Fields& fields, const Notice& notice);

// seeded
void put_seeded(Fields& fields, const SeededPerson& person);

// Rows of names (keys of texts, or as they stand) and values: row_name, row_value.
std::vector<Fields> pair_rows(std::string_view language,
                              const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace server::page
