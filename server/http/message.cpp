#include "server/http/message.h"

#include <algorithm>
#include <array>

#include "oidc/base/text.h"
#include "server/http/token.h"

namespace server::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kTokenTable = make_token_table();

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kTokenTable[static_cast<unsigned char>(c)];
  });
}

bool has_control(std::string_view text, bool allow_tab) {
  return std::ranges::any_of(text, [allow_tab](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !(allow_tab && c == '\t')) || byte == 0x7f;
  });
}

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
  }
  return "";
}

std::optional<std::string_view> Request::header(std::string_view lower_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_name) return value;
  }
  return std::nullopt;
}

std::size_t Request::count(std::string_view lower_name) const {
  return static_cast<std::size_t>(std::ranges::count(
      headers, lower_name, [](const auto& field) -> std::string_view { return field.first; }));
}

std::string Request::media_type() const {
  if (count("content-type") != 1) return "";
  std::string_view value = *header("content-type");
  return oidc::to_lower_ascii(oidc::trim(value.substr(0, value.find(';'))));
}

bool Response::is_sound(std::string_view name, std::string_view value) {
  if (broken_) return false;
  if (is_token(name) && !has_control(value, false)) return true;
  broken_ = true;
  status = 500;
  body.clear();
  headers_.clear();
  return false;
}

Response& Response::set(std::string name, std::string value) {
  if (!is_sound(name, value)) return *this;
  const auto same = [&](const auto& field) { return oidc::equals_ignore_case(field.first, name); };
  const auto first = std::ranges::find_if(headers_, same);
  if (first == headers_.end()) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  first->second = std::move(value);
  headers_.erase(std::remove_if(first + 1, headers_.end(), same), headers_.end());
  return *this;
}

Response& Response::add(std::string name, std::string value) {
  const bool may_repeat = oidc::equals_ignore_case(name, "set-cookie") ||
                          oidc::equals_ignore_case(name, "vary") ||
                          oidc::equals_ignore_case(name, "link");
  if (!may_repeat) return set(std::move(name), std::move(value));
  if (is_sound(name, value)) headers_.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::optional<std::string_view> Response::get(std::string_view name) const {
  for (const auto& field : headers_) {
    if (oidc::equals_ignore_case(field.first, name)) return field.second;
  }
  return std::nullopt;
}

Response Response::json(int status, std::string body) {
  Response response(status);
  response.headers_.reserve(6);
  response.headers_.emplace_back("Content-Type", "application/json");
  response.headers_.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

Response Response::html(int status, std::string body) {
  Response response(status);
  response.headers_.reserve(6);
  response.headers_.emplace_back("Content-Type", "text/html; charset=utf-8");
  response.headers_.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

Response Response::text(int status, std::string body) {
  Response response(status);
  response.headers_.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.headers_.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

Response Response::redirect(std::string location, int status) {
  Response response(status);
  response.set("Location", std::move(location));
  response.set("Cache-Control", "no-store");
  return response;
}

Response Response::empty(int status) {
  return Response(status);
}

}  // namespace server::http
