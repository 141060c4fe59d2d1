// Owns: hashing and checking passwords on their own bounded pool, the decoy that makes an unknown
// account cost the same, and the password policy (NIST SP 800-63B-4 §3.1.1). Knows no accounts.
#pragma once
#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

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
  int min_strength = 2;        // the least zxcvbn score, 0 to 4
  std::string blocklist_file;  // one password per line; empty: none
  std::string service_name;    // no part of a password, as little as the person's own names
};

struct PolicyBreach {
  std::string key;  // of a text for the person; empty: nothing is wrong
  int score = 0;    // how strong it is, 0 to 4, where that is what is wrong
};

class Passwords {
 public:
  // Reads the blocklist: throws std::runtime_error with one sentence if that can't be done.
  explicit Passwords(PasswordOptions options);

  struct Verdict {
    bool matches = false;
    std::string rehash;  // a new hash, when the stored one has another cost and the password fits
  };
  // `phc` empty: checks against the decoy and says no. Every call costs one Argon2 run.
  runtime::Task<std::expected<Verdict, runtime::Overloaded>> verify(std::string phc,
                                                                    oidc::Password password);
  runtime::Task<std::expected<std::string, runtime::Overloaded>> hash(oidc::Password password);

  // What the policy has against a new password.
  // `personal`: what others know of the person (address, name), which makes a password weak.
  // Takes up to a millisecond or two.
  PolicyBreach policy_breach(const oidc::Password& password,
                             const std::vector<std::string>& personal = {}) const;
  int least_score() const;  // 1 to 4
  // The same for the command line. Error: invalid_request with an English sentence.
  oidc::Result<void> check_policy(const oidc::Password& password,
                                  const std::vector<std::string>& personal = {}) const;
  std::size_t min_length() const { return options_.min_length; }
  // Cheap and before any hashing: longer than any password can be.
  static bool is_too_long(std::string_view password);

  std::size_t queue_depth() const { return pool_.depth(); }
  // Whether verify() and hash() would be refused at this moment.
  bool is_busy() const { return queue_depth() >= options_.queue_limit; }

 private:
  PasswordOptions options_;
  std::string decoy_;
  std::unordered_set<std::string> blocklist_;  // lower case
  runtime::Pool pool_;
};

}  // namespace server::account
