// Owns: how long a used refresh token may still tell its successor.
#pragma once
#include <chrono>

namespace server::store::sql {
inline constexpr std::chrono::seconds kSuccessorGrace{10};
}  // namespace server::store::sql
