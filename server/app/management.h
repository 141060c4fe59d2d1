// Owns: what operators alone see: /metrics on a listener of its own, and the gauges behind it.
#pragma once
#include <functional>
#include <memory>

#include "server/config/config.h"
#include "server/http/server.h"
#include "server/observe/metrics.h"
#include "server/provider/provider.h"

namespace server::app {

void register_gauges(observe::MetricsRegistry& registry, store::Store& store,
                     account::Passwords& passwords, http::Server& server,
                     observe::EventRing& failures);
// Answers for loopback names and config.management_hosts only, so that no web page can read it
// through somebody's browser.
std::unique_ptr<http::Server> make_management_server(const config::Config& config,
                                                     observe::MetricsRegistry& registry,
                                                     const provider::Provider& provider,
                                                     std::function<bool()> draining);

}  // namespace server::app
