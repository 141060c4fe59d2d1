#include "server/admin/ready_configuration.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/random.h"

namespace server::admin {
namespace {

struct Product {
  std::string_view name;
  std::string_view redirect_path;
  // {issuer}, {client_id}, {client_secret}, {redirect_uri}, {base} and {random}, a fresh secret of
  // the product's own, are filled in.
  std::string_view text;
};

constexpr Product kProducts[] = {
    {"spring", "/login/oauth2/code/latchkey",
     R"(# application.yaml of a Spring Boot application (spring-boot-starter-oauth2-client)
spring:
  security:
    oauth2:
      client:
        registration:
          latchkey:
            client-id: "{client_id}"
            client-secret: "{client_secret}"
            client-authentication-method: client_secret_basic
            authorization-grant-type: authorization_code
            redirect-uri: "{redirect_uri}"
            scope: openid,profile,email
        provider:
          latchkey:
            issuer-uri: "{issuer}"
      # A resource server: access tokens have typ "at+jwt" (RFC 9068), which the default decoder
      # refuses. Build the decoder with the validator for it:
      #   NimbusJwtDecoder d = NimbusJwtDecoder.withIssuerLocation("{issuer}")
      #       .validateType(false).build();
      #   d.setJwtValidator(JwtValidators.createAtJwtValidator().issuer("{issuer}")
      #       .audience("{issuer}").clientId("{client_id}").build());
)"},
    {"authjs", "/api/auth/callback/latchkey",
     R"(// auth.ts (Auth.js 5 in Next.js)
import NextAuth from "next-auth"

export const {{ handlers, auth, signIn, signOut }} = NextAuth({{
  providers: [{{
    id: "latchkey", name: "Latchkey", type: "oidc",
    issuer: "{issuer}",
    clientId: "{client_id}",
    clientSecret: "{client_secret}",
    checks: ["pkce", "state", "nonce"],
  }}],
}})
// app/api/auth/[...nextauth]/route.ts, which answers at {redirect_uri}
//   import {{ handlers }} from "@/auth"
//   export const {{ GET, POST }} = handlers
// .env.local
//   AUTH_URL={base}
//   AUTH_SECRET={random}
)"},
    {"grafana", "/login/generic_oauth",
     R"(; grafana.ini
[server]
root_url = {base}

[auth.generic_oauth]
enabled = true
name = Latchkey
client_id = {client_id}
client_secret = {client_secret}
scopes = openid profile email
auth_url = {issuer}/authorize
token_url = {issuer}/token
api_url = {issuer}/userinfo
use_pkce = true
login_attribute_path = email
; Grafana signs in by e-mail address: people need `latchkey user add --email-verified`.
)"},
    {"oauth2-proxy", "/oauth2/callback",
     R"(# oauth2-proxy.cfg
provider = "oidc"
oidc_issuer_url = "{issuer}"
client_id = "{client_id}"
client_secret = "{client_secret}"
redirect_url = "{redirect_uri}"
cookie_secret = "{random}"
scope = "openid profile email"
code_challenge_method = "S256"
email_domains = ["*"]
# upstreams = ["http://127.0.0.1:3000"]  # the application behind it
# It refuses people whose address is not verified: `latchkey user add --email-verified`.
)"},
    {"mod_auth_openidc", "/oauth2callback",
     R"(# Apache with mod_auth_openidc
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI {redirect_uri}
OIDCCryptoPassphrase {random}
OIDCScope "openid profile email"
OIDCPKCEMethod S256
<Location "/">
  AuthType openid-connect
  Require valid-user
</Location>
)"},
};

const Product* find(std::string_view name) {
  for (const auto& product : kProducts) {
    if (product.name == name) return &product;
  }
  return nullptr;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string_view without_slash(std::string_view base) {
  while (base.ends_with('/')) base.remove_suffix(1);
  return base;
}

}  // namespace

std::vector<std::string_view> ready_products() {
  std::vector<std::string_view> names;
  for (const auto& product : kProducts) names.push_back(product.name);
  return names;
}

std::optional<std::string> ready_redirect_uri(std::string_view product, std::string_view base) {
  const auto* found = find(product);
  if (!found) return std::nullopt;
  return std::string(without_slash(base)) + std::string(found->redirect_path);
}

std::string ready_configuration(std::string_view product, std::string_view issuer,
                                std::string_view base, const AddedClient& added) {
  const auto* found = find(product);
  if (!found) return "";
  std::string text(found->text);
  const std::string redirect =
      added.client.redirect_uris.empty() ? "" : added.client.redirect_uris.front().uri;
  replace_all(text, "{issuer}", issuer);
  replace_all(text, "{client_id}", added.client.client_id);
  replace_all(text, "{client_secret}", added.secret.reveal());
  replace_all(text, "{redirect_uri}", redirect);
  replace_all(text, "{base}", without_slash(base));
  replace_all(text, "{random}", oidc::base64url_encode(oidc::crypto::random_bytes(32)));
  replace_all(text, "{{", "{");
  replace_all(text, "}}", "}");
  return text;
}

}  // namespace server::admin
