// Owns: the one bridge from "call me back from any thread" to `co_await`.
#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "server/runtime/task.h"

namespace server::runtime {

// Called exactly once, from any thread. Dropping it uncalled ends the waiting coroutine.
template <class R>
using Completion = std::move_only_function<void(R)>;

// Suspends the calling coroutine, calls `start(Completion<R>)` at once, and resumes on the
// coroutine's own executor with the value given to the completion.
template <class R, class Start>
Task<R> async_call(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(R)>(
      [](auto handler, Start run) {
        auto executor = boost::asio::get_associated_executor(handler);
        auto work = boost::asio::make_work_guard(executor);
        run(Completion<R>([handler = std::move(handler), executor,
                           work = std::move(work)](R value) mutable {
          boost::asio::post(executor,
                            [handler = std::move(handler), value = std::move(value)]() mutable {
                              std::move(handler)(std::move(value));
                            });
        }));
      },
      boost::asio::use_awaitable, std::move(start));
}

}  // namespace server::runtime
