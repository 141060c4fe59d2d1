#include "server/endpoint/brand.h"

#include "server/provider/brand_files.h"

namespace server::endpoint {
namespace {

using provider::BrandFile;

// What an address of an older record leads to: gone with it.
http::Response no_such_file() {
  auto response = http::Response::text(404, "There is no such file.\n");
  response.set("Cache-Control", "no-store");
  return response;
}

http::Response file_response(BrandFile file) {
  http::Response response(200);
  response.body = std::move(file.contents);
  response.set("Content-Type", std::move(file.media_type))
      .set("Cache-Control", "public, max-age=31536000, immutable")
      .set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
      .set("Cross-Origin-Resource-Policy", "same-origin")
      .set("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace

runtime::Task<http::Response> get_brand(const provider::Provider& provider, http::Request request) {
  const auto owner = provider::brand_owner(request.path);
  if (!owner) co_return no_such_file();
  auto found = co_await provider.store.find_branding(*owner);
  if (!found) {
    auto response = http::Response::text(503, "Try again in a moment.\n");
    response.set("Cache-Control", "no-store").set("Retry-After", "1");
    co_return response;
  }
  if (!*found) co_return no_such_file();
  auto logo = provider::brand_logo(*owner, **found);
  if (logo && logo->address == request.path) co_return file_response(std::move(*logo));
  auto style = provider::brand_stylesheet(*owner, **found);
  if (style && style->address == request.path) co_return file_response(std::move(*style));
  co_return no_such_file();
}

}  // namespace server::endpoint
