#include "server/signin/link.h"

#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/crypto/digest.h"
#include "server/page/display.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/signin/challenge.h"
#include "server/signin/dispatch.h"
#include "server/signin/link_wait.h"
#include "server/signin/step_failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::model::ChallengePurpose;
using oidc::model::EmailChallenge;
using page::LinkEnd;
using provider::Provider;

constexpr std::string_view kRoute = "/m/*";
constexpr std::string_view kPrefix = "/m/";

// A link that was opened: the challenge it belongs to and what was kept with it.
struct OpenedLink {
  EmailChallenge challenge;
  OpenedChallenge kept;
  page::LinkPurpose purpose = page::LinkPurpose::sign_in;
  std::string action;
  bool asked_here = false;  // by the binding cookie
};

// The error branch is the finished answer: a page that says what is wrong and leads on where it
// can. Reads only.
runtime::Task<std::expected<OpenedLink, Response>> open_link(const Provider& provider,
                                                             const Request& request) {
  const auto text = std::string_view(request.path).substr(kPrefix.size());
  const auto credential =
      oidc::crypto::parse_credential(oidc::crypto::CredentialKind::email_link, text);
  std::optional<EmailChallenge> challenge;
  if (credential) {
    auto found = co_await find_recent_challenge(provider, credential->row);
    if (!found) co_return std::unexpected(store_failure(provider, request, kRoute, found.error()));
    challenge = std::move(*found);
    if (challenge &&
        !oidc::crypto::equal_constant_time(challenge->link.digest, credential->digest)) {
      challenge.reset();
    }
  }
  auto kept = challenge ? open_challenge(provider, *challenge) : std::nullopt;
  if (!kept) {
    page::LinkEndView view;
    view.look = co_await provider::find_look(provider, request);
    view.status = 404;
    co_return std::unexpected(provider.pages.link_end(view));
  }
  OpenedLink out{.challenge = std::move(*challenge), .kept = std::move(*kept)};
  out.purpose = page_purpose(out.challenge.purpose);
  out.action = request.path;
  out.asked_here = is_bound(provider, request, out.challenge.binding);
  auto& flow = out.kept.flow;
  flow.email = out.kept.email;
  flow.challenge = out.challenge.link.row;
  const auto here = out.asked_here ? std::optional(flow) : std::nullopt;
  if (out.challenge.used_at) {
    co_return std::unexpected(
        co_await link_ended(provider, request, LinkEnd::used, here, out.purpose));
  }
  if (out.challenge.expires_at <= provider.now()) {
    co_return std::unexpected(
        co_await link_ended(provider, request, LinkEnd::expired, here, out.purpose));
  }
  co_return out;
}

std::string account_name(const std::optional<oidc::model::User>& user) {
  if (!user || user->claims.empty()) return "";
  const auto claims = oidc::parse_json_object(user->claims);
  return claims ? oidc::string_member(*claims, "name").value_or("") : "";
}

// Names the account before anything happens: a link that a stranger sends leads into the stranger's
// account, and the person can see it.
runtime::Task<Response> show_confirm(const Provider& provider, const Request& request,
                                     OpenedLink link) {
  auto step = co_await load_step(provider, request, link.kept.flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  std::optional<oidc::model::User> user;
  if (link.challenge.purpose == ChallengePurpose::sign_in) {
    auto found = co_await provider.store.find_user(link.challenge.user_id);
    if (!found) {
      co_return store_failure(provider, request, kRoute, found.error(), &link.kept.flow);
    }
    user = std::move(*found);
  }
  co_return provider.pages.link_confirm(
      {.look = step->look,
       .purpose = link.purpose,
       .action = link.action,
       .application = step->application,
       .account_name = account_name(user),
       .account_email = user ? user->primary_email() : link.challenge.email_fold,
       .form_action = step->form_action});
}

runtime::Task<Response> show_number(const Provider& provider, const Request& request,
                                    OpenedLink link) {
  const auto& challenge = link.challenge;
  if (challenge.approved_at) {
    co_return co_await link_ended(provider, request, LinkEnd::approved, std::nullopt, link.purpose);
  }
  if (challenge.number_attempts >= oidc::model::kMostNumberAttempts) {
    co_return co_await link_ended(provider, request, LinkEnd::number_closed, std::nullopt,
                                  link.purpose);
  }
  auto step = co_await load_step(provider, request, link.kept.flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  // The language of whoever opened it, not of the application that asked.
  step->look.language = provider::language_of(provider, request);
  co_return provider.pages.link_number(
      {.look = step->look,
       .purpose = link.purpose,
       .action = link.action,
       .application = step->application,
       .account_email = challenge.email_fold,
       .browser = challenge.asked_from,
       .address = link.kept.address,
       .when = page::date_time(step->look.language, oidc::to_seconds(challenge.created_at)),
       .tries_left = static_cast<int>(oidc::model::kMostNumberAttempts - challenge.number_attempts),
       .wrong = challenge.number_attempts > 0});
}

runtime::Task<Response> enter_number(const Provider& provider, const Request& request,
                                     const OpenedLink& link, std::string_view typed) {
  auto outcome = co_await provider.store.try_number(link.challenge.link.row, typed_digits(typed),
                                                    provider.now());
  if (!outcome) {
    co_return store_failure(provider, request, kRoute, outcome.error(), &link.kept.flow);
  }
  if (*outcome == store::CodeOutcome::wrong) {
    const auto noted = co_await note_wrong(provider, request, link.challenge, "number");
    if (!noted) co_return store_failure(provider, request, kRoute, noted.error());
  }
  if (*outcome != store::CodeOutcome::right) {
    record_failure(
        provider, request, kRoute,
        {oidc::OAuthErrorCode::access_denied, "The number was refused.",
         *outcome == store::CodeOutcome::closed ? "number: too many wrong ones" : "number: wrong"},
        303, link.challenge.client_id);
  }
  // The page that follows says what became of it.
  co_return Response::redirect(link.action);
}

}  // namespace

runtime::Task<Response> get_link(const Provider& provider, Request request) {
  auto link = co_await open_link(provider, request);
  if (!link) co_return std::move(link.error());
  if (link->asked_here) co_return co_await show_confirm(provider, request, std::move(*link));
  co_return co_await show_number(provider, request, std::move(*link));
}

runtime::Task<Response> post_link(const Provider& provider, Request request) {
  auto link = co_await open_link(provider, request);
  if (!link) co_return std::move(link.error());
  const auto fields = request.media_type() == "application/x-www-form-urlencoded"
                          ? oidc::Form::parse(request.body)
                          : oidc::Result<oidc::Form>(oidc::Form());
  if (!fields || !is_from_our_page(provider, request)) co_return Response::redirect(link->action);
  if (link->asked_here && fields->value_or("decision", "") == "confirm") {
    co_return co_await answered(provider, request, std::move(link->kept.flow), link->challenge,
                                std::string(kRoute));
  }
  if (!link->asked_here && fields->has("number")) {
    co_return co_await enter_number(provider, request, *link, fields->value_or("number", ""));
  }
  co_return Response::redirect(link->action);
}

}  // namespace server::signin
