#include "server/signin/flow.h"

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"

namespace server::signin {
namespace {

std::string place(const provider::Provider& provider, Purpose purpose) {
  return "latchkey flow v1|" + provider.issuer + "|" +
         (purpose == Purpose::authorize ? "authorize" : "logout");
}

std::string binding_hash(std::string_view cookie) {
  return oidc::base64url_encode(oidc::crypto::sha256(cookie));
}

}  // namespace

std::string seal_flow(const provider::Provider& provider, Purpose purpose, const Flow& flow) {
  oidc::Form form;
  form.set("at", std::to_string(oidc::to_millis(flow.started_at)));
  form.set("b", flow.binding);
  if (flow.session_id) form.set("s", std::to_string(*flow.session_id));
  if (!flow.email.empty()) form.set("m", flow.email);
  if (flow.notice != page::SignInNotice::none) {
    form.set("n", std::to_string(static_cast<int>(flow.notice)));
  }
  if (!flow.event_id.empty()) form.set("e", flow.event_id);
  if (!flow.restartable) form.set("o", "1");
  if (flow.pushed) {
    form.set("p", std::to_string(flow.pushed->row));
    form.set("d", flow.pushed->digest);
  }
  if (!flow.own_page.empty()) form.set("w", flow.own_page);
  if (flow.challenge) form.set("c", std::to_string(*flow.challenge));
  if (flow.proved) form.set("v", "1");
  if (flow.sent_notice != page::SentNotice::none) {
    form.set("l", std::to_string(static_cast<int>(flow.sent_notice)));
  }
  // The parameters come last and as they are: they would be escaped twice as a field.
  const std::string plain = form.encode() + "\n" + flow.form.encode();
  return oidc::base64url_encode(
      oidc::crypto::seal(provider.keys.purpose_key("seal"), plain, place(provider, purpose)));
}

std::optional<OpenedFlow> open_flow(const provider::Provider& provider, Purpose purpose,
                                    std::string_view sealed) {
  const auto limit = purpose == Purpose::logout ? kMaxSealedLogout : kMaxSealed;
  if (sealed.empty() || sealed.size() > limit) return std::nullopt;
  const auto bytes = oidc::base64url_decode(sealed);
  if (!bytes) return std::nullopt;
  const auto plain =
      oidc::crypto::open(provider.keys.purpose_key("seal"), *bytes, place(provider, purpose));
  if (!plain) return std::nullopt;
  const auto line = plain->find('\n');
  if (line == std::string::npos) return std::nullopt;
  const auto form = oidc::Form::parse(std::string_view(*plain).substr(0, line));
  auto parameters = oidc::Form::parse(std::string_view(*plain).substr(line + 1));
  if (!form || !parameters) return std::nullopt;
  const auto at = oidc::parse_unsigned(form->value_or("at", ""));
  if (!at) return std::nullopt;
  OpenedFlow out;
  out.flow.form = std::move(*parameters);
  out.flow.started_at = oidc::from_millis(*at);
  out.flow.binding = form->value_or("b", "");
  if (const auto session = form->get("s")) out.flow.session_id = oidc::parse_unsigned(*session);
  out.flow.email = form->value_or("m", "");
  if (const auto notice = oidc::parse_unsigned(form->value_or("n", "0"))) {
    out.flow.notice = static_cast<page::SignInNotice>(*notice);
  }
  out.flow.event_id = form->value_or("e", "");
  out.flow.resolved = true;
  out.flow.restartable = !form->has("o");
  if (const auto row = oidc::parse_unsigned(form->value_or("p", ""))) {
    out.flow.pushed =
        oidc::crypto::OpaqueCredential{.row = *row, .digest = form->value_or("d", "")};
  }
  out.flow.own_page = form->value_or("w", "");
  if (const auto row = form->get("c")) out.flow.challenge = oidc::parse_unsigned(*row);
  out.flow.proved = form->has("v");
  if (const auto notice = oidc::parse_unsigned(form->value_or("l", "0"))) {
    out.flow.sent_notice = static_cast<page::SentNotice>(*notice);
  }
  out.expired = provider.now() - out.flow.started_at > provider.config.interaction_lifetime;
  return out;
}

Binding read_or_make_binding(const provider::Provider& provider, const http::Request& request) {
  const auto cookie = request.cookie(provider.cookie_name(kBindingCookie));
  if (cookie && cookie->size() == 43) return {binding_hash(*cookie), ""};
  const auto fresh = oidc::base64url_encode(oidc::crypto::random_bytes(32));
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(provider.config.interaction_lifetime);
  return {binding_hash(fresh), provider.cookie(kBindingCookie, fresh, seconds.count())};
}

bool is_bound(const provider::Provider& provider, const http::Request& request,
              std::string_view binding) {
  const auto cookie = request.cookie(provider.cookie_name(kBindingCookie));
  return cookie && oidc::crypto::equal_constant_time(binding_hash(*cookie), binding);
}

bool is_from_our_page(const provider::Provider& provider, const http::Request& request) {
  if (const auto origin = request.header("origin"); origin && *origin != provider.issuer) {
    return false;
  }
  const auto site = request.header("sec-fetch-site");
  return !site || *site == "same-origin" || *site == "none";
}

bool is_own_form(const provider::Provider& provider, const http::Request& request,
                 const Flow& flow) {
  return is_from_our_page(provider, request) && is_bound(provider, request, flow.binding);
}

}  // namespace server::signin
