#include "server/outbound/smtp.h"
#include "tests/support/catch.h"

using server::outbound::judge_refusal;
using server::outbound::reply_code;
using server::outbound::SmtpOutcome;
using server::outbound::SmtpSender;
using server::outbound::SmtpStep;

TEST_CASE("a reply's codes are read and nothing else of it") {
  CHECK(reply_code("550 5.1.1 <alice@example.com> unknown") == "550 5.1.1");
  CHECK(reply_code("450 try later") == "450");
  CHECK(reply_code("250") == "250");
  CHECK(reply_code("550 alice@a.b is unknown") == "550");
  CHECK(reply_code("550 9.1.1 what") == "550");
  CHECK(reply_code("55").empty());
  CHECK(reply_code("").empty());
  CHECK(reply_code("no connection").empty());
}

TEST_CASE("only what is wrong with the address counts against it") {
  for (const char* reply :
       {"550 5.1.1 no such user", "550 no such user", "551 moved", "553 bad name",
        "556 takes no mail", "556 5.1.10 null MX", "550 5.2.1 disabled", "501 5.1.3 bad syntax"}) {
    CAPTURE(reply);
    CHECK(judge_refusal(SmtpStep::recipient, reply) == SmtpOutcome::refused_address);
  }
  for (const char* reply :
       {"554 5.7.1 relay access denied", "550 5.7.1 looks like spam", "552 5.2.2 mailbox full",
        "550 5.1.8 sender's domain is unknown", "550 5.1.7 bad sender", "552 too much mail",
        "554 no", "530 5.7.0 STARTTLS first", "503 order", ""}) {
    CAPTURE(reply);
    CHECK(judge_refusal(SmtpStep::recipient, reply) == SmtpOutcome::refused);
    CHECK(judge_refusal(SmtpStep::content, reply) == SmtpOutcome::refused);
  }
}

TEST_CASE("a refused message counts against the address only when an enhanced code says so") {
  for (const char* reply : {"550 5.1.1 no such user", "554 5.1.10 null MX", "550 5.1.6 moved"}) {
    CAPTURE(reply);
    CHECK(judge_refusal(SmtpStep::content, reply) == SmtpOutcome::refused_address);
  }
  for (const char* reply : {"550 rejected", "551 no", "553 no", "556 no", "554 rejected",
                            "550 5.2.1 disabled", "550 5.6.0 bad contents", "550 5.0.0 no"}) {
    CAPTURE(reply);
    CHECK(judge_refusal(SmtpStep::content, reply) == SmtpOutcome::refused);
  }
}

TEST_CASE("an address that would end the command is never sent") {
  SmtpSender sender({.url = "smtp://127.0.0.1:1", .hello_name = "localhost"});
  for (const char* to : {"", "a", "@b", "a@", "a b@c", "a@b>\r\nRCPT TO:<c@d", "a@b\n", "a@b<c",
                         "a\"@b", "a@b\x7f", "\xff@b"}) {
    CAPTURE(to);
    CHECK(sender.send({"id@example.com", to, "text\r\n"}).outcome == SmtpOutcome::refused_address);
  }
}

TEST_CASE("a server that is not there is unreachable, and a stopped sender sends nothing") {
  SmtpSender sender({.url = "smtp://127.0.0.1:1", .hello_name = "localhost"});
  const auto result = sender.send({"id@example.com", "alice@example.com", "text\r\n"});
  CHECK(result.outcome == SmtpOutcome::unreachable);
  CHECK(result.code == "no connection");
  sender.stop();
  CHECK(sender.send({"id@example.com", "alice@example.com", "text\r\n"}).outcome ==
        SmtpOutcome::interrupted);
}

TEST_CASE("an URL that is none is refused with a sentence that does not repeat it") {
  for (const char* url : {"", "smtp://", "http://localhost", "mail.example.com:25"}) {
    CAPTURE(url);
    CHECK_THROWS_WITH(SmtpSender({.url = url}),
                      "smtp_url must be smtp://HOST:PORT or smtps://HOST:PORT.");
  }
}
