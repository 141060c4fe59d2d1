// Client metadata from strangers (RFC 7591 §2): what is accepted can be kept and read back, and
// holds no redirect URI that the rules forbid.
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/metadata/client_metadata.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  oidc::model::Client damaged;
  (void)oidc::metadata::read_stored_metadata(text, damaged);
  const auto json = oidc::parse_json_object(text);
  if (!json) return 0;
  for (const bool allows_all : {false, true}) {
    const oidc::metadata::Features features{.registration = oidc::metadata::Registration::open,
                                            .allow_implicit = allows_all,
                                            .allow_unsigned = allows_all};
    const auto client = oidc::metadata::parse_client_metadata(*json, features);
    if (!client) continue;
    for (const auto& redirect_uri : client->redirect_uris) {
      fuzz::promise(oidc::metadata::check_redirect_uri(redirect_uri.uri).has_value(),
                    "only redirect URIs that the rules allow");
    }
    fuzz::promise(!client->first_party && !client->quarantined,
                  "a stranger cannot set what the operator decides");
    fuzz::promise(allows_all || client->id_token_signed_response_alg != "none",
                  "no unsigned tokens where the operator forbids them");
    const auto written = oidc::metadata::to_json(*client);
    oidc::model::Client again = *client;
    fuzz::promise(oidc::metadata::read_stored_metadata(written.dump(), again),
                  "what was accepted can be kept");
    fuzz::promise(oidc::metadata::to_json(again) == written, "what was kept can be read back");
  }
  return 0;
}
