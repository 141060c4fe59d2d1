#include "server/http/message.h"

#include "server/http/response_head.h"
#include "tests/support/catch.h"

using namespace server::http;

namespace {

std::string head_of(const Response& response, const AnswerTraits& traits = {}) {
  std::string out;
  append_head(out, response, traits, "Thu, 01 Jan 1970 00:00:00 GMT");
  return out;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a response field with a control character becomes an empty 500") {
  for (const std::string& bad :
       {std::string("https://a/\r\nSet-Cookie: x=1"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("a\tb"), std::string("\x7f")}) {
    Response response = Response::html(200, "secret");
    response.set("Location", bad);
    CHECK(response.is_broken());
    CHECK(response.status == 500);
    CHECK(response.body.empty());
    CHECK(response.headers().empty());
    response.set("X-After", "kept out");
    CHECK(response.headers().empty());
  }
  Response response;
  CHECK(response.set("Bad Name", "a").is_broken());
  CHECK(Response::redirect("/a\r\nb").is_broken());
  CHECK(Response().add("Set-Cookie", "a=b\r\n").is_broken());
}

TEST_CASE("set replaces, add adds where that is allowed") {
  Response response;
  response.set("X-A", "1").set("x-a", "2");
  CHECK(response.headers().size() == 1);
  CHECK(response.get("X-a") == "2");
  response.add("Set-Cookie", "a=1").add("Set-Cookie", "b=2").add("X-A", "3");
  CHECK(response.headers().size() == 3);
  CHECK(response.get("x-a") == "3");
  CHECK_FALSE(response.get("absent"));
}

TEST_CASE("every answer carries the security fields") {
  const std::string plain = head_of(Response::text(200, "hello"));
  CHECK(plain.starts_with("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
  CHECK(holds(plain, "X-Content-Type-Options: nosniff\r\n"));
  CHECK(holds(plain, "Referrer-Policy: same-origin\r\n"));
  CHECK(holds(plain, "X-Frame-Options: DENY\r\n"));
  CHECK(holds(plain, "Cross-Origin-Resource-Policy: same-origin\r\n"));
  CHECK(holds(plain, "Content-Length: 5\r\n"));
  CHECK_FALSE(holds(plain, "Strict-Transport-Security"));
  CHECK_FALSE(holds(plain, "Server:"));
  CHECK(plain.ends_with("\r\n\r\n"));

  Response own = Response::html(200, "");
  own.set("Content-Security-Policy", "default-src 'none'").set("Referrer-Policy", "no-referrer");
  own.set("Content-Length", "99").set("Connection", "upgrade").set("Transfer-Encoding", "chunked");
  const std::string page = head_of(own, {.is_https = true, .close = true});
  CHECK_FALSE(holds(page, "X-Frame-Options"));
  CHECK_FALSE(holds(page, "same-origin\r\nX"));
  CHECK(holds(page, "Referrer-Policy: no-referrer\r\n"));
  CHECK(holds(page, "Strict-Transport-Security: max-age=31536000\r\n"));
  CHECK(holds(page, "Connection: close\r\n"));
  CHECK(holds(page, "Content-Length: 0\r\n"));
  CHECK_FALSE(holds(page, "99"));
  CHECK_FALSE(holds(page, "chunked"));
  CHECK_FALSE(holds(page, "upgrade"));
  CHECK_FALSE(holds(head_of(Response::empty(204)), "Content-Length"));
}

TEST_CASE("cross-origin answers name the origin, never credentials") {
  const Response response = Response::json(200, "{}");
  const std::string any = head_of(response, {.cors = Cors::any, .allowed_origin = "*"});
  CHECK(holds(any, "Access-Control-Allow-Origin: *\r\n"));
  CHECK(holds(any, "Access-Control-Expose-Headers: WWW-Authenticate, Retry-After\r\n"));
  CHECK_FALSE(holds(any, "Cross-Origin-Resource-Policy"));
  const std::string one =
      head_of(response, {.cors = Cors::clients, .allowed_origin = "https://app.example"});
  CHECK(holds(one, "Access-Control-Allow-Origin: https://app.example\r\n"));
  CHECK(holds(one, "Vary: Origin\r\n"));
  const std::string other = head_of(response, {.cors = Cors::clients});
  CHECK(holds(other, "Vary: Origin\r\n"));
  CHECK_FALSE(holds(other, "Access-Control"));
  CHECK_FALSE(holds(any + one + other, "Credentials"));
}

TEST_CASE("Date is in the form of RFC 9110") {
  DateField date;
  const std::string text(date.now());
  CHECK(text.size() == 29);
  CHECK(text.ends_with(" GMT"));
  CHECK(date.now() == text);
}

TEST_CASE("cookies are read, unless they stand twice") {
  Request request;
  request.headers = {{"cookie", "a=1; b=two=2;c=\"q\" ;  d="}, {"cookie", "e=5; b2=1; b2=2"}};
  CHECK(request.cookie("a") == "1");
  CHECK(request.cookie("b") == "two=2");
  CHECK(request.cookie("c") == "\"q\"");
  CHECK(request.cookie("d") == "");
  CHECK(request.cookie("e") == "5");
  CHECK_FALSE(request.cookie("b2"));
  CHECK_FALSE(request.cookie("A"));
  request.headers.push_back({"cookie", "a=planted"});
  CHECK_FALSE(request.cookie("a"));
}

TEST_CASE("cookies are written with every protection") {
  const Cookie cookie{.name = cookie_name("session", true), .value = "abc", .max_age_s = {}};
  CHECK(cookie.serialize() == "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
  const Cookie gone{.name = cookie_name("s", false), .value = "", .secure = false, .max_age_s = 0};
  CHECK(gone.serialize() == "s=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
  const Cookie injected{.name = "s", .value = "a; Domain=example", .max_age_s = {}};
  CHECK_THROWS_AS(injected.serialize(), std::invalid_argument);
}

TEST_CASE("media type is lower case and bare, and absent when given twice") {
  Request request;
  CHECK(request.media_type().empty());
  request.headers = {{"content-type", "Application/JSON ; charset=utf-8"}};
  CHECK(request.media_type() == "application/json");
  CHECK(request.count("content-type") == 1);
  request.headers.push_back({"content-type", "text/html"});
  CHECK(request.media_type().empty());
}
