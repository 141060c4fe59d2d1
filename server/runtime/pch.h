// Precompiled for the boxes of the server: the standard headers and Asio's coroutine type.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "oidc/base/pch.h"
