#include "server/http/router.h"

#include "tests/support/catch.h"

using namespace server::http;

namespace {

Route row(Method method, std::string path, Cors cors = Cors::none) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.cors = cors;
  return route;
}

}  // namespace

TEST_CASE("the router finds exact rows, then the longest prefix") {
  Router router;
  router.add(row(Method::get, "/static/*"));
  router.add(row(Method::get, "/static/deep/*"));
  router.add(row(Method::get, "/static/x"));
  router.add(row(Method::get, "/login"));
  router.add(row(Method::post, "/login"));
  std::string allow;
  CHECK(router.find(Method::get, "/static/a", &allow)->path == "/static/*");
  CHECK(router.find(Method::get, "/static/deep/a", &allow)->path == "/static/deep/*");
  CHECK(router.find(Method::head, "/static/x", &allow)->path == "/static/x");
  CHECK(router.find(Method::post, "/login", &allow)->method == Method::post);
  CHECK(allow.empty());
  CHECK(router.find(Method::get, "/login/", &allow) == nullptr);
  CHECK(router.find(Method::get, "/static", &allow) == nullptr);
  CHECK(allow.empty());
  CHECK(router.find(Method::delete_, "/login", &allow) == nullptr);
  CHECK(allow == "GET, HEAD, POST, OPTIONS");
  CHECK(router.find_path("/login") != nullptr);
  CHECK(router.find_path("/nowhere") == nullptr);
}

TEST_CASE("a HEAD row of its own wins over GET") {
  Router router;
  router.add(row(Method::get, "/a"));
  router.add(row(Method::head, "/a"));
  CHECK(router.find(Method::head, "/a", nullptr)->method == Method::head);
}

TEST_CASE("the router refuses malformed and doubled rows") {
  Router router;
  router.add(row(Method::get, "/a"));
  CHECK_THROWS_AS(router.add(row(Method::get, "/a")), std::logic_error);
  CHECK_THROWS_AS(router.add(row(Method::get, "a")), std::logic_error);
  CHECK_THROWS_AS(router.add(row(Method::get, "")), std::logic_error);
  CHECK_THROWS_AS(router.add(row(Method::get, "/*/a")), std::logic_error);
}

TEST_CASE("methods for preflight are those of rows that answer across origins") {
  Router router;
  router.add(row(Method::post, "/token", Cors::clients));
  router.add(row(Method::get, "/token"));
  CHECK(router.methods("/token", true) == "POST");
  CHECK(router.methods("/token", false) == "GET, HEAD, POST, OPTIONS");
  CHECK(router.methods("/none", false).empty());
}
