// Owns: running one Task to its end on the calling thread, for commands and background threads that
// have no I/O loop of their own.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "server/runtime/task.h"

namespace server::runtime {

// Returns the task's value; rethrows its exception. Not for I/O threads.
template <class T>
T run_blocking(Task<T> task) {
  boost::asio::io_context context(1);
  std::optional<T> result;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(task), [&](const std::exception_ptr& error, T value) {
    failure = error;
    if (!error) result.emplace(std::move(value));
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  if (!result) throw std::runtime_error("The task was dropped before it ended.");
  return std::move(*result);
}

}  // namespace server::runtime
