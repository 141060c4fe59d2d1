#include "oidc/interaction/acr.h"

#include "oidc/interaction/next_step.h"
#include "oidc/metadata/provider_metadata.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::interaction;
using oidc::metadata::kAcrLink;
using oidc::metadata::kAcrPassword;
using oidc::model::Client;
using oidc::request::AuthorizationRequest;
using oidc::request::RequestedClaim;

namespace {

const std::string kPwd = kAcrPassword;
const std::string kMail = kAcrLink;

struct Case {
  std::string acr_values = {};
  std::vector<RequestedClaim> claims = {};
  std::string required = {};                   // of the client
  std::vector<std::string> usual = {};         // default_acr_values
  std::optional<std::string> session = kMail;  // nothing: nobody is signed in
  bool silent = false;
  int reachable = kAcrRankPassword;

  Client client() const {
    auto out = samples::web();
    out.required_acr = required;
    out.default_acr_values = usual;
    return out;
  }
  AuthorizationRequest request(const Client& of) const {
    AuthorizationRequest out{
        .redirect_uri =
            oidc::request::validate_redirect_uri(of, "https://rp.test/cb", samples::kNow).value(),
        .client_id = of.client_id,
        .response_type = {.code = true},
        .scopes = {"openid"},
        .prompt = {.none = silent},
        .acr_values = acr_values};
    out.claims.id_token = claims;
    return out;
  }

  // "again", an error, or the class that the answer names.
  std::string outcome() const {
    const auto of = client();
    const auto asked = request(of);
    oidc::model::Browser browser;
    if (session) {
      oidc::model::SessionWithUser account;
      account.session.id = 1;
      account.session.acr = *session;
      account.session.auth_time = samples::kNow - std::chrono::hours(1);
      account.user = samples::person("u-alice", "alice@example.com");
      browser.sessions = {account};
    }
    const auto step = next_step({.request = asked,
                                 .client = of,
                                 .browser = &browser,
                                 .started_at = samples::kNow,
                                 .now = samples::kNow,
                                 .remembered_scope = "openid",
                                 .reachable_acr = reachable});
    if (const auto* error = std::get_if<oidc::OAuthError>(&step)) {
      return std::string(to_string(error->code));
    }
    if (!std::holds_alternative<IssueStep>(step)) return "again";
    return answered_acr(acr_demand(asked, of).value(), *session);
  }
};

RequestedClaim acr(std::vector<std::string> values, bool essential) {
  return {.name = "acr", .essential = essential, .values = std::move(values)};
}

}  // namespace

TEST_CASE("acr: a link is below a password, and what is not ours below both") {
  CHECK(acr_rank(kMail) < acr_rank(kPwd));
  CHECK(acr_rank("") == 0);
  CHECK(acr_rank("urn:other") == 0);
  CHECK(acr_rank(kMail) == kAcrRankLink);
  CHECK(acr_rank(kPwd) == kAcrRankPassword);
}

TEST_CASE("acr: what a request and its client demand of a session") {
  struct Row {
    const char* name;
    Case situation;
    std::string expected;
  };
  const Row rows[] = {
      {"nothing asked", {}, kMail},
      {"nothing asked, password", {.session = kPwd}, kPwd},
      {"nothing asked, an old session without a class", {.session = ""}, ""},

      // acr_values is a wish: worth a page, no error.
      {"wish met", {.acr_values = kMail}, kMail},
      {"wish for more", {.acr_values = kPwd}, "again"},
      {"wish for more, silent", {.acr_values = kPwd, .silent = true}, kMail},
      {"wish for either, best first", {.acr_values = kPwd + " " + kMail}, kMail},
      {"wish for either, password", {.acr_values = kMail + " " + kPwd, .session = kPwd}, kPwd},
      {"wish for less than there is", {.acr_values = kMail, .session = kPwd}, kMail},
      {"wish for what is not ours", {.acr_values = "urn:other"}, kMail},
      {"wish for ours among others", {.acr_values = "urn:other " + kPwd}, "again"},
      {"wish that this client cannot reach",
       {.acr_values = kPwd, .reachable = kAcrRankLink},
       kMail},
      {"the client's usual wish", {.usual = {kPwd}}, "again"},
      {"the client's usual wish, another asked", {.acr_values = kMail, .usual = {kPwd}}, kMail},
      {"wish as a claim", {.claims = {acr({kPwd}, false)}}, "again"},

      // An essential acr claim is a demand (Core §5.5.1.1).
      {"essential met", {.claims = {acr({kMail}, true)}}, kMail},
      {"essential for more", {.claims = {acr({kPwd}, true)}}, "again"},
      {"essential for more, silent",
       {.claims = {acr({kPwd}, true)}, .silent = true},
       "login_required"},
      {"essential for less", {.claims = {acr({kMail}, true)}, .session = kPwd}, kMail},
      {"essential without values", {.claims = {acr({}, true)}}, kMail},
      {"essential, and nobody can reach it here",
       {.claims = {acr({kPwd}, true)}, .reachable = kAcrRankLink},
       "again"},

      // The operator's rule for the client.
      {"required met", {.required = kMail}, kMail},
      {"required", {.required = kPwd}, "again"},
      {"required, silent", {.required = kPwd, .silent = true}, "login_required"},
      {"required, password", {.required = kPwd, .session = kPwd}, kPwd},
      {"required, less wished", {.acr_values = kMail, .required = kPwd}, "again"},
      {"required, less wished, password",
       {.acr_values = kMail, .required = kPwd, .session = kPwd},
       kMail},
      {"a rule that cannot be read",
       {.required = "urn:other", .session = kPwd},
       "unmet_authentication_requirements"},
      {"nobody", {.session = {}}, "again"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(row.situation.outcome() == row.expected);
  }
}
