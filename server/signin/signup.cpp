#include "server/signin/signup.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oidc/base/text.h"
#include "oidc/crypto/random.h"
#include "server/page/people_pages.h"
#include "server/provider/failure.h"
#include "server/provider/source_limit.h"
#include "server/signin/challenge.h"
#include "server/signin/complete.h"
#include "server/signin/dispatch.h"
#include "server/signin/link_wait.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"
#include "server/signin/step_failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::model::ChallengePurpose;
using page::SignInNotice;
using provider::Provider;

constexpr std::string_view kRoute = "/signup";
constexpr std::size_t kLongestName = 100;  // characters
constexpr std::chrono::hours kThrottleWindow(1);

bool is_offered(const Provider& provider, const StepContext& step) {
  const oidc::model::Client none;  // as one without rules of its own
  const auto* client = step.client();
  return offers_signup(provider, client ? *client : none);
}

std::string domains_of(const Provider& provider) {
  std::string out;
  for (const auto& domain : provider.config.signup_domains) {
    out += (out.empty() ? "" : ", ") + domain;
  }
  return out;
}

// What the person typed.
struct Entry {
  std::string email, name;
  oidc::Password password;
};

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

bool is_name(std::string_view name) {
  const bool plain =
      std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return plain && oidc::is_clean_utf8(name) && count_characters(name) <= kLongestName;
}

Entry read_entry(const oidc::Form& fields) {
  return {typed_email(fields), std::string(oidc::trim(fields.value_or("name", ""))),
          oidc::Password(fields.value_or("new_password", ""))};
}

// What is wrong with it, in the order of the page; an empty key: nothing.
page::FormNotice check_entry(const Provider& provider, const StepContext& step,
                             const Entry& entry) {
  if (!oidc::model::fold_email(entry.email)) return {.key = "login_bad_address"};
  if (!is_name(entry.name)) return {.key = "signup_bad_name"};
  if (!step.password) return {};
  return refuse_weak(provider, entry.password, {entry.email, entry.name});
}

Response show(const Provider& provider, const Request& request, const Flow& flow,
              const StepContext& step, std::string name, page::FormNotice notice, int status) {
  const auto here = begin_here(provider, request, flow);
  auto response = page::sign_up(provider.pages,
                                {.look = step.look,
                                 .t = here.t,
                                 .application = step.application,
                                 .email = flow.email.empty() ? step.login_hint : flow.email,
                                 .name = is_name(name) ? std::move(name) : std::string(),
                                 .with_password = step.password,
                                 .min_length = provider.passwords.min_length(),
                                 .domains = domains_of(provider),
                                 .notice = std::move(notice),
                                 .back_address = "/login?t=" + here.t,
                                 .form_action = step.form_action},
                                status);
  if (!here.set_cookie.empty()) response.add("Set-Cookie", here.set_cookie);
  return response;
}

Response show_throttled(const Provider& provider, const Request& request, const Flow& flow,
                        const StepContext& step, std::string name, oidc::TimePoint retry_at) {
  auto notice = refuse_throttled(provider, request, kRoute,
                                 {oidc::OAuthErrorCode::access_denied, "The sign-up was refused.",
                                  "throttle: too many mails or sign-ups"},
                                 retry_at, step.client_id());
  return show(provider, request, flow, step, std::move(name), std::move(notice), 429);
}

// The entry is sound: hashes, and sends the mail.
runtime::Task<Response> begin(const Provider& provider, const Request& request, Flow flow,
                              StepContext step, Entry entry) {
  // A password is hashed for strangers and acquaintances alike, so it is counted before.
  const auto reserved =
      co_await provider::reserve_source(provider, request,
                                        {.what = "signup-source",
                                         .per_source = provider.config.mail_attempts_source,
                                         .window = kThrottleWindow});
  if (!reserved) co_return store_failure(provider, request, kRoute, reserved.error());
  if (!reserved->allowed) {
    co_return show_throttled(provider, request, flow, step, entry.name, reserved->retry_at);
  }
  oidc::Form payload;
  payload.set("n", entry.name);
  if (step.password) {
    auto phc = co_await provider.passwords.hash(std::move(entry.password));
    if (!phc) {
      co_return show(provider, request, flow, step, entry.name,
                     {.key = "signup_busy", .retry_after_s = 1}, 503);
    }
    payload.set("h", std::move(*phc));
  }
  auto outcome = co_await start_challenge(provider, request,
                                          {.purpose = ChallengePurpose::sign_up,
                                           .email = entry.email,
                                           .payload = payload.encode(),
                                           .client_id = step.client_id(),
                                           .language = step.look.language,
                                           .flow = flow});
  if (const auto* started = std::get_if<ChallengeStarted>(&outcome)) {
    co_return sent_page(provider, std::move(flow), entry.email, *started);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kRoute, *error);
  }
  if (const auto* refused = std::get_if<ChallengeRefused>(&outcome)) {
    co_return show(provider, request, flow, step, entry.name,
                   {.key = refused->sentence, .values = {{"domains", domains_of(provider)}}}, 422);
  }
  co_return show_throttled(provider, request, flow, step, entry.name,
                           std::get<ChallengeThrottled>(outcome).retry_at);
}

// The person of an answered challenge; nothing when its row was altered.
std::optional<store::NewUser> person_of(const Provider& provider,
                                        const oidc::model::EmailChallenge& challenge) {
  const auto kept = open_challenge(provider, challenge);
  if (!kept) return std::nullopt;
  const auto payload = oidc::Form::parse(kept->payload);
  if (!payload || oidc::model::fold_email(kept->email) != challenge.email_fold) return std::nullopt;
  const auto now = provider.now();
  auto claims = nlohmann::json::object();
  if (const auto name = payload->get("n")) claims["name"] = *name;
  store::NewUser out;
  out.user.id = oidc::crypto::random_id();
  out.user.claims = claims.dump();
  out.user.emails = {{oidc::model::plain_email(kept->email), challenge.email_fold, true}};
  out.user.created_at = out.user.updated_at = out.user.credentials_changed_at = now;
  out.password_phc = payload->value_or("h", "");
  return out;
}

}  // namespace

runtime::Task<Response> get_signup(const Provider& provider, Request request) {
  auto flow = co_await resume_or_begin(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  auto step = co_await load_step(provider, request, *flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (!is_offered(provider, *step)) co_return to_login(provider, request, std::move(*flow));
  auto notice = form_notice(*flow);
  co_return show(provider, request, *flow, *step, "", std::move(notice), 200);
}

runtime::Task<Response> post_signup(const Provider& provider, Request request) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  auto entry = read_entry(submitted->fields);
  flow.email = entry.email;
  forget_step(flow);
  if (!submitted->own) {
    flow.notice = SignInNotice::rebound;
    co_return to_page(provider, request, kRoute, std::move(flow));
  }
  auto step = co_await load_step(provider, request, flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (!is_offered(provider, *step)) co_return to_login(provider, request, std::move(flow));
  auto wrong = check_entry(provider, *step, entry);
  if (!wrong.key.empty()) {
    co_return show(provider, request, flow, *step, entry.name, std::move(wrong), 422);
  }
  co_return co_await begin(provider, request, std::move(flow), std::move(*step), std::move(entry));
}

runtime::Task<Response> finish_sign_up(const Provider& provider, const Request& request, Flow flow,
                                       const oidc::model::EmailChallenge& challenge,
                                       std::string route) {
  auto person = person_of(provider, challenge);
  if (!person) co_return to_login(provider, request, std::move(flow));
  // Whoever knows the password chose it a moment ago, in this very browser.
  auto proof =
      person->password_phc.empty() ? mail_proof(person->user.id) : password_proof(person->user.id);
  proof.method = "sign_up";
  const store::Actor actor{"user:" + person->user.id, request.client_address};
  auto prepared = co_await prepare_sign_in(provider, request, std::move(proof),
                                           flow.form.value_or("client_id", ""));
  if (!prepared) co_return store_failure(provider, request, route, prepared.error());
  store::NewAccount command{.challenge_row = challenge.link.row,
                            .user = std::move(*person),
                            .sign_in = std::move(prepared->command)};
  auto outcome = co_await provider.store.create_account(std::move(command), actor, provider.now());
  if (!outcome) co_return store_failure(provider, request, route, outcome.error());
  switch (*outcome) {
    case store::AccountOutcome::done:
      co_return co_await go_on_signed_in(provider, request, std::move(flow),
                                         std::move(prepared->session), std::move(route));
    case store::AccountOutcome::address_taken:  // made in another window in the meantime
      flow.email = challenge.email_fold;
      co_return to_login(provider, request, std::move(flow));
    case store::AccountOutcome::challenge_used:
    case store::AccountOutcome::no_such_user:
      break;
  }
  co_return co_await link_ended(provider, request, page::LinkEnd::used, std::move(flow),
                                page::LinkPurpose::sign_up);
}

}  // namespace server::signin
