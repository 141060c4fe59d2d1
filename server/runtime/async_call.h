// Owns: the one bridge from "call me back from any thread" to `co_await`.
#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "server/runtime/task.h"

namespace server::runtime {

// Called exactly once, from any thread. Dropping it uncalled ends the waiting coroutine, on that
// coroutine's executor.
template <class R>
using Completion = std::move_only_function<void(R)>;

// The suspended coroutine, on its way to be resumed or, when nobody calls, destroyed. Both happen
// on its own executor, whatever thread lets go of this.
template <class Handler, class R>
class PendingCall {
 public:
  explicit PendingCall(Handler handler)
      : executor_(boost::asio::get_associated_executor(handler)),
        work_(boost::asio::make_work_guard(executor_)),
        handler_(std::move(handler)) {}
  PendingCall(PendingCall&& other) noexcept
      : executor_(std::move(other.executor_)),
        work_(std::move(other.work_)),
        handler_(std::exchange(other.handler_, std::nullopt)) {}
  PendingCall& operator=(PendingCall&&) = delete;
  ~PendingCall() {
    if (!handler_) return;
    boost::asio::post(executor_, [handler = std::move(*handler_)]() mutable {});
  }

  void operator()(R value) {
    auto handler = std::exchange(handler_, std::nullopt);
    if (!handler) return;
    boost::asio::post(executor_,
                      [handler = std::move(*handler), value = std::move(value)]() mutable {
                        std::move(handler)(std::move(value));
                      });
    work_.reset();
  }

 private:
  using Executor = boost::asio::associated_executor_t<Handler>;
  Executor executor_;
  boost::asio::executor_work_guard<Executor> work_;
  std::optional<Handler> handler_;
};

// Suspends the calling coroutine, calls `start(Completion<R>)` at once, and resumes on the
// coroutine's own executor with the value given to the completion.
template <class R, class Start>
Task<R> async_call(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(R)>(
      [](auto handler, Start run) {
        using Handler = std::decay_t<decltype(handler)>;
        run(Completion<R>(PendingCall<Handler, R>(std::move(handler))));
      },
      boost::asio::use_awaitable, std::move(start));
}

}  // namespace server::runtime
