// Owns: Task<T>, the coroutine type of the server. Parameters of coroutines are taken by value.
#pragma once
#include <boost/asio/awaitable.hpp>

namespace server::runtime {
template <class T>
using Task = boost::asio::awaitable<T>;
}  // namespace server::runtime
