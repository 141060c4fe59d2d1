// Tokens and key sets from outside (RFC 7515, RFC 7517): read strictly, and never believed. No
// input can be right here, because nobody signs with the key.
#include "oidc/base/json.h"
#include "oidc/base/secret.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/jose/client_jwt.h"
#include "oidc/jose/jwk.h"
#include "oidc/jose/jws.h"
#include "oidc/request/request_object.h"
#include "tests/fuzz/fuzz.h"

using namespace oidc;

namespace {

const std::vector<jose::Jwk>& keys() {
  static const std::vector<jose::Jwk> made = [] {
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::ec_p256).public_key();
    return std::vector<jose::Jwk>{
        {.kid = "", .alg = jose::Algorithm::ES256, .use = "sig", .key = key},
        {.kid = "k", .alg = jose::Algorithm::ES256, .use = "sig", .key = key}};
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  if (const auto set = jose::parse_jwk_set(text)) {
    fuzz::promise(set->size() <= 50, "at most fifty keys");
  }
  (void)request::request_object_kid(text);
  using Kind = crypto::CredentialKind;
  for (const Kind kind : {Kind::refresh_token, Kind::authorization_code}) {
    (void)crypto::parse_credential(kind, text);
  }
  const auto jws = jose::parse_jws(text);
  if (!jws) return 0;
  fuzz::promise(jws->alg.find('\0') == std::string::npos, "no NUL in a name");
  (void)jose::unverified_claims(*jws);
  fuzz::promise(!jose::verify_jwt(text, keys()), "nothing that nobody signed is a token");
  fuzz::promise(!jose::verify_client_jwt(*jws, keys(), jose::every_algorithm()),
                "nothing that nobody signed is an assertion");
  static const ClientSecret secret("a secret that no input holds: 7f0d91c26e");
  fuzz::promise(!jose::verify_hs256_jwt(*jws, secret), "no secret, no assertion");
  fuzz::promise(!jose::verify_hs256_jwt(*jws, ClientSecret("")),
                "an empty secret verifies nothing");
  return 0;
}
