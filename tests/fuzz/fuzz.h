// Owns: what every fuzz target shares. A target is one file, *_fuzz.cpp, with one function that
// libFuzzer calls with ever new bytes; it looks for crashes, for what the sanitizers report, and
// for broken promises, which it names with promise(). docs/development.md says how to run them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

// Ends the run, so that libFuzzer keeps the input, when `holds` is false. `what` is the promise.
inline void promise(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
