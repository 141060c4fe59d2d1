#include "oidc/interaction/next_step.h"

#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/token/claims.h"

namespace oidc::interaction {
namespace {

bool signed_in_here(const Situation& s, const model::Session& session) {
  return session.auth_time >= s.started_at;
}

// Time to read the consent page after signing in, so that max_age=0 does not ask for ever.
constexpr std::chrono::minutes kReadingTime(10);

bool is_fresh_enough(const Situation& s, const model::Session& session) {
  const bool here = signed_in_here(s, session);
  if (s.request.prompt.login && !here) return false;
  if (!s.request.max_age_s) return true;
  const auto age = s.now - session.auth_time;
  return age <= std::chrono::seconds(*s.request.max_age_s) || (here && age <= kReadingTime);
}

// A wish (acr_values) is worth a page, but no error: "requested as a Voluntary Claim" (Core
// §3.1.2.1).
bool is_strong_enough(const Situation& s, const AcrDemand& demand, const model::Session& session) {
  const int wished = s.request.prompt.none ? 0 : std::min(demand.wished, s.reachable_acr);
  return acr_rank(session.acr) >= std::max(demand.required, wished);
}

// select_account is answered by choosing, or by signing in within this interaction.
bool needs_choice(const Situation& s, const model::SessionWithUser* account) {
  if (!s.request.prompt.select_account || s.session_id || !s.browser) return false;
  return !s.browser->sessions.empty() && !(account && signed_in_here(s, account->session));
}

// An application that nobody vouched for is never redirected to before a person acted. And
// RFC 8252 §8.6: "the authorization server SHOULD NOT process authorization requests automatically
// without user consent or interaction" for a public client that may be impersonated.
bool needs_person(const Situation& s, const model::Session& session) {
  if (s.client.quarantined) return !s.consent_given && !signed_in_here(s, session);
  return s.client.is_public() && s.request.redirect_uri.is_private_use_or_loopback() &&
         !s.issuer_on_loopback && !s.consent_given && !signed_in_here(s, session);
}

}  // namespace

std::vector<std::string> consent_words(const request::AuthorizationRequest& request) {
  auto words = request.scopes;
  for (const auto& name : token::single_claims(request.scope(), request.claims)) {
    words.push_back("claim:" + name);
  }
  return words;
}

bool needs_consent(const request::AuthorizationRequest& request, const model::Client& client,
                   std::string_view remembered_scope) {
  if (request.prompt.consent) return true;
  if (client.first_party) return false;
  return !std::ranges::all_of(consent_words(request), [&](const std::string& word) {
    return contains_word(remembered_scope, word);
  });
}

const model::SessionWithUser* pick_session(const Situation& s) {
  if (!s.browser) return nullptr;
  const auto find = [&s](auto fits) -> const model::SessionWithUser* {
    for (const auto& candidate : s.browser->sessions) {
      if (fits(candidate)) return &candidate;
    }
    return nullptr;
  };
  if (s.session_id) {
    return find([&](const auto& c) { return c.session.id == *s.session_id; });
  }
  if (s.hinted_user) {
    return find([&](const auto& c) { return c.user.id == *s.hinted_user; });
  }
  if (const auto fold = model::fold_email(s.request.login_hint)) {
    const auto* named = find([&](const auto& c) {
      for (const auto& email : c.user.emails) {
        if (email.fold == *fold) return true;
      }
      return false;
    });
    if (named) return named;
  }
  return s.browser->sessions.empty() ? nullptr : &s.browser->sessions.front();
}

NextStep next_step(const Situation& s) {
  const bool silent = s.request.prompt.none;
  const auto demand = acr_demand(s.request, s.client);
  if (!demand) return demand.error();
  const auto* account = pick_session(s);
  if (!silent && needs_choice(s, account)) return ChooseStep{};
  // OpenID Connect Core §3.1.2.1: an id_token_hint names who must be signed in.
  const bool wrong_account = account && s.hinted_user && account->user.id != *s.hinted_user;
  if (!account || wrong_account || !is_fresh_enough(s, account->session) ||
      !is_strong_enough(s, *demand, account->session)) {
    if (silent) {
      return OAuthError{OAuthErrorCode::login_required,
                        "The person must sign in, and prompt=none allows no page."};
    }
    return SignInStep{.again = account != nullptr};
  }
  const bool consent = !s.consent_given && needs_consent(s.request, s.client, s.remembered_scope);
  if (!consent && !needs_person(s, account->session)) return IssueStep{account};
  if (silent) {
    return consent ? OAuthError{OAuthErrorCode::consent_required,
                                "The person must consent, and prompt=none allows no page."}
                   : OAuthError{OAuthErrorCode::interaction_required,
                                "A native application's request always meets a page."};
  }
  return ConsentStep{.account = account, .confirm_only = !consent};
}

}  // namespace oidc::interaction
