// Owns: hashing and checking passwords on their own bounded pool, the decoy that makes an unknown
// account cost the same, and the password policy (NIST SP 800-63B-4 §3.1.1). Knows no accounts.
#pragma once
#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/crypto/argon2.h"
#include "server/runtime/pool.h"
#include "server/runtime/task.h"

namespace server::account {

inline constexpr std::size_t kPasswordMaxLength = 256;  // characters; the bytes are capped at 1024

struct PasswordOptions {
  std::size_t threads = 1;
  std::size_t queue_limit = 64;
  oidc::crypto::Argon2Cost cost;
  std::size_t min_length = 8;  // characters
};

class Passwords {
 public:
  explicit Passwords(PasswordOptions options);

  struct Verdict {
    bool matches = false;
    std::string rehash;  // a new hash, when the stored one has another cost and the password fits
  };
  // `phc` empty: checks against the decoy and says no. Every call costs one Argon2 run.
  runtime::Task<std::expected<Verdict, runtime::Overloaded>> verify(std::string phc,
                                                                    oidc::Password password);
  runtime::Task<std::expected<std::string, runtime::Overloaded>> hash(oidc::Password password);

  // Error: invalid_request with a sentence for the person.
  oidc::Result<void> check_policy(const oidc::Password& password) const;
  // Cheap and before any hashing: longer than any password can be.
  static bool is_too_long(std::string_view password);

  std::size_t queue_depth() const { return pool_.depth(); }

 private:
  PasswordOptions options_;
  std::string decoy_;
  runtime::Pool pool_;
};

}  // namespace server::account
