// Owns: access tokens whose signature and claims were found good, by the SHA-256 of their text, so
// that the next use costs a digest instead of a signature. Decides nothing: expiry is checked
// again, and whether the grant lives is asked of the database each time.
#pragma once
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "oidc/base/time.h"
#include "oidc/token/claims.h"

namespace server::provider {

// Bounded: the one that was used longest ago goes first. Thread-safe.
class VerifiedTokens {
 public:
  explicit VerifiedTokens(std::size_t capacity = 10'000) : capacity_(capacity) {}

  // Nothing when `text` is not held, or has expired at `now`.
  std::optional<oidc::token::AccessToken> find(std::string_view text, oidc::TimePoint now);
  // `token` is what verify_access_token() made of `text`.
  void put(std::string_view text, const oidc::token::AccessToken& token);
  // After a key was withdrawn.
  void clear();
  std::size_t size() const;

 private:
  struct Held {
    oidc::token::AccessToken token;
    std::list<std::string>::iterator place;
  };
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Held> held_;
  std::list<std::string> order_;  // last used first
};

}  // namespace server::provider
