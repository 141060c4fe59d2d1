// Whose looks the pages of failures have, and what becomes of pages whose looks cannot be read.
#include "server/signin/step_failure.h"
#include "tests/unit/server/app/site_fixture.h"

using namespace app_test;
using server::signin::Flow;
using server::signin::Purpose;

namespace {

struct BrandedSite : Site {
  std::string client_id = web.client.client_id;

  BrandedSite() {
    brand("", {.name = "House"});
    brand(client_id, {.name = "Sunflower", .support_email = "help@sun.test"});
  }

  void brand(const std::string& owner, oidc::model::Branding record) {
    REQUIRE(run(store->set_branding(owner, std::move(record), actor, clock_now())));
  }

  Flow flow() {
    Flow out;
    out.form = form({{"client_id", client_id}, {"ui_locales", "de"}});
    out.resolved = true;
    out.restartable = false;
    out.started_at = provider.now();
    return out;
  }

  Request opened(const Flow& with) {
    Request request;
    request.path = "/login";
    request.query = "t=" + seal_flow(provider, Purpose::authorize, with);
    return request;
  }

  // As pages before this one have left it.
  void warm() {
    for (const auto& id : {client_id, std::string()}) REQUIRE(run(store->find_branding(id)));
    REQUIRE(run(store->find_client(client_id, clock_now())));
  }

  server::page::Look look(const Request& request, const Flow* with = nullptr) {
    return server::signin::failure_look(provider, request, with);
  }
};

}  // namespace

TEST_CASE("a request that expired for good is told in the application's looks and language") {
  BrandedSite site;
  auto flow = site.flow();
  flow.started_at -= std::chrono::hours(24 * 30);
  const auto page = site.send(site.opened(flow));
  CHECK(page.status == 400);
  CHECK(page.body.find("<bdi>Sunflower</bdi>") != std::string::npos);
  CHECK(page.body.find("mailto:help@sun.test") != std::string::npos);
  CHECK(page.body.find("<html lang=\"de\"") != std::string::npos);
  // One that is gone by now has no pages.
  flow.form.set("client_id", "gone");
  const auto other = site.send(site.opened(flow));
  CHECK(other.body.find("<bdi>House</bdi>") != std::string::npos);
}

TEST_CASE("failures borrow the looks of nobody but the application of a sealed flow") {
  BrandedSite site;
  site.warm();
  CHECK(site.look(site.opened(site.flow())).name == "Sunflower");
  CHECK(site.look(site.opened(site.flow())).language == "de");
  // A form of a page carries it in its body.
  CHECK(site.look(Site::post("/login", form({{"t", site.opened(site.flow()).query.substr(2)}})))
            .name == "Sunflower");
  const auto flow = site.flow();
  CHECK(site.look(Request(), &flow).name == "Sunflower");

  // What an address says of itself counts for nothing.
  Request claimed;
  claimed.query = "client_id=" + site.client_id;
  CHECK(site.look(claimed).name == "House");
  claimed.query += "&t=forged";
  CHECK(site.look(claimed).name == "House");
  auto raw = site.flow();
  raw.resolved = false;
  CHECK(site.look(Request(), &raw).name == "House");
}

TEST_CASE("pages of failures take no client's looks before it was read here") {
  BrandedSite site;
  CHECK(site.look(site.opened(site.flow())).name == "");
  CHECK(site.look(site.opened(site.flow())).language == "de");
}

TEST_CASE("a code that was issued reaches the application, whatever becomes of the looks") {
  BrandedSite site;
  Browser browser{site, {}};
  browser.code(site.web.client);
  // From here on neither record is held, or can be read.
  site.brand(site.client_id, {.name = "Sunflower"});
  site.brand("", {.name = "House"});
  run_sql(site.database, "ALTER TABLE branding RENAME TO gone");
  REQUIRE_FALSE(run(site.store->find_branding("")));

  const auto page = browser.get(
      "/authorize", Browser::request_of(site.web.client, form({{"response_mode", "form_post"}})));
  CHECK(page.status == 200);
  CHECK(page.body.find("id=\"form-post\"") != std::string::npos);
  CHECK(page.body.find("Sunflower") == std::string::npos);
  const std::string before = "name=\"code\" value=\"";
  const auto at = page.body.find(before);
  REQUIRE(at != std::string::npos);
  const auto start = at + before.size();
  const auto code = page.body.substr(start, page.body.find('"', start) - start);
  CHECK(site.token(redeem(code)).status == 200);
}
