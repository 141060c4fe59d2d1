#include "server/app/management.h"

#include "server/endpoint/documents.h"

namespace server::app {
namespace {

using http::Response;
using runtime::Task;

Task<Response> answer(Response response) {
  co_return response;
}
Task<bool> never(std::string) {
  co_return false;
}

}  // namespace

using http::Method;
using http::Request;

void register_gauges(observe::MetricsRegistry& registry, store::Store& store,
                     account::Passwords& passwords, http::Server& server,
                     observe::EventRing& failures) {
  registry.gauge("latchkey_queue_depth", "Jobs that wait, by queue", {{"queue", "database"}},
                 [&store] { return static_cast<double>(store.queue_depth()); });
  registry.gauge("latchkey_queue_depth", "Jobs that wait, by queue", {{"queue", "password"}},
                 [&passwords] { return static_cast<double>(passwords.queue_depth()); });
  registry.gauge("latchkey_queue_depth", "Jobs that wait, by queue", {{"queue", "failures"}},
                 [&failures] { return static_cast<double>(failures.size()); });
  registry.gauge("latchkey_failures_dropped", "Failure records lost to the limits", {},
                 [&failures] { return static_cast<double>(failures.dropped()); });
  registry.gauge("latchkey_connections", "Open connections", {},
                 [&server] { return static_cast<double>(server.connections()); });
}

std::unique_ptr<http::Server> make_management_server(const config::Config& config,
                                                     observe::MetricsRegistry& registry,
                                                     const provider::Provider& provider,
                                                     std::function<bool()> draining) {
  http::Router router;
  router.add({Method::get, "/metrics",
              [&registry](const Request&) {
                auto response = Response::text(200, registry.expose());
                response.set("Content-Type", std::string(observe::kMetricsContentType));
                return answer(std::move(response));
              },
              0, http::Cors::none});
  router.add({Method::get, "/livez", [](const Request&) { return endpoint::get_livez(); }, 0,
              http::Cors::none});
  router.add({Method::get, "/readyz",
              [&provider, draining = std::move(draining)](const Request&) {
                return endpoint::get_readyz(provider, draining);
              },
              0, http::Cors::none});
  const auto port = config.management_listen.substr(config.management_listen.rfind(':'));
  std::vector<std::string> hosts = config.management_hosts;
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) {
    hosts.push_back(name);
    // Port 0 is any free port: which one is not known yet.
    if (port != ":0") hosts.push_back(name + port);
  }
  if (port == ":0") hosts.clear();
  return std::make_unique<http::Server>(
      http::ServerOptions{.listen = {config.management_listen},
                          .allowed_hosts = std::move(hosts),
                          .threads = 1,
                          .max_connections = 100},
      std::move(router), never,
      [](const Request&, int status) {
        return Response::text(status, "latchkey: " + std::to_string(status) + "\n");
      },
      [](const http::AccessRecord&) {});
}

}  // namespace server::app
