#include "server/http/router.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace server::http {
namespace {

bool answers(const Route& route, Method method) {
  return route.method == method || (method == Method::head && route.method == Method::get);
}

}  // namespace

void Router::add(Route route) {
  if (route.path.empty() || route.path.front() != '/' ||
      route.path.find('*') < route.path.size() - 1) {
    throw std::logic_error("malformed route: " + route.path);
  }
  Rows* rows = nullptr;
  if (route.path.back() == '*') {
    const std::string prefix = route.path.substr(0, route.path.size() - 1);
    auto place = std::ranges::find(prefixes_, prefix, &std::pair<std::string, Rows>::first);
    if (place == prefixes_.end()) {
      place = std::ranges::find_if(
          prefixes_, [&](const auto& entry) { return entry.first.size() < prefix.size(); });
      place = prefixes_.insert(place, {prefix, {}});
    }
    rows = &place->second;
  } else {
    rows = &exact_[route.path];
  }
  for (const std::size_t row : *rows) {
    if (routes_[row].method == route.method) {
      throw std::logic_error("two routes for " + std::string(to_string(route.method)) + " " +
                             route.path);
    }
  }
  rows->push_back(routes_.size());
  routes_.push_back(std::move(route));
}

const Router::Rows* Router::rows(std::string_view path) const {
  const auto exact = exact_.find(path);
  if (exact != exact_.end()) return &exact->second;
  for (const auto& [prefix, rows] : prefixes_) {
    if (path.starts_with(prefix)) return &rows;
  }
  return nullptr;
}

const Route* Router::find(Method method, std::string_view path, std::string* allow) const {
  const Rows* candidates = rows(path);
  if (candidates == nullptr) return nullptr;
  const Route* of_get = nullptr;
  for (const std::size_t row : *candidates) {
    if (routes_[row].method == method) return &routes_[row];
    if (answers(routes_[row], method)) of_get = &routes_[row];
  }
  if (of_get == nullptr && allow != nullptr) *allow = methods(path, false);
  return of_get;
}

const Route* Router::find_path(std::string_view path) const {
  const Rows* candidates = rows(path);
  return candidates == nullptr ? nullptr : &routes_[candidates->front()];
}

std::string Router::methods(std::string_view path, bool cors_only) const {
  constexpr std::array kAll = {Method::get,   Method::head,    Method::post,   Method::put,
                               Method::patch, Method::delete_, Method::options};
  const Rows* candidates = rows(path);
  std::string list;
  if (candidates == nullptr) return list;
  for (const Method method : kAll) {
    const bool present = std::ranges::any_of(*candidates, [&](std::size_t row) {
      const Route& route = routes_[row];
      if (cors_only && route.cors == Cors::none) return false;
      // Every path answers OPTIONS, by itself or through the connection.
      return answers(route, method) || (method == Method::options && !cors_only);
    });
    if (!present) continue;
    if (!list.empty()) list += ", ";
    list += to_string(method);
  }
  return list;
}

}  // namespace server::http
