// Owns: the route table's row, and finding the row of a request. Knows no OAuth.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/http/message.h"
#include "server/runtime/task.h"

namespace server::http {

using Handler = std::function<runtime::Task<Response>(Request)>;

// Cross-origin reading of an answer (Fetch standard), never with credentials.
enum class Cors {
  none,
  any,      // Access-Control-Allow-Origin: * (discovery, JWKS)
  clients,  // the origin is echoed when CorsOrigins says that a client registered it
};

struct Route {
  Method method = Method::get;  // a GET row answers HEAD too
  std::string path;             // exact; a last "*" makes it a prefix ("/static/*")
  Handler handler;
  std::size_t body_limit = 64 * 1024;  // bytes; 413 above
  Cors cors = Cors::none;
};

// Decides whether `origin` ("https://app.example") may read the answers of Cors::clients routes.
using CorsOrigins = std::function<runtime::Task<bool>(std::string origin)>;

class Router {
 public:
  // Throws std::logic_error when the path is malformed or the row is there already.
  void add(Route route);
  // Null when no path fits. When a path fits but not the method, `allow` receives the methods, as
  // the field `Allow` lists them (RFC 9110 §10.2.1). An exact row wins over a prefix, a longer
  // prefix over a shorter. The pointers live until the next add().
  const Route* find(Method method, std::string_view path, std::string* allow) const;
  // Any row of that path, for preflight requests.
  const Route* find_path(std::string_view path) const;
  // The methods of a path, as `Allow` lists them; `cors_only`: of the rows that answer across
  // origins.
  std::string methods(std::string_view path, bool cors_only) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Rows = std::vector<std::size_t>;  // indexes into routes_, all of one path

  const Rows* rows(std::string_view path) const;

  std::vector<Route> routes_;
  std::unordered_map<std::string, Rows, Hash, std::equal_to<>> exact_;
  std::vector<std::pair<std::string, Rows>> prefixes_;  // without "*", longest first
};

}  // namespace server::http
