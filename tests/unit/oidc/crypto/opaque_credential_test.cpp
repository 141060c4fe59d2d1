#include "oidc/crypto/opaque_credential.h"

#include <limits>

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "tests/support/catch.h"

using namespace oidc::crypto;

namespace {
constexpr CredentialKind kKinds[] = {CredentialKind::authorization_code,
                                     CredentialKind::refresh_token, CredentialKind::access_token,
                                     CredentialKind::browser, CredentialKind::device_cookie};
}

TEST_CASE("credential: made and read back") {
  const std::int64_t rows[] = {0, 1, 255, 1'000'000'007, std::numeric_limits<std::int64_t>::max()};
  for (const CredentialKind kind : kKinds) {
    for (const std::int64_t row : rows) {
      const auto made = make_credential(kind, 513, row);
      CHECK(made.text.size() == 66);
      CHECK(made.stored.digest.size() == 43);
      const auto read = parse_credential(kind, made.text);
      REQUIRE(read);
      CHECK(read->row == row);
      CHECK(read->site == 513);
      CHECK(read->digest == made.stored.digest);
      CHECK(read->digest == oidc::base64url_encode(sha256(made.text)));
    }
  }
}

TEST_CASE("credential: the kinds have the prefixes of the documentation") {
  CHECK(make_credential(CredentialKind::authorization_code, 0, 1).text.starts_with("lkc_"));
  CHECK(make_credential(CredentialKind::refresh_token, 0, 1).text.starts_with("lkr_"));
  CHECK(make_credential(CredentialKind::access_token, 0, 1).text.starts_with("lka_"));
  CHECK(make_credential(CredentialKind::browser, 0, 1).text.starts_with("lkb_"));
  CHECK(make_credential(CredentialKind::device_cookie, 0, 1).text.starts_with("lkd_"));
}

TEST_CASE("credential: one kind is never taken for another") {
  for (const CredentialKind kind : kKinds) {
    const auto made = make_credential(kind, 0, 7);
    for (const CredentialKind other : kKinds) {
      CHECK(parse_credential(other, made.text).has_value() == (other == kind));
      // Nor when the prefix is exchanged: it is part of the checksum.
      const std::string exchanged =
          make_credential(other, 0, 1).text.substr(0, 4) + made.text.substr(4);
      CHECK(parse_credential(other, exchanged).has_value() == (other == kind));
    }
  }
}

TEST_CASE("credential: every changed character is noticed") {
  const auto kind = CredentialKind::access_token;
  const std::string text = make_credential(kind, 3, 99).text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string altered = text;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK_FALSE(parse_credential(kind, altered));
  }
}

TEST_CASE("credential: wrong length and alphabet are refused") {
  const auto kind = CredentialKind::refresh_token;
  const std::string text = make_credential(kind, 3, 99).text;
  CHECK_FALSE(parse_credential(kind, ""));
  CHECK_FALSE(parse_credential(kind, "lkr_"));
  CHECK_FALSE(parse_credential(kind, text.substr(0, text.size() - 1)));
  CHECK_FALSE(parse_credential(kind, text + "A"));
  CHECK_FALSE(parse_credential(kind, text + "="));
  CHECK_FALSE(parse_credential(kind, " " + text.substr(1)));
  CHECK_FALSE(parse_credential(kind, std::string(66, '\0')));
  CHECK_FALSE(parse_credential(kind, std::string(100000, 'A')));
}

TEST_CASE("credential: a negative row is refused") {
  const auto kind = CredentialKind::browser;
  CHECK_FALSE(parse_credential(kind, make_credential(kind, 0, -1).text));
}

TEST_CASE("credential: secrets differ") {
  const auto kind = CredentialKind::browser;
  CHECK(make_credential(kind, 0, 1).text != make_credential(kind, 0, 1).text);
}
