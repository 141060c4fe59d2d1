// Values of single fields, and addresses of people: cookies, languages, hosts, e-mail addresses.
#include <algorithm>
#include <string>

#include "oidc/base/text.h"
#include "oidc/model/user.h"
#include "server/http/gate.h"
#include "server/http/message.h"
#include "server/page/display.h"
#include "server/page/look.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  server::http::Request request;
  request.headers = {{"cookie", std::string(text)}, {"content-type", std::string(text)}};
  if (const auto cookie = request.cookie("__Host-session")) {
    fuzz::promise(text.find(*cookie) != std::string_view::npos, "a cookie is taken as it stands");
  }
  const std::string type = request.media_type();
  fuzz::promise(type == oidc::to_lower_ascii(type), "a media type is in lower case");
  const std::string host = server::http::normal_host(text);
  fuzz::promise(server::http::normal_host(host) == host || !server::http::is_well_formed_host(text),
                "a host has one normal form");
  const std::string language = server::page::pick_language(text, text, "en");
  fuzz::promise(
      std::ranges::find(server::page::languages(), language) != server::page::languages().end(),
      "a language that we have");
  if (const auto fold = oidc::model::fold_email(text)) {
    fuzz::promise(oidc::model::fold_email(*fold) == fold, "folding twice is folding once");
    fuzz::promise(fold->size() <= 254 && oidc::is_printable_ascii(*fold), "a plain address");
    fuzz::promise(oidc::model::fold_email(oidc::model::plain_email(text)) == fold,
                  "mail goes to the mailbox that the fold names");
  }
  const std::string shown = server::page::display_name(text, 60);
  fuzz::promise(oidc::is_clean_utf8(shown), "names are shown as clean UTF-8");
  return 0;
}
