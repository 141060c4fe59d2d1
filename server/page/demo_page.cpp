#include <algorithm>
#include <array>

#include "server/page/display.h"
#include "server/page/frame.h"
#include "server/page/page.h"
#include "server/page/parts.h"

// The demo application of the development server speaks English, as the developers' tools do.
namespace server::page {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<std::string_view, 15> kProtocolClaims = {
    "iss", "aud", "azp", "exp",     "iat",    "nbf",    "auth_time", "nonce",
    "acr", "amr", "sid", "at_hash", "c_hash", "s_hash", "jti"};
constexpr std::array<std::string_view, 5> kTimes = {"exp", "iat", "nbf", "auth_time", "updated_at"};
// What people look for first; the rest follows as it came, and what only programs read comes last.
constexpr std::array<std::string_view, 7> kFirstClaims = {
    "name",  "given_name",     "family_name", "preferred_username",
    "email", "email_verified", "phone_number"};

bool contains(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::size_t claim_rank(std::string_view name) {
  if (name == "updated_at") return kFirstClaims.size() + 1;
  if (name == "sub") return kFirstClaims.size() + 2;
  return static_cast<std::size_t>(std::ranges::find(kFirstClaims, name) - kFirstClaims.begin());
}

// Rows whose seconds since 1970 also say in words which time that is, in place of a unit.
std::vector<Fields> timed_rows(const Pairs& pairs) {
  constexpr std::string_view kUnit = " (Unix seconds)";
  Pairs shown = pairs;
  std::vector<std::string> times;
  for (auto& [name, value] : shown) {
    const bool with_unit = value.ends_with(kUnit);
    const std::string seconds = with_unit ? value.substr(0, value.size() - kUnit.size()) : value;
    times.push_back(with_unit || contains(kTimes, name) ? utc_time(seconds) : std::string());
    if (!times.back().empty()) value = seconds;
  }
  std::vector<Fields> rows = pair_rows("en", shown);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].text("row_time", times[i]);
  return rows;
}

// Each claim once, about the person or about the sign-in.
void put_details(Fields& fields, const Pairs& claims, const Pairs& token_facts) {
  const auto rank = [](const auto& claim) { return claim_rank(claim.first); };
  Pairs person;
  Pairs protocol;
  for (const auto& claim : claims) {
    Pairs& list = contains(kProtocolClaims, claim.first) ? protocol : person;
    if (std::ranges::find(list, claim) != list.end()) continue;
    const auto place =
        &list == &protocol ? list.end() : std::ranges::upper_bound(list, rank(claim), {}, rank);
    list.insert(place, claim);
  }
  fields.flag("has_claims", !person.empty())
      .rows("claims", timed_rows(person))
      .flag("has_protocol_claims", !protocol.empty())
      .rows("protocol_claims", timed_rows(protocol))
      .flag("has_token_facts", !token_facts.empty())
      .rows("token_facts", timed_rows(token_facts))
      .flag("has_details", !protocol.empty() || !token_facts.empty());
}

}  // namespace

http::Response Pages::demo(const DemoView& view) const {
  Fields fields;
  put_account(fields, view.name, view.email);
  fields.flag("signed_in", view.signed_in)
      .text("csrf", view.csrf)
      .text("notice", view.notice)
      .flag("has_refresh_token", view.has_refresh_token);
  put_details(fields, view.claims, view.token_facts);
  put_seeded(fields, view.signed_in ? SeededPerson{} : view.seeded);
  return respond(200,
                 {.template_name = "demo",
                  .title = view.signed_in ? "Signed in: Demo application" : "Demo application",
                  .form_action = view.issuer_origin},
                 std::move(fields), Look());
}

}  // namespace server::page
