#include "server/endpoint/documents.h"

#include "oidc/metadata/provider_metadata.h"
#include "server/config/version.h"
#include "server/page/look.h"

namespace server::endpoint {
namespace {

std::string max_age(std::chrono::milliseconds life) {
  return "public, max-age=" +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(life).count());
}

http::Response status_document(int status, std::string_view word) {
  return http::Response::json(status, "{\"status\":\"" + std::string(word) + "\",\"version\":\"" +
                                          std::string(config::kVersion) + "\"}");
}

}  // namespace

http::Response discovery_document(const provider::Provider& provider) {
  auto response = http::Response::json(
      200,
      oidc::metadata::provider_metadata(provider.issuer, provider.features, page::languages()));
  response.set("Cache-Control", max_age(provider.config.jwks_cache));
  return response;
}

runtime::Task<http::Response> get_jwks(const provider::Provider& provider,
                                       http::Request /*request*/) {
  // Made anew on each thread when the keys have changed, and copied otherwise.
  thread_local std::shared_ptr<const std::string> keys;
  thread_local http::Response response;
  if (auto current = provider.keys.jwks(); current != keys) {
    keys = std::move(current);
    response = http::Response::json(200, *keys);
    response.set("Content-Type", "application/jwk-set+json");
    response.set("Cache-Control", max_age(provider.config.jwks_cache));
  }
  co_return response;
}

http::Response health_document() {
  return status_document(200, "ok");
}

runtime::Task<http::Response> get_livez() {
  co_return status_document(200, "ok");
}

runtime::Task<http::Response> get_readyz(const provider::Provider& provider,
                                         const std::function<bool()>& draining) {
  if (draining()) co_return status_document(503, "draining");
  const bool up = co_await provider.store.ping();
  co_return up ? status_document(200, "ok") : status_document(503, "database");
}

}  // namespace server::endpoint
