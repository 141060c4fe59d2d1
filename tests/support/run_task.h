// Owns: running coroutines from plain test code, one or many at the same time.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "server/runtime/task.h"

namespace support {

// Starts all, waits for all; the results in order. Rethrows what a task throws.
template <class T>
std::vector<T> run_all(std::vector<server::runtime::Task<T>> tasks) {
  boost::asio::io_context context;
  std::vector<std::optional<T>> results(tasks.size());
  std::exception_ptr failure;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    boost::asio::co_spawn(context, std::move(tasks[i]),
                          [&results, &failure, i](std::exception_ptr error, T value) {
                            if (error) failure = error;
                            results[i].emplace(std::move(value));
                          });
  }
  context.run();
  if (failure) std::rethrow_exception(failure);
  std::vector<T> out;
  for (auto& result : results) out.push_back(std::move(result.value()));
  return out;
}

template <class T>
T run(server::runtime::Task<T> task) {
  std::vector<server::runtime::Task<T>> tasks;
  tasks.push_back(std::move(task));
  return std::move(run_all(std::move(tasks)).front());
}

}  // namespace support
