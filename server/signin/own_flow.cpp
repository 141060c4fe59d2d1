#include "server/signin/own_flow.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "server/provider/failure.h"
#include "server/signin/resume.h"

namespace server::signin {

void forget_step(Flow& flow) {
  flow.notice = page::SignInNotice::none;
  flow.event_id.clear();
  flow.challenge.reset();
  flow.proved = false;
}

Flow make_own_flow(const provider::Provider& provider, std::string own_page) {
  Flow flow;
  flow.own_page = std::move(own_page);
  flow.resolved = true;
  flow.started_at = provider.now();
  return flow;
}

runtime::Task<std::expected<Flow, http::Response>> resume_or_begin(
    const provider::Provider& provider, const http::Request& request, std::string_view route) {
  if (const auto query = oidc::Form::parse(request.query); query && !query->has("t")) {
    co_return make_own_flow(provider);
  }
  co_return co_await resume_page(provider, request, route);
}

page::FormNotice form_notice(const Flow& flow) {
  page::FormNotice notice;
  notice.event_id = flow.event_id;
  if (flow.notice == page::SignInNotice::rebound) {
    notice.key = "login_rebound";
    notice.is_error = false;
  } else if (flow.notice == page::SignInNotice::bad_address) {
    notice.key = "login_bad_address";
  }
  return notice;
}

http::Response to_page(const provider::Provider& provider, const http::Request& request,
                       std::string_view path, Flow flow) {
  const auto cookie = bind_here(provider, request, flow);
  auto response = http::Response::redirect(std::string(path) +
                                           "?t=" + seal_flow(provider, Purpose::authorize, flow));
  if (!cookie.empty()) response.add("Set-Cookie", cookie);
  return response;
}

std::string bind_here(const provider::Provider& provider, const http::Request& request,
                      Flow& flow) {
  auto binding = read_or_make_binding(provider, request);
  flow.binding = std::move(binding.hash);
  return std::move(binding.set_cookie);
}

BeginningHere begin_here(const provider::Provider& provider, const http::Request& request,
                         Flow flow) {
  forget_step(flow);
  BeginningHere out;
  out.set_cookie = bind_here(provider, request, flow);
  out.t = seal_flow(provider, Purpose::authorize, flow);
  return out;
}

http::Response to_login(const provider::Provider& provider, const http::Request& request, Flow flow,
                        page::SignInNotice notice) {
  forget_step(flow);
  flow.notice = notice;
  return to_page(provider, request, "/login", std::move(flow));
}

std::string typed_email(const oidc::Form& fields) {
  auto email = fields.value_or("email", "").substr(0, 254);
  if (!oidc::is_clean_utf8(email)) email.clear();
  return email;
}

page::FormNotice refuse_weak(const provider::Provider& provider, const oidc::Password& password,
                             const std::vector<std::string>& personal) {
  const auto& passwords = provider.passwords;
  auto breach = passwords.policy_breach(password, personal);
  return {.key = std::move(breach.key),
          .values = {{"count", std::to_string(passwords.min_length())},
                     {"score", std::to_string(breach.score)},
                     {"least", std::to_string(passwords.least_score())}}};
}

std::int64_t seconds_until(const provider::Provider& provider, oidc::TimePoint at) {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(at - provider.now());
  return std::max<std::int64_t>(1, wait.count());
}

page::FormNotice refuse_throttled(const provider::Provider& provider, const http::Request& request,
                                  std::string_view route, const oidc::OAuthError& error,
                                  oidc::TimePoint retry_at, std::string_view client_id) {
  return {.key = "signup_throttled",
          .event_id = record_failure(provider, request, route, error, 429, client_id),
          .retry_after_s = seconds_until(provider, retry_at)};
}

std::vector<std::string> personal_words(const oidc::model::User& user) {
  std::vector<std::string> words;
  words.reserve(user.emails.size());
  for (const auto& email : user.emails) words.push_back(email.fold);
  const auto claims = oidc::parse_json_object(user.claims.empty() ? "{}" : user.claims);
  for (const char* name : {"name", "given_name", "family_name", "nickname"}) {
    if (auto value = claims ? oidc::string_member(*claims, name) : std::nullopt) {
      words.push_back(std::move(*value));
    }
  }
  return words;
}

}  // namespace server::signin
