#include "server/http/server.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/packaged_task.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <future>
#include <thread>

#include "server/http/listener.h"
#include "server/runtime/pool.h"

namespace server::http {
namespace {

// Descriptors left to the database, logs, outbound calls and listeners.
constexpr rlim_t kReservedDescriptors = 128;

// Raises the soft limit as far as needed and allowed, and returns how many connections fit.
std::size_t fit_to_descriptors(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t needed = wanted + kReservedDescriptors;
  if (limit.rlim_cur < needed && limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = std::min(needed, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= needed) return wanted;
  if (limit.rlim_cur <= 2 * kReservedDescriptors) {
    return std::max<std::size_t>(limit.rlim_cur / 2, 1);
  }
  return static_cast<std::size_t>(limit.rlim_cur - kReservedDescriptors);
}

// Fine enough for the shortest deadline, and at most four times a second.
std::chrono::milliseconds deadline_tick(const ServerOptions& options) {
  const auto shortest =
      std::min({options.tls_handshake_timeout, options.header_timeout, options.body_timeout,
                options.write_timeout, options.idle_timeout, options.handler_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
}

// An exception that leaves the loop comes from a posted function: the others go on.
void run_loop(Worker& worker, std::size_t number) {
  runtime::mark_io_thread();
  pthread_setname_np(pthread_self(), ("http-" + std::to_string(number)).substr(0, 15).c_str());
  while (true) {
    try {
      worker.context.run();
      return;
    } catch (const std::exception& error) {
      worker.service.report(error.what());
    } catch (...) {
      worker.service.report("an exception of unknown type");
    }
  }
}

}  // namespace

struct Server::State {
  State(ServerOptions options, Router router, CorsOrigins cors_origins, ErrorPage error_page,
        AccessLog access_log)
      : service(std::move(options), std::move(router), std::move(cors_origins),
                std::move(error_page), std::move(access_log)) {
    for (const std::string& text : service.options.listen) {
      endpoints.push_back(parse_listen(text));
    }
    if (endpoints.empty()) throw std::runtime_error("listen: no address is given");
    std::size_t count = service.options.threads;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) {
      workers.push_back(std::make_unique<Worker>(service));
      guards.push_back(boost::asio::make_work_guard(workers.back()->context));
    }
  }

  void bind_all() {
    for (auto& endpoint : endpoints) {
      check_free(endpoint);
      for (const auto& worker : workers) {
        auto listener = std::make_shared<Listener>(*worker, endpoint);
        endpoint = listener->endpoint();  // from here on with the port that "any" became
        listeners.push_back({worker.get(), std::move(listener)});
      }
    }
  }

  void join() {
    for (auto& thread : threads) thread.join();
    threads.clear();
  }

  struct Pair {
    Worker* worker;
    std::shared_ptr<Listener> listener;
  };
  Service service;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<Pair> listeners;
  std::vector<boost::asio::executor_work_guard<IoExecutor>> guards;
  std::vector<std::thread> threads;
  bool is_started = false;
};

Server::Server(ServerOptions options, Router router, CorsOrigins cors_origins, ErrorPage error_page,
               AccessLog access_log)
    : state_(std::make_shared<State>(std::move(options), std::move(router), std::move(cors_origins),
                                     std::move(error_page), std::move(access_log))) {}

Server::~Server() {
  drain(std::chrono::milliseconds(0));
}

void Server::on_exception(std::function<void(std::string_view)> hook) {
  state_->service.on_exception = std::move(hook);
}

void Server::start() {
  State& state = *state_;
  state.service.connection_cap = fit_to_descriptors(state.service.options.max_connections);
  state.bind_all();
  state.is_started = true;
  const auto tick = deadline_tick(state.service.options);
  for (const auto& worker : state.workers) {
    boost::asio::co_spawn(worker->context, worker->watch_deadlines(tick), boost::asio::detached);
  }
  for (const auto& [worker, listener] : state.listeners) {
    boost::asio::co_spawn(worker->context, Listener::accept_all(listener), boost::asio::detached);
  }
  for (std::size_t i = 0; i < state.workers.size(); ++i) {
    state.threads.emplace_back([worker = state.workers[i].get(), i] { run_loop(*worker, i); });
  }
}

void Server::reload_certificate() {
  state_->service.load_certificate();
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> texts;
  for (const auto& endpoint : state_->endpoints) texts.push_back(to_string(endpoint));
  return texts;
}

std::size_t Server::connections() const {
  return state_->service.open;
}

void Server::drain(std::chrono::milliseconds grace) {
  runtime::assert_not_io_thread();
  State& state = *state_;
  if (!state.is_started || state.service.draining.exchange(true)) return;
  // A connection accepted just now still counts: the threads are told one by one, and waited for.
  std::vector<std::future<void>> told;
  told.reserve(state.workers.size());
  for (const auto& worker : state.workers) {
    told.push_back(
        boost::asio::post(worker->context, std::packaged_task<void()>([&state, own = worker.get()] {
                            for (const auto& [of, listener] : state.listeners) {
                              if (of == own) listener->close();
                            }
                            own->close_idle();
                          })));
  }
  for (auto& done : told) done.wait();
  state.service.wait_until_empty(grace);
  for (const auto& worker : state.workers) {
    boost::asio::post(worker->context, [own = worker.get()] {
      own->close_all();
      // Behind what the closing has queued, so that coroutines end where they stand.
      boost::asio::post(own->context, [own] { own->context.stop(); });
    });
  }
  state.join();
}

boost::asio::any_io_executor Server::executor() const {
  return state_->workers.front()->context.get_executor();
}

}  // namespace server::http
