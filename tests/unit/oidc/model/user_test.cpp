#include "oidc/model/user.h"

#include "tests/support/catch.h"

using oidc::model::fold_email;

TEST_CASE("fold_email: every spelling of one address folds to one") {
  for (std::string_view spelling : {
           "alice@example.com", "Alice@Example.COM", " alice@example.com", "alice@example.com ",
           "\talice@example.com\r\n",
           "\xef\xbd\x81lice@example.com",  // U+FF41, full-width a
           "\xef\xbc\xa1lice@example.com",  // U+FF21, full-width A
           "alice\xef\xbc\xa0"
           "example.com",  // U+FF20, full-width @
           "alice@example\xef\xbc\x8e"
           "com",  // U+FF0E, full-width full stop
       }) {
    CAPTURE(std::string(spelling));
    CHECK(fold_email(spelling) == "alice@example.com");
  }
}

TEST_CASE("fold_email: different addresses stay different") {
  CHECK(fold_email("a.lice@example.com") == "a.lice@example.com");
  CHECK(fold_email("alice+x@example.com") == "alice+x@example.com");
  CHECK(fold_email("o'hara@example.com") == "o'hara@example.com");
  CHECK(fold_email("a@b") == "a@b");
}

TEST_CASE("fold_email: what is no plain address folds to nothing") {
  using namespace std::string_view_literals;
  for (std::string_view text :
       {""sv,
        " "sv,
        "alice"sv,
        "@example.com"sv,
        "alice@"sv,
        "a@b@c"sv,
        "al ice@example.com"sv,
        "alice\0x@example.com"sv,
        "alice\x01@example.com"sv,
        "alice\x7f@example.com"sv,
        "\"alice\"@example.com"sv,
        "alice\\@example.com"sv,
        "<alice@example.com>"sv,
        "alice,bob@example.com"sv,
        "alice;bob@example.com"sv,
        "alice@[127.0.0.1]"sv,
        "alice(x)@example.com"sv,
        "mailto:alice@example.com"sv,
        "\xc3\xa4lice@example.com"sv,       // a letter that is not ASCII
        "al\xc2\xadice@example.com"sv,      // soft hyphen
        "alice\xe2\x80\x8b@example.com"sv,  // zero-width space
        "\xd0\xb0lice@example.com"sv,       // Cyrillic a
        "alice@example.com\xc2\xa0"sv,      // no-break space
        "\xe2\x93\x90lice@example.com"sv,   // circled a, which NFKC would narrow
        "alice@\xff.com"sv,
        "alice\xef\xbd"sv,
        "alice@example\xef\xbd\x9f.com"sv}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(fold_email(text));
  }
}

TEST_CASE("fold_email: lengths") {
  const std::string local(64, 'l');
  CHECK(fold_email(local + "@example.com"));
  CHECK_FALSE(fold_email("l" + local + "@example.com"));
  const std::string domain(254 - 2 - 4, 'd');
  CHECK(fold_email("a@" + domain + ".com"));
  CHECK_FALSE(fold_email("a@d" + domain + ".com"));
  CHECK_FALSE(fold_email("alice@example.com" + std::string(2000, ' ')));
}

TEST_CASE("User: active and the primary address") {
  oidc::model::User user;
  CHECK(user.is_active());
  CHECK(user.primary_email().empty());
  user.emails = {{"One@x.test", "one@x.test", false}, {"two@x.test", "two@x.test", true}};
  CHECK(user.primary_email() == "One@x.test");
  user.status = oidc::model::UserStatus::disabled;
  CHECK_FALSE(user.is_active());
}
