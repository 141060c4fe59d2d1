// Branding, and the columns of a client that only the operator writes.
#include "tests/store/store_fixture.h"

using namespace store_test;
using oidc::model::Branding;

namespace {
Branding sample_branding() {
  return {
      "Example",          "#224488",           "image/png",        std::string("\x89PNG\0\xff", 6),
      "Example Accounts", "reply@example.com", "help@example.com", "https://example.com/help"};
}
}  // namespace

TEST_CASE("branding is read back as it was set", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  REQUIRE(run(store->insert_client(sample_client("c1"), kActor, kNow)));
  CHECK(run(store->find_branding("c1")).value() == nullptr);
  CHECK(run(store->find_branding("")).value() == nullptr);
  REQUIRE(run(store->set_branding("c1", sample_branding(), kActor, kNow)));
  const auto found = run(store->find_branding("c1")).value();
  REQUIRE(found != nullptr);
  CHECK(*found == sample_branding());
  CHECK(run(store->find_branding("c1")).value() == found);  // held for a second
  CHECK(run(store->find_branding("")).value() == nullptr);
  REQUIRE(run(store->set_branding("", {"All"}, kActor, kNow)));
  CHECK(run(store->find_branding("")).value()->name == "All");
  REQUIRE(run(store->set_branding("c1", {"Changed"}, kActor, kNow)));
  CHECK(*run(store->find_branding("c1")).value() == Branding{"Changed"});
  CHECK(run(store->remove_branding("", kActor, kNow)).value());
  CHECK_FALSE(run(store->remove_branding("", kActor, kNow)).value());
  CHECK(run(store->find_branding("")).value() == nullptr);
  // It goes with its client.
  CHECK(run(store->remove_client("c1", kActor, kNow)).value());
  CHECK(run(store->find_branding("c1")).value() == nullptr);
  RawDatabase raw(database.url());
  CHECK(raw.count("branding") == 0);
  CHECK(raw.count("audit WHERE action = 'branding.set'") == 3);
}

TEST_CASE("branding changed by another node is seen within a second", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto here = database.open();
  const auto there = database.open();
  CHECK(run(here->find_branding("")).value() == nullptr);
  REQUIRE(run(there->set_branding("", sample_branding(), kActor, kNow)));
  std::this_thread::sleep_for(milliseconds(1'050));
  CHECK(run(here->find_branding("")).value() != nullptr);
}

TEST_CASE("how people sign in at a client is decided by the operator only", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  Client client = sample_client("c1");
  client.login_method = "magic_link";
  client.self_signup = true;
  client.required_acr = "high";
  REQUIRE(run(store->insert_client(client, kActor, kNow)));
  auto found = run(store->find_client("c1", kNow)).value();
  CHECK(found->login_method == "magic_link");
  CHECK(found->self_signup == true);
  CHECK(found->required_acr == "high");
  CHECK(found->redirect_uris.size() == 1);

  Client changed = *found;
  changed.login_method = "password";
  changed.self_signup = std::nullopt;
  changed.required_acr = "";
  CHECK(run(store->update_client(changed, kActor, kNow)).value() == UpdateOutcome::updated);
  found = run(store->find_client("c1", kNow)).value();
  CHECK(found->login_method == "magic_link");
  CHECK(found->self_signup == true);
  CHECK(found->required_acr == "high");
  CHECK(run(store->set_sign_in_rules(changed, kActor, kNow)).value());
  found = run(store->find_client("c1", kNow)).value();
  CHECK(found->login_method == "password");
  CHECK_FALSE(found->self_signup);
  CHECK(found->required_acr.empty());
  changed.client_id = "nobody";
  CHECK_FALSE(run(store->set_sign_in_rules(changed, kActor, kNow)).value());

  client.client_id = "c2";
  client.first_party = true;
  CHECK(run(store->register_client({client, std::nullopt, 10}, kActor, kNow)) ==
        RegisterOutcome::registered);
  found = run(store->find_client("c2", kNow)).value();
  CHECK(found->login_method.empty());
  CHECK_FALSE(found->self_signup);
  CHECK(found->required_acr.empty());
  CHECK_FALSE(found->first_party);
  CHECK(run(store->list_clients("c1", 10)).value().at(0).login_method.empty());
}
