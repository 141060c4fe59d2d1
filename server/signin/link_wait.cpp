#include "server/signin/link_wait.h"

#include "oidc/base/network.h"
#include "server/account/refusal.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/signin/browser_name.h"
#include "server/signin/change_email.h"
#include "server/signin/complete.h"
#include "server/signin/device.h"
#include "server/signin/dispatch.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"
#include "server/signin/signup.h"
#include "server/signin/step_failure.h"
#include "server/store/bucket_name.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::model::ChallengePurpose;
using oidc::model::EmailChallenge;
using page::LinkEnd;
using page::SentNotice;
using provider::Provider;

constexpr std::chrono::hours kShownAfterExpiry(24);
constexpr std::chrono::hours kDay(24);
// Of throttle_account_daily_attempts: so many times as many wrong codes for an address from
// everywhere, and this part of it from one network.
constexpr std::int64_t kAllNetworks = 3, kNetworkPart = 5;

std::string sealed(const Provider& provider, const Flow& flow) {
  return seal_flow(provider, Purpose::authorize, flow);
}

Response to_sent(const Provider& provider, Flow flow, SentNotice notice,
                 std::string event_id = {}) {
  flow.sent_notice = notice;
  flow.event_id = std::move(event_id);
  return Response::redirect("/m/sent?t=" + sealed(provider, flow));
}

bool is_open(const EmailChallenge& challenge, oidc::TimePoint now) {
  return !challenge.used_at && challenge.expires_at > now;
}

// A POST of the page that waits: its flow, with the challenge that is its own. The error branch is
// the finished answer.
struct Waiting {
  Flow flow;
  oidc::Form fields;
  EmailChallenge challenge;
};
runtime::Task<std::expected<Waiting, Response>> load_waiting(const Provider& provider,
                                                             const Request& request,
                                                             std::string_view route) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, route);
  if (!submitted) co_return std::unexpected(std::move(submitted.error()));
  auto& flow = submitted->flow;
  if (!submitted->own || !flow.challenge) {
    co_return std::unexpected(
        to_login(provider, request, std::move(flow), page::SignInNotice::rebound));
  }
  auto found = co_await find_recent_challenge(provider, *flow.challenge);
  if (!found) co_return std::unexpected(store_failure(provider, request, route, found.error()));
  if (!*found || (*found)->binding != flow.binding) {
    co_return std::unexpected(to_login(provider, request, std::move(flow)));
  }
  co_return Waiting{std::move(flow), std::move(submitted->fields), std::move(**found)};
}

// Where guesses at a code are counted, beside the five of its challenge. The browser of a person
// who signed in there before has a count of its own. All others share one for the address. It is
// wider than that of its password, which keeps to NIST SP 800-63B-4 §3.2.2, and no network may use
// up more than a part of it: else a few mails of a stranger would close the way in for a day, and
// each code ends after five guesses anyhow. The link is not held up.
runtime::Task<store::StoreResult<std::vector<store::Bucket>>> code_buckets(
    const Provider& provider, const Request& request, const EmailChallenge& challenge) {
  const auto name = [&](std::string_view kind, const std::string& value) {
    return store::bucket_name(provider.keys.purpose_key("throttle"), kind, value);
  };
  const std::int64_t daily = provider.config.throttle_account_daily_attempts;
  if (const auto device = read_device(provider, request);
      device && device->user_id == challenge.user_id) {
    const auto user = co_await provider.store.find_user(challenge.user_id);
    if (!user) co_return std::unexpected(user.error());
    if (*user && account::is_device_of(device, **user)) {
      co_return std::vector<store::Bucket>{
          {name("mail-code-device", device->device_id), daily, kDay}};
    }
  }
  const auto& address = challenge.email_fold;
  co_return std::vector<store::Bucket>{
      {name("mail-code", address), kAllNetworks * daily, kDay},
      {name("mail-code-source", address + "|" + oidc::network_of(request.client_address)),
       std::max<std::int64_t>(1, daily / kNetworkPart), kDay}};
}

runtime::Task<store::StoreResult<store::CodeOutcome>> try_typed_code(
    const Provider& provider, const Request& request, const EmailChallenge& challenge,
    std::string_view typed) {
  // A closed code costs nobody anything.
  if (challenge.code_attempts >= oidc::model::kMostCodeAttempts) {
    co_return store::CodeOutcome::closed;
  }
  const auto now = provider.now();
  const auto buckets = co_await code_buckets(provider, request, challenge);
  if (!buckets) co_return std::unexpected(buckets.error());
  const auto reserved = co_await provider.store.reserve_attempt(*buckets, kDay, now);
  if (!reserved) co_return std::unexpected(reserved.error());
  if (!reserved->allowed) co_return store::CodeOutcome::closed;
  const auto row = challenge.link.row;
  auto outcome = co_await provider.store.try_code(row, code_digest(provider, row, typed), now);
  if (outcome && *outcome != store::CodeOutcome::wrong) {
    std::vector<std::string> names;
    names.reserve(buckets->size());
    for (const auto& bucket : *buckets) names.push_back(bucket.name);
    auto returned = co_await provider.store.give_back(std::move(names));
    if (!returned) co_return std::unexpected(returned.error());
  }
  co_return outcome;
}

page::LinkSentView sent_view(const Provider& provider, const StepContext& step, const Flow& flow,
                             const EmailChallenge& challenge) {
  page::LinkSentView view;
  view.look = step.look;
  view.purpose = page_purpose(challenge.purpose);
  view.application = step.application;
  view.form_action = step.form_action;
  view.email = flow.email;
  view.number = challenge.number;
  view.notice = flow.sent_notice;
  view.event_id = flow.event_id;
  view.code_closed = challenge.code_attempts >= oidc::model::kMostCodeAttempts ||
                     flow.sent_notice == SentNotice::code_closed;
  view.back_address = back_address(provider, flow, challenge.purpose);
  Flow plain = flow;
  plain.sent_notice = SentNotice::none;
  plain.event_id.clear();
  view.t = sealed(provider, plain);
  view.wait_address = "/m/wait?t=" + view.t;
  view.self_address = "/m/sent?t=" + view.t;
  return view;
}

// A mail to sign in with; the flow knows the address.
runtime::Task<Response> send_link(const Provider& provider, const Request& request, Flow flow,
                                  StepContext step) {
  constexpr std::string_view kRoute = "/m/send";
  auto outcome = co_await start_challenge(provider, request,
                                          {.purpose = ChallengePurpose::sign_in,
                                           .email = flow.email,
                                           .client_id = step.client_id(),
                                           .language = step.look.language,
                                           .flow = flow});
  if (const auto* started = std::get_if<ChallengeStarted>(&outcome)) {
    const auto email = flow.email;
    co_return sent_page(provider, std::move(flow), email, *started);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kRoute, *error);
  }
  if (std::holds_alternative<ChallengeRefused>(outcome)) {
    co_return to_login(provider, request, std::move(flow), page::SignInNotice::bad_address);
  }
  provider.metrics.sign_in("throttled");
  page::SignInView view;
  view.look = step.look;
  view.t = sealed(provider, flow);
  view.application = step.application;
  view.email = flow.email;
  view.notice = page::SignInNotice::throttled;
  view.retry_after_s = seconds_until(provider, std::get<ChallengeThrottled>(outcome).retry_at);
  view.form_action = step.form_action;
  view.with_password = step.password;
  view.link_action = "/m/send";
  view.event_id = record_failure(
      provider, request, kRoute,
      {oidc::OAuthErrorCode::access_denied, "The sign-in was refused.", "throttle: too many mails"},
      429, step.client_id());
  co_return provider.pages.sign_in(view, 429);
}

}  // namespace

page::LinkPurpose page_purpose(ChallengePurpose purpose) {
  switch (purpose) {
    case ChallengePurpose::sign_in:
      return page::LinkPurpose::sign_in;
    case ChallengePurpose::sign_up:
      return page::LinkPurpose::sign_up;
    case ChallengePurpose::reset_password:
      return page::LinkPurpose::reset_password;
    case ChallengePurpose::change_email:
      return page::LinkPurpose::change_email;
  }
  return page::LinkPurpose::sign_in;
}

std::string back_address(const Provider& provider, const Flow& flow, ChallengePurpose purpose) {
  Flow plain = flow;
  plain.challenge.reset();
  plain.proved = false;
  plain.sent_notice = SentNotice::none;
  plain.notice = page::SignInNotice::none;
  plain.event_id.clear();
  switch (purpose) {
    case ChallengePurpose::sign_in:
      return "/login?t=" + sealed(provider, plain);
    case ChallengePurpose::sign_up:
      return "/signup?t=" + sealed(provider, plain);
    case ChallengePurpose::reset_password:
      return "/reset?t=" + sealed(provider, plain);
    case ChallengePurpose::change_email:
      return "/account";
  }
  return "/";
}

runtime::Task<store::StoreResult<std::optional<EmailChallenge>>> find_recent_challenge(
    const Provider& provider, std::int64_t row) {
  co_return co_await provider.store.find_challenge(row, provider.now() - kShownAfterExpiry);
}

Response sent_page(const Provider& provider, Flow flow, std::string email,
                   const ChallengeStarted& started) {
  const auto notice = flow.challenge ? SentNotice::sent_again : SentNotice::none;
  flow.email = std::move(email);
  flow.binding = started.binding;
  flow.challenge = started.row;
  flow.proved = false;
  flow.notice = page::SignInNotice::none;
  auto response = to_sent(provider, std::move(flow), notice);
  if (!started.set_cookie.empty()) response.add("Set-Cookie", started.set_cookie);
  return response;
}

runtime::Task<Response> link_ended(const Provider& provider, const Request& request, LinkEnd end,
                                   std::optional<Flow> flow, page::LinkPurpose purpose) {
  page::LinkEndView view;
  view.end = end;
  view.purpose = purpose;
  view.look = co_await provider::find_look(provider, request);
  if (flow) {
    auto step = co_await load_step(provider, request, *flow, "/m/*");
    if (!step) co_return std::move(step.error());
    view.look = step->look;
    view.application_name = step->application.name;
    if (end == LinkEnd::expired && flow->challenge) view.t = sealed(provider, *flow);
    flow->challenge.reset();
    flow->proved = false;
    view.go_on_address = "/m/go?t=" + sealed(provider, *flow);
  }
  co_return provider.pages.link_end(view);
}

runtime::Task<store::StoreResult<void>> note_wrong(const Provider& provider, const Request& request,
                                                   const EmailChallenge& challenge,
                                                   std::string method) {
  // The others open no account that is there already.
  if (challenge.purpose != ChallengePurpose::sign_in &&
      challenge.purpose != ChallengePurpose::reset_password) {
    co_return store::StoreResult<void>();
  }
  const account::Refusal refusal{challenge.user_id, challenge.email_fold, request.client_address,
                                 browser_name(request.header("user-agent").value_or(""))};
  co_return co_await account::note_refusal(provider.store, provider.keys.purpose_key("throttle"),
                                           refusal, method, provider.now());
}

runtime::Task<Response> answered(const Provider& provider, const Request& request, Flow flow,
                                 const EmailChallenge& challenge, std::string route) {
  const auto purpose = page_purpose(challenge.purpose);
  flow.binding = challenge.binding;
  if (challenge.purpose == ChallengePurpose::sign_up) {
    co_return co_await finish_sign_up(provider, request, std::move(flow), challenge,
                                      std::move(route));
  }
  if (challenge.purpose == ChallengePurpose::change_email) {
    co_return co_await finish_email_change(provider, request, std::move(flow), challenge,
                                           std::move(route));
  }
  if (challenge.purpose == ChallengePurpose::reset_password) {
    flow.challenge = challenge.link.row;
    flow.proved = true;
    flow.sent_notice = SentNotice::none;
    flow.event_id.clear();
    co_return Response::redirect("/reset/finish?t=" + sealed(provider, flow));
  }
  auto proof = mail_proof(challenge.user_id);
  proof.challenge_row = challenge.link.row;
  auto done = co_await complete_sign_in(provider, request, flow, std::move(proof), route);
  if (done) co_return std::move(*done);
  // Used by another request of this browser, or the account was disabled in between.
  co_return co_await link_ended(provider, request, LinkEnd::used, std::move(flow), purpose);
}

runtime::Task<Response> post_link_send(const Provider& provider, Request request) {
  constexpr std::string_view kRoute = "/m/send";
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  flow.email = typed_email(submitted->fields);
  forget_step(flow);
  if (!submitted->own) {
    co_return to_login(provider, request, std::move(flow), page::SignInNotice::rebound);
  }
  auto step = co_await load_step(provider, request, flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (!step->link) {  // by the application's rule: this button was not on the page
    co_return to_login(provider, request, std::move(flow));
  }
  co_return co_await send_link(provider, request, std::move(flow), std::move(*step));
}

runtime::Task<Response> get_link_sent(const Provider& provider, Request request) {
  constexpr std::string_view kRoute = "/m/sent";
  auto flow = co_await resume_page(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  // The number is for the browser that asked, and for no other that has its address.
  if (!flow->challenge || !is_bound(provider, request, flow->binding)) {
    co_return to_login(provider, request, std::move(*flow));
  }
  auto found = co_await find_recent_challenge(provider, *flow->challenge);
  if (!found) co_return store_failure(provider, request, kRoute, found.error());
  if (!*found || (*found)->binding != flow->binding) {
    co_return to_login(provider, request, std::move(*flow));
  }
  const auto& challenge = **found;
  const auto purpose = page_purpose(challenge.purpose);
  if (!is_open(challenge, provider.now())) {
    const auto end = challenge.used_at ? LinkEnd::used : LinkEnd::expired;
    co_return co_await link_ended(provider, request, end, std::move(*flow), purpose);
  }
  auto step = co_await load_step(provider, request, *flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (challenge.approved_at) {
    co_return provider.pages.link_ready({.look = step->look,
                                         .t = sealed(provider, *flow),
                                         .application = step->application,
                                         .form_action = step->form_action});
  }
  co_return provider.pages.link_sent(sent_view(provider, *step, *flow, challenge));
}

runtime::Task<Response> get_link_wait(const Provider& provider, Request request) {
  const auto query = oidc::Form::parse(request.query);
  const auto opened =
      query ? open_flow(provider, Purpose::authorize, query->value_or("t", "")) : std::nullopt;
  const auto answer = [](int status) {
    auto response = Response::empty(status);
    response.set("Cache-Control", "no-store");
    return response;
  };
  if (!opened || !opened->flow.challenge || !is_bound(provider, request, opened->flow.binding)) {
    co_return answer(403);
  }
  const auto found = co_await find_recent_challenge(provider, *opened->flow.challenge);
  if (!found) co_return answer(503);
  const bool waits = *found && (*found)->binding == opened->flow.binding &&
                     is_open(**found, provider.now()) && !(*found)->approved_at;
  co_return answer(waits ? 204 : 200);
}

runtime::Task<Response> post_link_code(const Provider& provider, Request request) {
  constexpr std::string_view kRoute = "/m/code";
  auto waiting = co_await load_waiting(provider, request, kRoute);
  if (!waiting) co_return std::move(waiting.error());
  const auto& challenge = waiting->challenge;
  if (!is_open(challenge, provider.now())) {
    co_return to_sent(provider, std::move(waiting->flow), SentNotice::none);
  }
  const auto outcome =
      co_await try_typed_code(provider, request, challenge, waiting->fields.value_or("code", ""));
  if (!outcome) co_return store_failure(provider, request, kRoute, outcome.error());
  if (*outcome == store::CodeOutcome::right) {
    co_return co_await answered(provider, request, std::move(waiting->flow), challenge,
                                std::string(kRoute));
  }
  const bool closed = *outcome == store::CodeOutcome::closed;
  // What a closed code refuses costs nothing, and tells nothing new.
  if (!closed) {
    const auto noted = co_await note_wrong(provider, request, challenge, "code");
    if (!noted) co_return store_failure(provider, request, kRoute, noted.error());
  }
  provider.metrics.sign_in("refused");
  auto id = record_failure(provider, request, kRoute,
                           {oidc::OAuthErrorCode::access_denied, "The code was refused.",
                            closed ? "code: too many wrong ones" : "code: wrong"},
                           303, challenge.client_id);
  co_return to_sent(provider, std::move(waiting->flow),
                    closed ? SentNotice::code_closed : SentNotice::wrong_code, std::move(id));
}

runtime::Task<Response> post_link_continue(const Provider& provider, Request request) {
  constexpr std::string_view kRoute = "/m/continue";
  auto waiting = co_await load_waiting(provider, request, kRoute);
  if (!waiting) co_return std::move(waiting.error());
  const auto& challenge = waiting->challenge;
  if (!is_open(challenge, provider.now()) || !challenge.approved_at) {
    co_return to_sent(provider, std::move(waiting->flow), SentNotice::none);
  }
  co_return co_await answered(provider, request, std::move(waiting->flow), challenge,
                              std::string(kRoute));
}

runtime::Task<Response> post_link_again(const Provider& provider, Request request) {
  constexpr std::string_view kRoute = "/m/again";
  auto waiting = co_await load_waiting(provider, request, kRoute);
  if (!waiting) co_return std::move(waiting.error());
  auto& flow = waiting->flow;
  const auto& old = waiting->challenge;
  auto kept = open_challenge(provider, old);
  if (!kept) {
    co_return to_login(provider, request, std::move(flow));
  }
  const auto email = kept->email;
  auto outcome = co_await start_challenge(provider, request,
                                          {.purpose = old.purpose,
                                           .email = email,
                                           .payload = std::move(kept->payload),
                                           .client_id = old.client_id,
                                           .language = kept->language,
                                           .user_id = old.user_id,
                                           .flow = kept->flow});
  if (const auto* started = std::get_if<ChallengeStarted>(&outcome)) {
    co_return sent_page(provider, std::move(flow), email, *started);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kRoute, *error);
  }
  auto id = record_failure(provider, request, kRoute,
                           {oidc::OAuthErrorCode::access_denied, "No further mail is sent for now.",
                            "throttle: too many mails"},
                           303, old.client_id);
  co_return to_sent(provider, std::move(flow), SentNotice::throttled, std::move(id));
}

runtime::Task<Response> get_link_go(const Provider& provider, Request request) {
  constexpr std::string_view kRoute = "/m/go";
  auto flow = co_await resume_page(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  flow->session_id.reset();
  flow->challenge.reset();
  flow->proved = false;
  co_return co_await dispatch(provider, request,
                              {.flow = std::move(*flow), .route = std::string(kRoute)});
}

}  // namespace server::signin
