// Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7.3): nothing but what was registered is ever
// redirected to. The input is a registered URI, a line break, and one that is asked for.
#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "oidc/metadata/client_metadata.h"
#include "oidc/request/redirect_uri.h"
#include "tests/fuzz/fuzz.h"

namespace {

// A URI less its port.
std::string without_port(const oidc::Uri& uri) {
  return uri.scheme + "|" + uri.host + "|" + uri.path + "|" + uri.query.value_or("\n") + "|" +
         uri.fragment.value_or("\n") + "|" + uri.userinfo;
}

void check_match(const std::string& registered, const std::string& requested) {
  if (registered == requested) return;
  const auto a = oidc::Uri::parse(registered);
  const auto b = oidc::Uri::parse(requested);
  fuzz::promise(a && b, "only URIs match");
  fuzz::promise(a->scheme == "http" && oidc::is_loopback_literal(a->host),
                "only loopback literals match with another port");
  fuzz::promise(without_port(*a) == without_port(*b), "nothing but the port differs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  const auto at = text.find('\n');
  const std::string registered(text.substr(0, at));
  const std::string requested(at == std::string_view::npos ? text : text.substr(at + 1));
  if (const auto uri = oidc::Uri::parse(registered)) {
    const std::string origin = uri->origin();
    fuzz::promise(origin == oidc::to_lower_ascii(origin), "an origin is in lower case");
  }
  if (!oidc::metadata::check_redirect_uri(registered)) return 0;
  fuzz::promise(oidc::is_printable_ascii(registered), "a redirect URI is printable ASCII");
  fuzz::promise(registered.find('#') == std::string::npos, "a redirect URI has no fragment");
  const auto parsed = oidc::Uri::parse(registered);
  fuzz::promise(parsed && !parsed->has_userinfo, "a redirect URI names no user");
  oidc::model::Client client{.client_id = "c", .redirect_uris = {{.uri = registered}}};
  const auto same = oidc::request::validate_redirect_uri(client, registered, {});
  fuzz::promise(same && same->text() == registered, "what is registered is accepted");
  if (const auto valid = oidc::request::validate_redirect_uri(client, requested, {})) {
    fuzz::promise(valid->text() == requested, "the redirect goes where it was asked to");
    check_match(registered, requested);
  }
  return 0;
}
