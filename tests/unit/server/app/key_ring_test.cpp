#include "server/keys/key_ring.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "oidc/base/base64url.h"
#include "oidc/jose/jws.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using app_test::clock_now;
using app_test::run;
using app_test::run_sql;
using oidc::jose::Algorithm;
using server::keys::KeyRing;

namespace {

struct Keys {
  app_test::TempFolder folder;
  std::string path = folder / "latchkey.db";
  oidc::KeyBytes master_key = server::keys::throwaway_master_key();

  std::expected<std::unique_ptr<KeyRing>, std::string> open(const oidc::KeyBytes& key) const {
    auto store = server::store::Store::open({.database = "sqlite:" + path});
    return run(KeyRing::open(*store, key, clock_now()));
  }
  std::expected<std::unique_ptr<KeyRing>, std::string> open() const { return open(master_key); }
};

// With keys in it already.
struct PreparedKeys : Keys {
  PreparedKeys() {
    path = app_test::Template::get().copy_to(folder / "prepared.db");
    master_key = app_test::Template::get().master_key();
  }
};

constexpr const char* kPurposes[] = {"seal", "throttle", "device_cookie", "pairwise",
                                     "client_secret"};
constexpr Algorithm kAll[] = {Algorithm::RS256, Algorithm::ES256, Algorithm::PS256,
                              Algorithm::EdDSA};

}  // namespace

TEST_CASE("Key ring: the first set is made once, and opens the same again") {
  const Keys keys;
  const auto first = keys.open();
  REQUIRE(first);
  const auto second = keys.open();
  REQUIRE(second);
  CHECK(*(*first)->jwks() == *(*second)->jwks());
  std::set<std::string> purposes;
  for (const char* purpose : kPurposes) {
    CHECK((*first)->purpose_key(purpose).size() == 32);
    CHECK((*first)->purpose_key(purpose) == (*second)->purpose_key(purpose));
    purposes.insert(std::string((*first)->purpose_key(purpose)));
  }
  CHECK(purposes.size() == std::size(kPurposes));
  CHECK((*first)->purpose_key("unknown").empty());
  for (const auto algorithm : kAll) {
    const auto token = (*first)->sign(algorithm, "JWT", R"({"a":1})");
    REQUIRE(token);
    const auto verified = oidc::jose::verify_jwt(*token, *(*second)->verification_keys());
    REQUIRE(verified);
    CHECK(verified->algorithm == algorithm);
    CHECK(verified->typ == "JWT");
  }
}

TEST_CASE("Key ring: nothing is signed with an algorithm that has no key") {
  const PreparedKeys keys;
  const auto ring = keys.open();
  REQUIRE(ring);
  for (const auto algorithm : {Algorithm::RS384, Algorithm::PS512, Algorithm::ES384}) {
    CHECK_FALSE((*ring)->sign(algorithm, "JWT", "{}"));
  }
}

TEST_CASE("Key ring: the JWKS holds public members only") {
  const PreparedKeys keys;
  const auto ring = keys.open();
  REQUIRE(ring);
  const auto document = nlohmann::json::parse(*(*ring)->jwks());
  REQUIRE(document["keys"].size() == std::size(kAll));
  for (const auto& key : document["keys"]) {
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}) {
      CHECK_FALSE(key.contains(name));
    }
    CHECK(key["use"] == "sig");
    CHECK(key["kty"] != "oct");
    CHECK(oidc::jose::parse_algorithm(key["alg"].get<std::string>()));
  }
  for (const auto& key : *(*ring)->verification_keys()) {
    CHECK(key.kid == oidc::jose::thumbprint(key.key));
  }
}

TEST_CASE("Key ring: another master key opens nothing and changes nothing") {
  const PreparedKeys keys;
  const auto first = keys.open();
  REQUIRE(first);
  const auto wrong = keys.open(server::keys::throwaway_master_key());
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().find("master key") != std::string::npos);
  const auto again = keys.open();
  REQUIRE(again);
  CHECK(*(*again)->jwks() == *(*first)->jwks());
}

TEST_CASE("Key ring: a sealed key that was moved to another row does not open") {
  struct Row {
    const char* name;
    const char* statement;
  };
  const Row rows[] = {
      {"signing keys swapped",
       "UPDATE signing_keys SET sealed_private = (SELECT sealed_private FROM signing_keys o"
       " WHERE o.alg <> signing_keys.alg LIMIT 1)"},
      {"a key under another kid", "UPDATE signing_keys SET kid = kid || 'x' WHERE alg = 'RS256'"},
      {"a key under another algorithm",
       "UPDATE signing_keys SET alg = 'RS512' WHERE alg = 'RS256'"},
      {"a purpose key as signing key",
       "UPDATE signing_keys SET sealed_private = (SELECT sealed FROM purpose_keys LIMIT 1)"
       " WHERE alg = 'ES256'"},
      {"purposes swapped",
       "UPDATE purpose_keys SET purpose = CASE purpose WHEN 'seal' THEN 'throttle'"
       " WHEN 'throttle' THEN 'seal' ELSE purpose END"},
      {"sealed purpose keys swapped",
       "UPDATE purpose_keys SET sealed = (SELECT sealed FROM purpose_keys o WHERE o.purpose ="
       " 'device_cookie') WHERE purpose = 'seal'"},
      {"a damaged seal",
       "UPDATE signing_keys SET sealed_private = 'AAAA' || substr(sealed_private, 5)"},
      {"no base64url", "UPDATE purpose_keys SET sealed = '!' || sealed WHERE purpose = 'seal'"},
      {"an empty seal", "UPDATE signing_keys SET sealed_private = '' WHERE alg = 'RS256'"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const PreparedKeys keys;
    run_sql(keys.path, row.statement);
    const auto refused = keys.open();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().find(oidc::base64url_encode(keys.master_key.reveal())) ==
          std::string::npos);
  }
}

TEST_CASE("Key ring: what is published comes from the sealed half, whatever the row says") {
  for (const char* value : {"{}", "no JSON", R"({"kty":"oct","k":"AAAA"})",
                            R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"}) {
    const PreparedKeys keys;
    const auto jwks = *keys.open().value()->jwks();
    run_sql(keys.path, "UPDATE signing_keys SET public_jwk = '" + std::string(value) +
                           "' WHERE alg = 'RS256'");
    CAPTURE(value);
    const auto again = keys.open();
    REQUIRE(again);
    CHECK(*(*again)->jwks() == jwks);
  }
}

TEST_CASE("Key ring: states decide who signs and who is published") {
  const PreparedKeys keys;
  const auto first = keys.open();
  REQUIRE(first);
  const auto token = (*first)->sign(Algorithm::ES256, "JWT", "{}").value();
  run_sql(keys.path, "UPDATE signing_keys SET state = 'verifying' WHERE alg = 'ES256'");
  const auto verifying = keys.open();
  REQUIRE(verifying);
  CHECK_FALSE((*verifying)->sign(Algorithm::ES256, "JWT", "{}"));
  CHECK(oidc::jose::verify_jwt(token, *(*verifying)->verification_keys()));
  run_sql(keys.path, "UPDATE signing_keys SET state = 'retired' WHERE alg = 'ES256'");
  const auto retired = keys.open();
  REQUIRE(retired);
  CHECK((*retired)->verification_keys()->size() == std::size(kAll) - 1);
  CHECK_FALSE(oidc::jose::verify_jwt(token, *(*retired)->verification_keys()));
}

TEST_CASE("Key ring: two nodes that start together share one set") {
  const Keys keys;
  auto store = server::store::Store::open({.database = "sqlite:" + keys.path});
  std::vector<server::runtime::Task<std::expected<std::unique_ptr<KeyRing>, std::string>>> tasks;
  for (int i = 0; i < 6; ++i) {
    tasks.push_back(KeyRing::open(*store, keys.master_key, clock_now()));
  }
  const auto rings = app_test::run_all(std::move(tasks));
  for (const auto& ring : rings) {
    REQUIRE(ring);
    CHECK(*(*ring)->jwks() == *(*rings.front())->jwks());
    CHECK((*ring)->purpose_key("seal") == (*rings.front())->purpose_key("seal"));
  }
  CHECK(run_sql(keys.path, "SELECT COUNT(*) FROM signing_keys") == "4");
  CHECK(run_sql(keys.path, "SELECT COUNT(*) FROM purpose_keys") == "6");
}

TEST_CASE("Key ring: the database file holds no key in clear") {
  const PreparedKeys keys;
  const auto ring = keys.open();
  REQUIRE(ring);
  std::string bytes;
  for (const char* suffix : {"", "-wal"}) {
    std::ostringstream text;
    text << std::ifstream(keys.path + suffix, std::ios::binary).rdbuf();
    bytes += text.str();
  }
  REQUIRE(bytes.size() > 4096);
  for (const char* purpose : kPurposes) {
    const auto key = (*ring)->purpose_key(purpose);
    CHECK(bytes.find(key) == std::string::npos);
    CHECK(bytes.find(oidc::base64url_encode(key)) == std::string::npos);
  }
  for (const char* mark : {"PRIVATE KEY", "\"d\":", "\"p\":"}) {
    CHECK(bytes.find(mark) == std::string::npos);
  }
  // The first bytes of every PKCS#8 RSA key of 2048 bits, and its base64url.
  const std::string rsa_start = oidc::base64url_encode(std::string("\x30\x82\x04", 3));
  CHECK_FALSE(run_sql(keys.path, "SELECT sealed_private FROM signing_keys WHERE alg = 'RS256'")
                  .starts_with(rsa_start));
}
