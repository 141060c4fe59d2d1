#include "server/endpoint/logo.h"

#include "oidc/base/form.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kPrefix = "/logo/";
// In place of a picture that can't be had: a plain tile, so that the page keeps its shape.
constexpr std::string_view kPlainTile =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">)"
    R"(<rect width="8" height="8" rx="2" fill="#8a93a6"/></svg>)";

http::Response picture(std::string media_type, std::string bytes, std::string_view max_age) {
  http::Response response(200);
  response.body = std::move(bytes);
  response.set("Content-Type", std::move(media_type))
      .set("Cache-Control", "private, max-age=" + std::string(max_age))
      .set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
      .set("Cross-Origin-Resource-Policy", "same-origin")
      .set("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace

runtime::Task<http::Response> get_logo(const provider::Provider& provider, http::Request request) {
  const auto client_id =
      oidc::percent_decode(std::string_view(request.path).substr(kPrefix.size()), false);
  std::shared_ptr<const oidc::model::Client> client;
  if (client_id && !client_id->empty()) {
    auto found = co_await provider.store.find_client(*client_id, provider.now());
    if (found) client = std::move(*found);
  }
  if (!client || client->logo_uri.empty()) {
    co_return http::Response::text(404, "There is no such logo.\n");
  }
  const auto logo = co_await provider.logos->find(*client, provider.now());
  if (!logo) co_return picture("image/svg+xml", std::string(kPlainTile), "60");
  co_return picture(logo->media_type, logo->bytes, "3600");
}

}  // namespace server::endpoint
