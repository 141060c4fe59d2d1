#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "oidc/jose/jws.h"
#include "server/keys/key_ring.h"
#include "server/keys/key_state.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using app_test::clock_now;
using app_test::run;
using app_test::run_sql;
using oidc::jose::Algorithm;
using server::keys::KeyLife;
using server::keys::KeyRing;
using server::keys::KeyState;
using server::keys::RotationKind;
using server::keys::RotationPlan;
using server::store::SigningKeyRow;
using namespace std::chrono_literals;

namespace {

const oidc::TimePoint kStart = oidc::from_millis(1'800'000'000'000);
constexpr auto kCache = 5min;
constexpr auto kToken = 15min;
constexpr auto kHints = std::chrono::hours(24 * 30);

SigningKeyRow row(std::string kid, oidc::TimePoint signs_from,
                  std::optional<oidc::TimePoint> until = {}, std::string state = "active",
                  std::string alg = "RS256") {
  return {.kid = std::move(kid),
          .alg = std::move(alg),
          .state = std::move(state),
          .created_at = kStart,
          .signs_from = signs_from,
          .verifies_until = until};
}

std::string states(const std::vector<SigningKeyRow>& rows, oidc::TimePoint now) {
  std::string text;
  for (const auto& life : server::keys::lives_at(rows, now, {kHints})) {
    text += (text.empty() ? "" : " ") + std::string(to_string(life.state)) +
            (life.is_for_hints ? "+" : "");
  }
  return text;
}

// A ring on a database with keys, whose time is the test's.
struct Rotating {
  app_test::TempFolder folder;
  std::string path = app_test::Template::get().copy_to(folder / "latchkey.db");
  std::unique_ptr<server::store::Store> store =
      server::store::Store::open({.database = "sqlite:" + path});
  oidc::TimePoint now = clock_now();
  std::unique_ptr<KeyRing> ring = open();

  std::unique_ptr<KeyRing> open() const {
    auto opened = run(KeyRing::open(*store, app_test::Template::get().master_key(), now, {kHints}));
    if (!opened) throw std::runtime_error(opened.error());
    return std::move(*opened);
  }
  RotationPlan plan(RotationKind kind) const {
    return server::keys::plan_rotation(kind, kCache, kToken, now);
  }
  std::expected<std::vector<std::string>, std::string> rotate(RotationKind kind,
                                                              std::vector<Algorithm> algorithms = {
                                                                  Algorithm::ES256}) {
    return run(ring->rotate(*store, std::move(algorithms), plan(kind), now));
  }
  bool refresh(std::chrono::milliseconds later = 0ms) {
    now += later;
    auto changed = run(ring->refresh(*store, now));
    if (!changed) throw std::runtime_error(changed.error());
    return *changed;
  }
  std::string sign() const { return ring->sign(Algorithm::ES256, "JWT", "{}").value(); }
  std::string signer_kid() const {
    return oidc::jose::verify_jwt(sign(), *ring->verification_keys()).value().kid;
  }
  bool verifies(const std::string& token) const {
    return oidc::jose::verify_jwt(token, *ring->verification_keys()).has_value();
  }
  bool is_hint(const std::string& token) const {
    return oidc::jose::verify_jwt(token, *ring->hint_keys()).has_value();
  }
};

}  // namespace

TEST_CASE("Key states: a key is announced, signs, verifies, leaves") {
  const auto plan = server::keys::plan_rotation(RotationKind::announced, kCache, kToken, kStart);
  CHECK(plan.signs_from > kStart + kCache);
  CHECK(plan.old_verifies_until > plan.signs_from + kToken);
  const std::vector rows = {row("old", kStart - 1h, plan.old_verifies_until),
                            row("new", plan.signs_from, {}, "announced")};
  CHECK(states(rows, kStart) == "active+ announced+");
  CHECK(states(rows, plan.signs_from - 1ms) == "active+ announced+");
  CHECK(states(rows, plan.signs_from) == "verifying+ active+");
  CHECK(states(rows, plan.old_verifies_until - 1ms) == "verifying+ active+");
  CHECK(states(rows, plan.old_verifies_until) == "retired+ active+");
  CHECK(states(rows, plan.old_verifies_until + kHints - 1ms) == "retired+ active+");
  CHECK(states(rows, plan.old_verifies_until + kHints) == "retired active+");
}

TEST_CASE("Key states: one algorithm knows nothing of another") {
  CHECK(states({row("a", kStart), row("b", kStart + 1s, {}, "announced", "ES256")}, kStart + 2s) ==
        "active+ active+");
}

TEST_CASE("Key states: of several that have begun the last one signs") {
  CHECK(states({row("a", kStart), row("b", kStart + 2s), row("c", kStart + 1s)}, kStart + 3s) ==
        "verifying+ active+ verifying+");
  // The same moment: the kid decides, on every node alike.
  CHECK(states({row("b", kStart), row("a", kStart)}, kStart) == "active+ verifying+");
}

TEST_CASE("Key states: what is stored counts where it says less") {
  CHECK(states({row("a", kStart, {}, "verifying")}, kStart) == "verifying+");
  CHECK(states({row("a", kStart, {}, "retired")}, kStart) == "retired");
  CHECK(states({row("a", kStart, kStart + 1s, "retired")}, kStart) == "retired+");
}

TEST_CASE("Key states: a withdrawn key counts for nothing") {
  const auto plan = server::keys::plan_rotation(RotationKind::withdraw, kCache, kToken, kStart);
  CHECK(plan.signs_from == kStart);
  CHECK(states({row("old", kStart - 1h, plan.old_verifies_until), row("new", plan.signs_from)},
               kStart) == "withdrawn active+");
}

TEST_CASE("Rotation: announced at once, signing later, gone in the end") {
  Rotating keys;
  const auto old_kid = keys.signer_kid();
  const auto old_token = keys.sign();
  const auto kids = keys.rotate(RotationKind::announced);
  REQUIRE(kids);
  REQUIRE(kids->size() == 1);
  CHECK(keys.ring->jwks()->find(kids->front()) == std::string::npos);
  CHECK(keys.refresh());
  CHECK_FALSE(keys.refresh());
  CHECK(keys.ring->jwks()->find(kids->front()) != std::string::npos);
  CHECK(keys.ring->jwks()->find(old_kid) != std::string::npos);
  CHECK(keys.signer_kid() == old_kid);
  // Whoever cached the JWKS just before has the new one now.
  CHECK_FALSE(keys.refresh(kCache));
  CHECK(keys.signer_kid() == old_kid);
  CHECK(keys.refresh(10s));
  CHECK(keys.signer_kid() == kids->front());
  CHECK(keys.verifies(old_token));
  CHECK_FALSE(keys.refresh(kToken - 10s));
  CHECK(keys.verifies(old_token));
  CHECK(keys.refresh(20s));
  CHECK_FALSE(keys.verifies(old_token));
  CHECK(keys.ring->jwks()->find(old_kid) == std::string::npos);
  CHECK(keys.is_hint(old_token));
  CHECK(keys.refresh(kHints));
  CHECK_FALSE(keys.is_hint(old_token));
  // A node that starts now knows the same.
  CHECK(*keys.open()->jwks() == *keys.ring->jwks());
}

TEST_CASE("Rotation: all algorithms, and a second one while the first is under way") {
  Rotating keys;
  const auto kids = keys.rotate(RotationKind::announced, server::keys::signing_algorithms());
  REQUIRE(kids);
  CHECK(std::set(kids->begin(), kids->end()).size() == 4);
  keys.refresh();
  CHECK(keys.ring->verification_keys()->size() == 8);
  const auto second = keys.rotate(RotationKind::announced);
  REQUIRE_FALSE(second);
  CHECK(second.error().starts_with("A rotation of ES256 is under way"));
  CHECK_FALSE(keys.rotate(RotationKind::announced, server::keys::signing_algorithms()));
  CHECK(run_sql(keys.path, "SELECT COUNT(*) FROM signing_keys") == "8");
  keys.refresh(kCache + 10s);
  CHECK(keys.rotate(RotationKind::announced));
}

TEST_CASE("Rotation: two at once, one wins") {
  Rotating keys;
  std::vector<server::runtime::Task<std::expected<std::vector<std::string>, std::string>>> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(keys.ring->rotate(*keys.store, {Algorithm::ES256},
                                      keys.plan(RotationKind::announced), keys.now));
  }
  const auto results = app_test::run_all(std::move(tasks));
  CHECK(std::ranges::count_if(results, [](const auto& result) { return result.has_value(); }) == 1);
  CHECK(run_sql(keys.path, "SELECT COUNT(*) FROM signing_keys WHERE alg = 'ES256'") == "2");
}

TEST_CASE("Rotation: at once, even while another is announced") {
  Rotating keys;
  const auto old_token = keys.sign();
  const auto announced = keys.rotate(RotationKind::announced);
  REQUIRE(announced);
  keys.refresh();
  keys.now += 1s;
  const auto kids = keys.rotate(RotationKind::at_once);
  REQUIRE(kids);
  keys.refresh();
  CHECK(keys.signer_kid() == kids->front());
  CHECK(keys.verifies(old_token));
  keys.refresh(kCache + 10s);
  CHECK(keys.signer_kid() == kids->front());
  keys.refresh(kToken);
  CHECK_FALSE(keys.verifies(old_token));
}

TEST_CASE("Rotation: withdrawing the old key ends what it signed") {
  Rotating keys;
  const auto old_token = keys.sign();
  const auto rsa_token = keys.ring->sign(Algorithm::RS256, "JWT", "{}").value();
  keys.now += 1s;
  const auto kids = keys.rotate(RotationKind::withdraw);
  REQUIRE(kids);
  keys.refresh();
  CHECK(keys.signer_kid() == kids->front());
  CHECK_FALSE(keys.verifies(old_token));
  CHECK_FALSE(keys.is_hint(old_token));
  CHECK(keys.verifies(rsa_token));
}

TEST_CASE("Rotation: a database that is gone leaves the clock running") {
  Rotating keys;
  const auto kids = keys.rotate(RotationKind::announced);
  REQUIRE(kids);
  keys.refresh();
  run_sql(keys.path, "ALTER TABLE signing_keys RENAME TO elsewhere");
  keys.now += kCache + 10s;
  CHECK_FALSE(run(keys.ring->refresh(*keys.store, keys.now)));
  CHECK(keys.signer_kid() == kids->front());
}

TEST_CASE("Rotation: a key that was slipped into the database is not published") {
  Rotating keys;
  const auto before = *keys.ring->jwks();
  run_sql(keys.path,
          "INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private, created_at,"
          " signs_from) SELECT 'slipped', alg, state, public_jwk, sealed_private, created_at + 1,"
          " signs_from + 1 FROM signing_keys WHERE alg = 'ES256'");
  keys.now += 1s;
  CHECK_FALSE(run(keys.ring->refresh(*keys.store, keys.now)));
  CHECK(*keys.ring->jwks() == before);
}

TEST_CASE("Rotation: readers go on while keys change") {
  Rotating keys;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        // A thread that had to wait meanwhile may find all keys changed: one of the two sets is of
        // the moment of signing.
        const auto before = keys.ring->verification_keys();
        const auto token = keys.ring->sign(Algorithm::ES256, "JWT", "{}");
        const auto after = keys.ring->verification_keys();
        if (!token ||
            (!oidc::jose::verify_jwt(*token, *before) && !oidc::jose::verify_jwt(*token, *after))) {
          ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    REQUIRE(keys.rotate(RotationKind::announced));
    keys.refresh();
    keys.refresh(kCache + 10s);
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("Key ring: a database of an older version gets the keys it lacks") {
  Rotating keys;
  const auto jwks = *keys.ring->jwks();
  run_sql(keys.path, "DELETE FROM signing_keys WHERE alg IN ('PS256', 'EdDSA')");
  run_sql(keys.path, "DELETE FROM purpose_keys WHERE purpose IN ('pairwise', 'client_secret')");
  const auto ring = keys.open();
  CHECK(ring->verification_keys()->size() == 4);
  CHECK(ring->sign(Algorithm::EdDSA, "JWT", "{}"));
  CHECK(ring->sign(Algorithm::PS256, "JWT", "{}"));
  CHECK(ring->purpose_key("pairwise").size() == 32);
  CHECK(ring->purpose_key("seal") == keys.ring->purpose_key("seal"));
  CHECK(ring->purpose_key("pairwise") != keys.ring->purpose_key("pairwise"));
}

TEST_CASE("Key ring: a client secret opens for its client alone") {
  Rotating keys;
  const auto sealed = keys.ring->seal_client_secret("a", oidc::ClientSecret("hidden"));
  CHECK(sealed.find("hidden") == std::string::npos);
  CHECK(sealed != keys.ring->seal_client_secret("a", oidc::ClientSecret("hidden")));
  const auto opened = keys.open()->open_client_secret("a", sealed);
  REQUIRE(opened);
  CHECK(opened->reveal() == "hidden");
  CHECK_FALSE(keys.ring->open_client_secret("b", sealed));
  CHECK_FALSE(keys.ring->open_client_secret("a", sealed.substr(1)));
  CHECK_FALSE(keys.ring->open_client_secret("a", ""));
  CHECK_FALSE(keys.ring->open_client_secret("a", "no base64url!"));
}
