// Signing in by mail, on the handlers themselves: the mail is read from the queue.
#include <set>

#include "server/mail/outbox.h"
#include "server/signin/browser_name.h"
#include "server/signin/challenge.h"
#include "tests/unit/server/app/site_fixture.h"

using namespace app_test;

namespace {

struct Mail {
  std::string to, link, code;
};

struct LinkSite : Site {
  LinkSite() {
    config.smtp_url = "smtp://mail.test:25";
    config.login_method = "password_or_magic_link";
  }

  std::vector<std::string> notices;  // of new sign-ins: to whom

  // The mails that are due, decoys and notices aside.
  std::vector<Mail> mails() {
    std::vector<Mail> out;
    for (const auto& row :
         run(store->take_mail(50, std::chrono::minutes(5), clock_now())).value()) {
      const auto message = server::mail::open_queued(*keys, row).value();
      if (row.kind == "new_sign_in") {
        notices.push_back(message.to);
        continue;
      }
      const auto at = message.text.find("https://id.test/m/");
      REQUIRE(at != std::string::npos);
      Mail mail{.to = message.to};
      mail.link = message.text.substr(at + 15, message.text.find_first_of("\r\n ", at) - at - 15);
      const auto is_digit = [&](std::size_t i) {
        return message.text[i] >= '0' && message.text[i] <= '9';
      };
      for (std::size_t i = 0; i + 7 <= message.text.size() && mail.code.empty(); ++i) {
        if (is_digit(i) && is_digit(i + 1) && is_digit(i + 2) && message.text[i + 3] == ' ' &&
            is_digit(i + 4) && is_digit(i + 5) && is_digit(i + 6)) {
          mail.code = message.text.substr(i, 7);
        }
      }
      REQUIRE(mail.code.size() == 7);
      out.push_back(std::move(mail));
    }
    return out;
  }

  std::string count(const std::string& table) {
    return run_sql(database, "SELECT COUNT(*) FROM " + table);
  }
};

Response ask(Browser& browser, const oidc::model::Client& client,
             const std::string& email = "alice@example.com", const Form& changes = {}) {
  const auto login = browser.get("/authorize", Browser::request_of(client, changes));
  REQUIRE(path_of(login) == "/login");
  return browser.submit("/m/send", form({{"t", *query_of(login).get("t")}, {"email", email}}));
}

std::string number_on(const Response& page) {
  const auto at = page.body.find("id=\"link-number\"");
  REQUIRE(at != std::string::npos);
  const auto digits = page.body.find_first_of("0123456789", page.body.find("<bdi", at));
  auto shown = page.body.substr(digits, 5);
  REQUIRE(page.body[digits + 5] == '<');
  // Apart, so that they are read as digits.
  REQUIRE((shown[1] == ' ' && shown[3] == ' '));
  std::erase(shown, ' ');
  return shown;
}

std::string spaced(const std::string& number) {
  return {number[0], ' ', number[1], ' ', number[2]};
}

std::string issued_acr(Site& site, const Response& back) {
  const auto tokens = json::parse(site.token(redeem(*query_of(back).get("code"))).body);
  const std::string token = tokens["id_token"];
  const auto first = token.find('.');
  const auto payload =
      oidc::base64url_decode(token.substr(first + 1, token.rfind('.') - first - 1));
  const auto claims = json::parse(*payload);
  return claims["acr"].get<std::string>() + " " + claims["amr"][0].get<std::string>();
}

}  // namespace

TEST_CASE("browser_name: words of ours only") {
  using server::signin::browser_name;
  CHECK(browser_name("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0") ==
        "Firefox/Android");
  CHECK(browser_name("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
                     "Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0") == "Edge/Windows");
  CHECK(browser_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
                     "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1") ==
        "Safari/iPhone");
  CHECK(browser_name("curl/8.0") == "");
  CHECK(browser_name("<b>Linux</b>") == "/Linux");
  CHECK(browser_name(std::string(600, 'x') + "Firefox/1") == "");
}

TEST_CASE("typed_digits: what a person means") {
  using server::signin::typed_digits;
  for (const char* typed : {"427", " 4 2 7 ", "4-27", "\u0664\u0662\u0667", "\u06f4\u06f2\u06f7",
                            "\uff14\uff12\uff17", "4\u06627"}) {
    CAPTURE(typed);
    CHECK(typed_digits(typed) == "427");
  }
  CHECK(typed_digits("").empty());
  CHECK(typed_digits("4x7") == "4?7");
  CHECK(typed_digits("\xd9") == "?");
  CHECK(typed_digits("\xef\xbc") == "??");
  CHECK(typed_digits("\u066a") == "??");
  CHECK(typed_digits(std::string(1000, '1')).size() == 64);
}

TEST_CASE("Link: the number has three digits and never begins with 0") {
  LinkSite site;
  site.config.mail_attempts_address = 1'000;
  site.config.mail_attempts_source = 1'000;
  std::set<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    Browser browser{site, {}};
    const auto number = number_on(browser.get("/m/sent", query_of(ask(browser, site.web.client))));
    CHECK(number.size() == 3);
    CHECK(number[0] != '0');
    seen.insert(number);
  }
  // Of 900: 60 draws of as few as 40 do not happen.
  CHECK(seen.size() > 40);
}

TEST_CASE("Link: whoever signs in by mail with a browser not seen before is told, once") {
  LinkSite site;
  Browser alice{site, {}};
  ask(alice, site.web.client);
  CHECK(path_of(alice.submit(site.mails().at(0).link, form({{"decision", "confirm"}}))) ==
        "/consent");
  CHECK(site.mails().empty());
  CHECK(site.notices == std::vector<std::string>{"alice@example.com"});
  ask(alice, site.web.client, "alice@example.com", form({{"prompt", "login"}}));
  CHECK(path_of(alice.submit(site.mails().at(0).link, form({{"decision", "confirm"}}))) ==
        "/consent");
  CHECK(site.mails().empty());
  CHECK(site.notices.size() == 1);
}

TEST_CASE("Link: a click in the browser that asked, once") {
  LinkSite site;
  Browser alice{site, {}};
  const auto sent = ask(alice, site.web.client);
  REQUIRE(path_of(sent) == "/m/sent");
  const auto mails = site.mails();
  REQUIRE(mails.size() == 1);
  CHECK(mails[0].to == "alice@example.com");
  // Reading changes nothing, however often.
  for (int i = 0; i < 3; ++i) {
    const auto page = alice.get(mails[0].link);
    CHECK(page.status == 200);
    CHECK(page.body.find("link-confirm") != std::string::npos);
    CHECK(page.body.find("alice@example.com") != std::string::npos);
    CHECK_FALSE(alice.cookies.contains("__Host-latchkey_session"));
  }
  const auto consent = alice.submit(mails[0].link, form({{"decision", "confirm"}}));
  REQUIRE(path_of(consent) == "/consent");
  CHECK(alice.cookies.contains("__Host-latchkey_session"));
  CHECK(issued_acr(site, alice.allow(consent)) == "urn:latchkey:acr:link email");
  // Used: the same browser is led on, another learns nothing.
  const auto used = alice.submit(mails[0].link, form({{"decision", "confirm"}}));
  CHECK(used.status == 200);
  CHECK(used.body.find("link-go-on") != std::string::npos);
  Browser other{site, {}};
  CHECK(other.get(mails[0].link).body.find("link-number") == std::string::npos);
  CHECK(path_of(alice.get("/m/sent", query_of(sent))).empty());
}

TEST_CASE("Link: another browser needs the number, and gets no session") {
  LinkSite site;
  Browser alice{site, {}};
  const auto sent = query_of(ask(alice, site.web.client));
  const auto number = number_on(alice.get("/m/sent", sent));
  const auto link = site.mails().at(0).link;
  CHECK(alice.get("/m/wait", sent).status == 204);
  Browser phone{site, {}};
  const auto page = phone.get(link);
  CHECK(page.body.find("link-confirm") == std::string::npos);
  CHECK(page.body.find(number) == std::string::npos);
  CHECK(page.body.find(spaced(number)) == std::string::npos);
  // A click of the other kind does nothing there.
  phone.submit(link, form({{"decision", "confirm"}}));
  const auto wrong = number == "111" ? "112" : "111";
  phone.submit(link, form({{"number", wrong}}));
  CHECK(phone.get(link).body.find("aria-invalid") != std::string::npos);
  CHECK(alice.get("/m/wait", sent).status == 204);
  phone.submit(link, form({{"number", spaced(number)}}));
  CHECK(phone.cookies.empty());
  CHECK(phone.get("/m/wait", sent).status == 403);
  CHECK(alice.get("/m/wait", sent).status == 200);
  const auto ready = alice.get("/m/sent", sent);
  CHECK(ready.body.find("link-continue") != std::string::npos);
  CHECK_FALSE(alice.cookies.contains("__Host-latchkey_session"));
  // Not even with the address of the page is it another browser's to continue.
  CHECK(path_of(phone.submit("/m/continue", form({{"t", *sent.get("t")}}))) == "/login");
  CHECK(path_of(alice.submit("/m/continue", form({{"t", *sent.get("t")}}))) == "/consent");
}

TEST_CASE("Link: three wrong numbers close that way only") {
  LinkSite site;
  Browser alice{site, {}};
  const auto sent = query_of(ask(alice, site.web.client));
  const auto number = number_on(alice.get("/m/sent", sent));
  const auto mail = site.mails().at(0);
  Browser scanner{site, {}};
  for (int i = 0; i < 4; ++i) {
    scanner.submit(mail.link, form({{"number", number == "777" ? "778" : "777"}}));
  }
  scanner.submit(mail.link, form({{"number", number}}));
  CHECK(scanner.get(mail.link).body.find("id=\"link-number\"") == std::string::npos);
  CHECK(alice.get("/m/wait", sent).status == 204);
  CHECK(path_of(alice.submit("/m/code", form({{"t", *sent.get("t")}, {"code", mail.code}}))) ==
        "/consent");
}

TEST_CASE("Link: the code is for the asking browser, five times") {
  LinkSite site;
  Browser alice{site, {}};
  const auto sent = query_of(ask(alice, site.web.client));
  const auto mail = site.mails().at(0);
  Browser thief{site, {}};
  CHECK(path_of(thief.submit("/m/code", form({{"t", *sent.get("t")}, {"code", mail.code}}))) ==
        "/login");
  for (int i = 0; i < 5; ++i) {
    const auto again = alice.submit("/m/code", form({{"t", *sent.get("t")}, {"code", "000 00x"}}));
    CHECK(path_of(again) == "/m/sent");
  }
  const auto closed = alice.submit("/m/code", form({{"t", *sent.get("t")}, {"code", mail.code}}));
  CHECK(path_of(closed) == "/m/sent");
  CHECK(alice.get("/m/sent", query_of(closed)).body.find("link-code-submit") == std::string::npos);
  CHECK_FALSE(alice.cookies.contains("__Host-latchkey_session"));
  // The link still works.
  CHECK(path_of(alice.submit(mail.link, form({{"decision", "confirm"}}))) == "/consent");
}

TEST_CASE("Link: strangers and disabled people get the same answer and rows, and no mail") {
  LinkSite site;
  REQUIRE(run(server::admin::change_user(*site.store, "mallory@example.com",
                                         server::admin::UserChange::disable, site.actor,
                                         app_test::clock_now())));
  int rows = 0;
  for (const char* email : {"alice@example.com", "nobody@example.com", "mallory@example.com"}) {
    CAPTURE(email);
    Browser browser{site, {}};
    const auto answer = ask(browser, site.web.client, email);
    CHECK(answer.status == 303);
    CHECK(path_of(answer) == "/m/sent");
    CHECK(answer.headers().size() == 2);
    CHECK(browser.cookies.size() == 1);
    ++rows;
    CHECK(site.count("email_challenges") == std::to_string(rows));
    CHECK(site.count("mail") == std::to_string(rows));
    // One of the source; of each address one for mails and, after the first guess, two for codes.
    CHECK(site.count("throttle") == std::to_string(3 * rows - 1));
    const auto sent = query_of(answer);
    CHECK(browser.get("/m/wait", sent).status == 204);
    std::string notices;
    for (int i = 0; i < 6; ++i) {
      const auto again =
          browser.submit("/m/code", form({{"t", *sent.get("t")}, {"code", "12345x"}}));
      const auto page = browser.get("/m/sent", query_of(again));
      notices += page.body.find("link-code-submit") == std::string::npos ? "c" : "w";
    }
    CHECK(notices == "wwwwcc");
  }
  CHECK(site.mails().size() == 1);
}

TEST_CASE("Link: caps per address and per source") {
  LinkSite site;
  Browser alice{site, {}};
  for (int i = 0; i < 5; ++i) CHECK(ask(alice, site.web.client).status == 303);
  const auto refused = ask(alice, site.web.client, " ALICE@example.com");
  CHECK(refused.status == 429);
  CHECK(refused.get("Retry-After"));
  site.config.mail_attempts_source = 7;
  CHECK(ask(alice, site.web.client, "one@example.com").status == 303);
  CHECK(ask(alice, site.web.client, "two@example.com").status == 303);
  CHECK(ask(alice, site.web.client, "three@example.com").status == 429);
}

TEST_CASE("Link: offered and accepted by the client's rule only") {
  LinkSite site;
  site.config.login_method = "password";
  Browser alice{site, {}};
  const auto login = alice.get("/authorize", Browser::request_of(site.web.client));
  CHECK(alice.get("/login", query_of(login)).body.find("link-send") == std::string::npos);
  CHECK(path_of(alice.submit("/m/send", form({{"t", *query_of(login).get("t")},
                                              {"email", "alice@example.com"}}))) == "/login");
  CHECK(site.count("email_challenges") == "0");
  site.config.login_method = "magic_link";
  const auto page = alice.get("/login", query_of(login));
  CHECK(page.body.find("link-send") != std::string::npos);
  CHECK(page.body.find("login-password") == std::string::npos);
  CHECK(path_of(alice.sign_in(login)) == "/login");
  CHECK_FALSE(alice.cookies.contains("__Host-latchkey_session"));
  // Without mail nobody stands before a page without a way on.
  site.config.smtp_url.clear();
  CHECK(alice.get("/login", query_of(login)).body.find("login-password") != std::string::npos);
  CHECK(path_of(alice.sign_in(login)) == "/consent");
}

TEST_CASE("Link: a session by mail is asked for the password where that is demanded") {
  LinkSite site;
  Browser alice{site, {}};
  ask(alice, site.web.client);
  const auto link = site.mails().at(0).link;
  CHECK(query_of(alice.allow(alice.submit(link, form({{"decision", "confirm"}})))).has("code"));
  const auto strong = form({{"acr_values", "urn:latchkey:acr:pwd"}});
  const auto again = alice.get("/authorize", Browser::request_of(site.web.client, strong));
  REQUIRE(path_of(again) == "/login");
  CHECK(alice.get("/login", query_of(again)).body.find("link-send") == std::string::npos);
  const auto back = alice.sign_in(again);
  CHECK(issued_acr(site, back) == "urn:latchkey:acr:pwd pwd");
  // Of those that were sent, the one that the session reaches.
  const auto weak = form({{"acr_values", "urn:latchkey:acr:link"}});
  CHECK(issued_acr(site, alice.get("/authorize", Browser::request_of(site.web.client, weak))) ==
        "urn:latchkey:acr:link pwd");
}

TEST_CASE("Link: a new mail ends the one before, and an expired one leads on") {
  LinkSite site;
  Browser alice{site, {}};
  const auto sent = query_of(ask(alice, site.web.client));
  const auto first = site.mails().at(0);
  const auto again = alice.submit("/m/again", form({{"t", *sent.get("t")}}));
  REQUIRE(path_of(again) == "/m/sent");
  const auto second = site.mails().at(0);
  CHECK(first.link != second.link);
  const auto ended = alice.get(first.link);
  CHECK(ended.body.find("link-confirm") == std::string::npos);
  CHECK(ended.body.find("link-again") != std::string::npos);
  CHECK(path_of(alice.submit(first.link, form({{"decision", "confirm"}}))).empty());
  run_sql(site.database, "UPDATE email_challenges SET expires_at = expires_at - 700000");
  const auto expired = alice.get("/m/sent", query_of(again));
  CHECK(expired.body.find("link-again") != std::string::npos);
  CHECK(alice.get("/m/lkm_nothing").status == 404);
  const auto last = alice.submit("/m/again", form({{"t", *query_of(again).get("t")}}));
  REQUIRE(path_of(last) == "/m/sent");
  const auto code = site.mails().at(0).code;
  CHECK(path_of(alice.submit("/m/code", form({{"t", *query_of(last).get("t")}, {"code", code}}))) ==
        "/consent");
}
