// Owns: reading templates and filling them in, in one language. Every value is escaped for HTML.
// The template language is Mustache; it knows no logic beyond "if" and "each". Beyond it,
// {{t_key}} stands for the text of that key (texts.h).
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace server::page {

// What one template may show. Empty text counts as absent, so {{#name}}…{{/name}} means "if any".
class Fields {
 public:
  // Text that is not well-formed UTF-8 is shown with '?' in place of what can't be read.
  Fields& text(std::string name, std::string_view value);
  Fields& flag(std::string name, bool value);
  Fields& rows(std::string name, std::vector<Fields> value);

  using Value = std::variant<std::string, bool, std::vector<Fields>>;
  const std::vector<std::pair<std::string, Value>>& values() const { return values_; }

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

// Fills in templates/NAME.mustache, as in "sign_in" or "mail/sign_in.html". May be called from any
// thread. Throws std::logic_error when there is no such template or it can't be read: the program
// is wrong then.
std::string render(std::string_view language, std::string_view name, const Fields& fields);
// The same for templates of plain text: nothing is escaped, and indentation is kept.
std::string render_plain(std::string_view language, std::string_view name, const Fields& fields);

// Reads every template in every language, so that a broken one stops the start and not a sign-in.
// Throws as render().
void check_templates();

}  // namespace server::page
