// Owns: the one decision about what a browser meets next: sign in, consent, a code, or an error.
// Pure: every browser step returns here. OpenID Connect Core §3.1.2.3 and §3.1.2.4, RFC 8252 §8.6.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/interaction/acr.h"
#include "oidc/model/client.h"
#include "oidc/model/session.h"
#include "oidc/request/authorization_request.h"

namespace oidc::interaction {

struct Situation {
  const request::AuthorizationRequest& request;
  const model::Client& client;
  const model::Browser* browser = nullptr;  // null: nobody is signed in
  TimePoint started_at{};                   // when this request came in first
  TimePoint now{};
  bool issuer_on_loopback = false;
  // The account chosen in this interaction; a consent is given as this one.
  std::optional<std::int64_t> session_id;
  // The person that the request insists on (id_token_hint, or `sub` in claims); empty: somebody
  // whom nobody signed in here is.
  std::optional<std::string> hinted_user;
  std::string remembered_scope;  // for the session that pick_session() names
  bool consent_given = false;    // the person pressed Allow for that session just now
  // The highest class that the ways in offered to this client reach: a wish beyond it is not asked
  // for again and again.
  int reachable_acr = kAcrRankPassword;
};

struct SignInStep {
  bool again = false;  // a session is there, but must be confirmed
};
// prompt=select_account, and somebody is signed in: which account is it?
struct ChooseStep {};
struct ConsentStep {
  const model::SessionWithUser* account;
  bool confirm_only = false;  // nothing new is shared; RFC 8252 §8.6 wants a person to act
};
struct IssueStep {
  const model::SessionWithUser* account;
};
using NextStep = std::variant<SignInStep, ChooseStep, ConsentStep, IssueStep, OAuthError>;

// What a consent to this request covers, as words to remember: its scopes, and "claim:NAME" for
// each claim asked for singly.
std::vector<std::string> consent_words(const request::AuthorizationRequest& request);

// Whether the person must be asked: prompt=consent wants it, or the application is not ours and
// asks for something that is not remembered.
bool needs_consent(const request::AuthorizationRequest& request, const model::Client& client,
                   std::string_view remembered_scope);

// The session this request would be answered with, or null: the one chosen in this interaction,
// else the hinted account's, else the one whose address is the login_hint, else the latest.
const model::SessionWithUser* pick_session(const Situation& situation);

NextStep next_step(const Situation& situation);

}  // namespace oidc::interaction
